/**
 * How well a text answers what was typed; higher is better, `undefined` where it does not. A beginning beats the beginning of a word, that
 * beats any other place, and that beats letters that only come in this order.
 */
export function fuzzyScore(query: string, text: string): number | undefined {
  const wanted = query.trim().toLowerCase()
  const given = text.toLowerCase()
  if (wanted === '') return 0
  const place = given.indexOf(wanted)
  const short = 1 / (1 + given.length)
  if (place === 0) return 4 + short
  if (place > 0) return (/[\s\-_/:.·]/u.test(given.charAt(place - 1)) ? 3 : 2) + short
  let from = 0
  let gaps = 0
  for (const letter of wanted.replace(/\s+/gu, '')) {
    const found = given.indexOf(letter, from)
    if (found < 0) return undefined
    gaps += found - from
    from = found + 1
  }
  return 1 / (1 + gaps) + short / 10
}

/** The best answers first; equals stay in their order. */
export function ranked<Item>(query: string, items: readonly Item[], textOf: (item: Item) => string, most: number): readonly Item[] {
  const scored: { item: Item; score: number }[] = []
  for (const item of items) {
    const score = fuzzyScore(query, textOf(item))
    if (score !== undefined) scored.push({ item, score })
  }
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item)
}
