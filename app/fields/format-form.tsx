import type { ReactNode } from 'react'
import { type FieldFormat, type FieldRules, type FieldType, isNumeric, PATTERNS } from '../../workbook/fields.ts'
import { TEXTS } from '../texts.ts'

const T = TEXTS.fields.form

/** Currencies people choose most; any other is typed by its code. */
const CURRENCIES = [
  'EUR',
  'USD',
  'GBP',
  'CHF',
  'JPY',
  'CNY',
  'INR',
  'AUD',
  'CAD',
  'SEK',
  'NOK',
  'DKK',
  'PLN',
  'CZK',
  'BRL',
  'MXN',
  'KRW',
  'TRY',
  'ZAR',
]

interface SelectProps {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly onChange: (value: string) => void
}

export function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <label className="block min-w-0 flex-1">
      <span className="label">{label}</span>
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

export function Tick({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="flex min-h-6 items-center gap-2">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  )
}

const Row = ({ children }: { children: ReactNode }) => <div className="flex flex-wrap gap-3">{children}</div>

export interface FormatFormProps {
  readonly type: FieldType
  readonly format: FieldFormat
  readonly onChange: (format: FieldFormat) => void
}

/** How a field's values are written; only what its type knows. */
export function FormatForm({ type, format, onChange }: FormatFormProps) {
  /** Sets one attribute; `undefined` goes back to the language's own way. */
  const set = <Key extends keyof FieldFormat>(key: Key, value: FieldFormat[Key] | undefined): void => {
    const { [key]: _, ...rest } = format
    onChange(value === undefined ? rest : { ...rest, [key]: value })
  }
  switch (type) {
    case 'number':
    case 'currency':
    case 'percent':
      return (
        <>
          <Row>
            {type === 'currency' && (
              <Select
                label={T.currency}
                value={format.currency ?? 'EUR'}
                options={CURRENCIES.map((code) => [code, code])}
                onChange={(code) => set('currency', code)}
              />
            )}
            <Select
              label={T.decimals}
              value={String(format.decimals ?? '')}
              options={[['', T.asTyped], ...[0, 1, 2, 3, 4, 6].map((n) => [String(n), String(n)] as const)]}
              onChange={(text) => set('decimals', text === '' ? undefined : Number(text))}
            />
            {type !== 'percent' && (
              <Select
                label={T.negative}
                value={format.negative ?? 'minus'}
                options={[
                  ['minus', T.minus],
                  ['parentheses', T.parentheses],
                ]}
                onChange={(value) => set('negative', value === 'parentheses' ? 'parentheses' : undefined)}
              />
            )}
          </Row>
          <Tick label={T.thousands} isOn={format.thousands !== false} onChange={(isOn) => set('thousands', isOn ? undefined : false)} />
        </>
      )
    case 'date':
    case 'date-time':
      return (
        <Row>
          <Select
            label={T.date}
            value={format.date ?? 'medium'}
            options={[
              ['medium', T.medium],
              ['short', T.short],
              ['iso', T.iso],
            ]}
            onChange={(value) => set('date', value === 'short' || value === 'iso' ? value : undefined)}
          />
          {type === 'date-time' && (
            <>
              <Select
                label={T.clock}
                value={format.clock ?? ''}
                options={[
                  ['', T.clockOwn],
                  ['24', '14:30'],
                  ['12', '2:30 PM'],
                ]}
                onChange={(value) => set('clock', value === '12' || value === '24' ? value : undefined)}
              />
              <Select
                label={T.zone}
                value={format.timeZone ?? ''}
                options={[['', T.zoneOwn], ['UTC', 'UTC'], ...Intl.supportedValuesOf('timeZone').map((zone) => [zone, zone] as const)]}
                onChange={(zone) => set('timeZone', zone === '' ? undefined : zone)}
              />
            </>
          )}
        </Row>
      )
    case 'duration':
      return <Tick label={T.seconds} isOn={format.seconds === true} onChange={(isOn) => set('seconds', isOn || undefined)} />
    case 'rating':
      return (
        <Select
          label={T.stars}
          value={String(format.stars ?? 5)}
          options={[3, 4, 5, 6, 7, 8, 9, 10].map((n) => [String(n), String(n)])}
          onChange={(n) => set('stars', Number(n) === 5 ? undefined : Number(n))}
        />
      )
    default:
      return null
  }
}

const LETTERS: ReadonlySet<FieldType> = new Set(['text', 'long-text'])

export interface RulesFormProps {
  readonly type: FieldType
  readonly rules: FieldRules
  readonly onChange: (rules: FieldRules) => void
}

/** What a value should be; breaking a rule marks a cell and refuses nothing. */
export function RulesForm({ type, rules, onChange }: RulesFormProps) {
  const set = <Key extends keyof FieldRules>(key: Key, value: FieldRules[Key] | undefined): void => {
    const { [key]: _, ...rest } = rules
    onChange(value === undefined ? rest : { ...rest, [key]: value })
  }
  const limit = (key: 'min' | 'max', label: string) => (
    <label className="block min-w-0 flex-1">
      <span className="label">{label}</span>
      <input
        className="input"
        type="number"
        step="any"
        value={rules[key] ?? ''}
        onChange={(event) => set(key, event.target.value === '' ? undefined : event.target.valueAsNumber)}
      />
    </label>
  )
  const isLetters = LETTERS.has(type)
  return (
    <fieldset className="m-0 grid gap-2 border-0 p-0">
      <legend className="label">{T.rules}</legend>
      <div className="flex flex-wrap gap-x-4">
        <Tick label={T.required} isOn={rules.required === true} onChange={(isOn) => set('required', isOn || undefined)} />
        {type !== 'checkbox' && (
          <Tick label={T.unique} isOn={rules.unique === true} onChange={(isOn) => set('unique', isOn || undefined)} />
        )}
      </div>
      {(isNumeric(type) || isLetters) && (
        <Row>
          {limit('min', isLetters ? T.leastLetters : T.least)}
          {limit('max', isLetters ? T.mostLetters : T.most)}
        </Row>
      )}
      {isLetters && (
        <Select
          label={T.pattern}
          value={rules.pattern ?? ''}
          options={[['', T.anything], ...PATTERNS.map((name) => [name, TEXTS.fields.patterns[name]] as const)]}
          onChange={(name) =>
            set(
              'pattern',
              PATTERNS.find((pattern) => pattern === name),
            )
          }
        />
      )}
      <p className="hint m-0">{T.rulesHint}</p>
    </fieldset>
  )
}
