import { safeUrl } from '../../workbook/field-values.ts'

/** The address a person means by a link; `undefined` where it is none that may be opened. A bare name of a site is taken as https. */
export function linkAddress(text: string): string | undefined {
  const bare = text.trim()
  if (bare === '') return undefined
  const whole = safeUrl(bare)
  if (whole !== undefined) return whole
  if (/^[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+$/u.test(bare)) return safeUrl(`mailto:${bare}`)
  return /^[^\s:/]+\.[^\s]+$/u.test(bare) ? safeUrl(`https://${bare}`) : undefined
}
