import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react'
import type { Field, FieldType } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import type { SortKey } from '../../workbook/view.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

const T = TEXTS.views

export interface KeyListProps {
  readonly keys: readonly SortKey[]
  readonly fields: readonly Field[]
  readonly limit: number
  /** The kinds of fields that are proposed first. */
  readonly prefers?: ReadonlySet<FieldType>
  readonly addText: string
  readonly emptyText: string
  readonly onChange: (keys: readonly SortKey[]) => void
}

/** Fields one behind the other, each with its direction: what rows are sorted or grouped by. */
export function KeyList({ keys, fields, limit, prefers, addText, emptyText, onChange }: KeyListProps) {
  const used = new Set(keys.map((key) => key.field))
  const free = fields.filter((field) => !used.has(field.id))
  const next = free.find((field) => prefers?.has(field.type)) ?? free[0]
  const setKey = (at: number, key: SortKey | undefined): void =>
    onChange(keys.flatMap((known, i) => (i !== at ? [known] : key === undefined ? [] : [key])))
  const swap = (at: number, by: -1 | 1): void => {
    const [here, there] = [keys[at], keys[at + by]]
    if (here === undefined || there === undefined) return
    onChange(keys.map((key, i) => (i === at ? there : i === at + by ? here : key)))
  }
  return (
    <div className="grid gap-2">
      {keys.length === 0 && <p className="hint m-0">{emptyText}</p>}
      {keys.map((key, i) => {
        const name = fields.find((field) => field.id === key.field)?.name ?? T.unknownField
        return (
          <div key={key.field} className="flex flex-wrap items-center gap-1.5">
            <select
              className="input view-select max-w-48!"
              aria-label={T.field}
              value={key.field}
              onChange={(event) => setKey(i, { ...key, field: event.target.value as FieldId })}
            >
              <option value={key.field}>{name}</option>
              {free.map((field) => (
                <option key={field.id} value={field.id}>
                  {field.name}
                </option>
              ))}
            </select>
            <select
              className="input view-select"
              aria-label={T.direction}
              value={key.direction}
              onChange={(event) => setKey(i, { ...key, direction: event.target.value === 'descending' ? 'descending' : 'ascending' })}
            >
              <option value="ascending">{T.ascending}</option>
              <option value="descending">{T.descending}</option>
            </select>
            <span className="ml-auto flex">
              <IconButton label={T.earlier} isSmall isDisabled={i === 0} onPress={() => swap(i, -1)}>
                <ArrowUp size={14} aria-hidden />
              </IconButton>
              <IconButton label={T.later} isSmall isDisabled={i === keys.length - 1} onPress={() => swap(i, 1)}>
                <ArrowDown size={14} aria-hidden />
              </IconButton>
              <IconButton label={T.removeKey(name)} isSmall onPress={() => setKey(i, undefined)}>
                <Trash2 size={14} aria-hidden />
              </IconButton>
            </span>
          </div>
        )
      })}
      {keys.length < limit && next !== undefined && (
        <Button
          isSmall
          look="ghost"
          className="justify-self-start"
          onPress={() => onChange([...keys, { field: next.id, direction: 'ascending' }])}
        >
          <Plus size={14} aria-hidden /> {addText}
        </Button>
      )}
    </div>
  )
}
