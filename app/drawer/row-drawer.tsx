import { ChevronDown, ChevronUp, ExternalLink } from 'lucide-react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { SessionState } from '../collab/session-state.ts'
import { linkOfCell } from '../grid/cell-display.ts'
import type { Painter } from '../grid/scene.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import { IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import type { TalkContext } from './comment-thread.tsx'
import { RowComments } from './row-comments.tsx'
import { RowFields, useRowVersion } from './row-fields.tsx'
import { RowHistory } from './row-history.tsx'
import { RowNote } from './row-note.tsx'
import { SidePanel } from './side-panel.tsx'

/** Which row is open, and which of its cells a comment was asked for. */
export interface OpenRow {
  readonly row: RowId
  readonly comment?: FieldId | undefined
}

export interface RowDrawerProps extends TalkContext {
  readonly state: SessionState
  readonly painter: Painter
  readonly editing: SheetEditing
  /** The rows in the order of the view. */
  readonly rows: readonly RowId[]
  readonly fields: readonly Field[]
  readonly hasHistory: boolean
  readonly open: OpenRow
  readonly onOpen: (open: OpenRow) => void
  readonly onClose: () => void
}

/** One row with everything that belongs to it. */
export function RowDrawer(props: RowDrawerProps) {
  const { painter, rows, open, onOpen, onClose } = props
  const { sheet } = painter
  const { row } = open
  useRowVersion(sheet, row)
  const index = rows.indexOf(row)
  const all = sheet.fields()
  const name = rowNameOf(all, (field) => sheet.cell(row, field.id).value, index < 0 ? 0 : index)
  const isThere = sheet.hasRow(row) && !sheet.isDeleted(row)
  const step = (by: 1 | -1): RowId | undefined => (index < 0 ? undefined : rows[index + by])
  const [previous, next] = [step(-1), step(1)]
  return (
    <SidePanel
      label={TEXTS.drawer.label(name)}
      title={name}
      closeLabel={TEXTS.drawer.close}
      onClose={onClose}
      focusKey={row}
      tools={
        <>
          <span className="hint">{index < 0 ? '' : TEXTS.drawer.of(index + 1, rows.length)}</span>
          <IconButton
            label={TEXTS.drawer.previous}
            isDisabled={previous === undefined}
            onPress={() => previous !== undefined && onOpen({ row: previous })}
          >
            <ChevronUp size={16} aria-hidden />
          </IconButton>
          <IconButton label={TEXTS.drawer.next} isDisabled={next === undefined} onPress={() => next !== undefined && onOpen({ row: next })}>
            <ChevronDown size={16} aria-hidden />
          </IconButton>
        </>
      }
    >
      {isThere ? <Body key={row} {...props} all={all} /> : <p className="m-0 text-ink-2">{TEXTS.drawer.gone}</p>}
    </SidePanel>
  )
}

function Body({ state, painter, editing, fields, hasHistory, open, onOpen, all, ...context }: RowDrawerProps & { all: readonly Field[] }) {
  const { row, comment } = open
  const isReadOnly = context.refusal !== undefined
  // Hidden fields belong to the row all the same, behind those that are shown.
  const shown = new Set(fields.map((field) => field.id))
  const ordered = [...fields, ...all.filter((field) => !shown.has(field.id))]
  return (
    <div className="grid gap-5">
      <Records painter={painter} row={row} fields={all} />
      <RowFields
        painter={painter}
        editing={editing}
        row={row}
        fields={ordered}
        field={comment}
        isReadOnly={isReadOnly}
        onComment={(field) => onOpen({ row, comment: field })}
      />
      <RowNote session={context.session} sheet={painter.sheet} row={row} talk={context.talk} isReadOnly={isReadOnly} />
      <RowComments key={comment ?? ''} {...context} row={row} fields={ordered} field={comment} />
      {hasHistory && (
        <RowHistory painter={painter} row={row} fields={ordered} times={context.times} isOnline={state.link.kind === 'online'} />
      )}
    </div>
  )
}

/** The records of the apps this row is tied to. */
function Records({ painter, row, fields }: { painter: Painter; row: RowId; fields: readonly Field[] }) {
  const { sheet } = painter
  const keys = fields.filter((field) => field.binding?.isConnectionField && sheet.cell(row, field.id).value !== null)
  if (keys.length === 0) return null
  return (
    <section aria-label={TEXTS.drawer.records} className="flex flex-wrap gap-1.5">
      {keys.map((field) => {
        const key = String(sheet.cell(row, field.id).value)
        const link = linkOfCell(sheet, row, field, key)
        const mark = field.binding && sheet.recordMark(row, field.binding.connection)
        return (
          <span key={field.id} className="pill">
            {field.binding?.appName} <b className="font-semibold">{key}</b>
            {mark !== undefined && <span className="text-warn">{mark.kind === 'gone' ? '×' : '≠'}</span>}
            {link !== undefined && (
              <a href={link} target="_blank" rel="noreferrer" aria-label={TEXTS.drawer.openIn(`${field.binding?.appName ?? ''} ${key}`)}>
                <ExternalLink size={13} aria-hidden />
              </a>
            )}
          </span>
        )
      })}
    </section>
  )
}
