import type { AnswerOf, ConnectionInfo } from '../../server/api/contract.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import type { Described } from './field-picker.tsx'

export type Look = AnswerOf<'lookAtFilter'>

const T = TEXTS.connect

/** What the app's own way to ask for records is called. */
export const languageOf = (description: Described | undefined): string =>
  description?.filterLanguage ?? T.import.language[description?.app ?? ''] ?? T.import.anyLanguage

/** A connection's app and object, as its card is called. */
export const nameOfConnection = ({ integration, object }: Pick<ConnectionInfo, 'integration' | 'object'>): string =>
  `${integration.appName} · ${object.name}`

export interface FilterFieldProps {
  readonly label: string
  readonly description: Described | undefined
  readonly value: string
  readonly onChange: (value: string) => void
  readonly hint?: string
  readonly hasFocus?: boolean
}

/** The app's own query, with one of its examples. */
export function FilterField({ label, description, value, onChange, hint, hasFocus = false }: FilterFieldProps) {
  const example = description?.filterExample
  return (
    <div className="grid gap-1">
      <label className="block">
        <span className="label">{label}</span>
        <input
          className="input font-mono"
          // biome-ignore lint/a11y/noAutofocus: where the dialog is opened to type here
          autoFocus={hasFocus}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          value={value}
          maxLength={4000}
          onChange={(event) => onChange(event.target.value)}
        />
      </label>
      {hint !== undefined && <span className="hint">{hint}</span>}
      {example !== undefined && example !== value && (
        <span className="flex flex-wrap items-center gap-x-2 text-xs text-ink-2">
          <span className="min-w-0 [overflow-wrap:anywhere]">
            {T.rows.example('')}
            <code className="font-mono">{example}</code>
          </span>
          <Button look="link" onPress={() => onChange(example)}>
            {T.rows.useExample}
          </Button>
        </span>
      )}
    </div>
  )
}

/** How many new records a look promises; `undefined` where it could not tell. */
export const freshIn = (look: Look | undefined): number | undefined => (look?.isComplete ? look.fresh : undefined)

/** What an import with this filter would bring. */
export function LookResult({ look }: { readonly look: Look }) {
  const { total, isComplete, looked, here, fresh, sample } = look
  const text = isComplete
    ? T.look.total(looked, here, fresh)
    : total === null
      ? T.look.unknown(looked, here)
      : T.look.many(total, looked, here)
  return (
    <div className="grid gap-1.5">
      <p className="m-0 font-medium" role="status">
        {text}
      </p>
      {sample.length > 0 && (
        <ul aria-label={T.look.sample} className="m-0 max-h-44 list-none overflow-auto rounded-md border border-line p-1">
          {sample.map((hit) => (
            <li key={hit.id} className="flex min-h-6 items-center gap-2 px-2 py-0.5">
              <b className="flex-none font-semibold text-tide-ink">{hit.key}</b>
              <span className="min-w-0 flex-1 truncate">{hit.name}</span>
              {hit.linkedRow !== null && <span className="hint flex-none">{T.look.here}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
