/** Where the API version the connector speaks answers: there are three releases a year, each kept for years. */
export const API = '/services/data/v62.0'

const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

function checkOf(id15: string): string {
  return [0, 5, 10]
    .map((start) => {
      const bits = [...id15.slice(start, start + 5)].reduce((sum, letter, at) => sum + (letter >= 'A' && letter <= 'Z' ? 2 ** at : 0), 0)
      return CHECK[bits] ?? ''
    })
    .join('')
}

/**
 * A record's id in the form of 18 characters, which Salesforce answers with: the last three say where the capitals are. Given with 15,
 * or with 18 in any capitals; `undefined` where a text is no id.
 */
export function salesforceId(text: string): string | undefined {
  if (!/^[A-Za-z0-9]+$/u.test(text)) return undefined
  if (text.length === 15) return text + checkOf(text)
  if (text.length !== 18) return undefined
  const groups = [0, 5, 10].map((start, index) => {
    const bits = CHECK.indexOf((text[15 + index] ?? '').toUpperCase())
    return bits < 0
      ? ''
      : [...text.slice(start, start + 5)].map((letter, at) => ((bits >> at) & 1 ? letter.toUpperCase() : letter.toLowerCase())).join('')
  })
  const id15 = groups.join('')
  return id15.length === 15 && checkOf(id15) === text.slice(15).toUpperCase() ? id15 + checkOf(id15) : undefined
}
