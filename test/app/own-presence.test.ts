import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { IDLE_MS, OwnPresence, PRESENCE_MS } from '../../app/collab/own-presence.ts'
import { LIVE_TEXT_LENGTH, peersOf, SHOWN_RANGES } from '../../app/collab/presence.ts'

const user = { id: 'p1', name: 'Ben Ortiz', color: '#d6336c', device: 'd1' }

/** A window and what others read of it. */
function windowSeen() {
  const presence = new OwnPresence()
  let state: Record<string, unknown> = {}
  let frames = 0
  presence.join({
    getLocalState: () => state,
    setLocalState: (next) => {
      state = next
      frames++
    },
  })
  return { presence, peer: () => peersOf([[2, { ...state, user }]], 1)[0], frames: () => frames }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const cursor = { sheet: 's1', row: 'r1', field: 'f1', isEditing: true }

test('[SL30] what is typed is shown to others as it is typed, at most every 80 ms and in one frame', () => {
  const { presence, peer, frames } = windowSeen()
  vi.advanceTimersByTime(PRESENCE_MS)
  const before = frames()
  presence.setCursor(cursor)
  for (const typed of ['H', 'He', 'Hel']) presence.setLiveText(typed)
  presence.setRanges([{ fromRow: 'r1', fromField: 'f1', toRow: 'r3', toField: 'f2' }])
  expect(frames()).toBe(before)
  vi.advanceTimersByTime(PRESENCE_MS)
  expect(frames()).toBe(before + 1)
  expect(peer()).toMatchObject({ cursor, liveText: 'Hel', ranges: [{ fromRow: 'r1', fromField: 'f1', toRow: 'r3', toField: 'f2' }] })
  presence.setCursor({ ...cursor, isEditing: false })
  vi.advanceTimersByTime(PRESENCE_MS)
  expect(peer()?.liveText).toBeUndefined()
})

test('[SL31] a long text and a selection of many parts are cut before they are shown to others', () => {
  const { presence, peer } = windowSeen()
  presence.setCursor(cursor)
  presence.setLiveText(`${'x'.repeat(LIVE_TEXT_LENGTH - 1)}😀 and on`)
  presence.setRanges(Array.from({ length: 500 }, (_, i) => ({ fromRow: `r${i}`, fromField: 'f1', toRow: `r${i}`, toField: 'f1' })))
  vi.advanceTimersByTime(PRESENCE_MS)
  expect(peer()?.liveText).toBe(`${'x'.repeat(LIVE_TEXT_LENGTH - 1)}…`)
  expect(peer()?.ranges).toHaveLength(SHOWN_RANGES)
})

test('[SL31] a presence that claims more is cut where it is read', () => {
  const ranges = [...Array.from({ length: 500 }, () => ['a', 'b', 'c', 'd']), 'rubbish', [1, 2]]
  const [peer] = peersOf([[2, { user, cursor, typing: 'y'.repeat(10_000), ranges, isIdle: 'yes' }]], 1)
  expect([peer?.liveText?.length, peer?.ranges.length, peer?.isIdle]).toEqual([LIVE_TEXT_LENGTH + 1, SHOWN_RANGES, false])
  const [rubbish] = peersOf([[2, { user, cursor, typing: 7, ranges: ['rubbish', [1, 2], ['a', 'b', '', 'd']] }]], 1)
  expect([rubbish?.liveText, rubbish?.ranges]).toEqual([undefined, []])
})

test('[SL32] a window is idle when nothing was touched in it for five minutes, until it is touched', () => {
  const { presence, peer } = windowSeen()
  vi.advanceTimersByTime(IDLE_MS - 1)
  expect(peer()?.isIdle).toBe(false)
  vi.advanceTimersByTime(1 + PRESENCE_MS)
  expect(peer()?.isIdle).toBe(true)
  presence.touch()
  vi.advanceTimersByTime(PRESENCE_MS)
  expect(peer()?.isIdle).toBe(false)
})

test('[SL33] a window that falls silent without closing is gone for the others within 35 s', async () => {
  // Loaded now: the library takes the clock it finds when it is loaded.
  const { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } = await import('y-protocols/awareness')
  const { Doc } = await import('yjs')
  const [silent, watching] = [new Awareness(new Doc()), new Awareness(new Doc())]
  silent.setLocalState({ user, cursor })
  const peers = () => peersOf(watching.getStates() as Map<number, Record<string, unknown>>, watching.clientID)
  applyAwarenessUpdate(watching, encodeAwarenessUpdate(silent, [silent.clientID]), 'socket')
  silent.destroy()
  vi.advanceTimersByTime(29_000)
  expect(peers()).toHaveLength(1)
  vi.advanceTimersByTime(6_000)
  expect(peers()).toEqual([])
  watching.destroy()
})
