import { useState } from 'react'
import type { CellInput } from '../../workbook/edit.ts'
import { showValue, type ValueFormats } from '../../workbook/field-values.ts'
import type { LateCell, LateEdits } from '../collab/late-edits.ts'
import type { OpenSheet } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { download } from './download.ts'

const WORDS = TEXTS.device.late
const keyOf = (cell: LateCell): string => `${cell.row}:${cell.field}`

export interface LateNoticeProps {
  readonly session: WorkbookSession
  readonly open: OpenSheet
  readonly late: readonly LateEdits[]
  readonly formats: ValueFormats
}

/** One line where something that was typed here earlier waits for a decision; nothing otherwise. */
export function LateNotice({ session, open, late, formats }: LateNoticeProps) {
  const [isOpen, setOpen] = useState(false)
  const count = late.reduce((sum, { cells, others }) => sum + cells.length + others, 0)
  if (count === 0) return null
  return (
    <div className="flex min-h-9 items-center gap-3 border-b border-line bg-staged-wash py-1 pr-1.5 pl-3.5" role="status">
      <p className="m-0 min-w-0 flex-1">{WORDS.notice(count)}</p>
      <Button isSmall onPress={() => setOpen(true)}>
        {WORDS.look}
      </Button>
      {isOpen && <LateDialog session={session} open={open} late={late} formats={formats} onClose={() => setOpen(false)} />}
    </div>
  )
}

function LateDialog({ session, open, late, formats, onClose }: LateNoticeProps & { readonly onClose: () => void }) {
  const cells = late.flatMap((edits) => edits.cells)
  const others = late.reduce((sum, edits) => sum + edits.others, 0)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [isDropping, setDropping] = useState(false)
  const chosen = cells.filter((cell) => cell.obstacle === undefined && !left.has(keyOf(cell)))
  const choose = (key: string, isChosen: boolean): void => {
    const next = new Set(left)
    if (isChosen) next.delete(key)
    else next.add(key)
    setLeft(next)
  }
  const apply = (): Promise<void> => session.applyLate(chosen.map(({ row, field, yours }): CellInput => ({ row, field, value: yours })))
  const drop = async (): Promise<void> => {
    for (const { document } of late) await session.dropLate(document)
  }
  const { sheet } = open
  const nameOf = ({ row, field }: LateCell): string => {
    const name = rowNameOf(sheet.fields(), (shownField) => sheet.cell(row, shownField.id).value, sheet.rows().indexOf(row))
    return `${name} · ${sheet.field(field)?.name ?? field}`
  }
  const shown = ({ field: id }: LateCell, value: LateCell['yours']): string => {
    const field = sheet.field(id)
    const text = field === undefined ? String(value ?? '') : showValue(field, value, formats)
    return text === '' ? WORDS.empty : text
  }
  // They are nowhere else: what is removed here is asked for twice.
  const foot = isDropping ? (
    <>
      <p role="alert" className="m-0 min-w-0 flex-1 basis-64">
        {WORDS.dropAsk(cells.length + others)}
      </p>
      <Button look="primary" autoFocus onPress={() => setDropping(false)}>
        {WORDS.keep}
      </Button>
      <Button onPress={() => void drop()}>{WORDS.dropSure}</Button>
    </>
  ) : (
    <>
      <Button look="primary" isDisabled={chosen.length === 0} onPress={() => void apply()}>
        {WORDS.apply(chosen.length)}
      </Button>
      <Button onPress={() => download(`${open.info.name} late changes.json`, JSON.stringify(late, null, 2))}>{WORDS.export}</Button>
      <span className="flex-1" />
      <Button look="ghost" onPress={() => setDropping(true)}>
        {WORDS.drop}
      </Button>
    </>
  )
  return (
    <Modal isOpen onClose={onClose} title={WORDS.title} width={640} foot={foot}>
      <p className="mt-0 text-ink-2">{WORDS.lead}</p>
      <ul className="m-0 grid list-none gap-2 p-0">
        {cells.map((cell) => (
          <li key={keyOf(cell)} className="rounded-md border border-line px-3 py-2">
            <label className="flex gap-2">
              <input
                type="checkbox"
                disabled={cell.obstacle !== undefined}
                checked={cell.obstacle === undefined && !left.has(keyOf(cell))}
                onChange={(event) => choose(keyOf(cell), event.target.checked)}
              />
              <span className="min-w-0 flex-1">
                <b className="block truncate font-semibold">{nameOf(cell)}</b>
                <span className="block">
                  {WORDS.yours}: {shown(cell, cell.yours)}
                </span>
                <span className="block text-ink-2">
                  {cell.obstacle === 'row' && WORDS.gone}
                  {cell.obstacle === 'field' && WORDS.noField}
                  {cell.obstacle === undefined && `${WORDS.now}: ${shown(cell, cell.now)}`}
                </span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      {others > 0 && <p className="mb-0 text-ink-2">{WORDS.others(others)}</p>}
    </Modal>
  )
}
