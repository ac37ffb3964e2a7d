import { describe, expect, test } from 'vitest'
import { makeTimes } from '../../app/kit/times.ts'

const HOUR = 3_600_000
const timesAt = (now: number, locale = 'en-GB', timeZone = 'Europe/Berlin') => makeTimes(locale, timeZone, () => now)

describe('moments', () => {
  const now = Date.UTC(2026, 10, 21, 12)
  test.each([
    { at: Date.UTC(2026, 10, 21, 9, 2), text: 'today 10:02' },
    { at: Date.UTC(2026, 10, 20, 23, 30), text: 'today 00:30' },
    { at: Date.UTC(2026, 10, 20, 22, 30), text: 'yesterday 23:30' },
    { at: Date.UTC(2026, 10, 22, 1), text: 'tomorrow 02:00' },
    { at: Date.UTC(2026, 10, 19, 9, 2), text: '19 Nov 10:02' },
    { at: Date.UTC(2025, 10, 21, 9, 2), text: '21 Nov 2025 10:02' },
    { at: Date.UTC(2027, 0, 5, 9, 2), text: '5 Jan 2027 10:02' },
  ])('[U33] $text', ({ at, text }) => {
    expect(timesAt(now).moment(at)).toBe(text)
  })

  test('[U33] the day before a day of 23 hours is yesterday, and the one before that is not', () => {
    // Half past midnight in Berlin, after the clocks went forward on the day before.
    const after = Date.UTC(2026, 2, 29, 22, 30)
    expect(timesAt(after).moment(after - 2 * HOUR)).toBe('yesterday 22:30')
    expect(timesAt(after).moment(after - 24 * HOUR)).toBe('28 Mar 23:30')
  })

  test('[U33] the clock is the one of the language', () => {
    expect(timesAt(now, 'en-US').clock(Date.UTC(2026, 10, 21, 1, 5))).toMatch(/^2:05\sAM$/u)
    expect(timesAt(now, 'de-DE').clock(Date.UTC(2026, 10, 21, 1, 5))).toBe('02:05')
  })

  test('[U33] what is long ago is said by its day, of another year with the year', () => {
    const { ago } = timesAt(now)
    expect(ago(now - 30_000, now)).toBe('just now')
    expect(ago(now - 5 * 60_000, now)).toBe('5 min ago')
    expect(ago(now - 3 * HOUR, now)).toBe('3 h ago')
    expect(ago(now - 48 * HOUR, now)).toBe('19 Nov')
    expect(ago(Date.UTC(2025, 11, 24, 12), now)).toBe('24 Dec 2025')
  })
})
