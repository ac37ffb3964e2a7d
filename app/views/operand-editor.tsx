import { useId, useState } from 'react'
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components'
import { SPAN_UNITS } from '../../workbook/calendar.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Field } from '../../workbook/fields.ts'
import type { Condition, Operand } from '../../workbook/view.ts'
import { ME, type OperandKind, ROW_STATES } from '../../workbook/view-filter.ts'
import { TEXTS } from '../texts.ts'

const T = TEXTS.views

export interface OperandEditorProps {
  readonly kind: OperandKind
  /** `undefined` for the row's state. */
  readonly field: Field | undefined
  readonly condition: Condition
  readonly onChange: (operand: Operand) => void
}

const listed = (operand: Operand): readonly CellValue[] =>
  Array.isArray(operand) ? operand : operand === null ? [] : [operand as CellValue]

/** What a condition compares with, in an editor that fits: a text, a number, days, or a choice. */
export function OperandEditor({ kind, field, condition, onChange }: OperandEditorProps) {
  const list = listed(condition.operand)
  const [first = null, second = null] = list
  switch (kind) {
    case 'none':
      return null
    case 'text':
      return (
        <input
          className="input view-select flex-1"
          aria-label={T.value}
          value={typeof first === 'string' ? first : ''}
          onChange={(event) => onChange(event.target.value)}
        />
      )
    case 'number':
      return <NumberInput label={T.value} value={first} onChange={onChange} />
    case 'number-range':
      return (
        <>
          <NumberInput label={T.from} value={first} onChange={(value) => onChange([value, second])} />
          <NumberInput label={T.to} value={second} onChange={(value) => onChange([first, value])} />
        </>
      )
    case 'day':
      return <DayInput label={T.value} value={first} onChange={onChange} />
    case 'day-range':
      return (
        <>
          <DayInput label={T.from} value={first} onChange={(value) => onChange([value, second])} />
          <DayInput label={T.to} value={second} onChange={(value) => onChange([first, value])} />
        </>
      )
    case 'span':
      return (
        <>
          <NumberInput label={T.value} value={first} min={0} onChange={(value) => onChange([value, second ?? 'days'])} />
          <select
            className="input view-select"
            aria-label={T.unit}
            value={String(second ?? 'days')}
            onChange={(event) => onChange([first, event.target.value])}
          >
            {SPAN_UNITS.map((unit) => (
              <option key={unit} value={unit}>
                {T.units[unit]}
              </option>
            ))}
          </select>
        </>
      )
    case 'options':
    case 'people': {
      const options = (field?.options ?? []).map(({ id, name }) => ({ id: isHeldByName(field) ? name : id, name }))
      return <Choice options={kind === 'people' ? [{ id: ME, name: T.me }, ...options] : options} chosen={list} onChange={onChange} />
    }
    case 'states':
      return <Choice options={ROW_STATES.map((id) => ({ id, name: T.states[id] }))} chosen={list} onChange={onChange} />
  }
}

/** Cells of connected selects hold the option's name, others its id. */
const isHeldByName = (field: Field | undefined): boolean => field?.binding !== undefined && field.type !== 'person'

function NumberInput({
  label,
  value,
  min,
  onChange,
}: {
  label: string
  value: CellValue
  min?: number
  onChange: (value: number | null) => void
}) {
  return (
    <input
      type="number"
      step="any"
      min={min}
      className="input view-select w-24!"
      aria-label={label}
      defaultValue={typeof value === 'number' ? value : ''}
      onChange={(event) => onChange(Number.isNaN(event.target.valueAsNumber) ? null : event.target.valueAsNumber)}
    />
  )
}

function DayInput({ label, value, onChange }: { label: string; value: CellValue; onChange: (value: string | null) => void }) {
  return (
    <input
      type="date"
      className="input view-select"
      aria-label={label}
      defaultValue={typeof value === 'string' ? value : ''}
      onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
    />
  )
}

interface ChoiceProps {
  readonly options: readonly { readonly id: string; readonly name: string }[]
  readonly chosen: readonly CellValue[]
  readonly onChange: (operand: readonly CellValue[]) => void
}

const SEARCH_FROM = 8

/** Any number of options, in a list of its own. */
function Choice({ options, chosen, onChange }: ChoiceProps) {
  const [search, setSearch] = useState('')
  const id = useId()
  const names = options.filter((option) => chosen.includes(option.id)).map((option) => option.name)
  const known = new Set(options.map((option) => option.id))
  const others = chosen.filter((value): value is string => typeof value === 'string' && !known.has(value))
  const all = [...options, ...others.map((value) => ({ id: value, name: value }))]
  const shown = all.filter((option) => option.name.toLowerCase().includes(search.toLowerCase()))
  const said = [...names, ...others]
  return (
    <DialogTrigger>
      <AriaButton
        className="button small min-w-28 max-w-52 flex-1 justify-start!"
        aria-label={`${T.value}: ${said.join(', ') || T.chooseValue}`}
      >
        <span className="truncate">{said.length === 0 ? T.chooseValue : said.length < 3 ? said.join(', ') : T.chosen(said.length)}</span>
      </AriaButton>
      <Popover placement="bottom start" className="popover arrives">
        <Dialog className="grid max-h-72 gap-1 overflow-auto p-2 outline-none" aria-label={T.value}>
          {all.length > SEARCH_FROM && (
            <input
              type="search"
              className="input"
              aria-label={TEXTS.editor.search}
              placeholder={TEXTS.editor.search}
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          )}
          {shown.map((option) => (
            <label key={option.id} className="flex min-h-7 items-center gap-2 rounded px-1 hover:bg-hover">
              <input
                type="checkbox"
                name={id}
                checked={chosen.includes(option.id)}
                onChange={(event) =>
                  onChange(event.target.checked ? [...chosen, option.id] : chosen.filter((value) => value !== option.id))
                }
              />
              {option.name}
            </label>
          ))}
          {shown.length === 0 && <span className="hint px-1">{TEXTS.editor.none}</span>}
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
