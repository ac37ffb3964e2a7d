/** Digits in a row that are compared as one number; longer ones are left to the collator. */
const DIGITS_LIMIT = 200
const SIMPLE = /^[\x20-\x7e]*$/u
const LONG_NUMBER = new RegExp(`\\d{${DIGITS_LIMIT}}`, 'u')

/**
 * Orders texts exactly as `collator` (numeric) does, most of them without asking it: plain ASCII is compared character by character by a
 * table that is taken from the collator itself. Where the language joins letters (`ch` in Czech), the collator compares everything.
 */
export function makeTextOrder(collator: Intl.Collator): (a: string, b: string) => number {
  const weights = plainWeights(collator)
  if (weights === undefined) return collator.compare
  return (a, b) => {
    const order = comparePlain(a, b, weights)
    return order === undefined ? collator.compare(a, b) : order
  }
}

/** Whether a text may be compared by the table. */
export const isPlainText = (text: string): boolean => SIMPLE.test(text) && !LONG_NUMBER.test(text)

/** The place of each ASCII character in the collator's first level, so that `a` and `A` are one; `undefined` where letters are joined. */
function plainWeights(collator: Intl.Collator): Uint8Array | undefined {
  const options = collator.resolvedOptions()
  if (!options.numeric) return undefined
  const base = new Intl.Collator(options.locale, { numeric: true, sensitivity: 'base' })
  const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  const sorted = characters.toSorted(base.compare)
  const weights = new Uint8Array(128)
  let weight = 1
  for (const [i, character] of sorted.entries()) {
    const before = sorted[i - 1]
    if (before !== undefined && base.compare(before, character) !== 0) weight++
    weights[character.charCodeAt(0)] = weight
  }
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  for (const first of letters) {
    let before = first
    for (const second of letters) {
      const pair = first + second
      if (base.compare(before, pair) >= 0) return undefined
      before = pair
    }
    const next = letters[letters.indexOf(first) + 1]
    if (next !== undefined && base.compare(before, next) >= 0) return undefined
  }
  return weights
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** The order where the table alone decides it: at the first character whose weights differ. `undefined` where the collator must. */
function comparePlain(a: string, b: string, weights: Uint8Array): number | undefined {
  const [lengthA, lengthB] = [a.length, b.length]
  let i = 0
  let j = 0
  while (i < lengthA && j < lengthB) {
    const [codeA, codeB] = [a.charCodeAt(i), b.charCodeAt(j)]
    if (codeA > 126 || codeB > 126) return undefined
    if (isDigit(codeA) && isDigit(codeB)) {
      while (a.charCodeAt(i) === 48) i++
      while (b.charCodeAt(j) === 48) j++
      const [startA, startB] = [i, j]
      while (i < lengthA && isDigit(a.charCodeAt(i))) i++
      while (j < lengthB && isDigit(b.charCodeAt(j))) j++
      const longer = i - startA - (j - startB)
      if (longer !== 0) return longer
      for (let k = 0; k < i - startA; k++) {
        const order = a.charCodeAt(startA + k) - b.charCodeAt(startB + k)
        if (order !== 0) return order
      }
      continue
    }
    if (codeA !== codeB) {
      const [weightA = 0, weightB = 0] = [weights[codeA], weights[codeB]]
      if (weightA === 0 || weightB === 0) return undefined
      if (weightA !== weightB) return weightA - weightB
    }
    i++
    j++
  }
  // Alike so far: capitals, accents and what is left over are the collator's to weigh, unless only one has anything left.
  if (i < lengthA !== j < lengthB && isPlainText(i < lengthA ? a.slice(i) : b.slice(j))) return i < lengthA ? 1 : -1
  return a === b ? 0 : undefined
}
