import { useState } from 'react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import type { Span } from '../../workbook/view.ts'
import { Button } from '../kit/button.tsx'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { proposedSpan } from './bars.ts'
import { isDateField } from './days.ts'

interface SpanChoiceProps {
  readonly fields: readonly Field[]
  readonly value: Span
  readonly onChange: (span: Span) => void
}

/** The choice of the two fields. The end is never the start. */
export function SpanChoice({ fields, value, onChange }: SpanChoiceProps) {
  const dates = fields.filter(isDateField)
  const options = (some: readonly Field[]) =>
    some.map((field) => (
      <option key={field.id} value={field.id}>
        {field.name}
      </option>
    ))
  return (
    <div className="grid gap-2 sm:min-w-72">
      <label className="grid gap-1">
        <span className="label">{T.start}</span>
        <select
          className="input"
          value={value.start}
          onChange={(event) => {
            const start = event.target.value as FieldId
            onChange({ start, end: value.end === start ? undefined : value.end })
          }}
        >
          {options(dates)}
        </select>
      </label>
      <label className="grid gap-1">
        <span className="label">{T.end}</span>
        <select
          className="input"
          value={value.end ?? ''}
          onChange={(event) => onChange({ start: value.start, end: (event.target.value || undefined) as FieldId | undefined })}
        >
          <option value="">{T.noEndField}</option>
          {options(dates.filter(({ id }) => id !== value.start))}
        </select>
      </label>
    </div>
  )
}

interface SpanAskedProps {
  readonly fields: readonly Field[]
  /** A field that was chosen is gone. */
  readonly isGone: boolean
  /** Absent where this person may add no field. */
  readonly onAddField: (() => void) | undefined
  readonly onChosen: (span: Span) => void
}

/** Stands where a timeline would be that has no dates yet: asks for them, or says what is missing. */
export function SpanAsked({ fields, isGone, onAddField, onChosen }: SpanAskedProps) {
  const proposed = proposedSpan(fields)
  const [chosen, setChosen] = useState<Span>()
  if (proposed === undefined) {
    return (
      <section aria-labelledby="tl-asked" className="tl-asked">
        <h2 id="tl-asked" className="m-0 text-[15px] font-semibold">
          {T.noField}
        </h2>
        <p className="m-0 text-ink-2">
          {T.noFieldLead} {onAddField === undefined && T.askEditor}
        </p>
        {onAddField !== undefined && (
          <Button look="primary" className="justify-self-start" onPress={onAddField}>
            {T.addField}
          </Button>
        )}
      </section>
    )
  }
  const value = chosen ?? { start: proposed.start.id, end: proposed.end?.id }
  return (
    <section aria-labelledby="tl-asked" className="tl-asked">
      <h2 id="tl-asked" className="m-0 text-[15px] font-semibold">
        {T.chooseTitle}
      </h2>
      {isGone && <p className="m-0 text-warn">{T.gone}</p>}
      <p className="m-0 text-ink-2">{T.chooseLead}</p>
      <SpanChoice fields={fields} value={value} onChange={setChosen} />
      <Button look="primary" className="justify-self-start" onPress={() => onChosen(value)}>
        {T.show}
      </Button>
    </section>
  )
}
