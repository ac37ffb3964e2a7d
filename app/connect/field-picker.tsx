import { useId, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import type { FieldType } from '../../workbook/fields.ts'
import { FIELD_TYPE_NAMES, TEXTS } from '../texts.ts'

export type Described = NonNullable<AnswerOf<'getObjectFields'>['description']>
export type ExternalField = Described['fields'][number]

const T = TEXTS.connect.fields

export const typeName = (type: string): string => FIELD_TYPE_NAMES[type as FieldType] ?? type

export interface FieldPickerProps {
  readonly fields: readonly ExternalField[]
  readonly chosen: ReadonlySet<string>
  readonly onChange: (chosen: ReadonlySet<string>) => void
  /** One field only. */
  readonly isSingle?: boolean
}

/** The fields of an app's object: found by a few letters, each with its type and why it cannot be written. */
export function FieldPicker({ fields, chosen, onChange, isSingle = false }: FieldPickerProps) {
  const [search, setSearch] = useState('')
  const name = useId()
  const wanted = search.trim().toLowerCase()
  const shown = fields.filter((field) => field.name.toLowerCase().includes(wanted) || field.id.toLowerCase().includes(wanted))
  const toggle = (id: string, isOn: boolean): void => {
    if (isSingle) {
      onChange(new Set([id]))
      return
    }
    const next = new Set(chosen)
    if (isOn) next.add(id)
    else next.delete(id)
    onChange(next)
  }
  return (
    <div className="grid gap-2">
      <input
        className="input"
        type="search"
        aria-label={T.search}
        placeholder={T.search}
        // biome-ignore lint/a11y/noAutofocus: the step is opened to type here
        autoFocus
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <fieldset className="m-0 max-h-72 min-w-0 overflow-auto rounded-md border border-line p-1">
        <legend className="sr-only">{T.label}</legend>
        {shown.map((field) => {
          const isReadOnly = field.writable !== true
          return (
            <label
              key={field.id}
              className="flex min-h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 py-1 hover:bg-hover has-[:checked]:bg-tide-wash has-[:focus-visible]:outline-2 has-[:focus-visible]:-outline-offset-2 has-[:focus-visible]:outline-tide"
            >
              <input
                type={isSingle ? 'radio' : 'checkbox'}
                name={name}
                className="size-4 shrink-0 accent-(--tide)"
                checked={chosen.has(field.id)}
                onChange={(event) => toggle(field.id, event.target.checked)}
              />
              <span className="min-w-0 flex-1">
                <span className="block truncate">{field.name}</span>
                {isReadOnly && field.writable !== true && <span className="hint block">{field.writable.reason}</span>}
              </span>
              <span className="hint flex-none text-right">
                {typeName(field.type)}
                {isReadOnly && ` · ${T.readOnly}`}
                {field.required === true && !isReadOnly && ` · ${T.required}`}
              </span>
            </label>
          )
        })}
        {shown.length === 0 && <p className="hint m-0 px-2 py-1.5">{T.nothing(search.trim())}</p>}
      </fieldset>
    </div>
  )
}
