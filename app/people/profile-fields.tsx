import { TEXTS } from '../texts.ts'

export const FACE_COLORS = ['#7048e8', '#d6336c', '#2f9e44', '#1c6fd1', '#c2410c', '#0b7285', '#a16207', '#5f3dc4']

export interface ProfileFieldsProps {
  readonly nameLabel: string
  readonly name: string
  readonly color: string
  readonly onName: (name: string) => void
  readonly onColor: (color: string) => void
}

/** How others see somebody: a name and a colour. */
export function ProfileFields({ nameLabel, name, color, onName, onColor }: ProfileFieldsProps) {
  return (
    <>
      <label className="block">
        <span className="label">{nameLabel}</span>
        <input className="input" maxLength={60} autoComplete="nickname" value={name} onChange={(event) => onName(event.target.value)} />
      </label>
      <fieldset className="m-0 flex flex-wrap gap-1.5 border-0 p-0">
        <legend className="label">{TEXTS.profile.color}</legend>
        {[...new Set([...FACE_COLORS, color])].map((option) => (
          <label
            key={option}
            className="grid size-7 place-items-center rounded-full border-2 border-transparent has-[:checked]:border-ink has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-tide"
          >
            <input
              type="radio"
              name="color"
              className="sr-only"
              aria-label={TEXTS.profile.colorNames[option] ?? option}
              checked={color === option}
              onChange={() => onColor(option)}
            />
            <span title={TEXTS.profile.colorNames[option]} className="size-5 rounded-full" style={{ background: option }} />
          </label>
        ))}
      </fieldset>
    </>
  )
}
