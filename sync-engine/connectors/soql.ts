/** A text as a SOQL string. Everything the language reads specially is escaped, so that no text can leave its quotes. */
export function soqlText(text: string): string {
  const escaped = text.replace(/[\\'\n\r\t\b\f]/gu, (character) => `\\${ESCAPES[character] ?? character}`)
  return `'${escaped}'`
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }

/** A text that stands for itself at the beginning of a LIKE: its own `%` and `_` are no wildcards. */
export const soqlBeginning = (text: string): string => `${soqlText(text).slice(0, -1).replace(/[%_]/gu, '\\$&')}%'`

/** An instant as SOQL writes it: without quotes, to the second. */
export const soqlInstant = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

const blankTexts = (soql: string): string => soql.replace(/'(?:\\.|[^'\\])*'/gsu, (text) => '_'.repeat(text.length))

/** A typed filter: a condition, perhaps with `WHERE` before it and an order after it; a reason where it is more than that. */
export function splitFilter(filter: string): { readonly condition: string; readonly order: string } | { readonly problem: string } {
  const text = filter
    .trim()
    .replace(/^where\b/iu, '')
    .trim()
  const blanked = blankTexts(text)
  if (/^select\b/iu.test(blanked)) return { problem: 'write only the condition, what would stand after WHERE' }
  if (/\b(limit|offset|group\s+by|having)\s+\S/iu.test(blanked)) return { problem: 'a filter has no LIMIT, OFFSET or GROUP BY' }
  const order = /(?:^|[\s)])(order\s+by\s)/isu.exec(blanked)
  const at = order ? order.index + order[0].length - (order[1] ?? '').length : text.length
  const condition = text.slice(0, at).trim()
  const depth = [...blankTexts(condition)].reduce<number>((open, sign) => {
    if (open < 0) return open
    return sign === '(' ? open + 1 : sign === ')' ? open - 1 : open
  }, 0)
  // A condition that closes a parenthesis it did not open would join itself to ours in another way than it reads.
  if (depth !== 0) return { problem: 'its parentheses do not match' }
  return { condition, order: text.slice(at).trim() }
}

/** A whole query of one object. Conditions are joined by AND, each in parentheses of its own. */
export function soqlQuery(o: {
  readonly fields: readonly string[]
  readonly object: string
  readonly conditions: readonly string[]
  readonly order?: string
  readonly limit?: number
}): string {
  const conditions = o.conditions.filter((condition) => condition !== '').map((condition) => `(${condition})`)
  return [
    `SELECT ${[...new Set(o.fields)].join(', ')} FROM ${o.object}`,
    conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '',
    o.order ?? '',
    o.limit === undefined ? '' : `LIMIT ${o.limit}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** Splits texts into lists whose quoted form stays within what an address may hold. */
export function listsOf(texts: readonly string[], maxLength = 10_000): readonly (readonly string[])[] {
  const lists: string[][] = []
  let length = Number.POSITIVE_INFINITY
  for (const text of texts) {
    const size = encodeURIComponent(soqlText(text)).length + 3
    if (length + size > maxLength) {
      lists.push([])
      length = 0
    }
    lists.at(-1)?.push(text)
    length += size
  }
  return lists
}

/** Longest query whose address Salesforce takes, as it is encoded; and the least that a list of values is given beside a long condition. */
const LONGEST_LIST = 10_000
const SHORTEST_LIST = 2_000

/** Filters that together ask for the records within `condition` whose field is one of these literals. */
export function soqlFiltersFor(condition: string, field: string, texts: readonly string[], isQuoted: boolean): readonly string[] {
  const room = Math.max(SHORTEST_LIST, LONGEST_LIST - encodeURIComponent(condition).length)
  const within = (own: string): string => (condition === '' ? own : `(${condition}) AND ${own}`)
  return listsOf(texts, room).map((list) => within(`${field} IN (${(isQuoted ? list.map(soqlText) : list).join(', ')})`))
}
