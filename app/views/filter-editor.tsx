import { Plus, Trash2 } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { kindOfField } from '../../workbook/value-kind.ts'
import { type Condition, FILTER_DEPTH, type FilterGroup, type FilterPart, STATE_FIELD } from '../../workbook/view.ts'
import { operatorsOf } from '../../workbook/view-filter.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { OperandEditor } from './operand-editor.tsx'

const T = TEXTS.views

export interface FilterEditorProps {
  readonly group: FilterGroup
  readonly fields: readonly Field[]
  readonly onChange: (group: FilterGroup) => void
  readonly depth?: number
}

const firstOperator = (field: Field | typeof STATE_FIELD): string => Object.keys(operatorsOf(field))[0] ?? 'empty'

/** A condition on a field, as it begins. */
export function newCondition(field: Field | undefined): Condition {
  const about = field ?? STATE_FIELD
  return { kind: 'condition', field: about === STATE_FIELD ? STATE_FIELD : about.id, operator: firstOperator(about), operand: null }
}

/** Conditions and groups of them, joined by *and* or *or*. */
export function FilterEditor({ group, fields, onChange, depth = 1 }: FilterEditorProps) {
  const { parts, join } = group
  const list = useRef<HTMLDivElement>(null)
  const wantsLast = useRef(false)
  useEffect(() => {
    if (!wantsLast.current) return
    wantsLast.current = false
    const rows = list.current?.querySelectorAll<HTMLElement>(':scope > [data-part]')
    rows?.[rows.length - 1]?.querySelector<HTMLElement>('[data-field]')?.focus()
  })
  const setPart = (at: number, part: FilterPart | undefined): void =>
    onChange({ ...group, parts: parts.flatMap((known, i) => (i !== at ? [known] : part === undefined ? [] : [part])) })
  const add = (part: FilterPart): void => {
    wantsLast.current = true
    onChange({ ...group, parts: [...parts, part] })
  }
  return (
    <div ref={list} className="grid gap-2">
      {parts.length > 1 && (
        <select
          className="input view-select w-max!"
          aria-label={T.join}
          value={join}
          onChange={(event) => onChange({ ...group, join: event.target.value === 'or' ? 'or' : 'and' })}
        >
          <option value="and">{T.allOf}</option>
          <option value="or">{T.anyOf}</option>
        </select>
      )}
      {parts.map((part, i) => {
        const lead = i === 0 ? T.where : T[join]
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no name of their own, and are removed with the row they stand in
          <div key={i} data-part className="view-condition flex flex-wrap items-start gap-1.5 sm:flex-nowrap">
            <span className="hint w-11 flex-none pt-1.5">{lead}</span>
            {part.kind === 'condition' ? (
              <ConditionRow condition={part} fields={fields} onChange={(next) => setPart(i, next)} />
            ) : (
              <div className="view-group grid min-w-0 flex-1 gap-2">
                <FilterEditor group={part} fields={fields} depth={depth + 1} onChange={(next) => setPart(i, next)} />
              </div>
            )}
            <IconButton label={part.kind === 'condition' ? T.removeCondition : T.removeGroup} isSmall onPress={() => setPart(i, undefined)}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          </div>
        )
      })}
      <span className="flex flex-wrap gap-1.5">
        <Button isSmall look="ghost" onPress={() => add(newCondition(fields[0]))}>
          <Plus size={14} aria-hidden /> {T.addCondition}
        </Button>
        {depth < FILTER_DEPTH && (
          <Button
            isSmall
            look="ghost"
            onPress={() => add({ kind: 'group', join: join === 'and' ? 'or' : 'and', parts: [newCondition(fields[0])] })}
          >
            <Plus size={14} aria-hidden /> {T.addGroup}
          </Button>
        )}
      </span>
    </div>
  )
}

function ConditionRow({
  condition,
  fields,
  onChange,
}: {
  condition: Condition
  fields: readonly Field[]
  onChange: (condition: Condition) => void
}) {
  const field = fields.find((known) => known.id === condition.field)
  const isState = condition.field === STATE_FIELD
  const operators = field !== undefined ? operatorsOf(field) : isState ? operatorsOf(STATE_FIELD) : {}
  const words: Readonly<Record<string, string>> = field === undefined ? T.operators.choice : operatorWords(field)
  const kind = operators[condition.operator]
  const setField = (id: string): void => {
    const next = newCondition(fields.find((known) => known.id === (id as FieldId)))
    const isAlike = next.field !== STATE_FIELD && field !== undefined && operatorsOf(field) === operatorsOfId(fields, next.field)
    onChange(isAlike ? { ...condition, field: next.field } : next)
  }
  return (
    <span className="flex min-w-0 flex-1 flex-wrap gap-1.5">
      <select
        data-field
        className="input view-select max-w-44!"
        aria-label={T.field}
        value={condition.field}
        onChange={(event) => setField(event.target.value)}
      >
        {field === undefined && !isState && <option value={condition.field}>{T.unknownField}</option>}
        {fields.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
        <option value={STATE_FIELD}>{T.state}</option>
      </select>
      <select
        className="input view-select"
        aria-label={T.operator}
        value={condition.operator}
        onChange={(event) =>
          onChange({
            ...condition,
            operator: event.target.value,
            operand: operators[event.target.value] === kind ? condition.operand : null,
          })
        }
      >
        {kind === undefined && <option value={condition.operator}>{condition.operator}</option>}
        {Object.keys(operators).map((operator) => (
          <option key={operator} value={operator}>
            {words[operator] ?? operator}
          </option>
        ))}
      </select>
      {kind !== undefined && (
        <OperandEditor
          key={`${condition.field}:${kind}`}
          kind={kind}
          field={field}
          condition={condition}
          onChange={(operand) => onChange({ ...condition, operand })}
        />
      )}
    </span>
  )
}

const operatorsOfId = (fields: readonly Field[], id: FieldId) => {
  const field = fields.find((known) => known.id === id)
  return field === undefined ? undefined : operatorsOf(field)
}

export function operatorWords(field: Field): Readonly<Record<string, string>> {
  switch (kindOfField(field.type)) {
    case 'text':
      return T.operators.text
    case 'number':
      return T.operators.number
    case 'day':
    case 'instant':
      return T.operators.date
    case 'check':
      return T.operators.check
    case 'option':
    case 'options':
    case 'person':
      return T.operators.choice
  }
}
