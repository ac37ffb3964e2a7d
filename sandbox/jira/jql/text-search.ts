/** The words of a text as the index keeps them: letters and digits, lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []
}

type Term = (words: readonly string[]) => boolean

/**
 * Reads the right side of `~`: words that must all be there in any order, `begin*` and `b?t` for a part, `"two words"` side by side.
 * Words joined by punctuation (`e-mail`) must stand side by side, since the index splits them.
 */
export function textMatcher(query: string): (text: string) => boolean {
  const terms = [...query.matchAll(/"([^"]*)"|(\S+)/g)].map(([, phrase, word]) => termOf(phrase ?? word ?? ''))
  return (text) => {
    const words = wordsOf(text)
    return terms.every((term) => term(words))
  }
}

function termOf(text: string): Term {
  const parts = text.toLowerCase().match(/[\p{L}\p{N}_*?]+/gu) ?? []
  const tests = parts.map(wordTest)
  if (tests.length === 0) return () => true
  return (words) => words.some((_, start) => tests.every((test, offset) => test(words[start + offset] ?? '')))
}

function wordTest(pattern: string): (word: string) => boolean {
  if (!/[*?]/.test(pattern)) return (word) => word === pattern
  const source = [...pattern].map((character) => (character === '*' ? '.*' : character === '?' ? '.' : character)).join('')
  const expression = new RegExp(`^${source}$`, 'u')
  return (word) => word !== '' && expression.test(word)
}
