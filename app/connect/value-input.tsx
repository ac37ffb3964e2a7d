import { useId } from 'react'
import type { CellValue } from '../../workbook/cell-value.ts'
import { TEXTS } from '../texts.ts'
import type { ExternalField } from './field-picker.tsx'

/** One value of an app's field, entered beside the grid. `null`: none. */
export function ValueInput({
  field,
  value,
  hint,
  onChange,
}: {
  readonly field: ExternalField
  readonly value: CellValue
  readonly hint?: string
  readonly onChange: (value: CellValue) => void
}) {
  const id = useId()
  const options = (field.options ?? []).filter((option) => option.retired !== true)
  const text = value === null ? '' : String(value)
  const set = (typed: string): void => onChange(typed === '' ? null : valueFor(field.type, typed))
  return (
    <div>
      <label className="label" htmlFor={id}>
        {field.name}
      </label>
      {field.type === 'checkbox' ? (
        <span className="flex min-h-8 items-center">
          <input
            id={id}
            type="checkbox"
            className="size-4 accent-(--tide)"
            checked={value === true}
            onChange={(event) => onChange(event.target.checked)}
          />
        </span>
      ) : options.length > 0 && field.type !== 'multi-select' ? (
        <select id={id} className="input" value={text} onChange={(event) => set(event.target.value)}>
          <option value="">{TEXTS.connect.create.choose}</option>
          {options.map((option) => (
            <option key={option.id} value={field.type === 'person' ? option.id : option.name}>
              {option.name}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          className="input"
          type={INPUT_TYPES[field.type] ?? 'text'}
          maxLength={field.maxLength}
          value={text}
          onChange={(event) => set(event.target.value)}
        />
      )}
      {hint !== undefined && <span className="hint">{hint}</span>}
    </div>
  )
}

const INPUT_TYPES: Readonly<Record<string, string>> = { number: 'number', currency: 'number', date: 'date', email: 'email', url: 'url' }

const valueFor = (type: string, typed: string): CellValue => {
  const isNumber = type === 'number' || type === 'currency' || type === 'percent' || type === 'duration'
  const number = Number(typed)
  return isNumber && Number.isFinite(number) ? number : typed
}
