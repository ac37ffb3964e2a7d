const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
/** What stands between an object's prefix and a record's number in every id of this org. */
const POD = '5g0'

/** The 18 characters of an id of 15: a letter for each five, made of where the capitals are. */
function completed(id15: string): string {
  const suffix = [0, 5, 10].map((start) => {
    const bits = [...id15.slice(start, start + 5)].map((letter, index) => (letter >= 'A' && letter <= 'Z' ? 1 << index : 0))
    return CHECK[bits.reduce((sum, bit) => sum + bit, 0)] ?? 'A'
  })
  return id15 + suffix.join('')
}

/** The id of the `number`th record of an object, 18 characters. */
export function makeId(prefix: string, number: number): string {
  let text = ''
  for (let rest = number; text.length < 9; rest = Math.floor(rest / 62)) text = (DIGITS[rest % 62] ?? '0') + text
  return completed(prefix + POD + text)
}

/** The number an id of this org was made of. */
export function numberOfId(id: string): number {
  return [...id.slice(6, 15)].reduce((sum, letter) => sum * 62 + Math.max(0, DIGITS.indexOf(letter)), 0)
}

/**
 * An id of 15 or 18 characters as its 18; `undefined` where it is none. The last three of 18 say where the capitals of the first fifteen
 * are, so that an id in other capitals is still the same one.
 */
export function fullId(text: string): string | undefined {
  if (!/^[A-Za-z0-9]+$/.test(text)) return undefined
  if (text.length === 15) return completed(text)
  if (text.length !== 18) return undefined
  const id15 = [0, 5, 10].map((start, index) => {
    const bits = CHECK.indexOf((text[15 + index] ?? '').toUpperCase())
    return [...text.slice(start, start + 5)].map((letter, at) => ((bits >> at) & 1 ? letter.toUpperCase() : letter.toLowerCase())).join('')
  })
  return completed(id15.join(''))
}
