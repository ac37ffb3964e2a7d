import { type ReactNode, useId } from 'react'

export interface RadiosProps<Id extends string> {
  readonly label: string
  readonly value: Id
  readonly options: readonly { readonly id: Id; readonly name: string }[]
  readonly onChange: (id: Id) => void
  /** Stands behind the last one. */
  readonly children?: ReactNode
}

/** One of a few, all in sight. */
export function Radios<Id extends string>({ label, value, options, onChange, children }: RadiosProps<Id>) {
  const name = useId()
  return (
    <fieldset className="m-0 border-0 p-0">
      <legend className="label">{label}</legend>
      <span className="flex flex-wrap items-center gap-x-5 gap-y-1">
        {options.map((option) => (
          <label key={option.id} className="flex min-h-6 items-center gap-2">
            <input
              type="radio"
              className="size-4 shrink-0 accent-(--tide)"
              name={name}
              checked={value === option.id}
              onChange={() => onChange(option.id)}
            />
            {option.name}
          </label>
        ))}
        {children}
      </span>
    </fieldset>
  )
}

/** Yes or no. */
export function Tick({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="flex min-h-6 items-center gap-2">
      <input
        type="checkbox"
        className="size-4 shrink-0 accent-(--tide)"
        checked={isOn}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{label}</span>
    </label>
  )
}
