import { useMemo } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { Field } from '../../workbook/fields.ts'
import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { callApi, failureText } from '../api-client.ts'
import type { StepPart } from '../grid/undo-stack.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect
type ForConnection = DialogsProps & { readonly connection: ConnectionInfo }

/** Staged cells by field, as this window's documents stand: what was typed a moment ago counts. */
export function stagedByField(sheet: Sheet, connection: string): ReadonlyMap<FieldId, number> {
  const counts = new Map<FieldId, number>()
  for (const { row, field } of sheet.entries()) {
    if (sheet.field(field)?.binding?.connection !== connection || sheet.isDeleted(row)) continue
    if (sheet.cell(row, field).isStaged) counts.set(field, (counts.get(field) ?? 0) + 1)
  }
  return counts
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((all, n) => all + n, 0)

/** A step that asks the server to take something back, and to do it again; what it could not do is said once it is known. */
function serverPart(parts: {
  readonly back: () => Promise<void>
  readonly again: () => Promise<void>
  readonly onFailed: (failure: unknown) => void
}): StepPart {
  return {
    takeBack: () => {
      parts.back().catch(parts.onFailed)
      return { done: 1, kept: [], again: serverPart({ ...parts, back: parts.again, again: parts.back }) }
    },
  }
}

/** Stops syncing one field, after saying what is staged in it (V29). */
export function RemoveFieldDialog(props: ForConnection & { readonly field: Field }) {
  const { session, state, connection, field, painter, survey, editing, say, onClose } = props
  const { isBusy, error, ask } = useAsk()
  const staged = useMemo(() => stagedByField(painter.sheet, connection.id).get(field.id) ?? 0, [painter.sheet, connection.id, field.id])
  const needing = survey.needing.filter((cell) => cell.field === field.id).length
  const params = { id: connection.id, field: field.id }
  const remove = async (): Promise<void> => {
    await session.flush()
    await callApi('removeConnectedField', { params })
    await session.refresh()
  }
  const restore = async (): Promise<void> => {
    await callApi('restoreConnectedField', { params })
    await session.refresh()
  }
  return (
    <RemovalFrame
      {...props}
      title={T.remove.fieldTitle(field.name)}
      button={T.remove.button.field}
      isBusy={isBusy || state.link.kind !== 'online'}
      error={error}
      onRemove={() =>
        void ask(async () => {
          await remove()
          editing.pushStep({ parts: [serverPart({ back: restore, again: remove, onFailed: () => say(T.remove.failed) })] })
          say(T.remove.doneField(field.name))
          onClose()
        })
      }
    >
      <p className="m-0">{T.remove.becomes(1)}</p>
      <p className={`m-0 ${staged > 0 ? 'font-medium text-staged' : 'text-ink-2'}`}>{T.remove.staged(staged)}</p>
      {needing > 0 && <p className="m-0 text-ink-2">{T.remove.needing(needing)}</p>}
    </RemovalFrame>
  )
}

/** Removes a whole connection, after saying what is staged in it, field by field (V29). */
export function RemoveConnectionDialog(props: ForConnection) {
  const { session, state, connection, painter, survey, editing, say, onClose } = props
  const { isBusy, error, ask } = useAsk()
  const { sheet } = painter
  const counts = useMemo(() => stagedByField(sheet, connection.id), [sheet, connection.id])
  const needing = survey.needing.filter((cell) => cell.connection === connection.id).length
  const name = nameOfConnection(connection)
  const params = { id: connection.id }
  const remove = async (): Promise<void> => {
    await session.flush()
    await callApi('deleteConnection', { params })
    await session.refresh()
  }
  const restore = async (): Promise<void> => {
    await callApi('restoreConnection', { params, body: { isPaused: connection.isPaused } })
    await session.refresh()
  }
  return (
    <RemovalFrame
      {...props}
      title={T.remove.title(name)}
      button={T.remove.button.connection}
      isBusy={isBusy || state.link.kind !== 'online'}
      error={error}
      onRemove={() =>
        void ask(async () => {
          await remove()
          editing.pushStep({ parts: [serverPart({ back: restore, again: remove, onFailed: () => say(T.remove.failed) })] })
          say(T.remove.done(name))
          onClose()
        })
      }
    >
      <p className="m-0">{T.remove.becomes(connection.fields.length)}</p>
      <div>
        <p className={`m-0 ${counts.size > 0 ? 'font-medium text-staged' : 'text-ink-2'}`}>{T.remove.staged(sum(counts.values()))}</p>
        {counts.size > 1 && (
          <ul className="m-0 mt-1 list-none p-0 text-xs text-ink-2">
            {[...counts].map(([id, n]) => (
              <li key={id}>{T.remove.stagedIn(sheet.field(id)?.name ?? '', n)}</li>
            ))}
          </ul>
        )}
      </div>
      {needing > 0 && <p className="m-0 text-ink-2">{T.remove.needing(needing)}</p>}
      {connection.linkedRecords > 0 && <p className="m-0 text-ink-2">{T.remove.ties(connection.linkedRecords)}</p>}
    </RemovalFrame>
  )
}

function RemovalFrame(
  props: ForConnection & {
    readonly title: string
    readonly button: string
    readonly isBusy: boolean
    readonly error: unknown
    readonly onRemove: () => void
    readonly children: React.ReactNode
  },
) {
  const { connection, title, button, isBusy, error, onRemove, onClose, children } = props
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={title}
      width={480}
      foot={
        <>
          <Button look="primary" isDisabled={isBusy} onPress={onRemove}>
            {button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </>
      }
    >
      <div className="grid gap-2">
        {children}
        <p className="m-0 text-ink-2">
          {T.remove.app(connection.integration.appName)} {T.remove.undo}
        </p>
      </div>
      <Failure error={error} />
    </Modal>
  )
}

type Tie = { readonly row: RowId; readonly recordId: string }

/** Most ties the server takes at once. */
const TIES_A_CALL = 5_000

/** Unties rows from their records, after saying what stays (V30). */
export function UnlinkDialog(props: ForConnection & { readonly rows: readonly RowId[] }) {
  const { session, state, connection, rows, painter, editing, say, onClose } = props
  const { isBusy, error, ask } = useAsk()
  const { sheet } = painter
  const params = { id: connection.id }
  const linked = rows.flatMap((row): readonly Tie[] => {
    const recordId = sheet.recordOf(row, connection.id as ConnectionId)
    return recordId === undefined ? [] : [{ row, recordId }]
  })
  const staged = linked.reduce(
    (all, { row }) => all + connection.fields.filter((f) => sheet.cell(row, f.field as FieldId).isStaged).length,
    0,
  )
  const inParts = async (ties: readonly Tie[], send: (part: Tie[]) => Promise<void>): Promise<void> => {
    for (let start = 0; start < ties.length; start += TIES_A_CALL) await send(ties.slice(start, start + TIES_A_CALL))
    await session.refresh()
  }
  const unlink = async (ties: readonly Tie[]): Promise<readonly Tie[]> => {
    const cut = new Set<string>()
    await session.flush()
    await inParts(ties, async (part) => {
      const answer = await callApi('unlinkRows', { params, body: { ties: part } })
      for (const row of answer.rows) cut.add(row)
    })
    return ties.filter(({ row }) => cut.has(row))
  }
  const relink = async (ties: readonly Tie[]): Promise<void> => {
    let done = 0
    const reasons: string[] = []
    await inParts(ties, async (part) => {
      const { rows: again, kept } = await callApi('relinkRows', { params, body: { ties: part } })
      done += again.length
      reasons.push(...kept.map(({ reason }) => reason))
    })
    say(T.unlink.linkedAgain(done, reasons))
  }
  const step = (ties: readonly Tie[]): StepPart =>
    serverPart({
      back: () =>
        relink(ties).catch((failure: unknown) => {
          // Nothing was taken back, so it stays the last step.
          editing.pushStep({ parts: [step(ties)] })
          say(T.unlink.notYet(failureText(failure).message))
        }),
      again: async () => void (await unlink(ties)),
      onFailed: (failure) => say(failureText(failure).message),
    })
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.unlink.title(rows.length)}
      note={nameOfConnection(connection)}
      width={480}
      foot={
        <>
          <Button
            look="primary"
            isDisabled={isBusy || linked.length === 0 || state.link.kind !== 'online'}
            onPress={() =>
              void ask(async () => {
                const cut = await unlink(linked)
                if (cut.length > 0) editing.pushStep({ parts: [step(cut)] })
                say(T.unlink.done(cut.length))
                onClose()
              })
            }
          >
            {T.unlink.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </>
      }
    >
      {linked.length === 0 ? (
        <p className="m-0">{T.unlink.none}</p>
      ) : (
        <div className="grid gap-2">
          <p className="m-0">{T.unlink.body(connection.integration.appName)}</p>
          {staged > 0 && <p className="m-0 font-medium text-staged">{T.unlink.staged(staged)}</p>}
          <p className="m-0 text-ink-2">{T.unlink.again}</p>
        </div>
      )}
      <Failure error={error} />
    </Modal>
  )
}
