import { inParts } from '../parts.ts'

/** A text as a JQL string. */
export const quoted = (text: string): string => `"${text.replace(/[\\"]/gu, '\\$&')}"`

/** Splits a query before its ORDER BY; quoted words are left alone. */
export function splitOrder(jql: string): { condition: string; order: string } {
  const blanked = jql.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/gsu, (text) => '_'.repeat(text.length))
  const at = /(?:^|[\s)])(order\s+by\s)/isu.exec(blanked)
  if (!at) return { condition: jql.trim(), order: '' }
  const start = at.index + at[0].length - (at[1] ?? '').length
  return { condition: jql.slice(0, start).trim(), order: jql.slice(start).trim() }
}

/** Values a list of JQL takes. */
const LISTED = 1000
/** Phrases looked for at once, about a page of answers; Jira names no limit. */
const PHRASES = 100
/** Longest text of a one-line field; nothing longer can be the same. */
const LONGEST_LINE = 255

/**
 * Queries that together ask for the issues within `jql` whose field holds one of these values; `undefined` where JQL cannot ask so. Lines of
 * text are looked for as phrases, which the search compares without capitals, spaces and signs.
 */
export function jqlForValues(jql: string, field: string, wire: string, values: readonly string[]): readonly string[] | undefined {
  const { condition } = splitOrder(jql)
  const custom = /^customfield_(\d+)$/u.exec(field)?.[1]
  const name = custom === undefined ? field : `cf[${custom}]`
  const within = (own: string): string => (condition === '' ? own : `(${condition}) AND (${own})`)
  const listed = (known: readonly string[]): readonly string[] =>
    inParts(known, LISTED).map((part) => within(`${name} IN (${part.join(', ')})`))
  if (wire === 'key') return listed(values.map((value) => value.trim().toUpperCase()).filter((key) => JIRA_KEY.test(key)))
  if (wire === 'number' && custom !== undefined)
    return listed(values.map((value) => value.trim()).filter((value) => /^-?\d+(\.\d+)?$/u.test(value)))
  if (wire !== 'text' || (field !== 'summary' && custom === undefined)) return undefined
  const phrases = values
    .map((value) =>
      value
        .normalize('NFKC')
        .replace(/[\s"\\]+/gu, ' ')
        .trim(),
    )
    .filter((text) => text.length <= LONGEST_LINE)
  // Of signs alone the search knows nothing.
  if (phrases.some((text) => !/[\p{L}\p{N}]/u.test(text))) return undefined
  return inParts([...new Set(phrases)], PHRASES).map((part) => within(part.map((text) => `${name} ~ ${quoted(`"${text}"`)}`).join(' OR ')))
}

/** What may be an issue's key. */
export const JIRA_KEY = /^[A-Z][A-Z0-9_]*-\d+$/u
