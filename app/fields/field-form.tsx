import { type FormEvent, useEffect, useRef, useState } from 'react'
import { ListBox, ListBoxItem, Text } from 'react-aria-components'
import type { FieldDraft } from '../../workbook/field-edits.ts'
import { editTextOf, parseTyped, type ValueFormats } from '../../workbook/field-values.ts'
import { FIELD_TYPES, type Field, type FieldType, hasOptions, isNumeric } from '../../workbook/fields.ts'
import { Button } from '../kit/button.tsx'
import { FIELD_TYPE_NAMES, TEXTS } from '../texts.ts'
import { FormatForm, RulesForm } from './format-form.tsx'
import { OptionList } from './option-list.tsx'
import { TYPE_ICONS } from './type-icons.tsx'

const T = TEXTS.fields.form

/** The types a person may give a field; a record's key is the app's alone. */
export const OWN_TYPES = FIELD_TYPES.filter((type) => type !== 'record-key')

export interface FieldFormProps {
  readonly draft: FieldDraft
  /** The field that is edited; absent for a new one. */
  readonly field?: Field | undefined
  readonly others: readonly Field[]
  readonly formats: ValueFormats
  readonly isBusy: boolean
  readonly onSave: (draft: FieldDraft) => void
}

/** Name, type, options, format, rules and first value of a field; of a connected one only what is this workbook's own. */
export function FieldForm({ draft: given, field, others, formats, isBusy, onSave }: FieldFormProps) {
  const [draft, setDraft] = useState(given)
  const [initial, setInitial] = useState(() => editTextOf(given, given.initial, formats))
  const [error, setError] = useState<string>()
  const change = (part: Partial<FieldDraft>): void => {
    setDraft({ ...draft, ...part })
    setError(undefined)
  }
  const isConnected = field?.binding !== undefined
  const name = draft.name.trim()
  const save = (event: FormEvent): void => {
    event.preventDefault()
    const problem = problemOf(draft, name, others)
    const parsed = parseTyped(draft, initial, formats)
    if (problem !== undefined) setError(problem)
    else if (!parsed.ok) setError(parsed.error)
    else
      onSave({
        ...draft,
        name,
        options: hasOptions(draft.type) ? draft.options.map((o) => ({ ...o, name: o.name.trim() })) : draft.options,
        initial: parsed.value,
      })
  }
  const chooseType = (type: FieldType): void => {
    setInitial('')
    change({ type, format: {}, rules: {}, options: hasOptions(type) ? draft.options : [], initial: null })
  }
  const hasFormat = isNumeric(draft.type) || draft.type === 'date' || draft.type === 'date-time'
  return (
    <form onSubmit={save} className="grid gap-3">
      <label className="block">
        <span className="label">{T.name}</span>
        <input
          className="input"
          dir="auto"
          // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
          autoFocus
          value={draft.name}
          maxLength={120}
          onChange={(event) => change({ name: event.target.value })}
        />
      </label>
      {field === undefined && <TypeList type={draft.type} onType={chooseType} />}
      {isConnected && <p className="hint m-0">{T.connected(field.binding?.appName ?? '')}</p>}
      {!isConnected && hasOptions(draft.type) && <OptionList options={draft.options} onChange={(options) => change({ options })} />}
      {hasFormat && (
        <fieldset className="m-0 grid gap-2 border-0 p-0">
          <legend className="label">{T.format}</legend>
          <FormatForm type={draft.type} format={draft.format} onChange={(format) => change({ format })} />
        </fieldset>
      )}
      <details className="grid gap-3" open={field !== undefined}>
        <summary className="cursor-default text-ink-2">{T.more}</summary>
        <div className="grid gap-3 pt-2">
          <label className="block">
            <span className="label">{T.description}</span>
            <textarea
              className="input"
              dir="auto"
              rows={2}
              maxLength={2_000}
              value={draft.description}
              onChange={(event) => change({ description: event.target.value })}
            />
          </label>
          <RulesForm type={draft.type} rules={draft.rules} onChange={(rules) => change({ rules })} />
          {!isConnected && (
            <label className="block">
              <span className="label">{T.initial}</span>
              <input
                className="input"
                dir="auto"
                value={initial}
                onChange={(event) => {
                  setInitial(event.target.value)
                  setError(undefined)
                }}
              />
            </label>
          )}
        </div>
      </details>
      {error !== undefined && (
        <p role="alert" className="error m-0">
          {error}
        </p>
      )}
      <span>
        <Button look="primary" type="submit" isDisabled={name === '' || isBusy}>
          {field === undefined ? T.add : T.save}
        </Button>
      </span>
    </form>
  )
}

function problemOf(draft: FieldDraft, name: string, others: readonly Field[]): string | undefined {
  if (others.some((other) => other.name.toLowerCase() === name.toLowerCase())) return T.taken
  const seen = new Set<string>()
  for (const option of draft.options) {
    const folded = option.name.trim().toLowerCase()
    if (folded === '') return T.emptyOption
    if (seen.has(folded)) return T.twoOptions(option.name.trim())
    seen.add(folded)
  }
  return undefined
}

export function TypeList({
  type,
  onType,
  types = OWN_TYPES,
}: {
  type: FieldType
  onType: (type: FieldType) => void
  types?: readonly FieldType[]
}) {
  const list = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen type is brought into sight when it is another one
  useEffect(() => {
    list.current?.querySelector('[data-selected]')?.scrollIntoView({ block: 'nearest' })
  }, [type])
  return (
    <div className="min-w-0">
      <span className="label">{T.type}</span>
      <ListBox
        ref={list}
        aria-label={T.type}
        className="menu max-h-56 overflow-auto rounded-md border border-line"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[type]}
        onSelectionChange={(keys) => {
          const chosen = keys === 'all' ? undefined : keys.values().next().value
          const found = types.find((other) => other === chosen)
          if (found !== undefined) onType(found)
        }}
      >
        {types.map((other) => {
          const Icon = TYPE_ICONS[other]
          return (
            <ListBoxItem key={other} id={other} textValue={FIELD_TYPE_NAMES[other]} className="menu-item">
              <Icon size={15} aria-hidden className="shrink-0 text-ink-2" />
              <Text slot="label" className="shrink-0">
                {FIELD_TYPE_NAMES[other]}
              </Text>
              <Text slot="description" className="hint min-w-0 truncate">
                {TEXTS.fields.about[other]}
              </Text>
            </ListBoxItem>
          )
        })}
      </ListBox>
    </div>
  )
}
