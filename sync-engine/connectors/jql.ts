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
