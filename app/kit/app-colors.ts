import { OPTION_COLORS, type Option, type OptionColor } from '../../workbook/fields.ts'

/** Each app's own colour, for the swatch before its name. */
const APP_COLORS: Readonly<Record<string, string>> = { jira: '#2684ff', hubspot: '#ff7a59', salesforce: '#00a1e0' }

export const appColor = (app: string): string => APP_COLORS[app] ?? '#7c8a94'

export type ChipColor = OptionColor

/** What statuses and priorities are called in most teams; others get a colour from their name. */
const USUAL: readonly (readonly [RegExp, ChipColor])[] = [
  [/^(done|closed|resolved|complete[d]?|won|closed won|active|yes)$/iu, 'green'],
  [/^(to ?do|open|new|backlog|selected for development|medium)$/iu, 'yellow'],
  [/^(in progress|doing|started)$/iu, 'blue'],
  [/^(in review|review|testing|qa)$/iu, 'purple'],
  [/^(blocked|highest|critical|urgent|lost|closed lost)$/iu, 'red'],
  [/^(high|on hold|waiting)$/iu, 'orange'],
  [/^(low|lowest|none|inactive|cancel+ed)$/iu, 'gray'],
]

/** The chip's colour of an option: its own, else by its name, always the same. */
export function chipColor(option: Pick<Option, 'name'> & { readonly color?: string | undefined }): ChipColor {
  const own = OPTION_COLORS.find((color) => color === option.color)
  if (own !== undefined) return own
  const usual = USUAL.find(([pattern]) => pattern.test(option.name.trim()))
  if (usual !== undefined) return usual[1]
  let hash = 0
  for (const letter of option.name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return OPTION_COLORS[1 + (hash % (OPTION_COLORS.length - 1))] ?? 'gray'
}
