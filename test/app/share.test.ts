import { describe, expect, test } from 'vitest'
import type { SheetEditing } from '../../app/grid/use-sheet-editing.ts'
import { accessOf } from '../../app/share/access.ts'
import { EXPIRY_CHOICES, endOf, linkAddress, shareOrigin } from '../../app/share/expiry.ts'
import { readOnlyEditing } from '../../app/share/read-only.ts'

const DAY = 24 * 3_600_000
const now = new Date(2026, 10, 21, 15, 30).getTime()

describe('when a link ends', () => {
  test('[SL20] is in a day, a week, 30 days, at the end of a chosen day, or not by itself', () => {
    expect(EXPIRY_CHOICES.map((choice) => endOf(choice, '2026-11-21', now))).toEqual([
      now + DAY,
      now + 7 * DAY,
      now + 30 * DAY,
      new Date(2026, 10, 22).getTime(),
      null,
    ])
  })

  test.each(['', '2026-11-20', '2026-02-31', '21.11.2026', '2026-13-01', 'tomorrow'])('[SL20] no day that is over or none: %j', (date) => {
    expect(endOf('date', date, now)).toBeUndefined()
  })
})

test('[SL21] a link is shared under an address that others reach, where this server has one', () => {
  const at = (origin: string) => ({ origin, hostname: new URL(origin).hostname })
  expect(shareOrigin(at('http://192.168.1.20:3000'), [])).toBe('http://192.168.1.20:3000')
  expect(shareOrigin(at('http://127.0.0.1:3000'), ['http://192.168.1.20:3000'])).toBe('http://192.168.1.20:3000')
  expect(shareOrigin(at('http://localhost:3000'), [])).toBe('http://localhost:3000')
  expect(linkAddress('http://a:1', 'token')).toBe('http://a:1/l#token')
})

describe('what a window may do', () => {
  const facts = (role: string, kind: string, link: string) =>
    ({ info: { role }, session: { kind }, link: { kind: link, reason: 'This link was closed by Ana.' } }) as never

  test('[SL22] a viewer may not edit, nor a guest whose link has ended; each is told why', () => {
    expect(accessOf(facts('owner', 'member', 'online')).refusal).toBeUndefined()
    expect(accessOf(facts('editor', 'guest', 'online'))).toEqual({ role: 'editor', isGuest: true, refusal: undefined })
    expect(accessOf(facts('editor', 'guest', 'waiting')).refusal).toBeUndefined()
    expect(accessOf(facts('viewer', 'guest', 'online')).refusal).toMatch(/^View only/)
    expect(accessOf(facts('editor', 'guest', 'refused')).refusal).toMatch(/the link has ended/)
    // A workbook kept by an older version of this page has no role in it.
    expect(accessOf({ info: undefined, session: undefined, link: { kind: 'connecting' } }).role).toBe('owner')
  })

  test('[SL22] whoever may only look changes nothing, and each attempt says why', () => {
    const said: string[] = []
    const done: string[] = []
    const wrote = new Proxy({}, { get: (_target, name) => () => done.push(String(name)) }) as SheetEditing
    const guarded = readOnlyEditing(wrote, 'View only', (text) => said.push(text))
    for (const [name, act] of Object.entries(guarded)) if (name !== 'copy' && name !== 'endCut') (act as () => unknown)()
    expect(done).toEqual([])
    expect(said).toEqual(Array(Object.keys(guarded).length - 2).fill('View only'))
    expect([guarded.refuseEdit({} as never), guarded.insertRows(1, {} as never)]).toEqual([true, []])
    guarded.copy({} as never, [], true)
    expect(done).toEqual(['copy'])
  })
})
