import { ExternalLink } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { CellStatus } from '../../workbook/cell-status.ts'
import { showValue } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { displayOf, linkOfCell } from '../grid/cell-display.ts'
import { CellEditor } from '../grid/editors.tsx'
import type { Painter } from '../grid/scene.ts'
import { readOnlyReason, type SheetEditing } from '../grid/use-sheet-editing.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

export interface RowFieldsProps {
  readonly painter: Painter
  readonly editing: SheetEditing
  readonly row: RowId
  readonly fields: readonly Field[]
  /** The field whose value is worked on first. */
  readonly field: FieldId | undefined
  readonly isReadOnly: boolean
  readonly onComment: (field: FieldId) => void
}

/** Counts the changes of one row, so that it is drawn anew with each. */
export function useRowVersion(sheet: Sheet, row: RowId): number {
  const version = useRef(0)
  return useSyncExternalStore(
    (changed) =>
      sheet.onChange((change) => {
        if (!change.rows.has(row) && !change.isOrder && !change.isFields) return
        version.current++
        changed()
      }),
    () => version.current,
  )
}

/** Every field of a row with its value, its state and what can be done about it. */
export function RowFields(props: RowFieldsProps) {
  useRowVersion(props.painter.sheet, props.row)
  return (
    <section aria-label={TEXTS.drawer.fields} className="grid gap-2">
      {props.fields.map((field) => (
        <FieldLine key={field.id} {...props} field={field} />
      ))}
    </section>
  )
}

function FieldLine({ painter, editing, row, field, isReadOnly, onComment }: Omit<RowFieldsProps, 'field'> & { field: Field }) {
  const { sheet, formats } = painter
  const [isEditing, setEditing] = useState(false)
  const commit = useRef<(() => boolean) | undefined>(undefined)
  const box = useRef<HTMLDivElement>(null)
  const shown = useRef<HTMLButtonElement>(null)
  const cell = sheet.cell(row, field.id)
  const status = painter.statusOf(row, field, cell)
  const link = linkOfCell(sheet, row, field, cell.value)
  const reason = readOnlyReason(field)

  useEffect(() => {
    if (!isEditing) return
    // A click elsewhere finishes, as in the grid; what the editor opened over the page is part of it.
    const onPointerDown = (event: PointerEvent): void => {
      const target = event.target as Element
      if (box.current?.contains(target) || target.closest('.popover') !== null) return
      commit.current?.()
    }
    document.addEventListener('pointerdown', onPointerDown, true)
    return () => document.removeEventListener('pointerdown', onPointerDown, true)
  }, [isEditing])

  const finish = (): void => {
    setEditing(false)
    requestAnimationFrame(() => shown.current?.focus())
  }
  const begin = (): void => {
    if (isReadOnly || editing.refuseEdit(field)) return
    if (field.type === 'checkbox') editing.toggle(row, field)
    else setEditing(true)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'F2') {
      event.preventDefault()
      begin()
    }
  }
  return (
    <div className="grid gap-0.5" data-field={field.id}>
      <span className="flex items-baseline gap-2 text-xs font-medium text-ink-2">
        <span className="min-w-0 truncate">{field.name}</span>
        {field.binding !== undefined && <span className="hint">{field.binding.appName}</span>}
        <Button look="ghost" isSmall className="ml-auto" aria-label={TEXTS.talk.writeOn(field.name)} onPress={() => onComment(field.id)}>
          {TEXTS.talk.send}
        </Button>
      </span>
      {isEditing ? (
        // biome-ignore lint/a11y/noStaticElementInteractions: Esc belongs to the editor first
        <div ref={box} className="relative min-h-9" onKeyDown={(event) => event.key === 'Escape' && event.stopPropagation()}>
          <CellEditor
            field={field}
            value={cell.value}
            typed={undefined}
            formats={formats}
            onCommit={(value) => {
              if (value !== undefined) editing.write([{ row, field: field.id, value }])
              finish()
            }}
            onCancel={finish}
            commitRef={commit}
          />
        </div>
      ) : (
        <span className="flex items-center gap-1.5">
          <button
            ref={shown}
            type="button"
            aria-label={TEXTS.drawer.edit(field.name)}
            aria-disabled={isReadOnly || reason !== undefined}
            title={reason}
            onClick={begin}
            onKeyDown={onKeyDown}
            className="min-h-9 min-w-0 flex-1 rounded-md border border-line bg-paper px-2.5 py-1.5 text-left whitespace-pre-wrap hover:border-control aria-disabled:bg-wash"
            dir="auto"
          >
            <Shown painter={painter} field={field} value={cell.value} />
          </button>
          {link !== undefined && (
            <a
              className="button ghost icon"
              href={link}
              target="_blank"
              rel="noreferrer"
              aria-label={TEXTS.drawer.openIn(field.binding?.appName ?? field.name)}
            >
              <ExternalLink size={14} aria-hidden />
            </a>
          )}
        </span>
      )}
      <State status={status} isReadOnly={isReadOnly} onChoose={(choice) => editing.choose(row, field.id, choice)} />
    </div>
  )
}

function Shown({ painter, field, value }: { painter: Painter; field: Field; value: ReturnType<Sheet['cell']>['value'] }) {
  const display = displayOf(field, value, painter.formats)
  if (display.kind === 'chips') {
    return (
      <span className="flex flex-wrap gap-1">
        {display.chips.map((chip) => (
          <span key={chip.text} className="chip" data-color={chip.color}>
            {chip.text}
          </span>
        ))}
      </span>
    )
  }
  if (display.kind === 'tick') return <>{display.text === '' ? TEXTS.drawer.empty : display.text}</>
  // The whole of a long text: a cell shows its beginning only.
  const text = showValue(field, value, painter.formats)
  return text === '' ? <span className="text-ink-3">{TEXTS.drawer.empty}</span> : text
}

const SAID: ReadonlySet<CellStatus['kind']> = new Set(['agreed', 'read-only'])

function State({
  status,
  isReadOnly,
  onChoose,
}: {
  status: CellStatus
  isReadOnly: boolean
  onChoose: (choice: CellStatus['choices'][number]) => void
}) {
  if (SAID.has(status.kind) || status.text === '') return null
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <span className={status.kind === 'staged' || status.kind === 'held' || status.kind === 'sending' ? 'text-staged' : 'text-warn'}>
        {status.text}
      </span>
      {!isReadOnly &&
        status.choices.map((choice) => (
          <Button key={choice.label} isSmall onPress={() => onChoose(choice)}>
            {choice.label}
          </Button>
        ))}
    </span>
  )
}
