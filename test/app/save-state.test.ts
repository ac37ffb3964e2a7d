import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { backoffMs } from '../../app/collab/backoff.ts'
import { type SaveFacts, saveLine } from '../../app/collab/save-state.ts'
import { type LedgerStorage, UnsentLedger } from '../../app/collab/unsent-ledger.ts'
import { makeRandom } from '../../tools/random.ts'

/** A browser's storage, shared by its windows. */
class MemoryStorage implements LedgerStorage {
  readonly #values = new Map<string, string>()
  get length(): number {
    return this.#values.size
  }
  key(index: number): string | null {
    return [...this.#values.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.#values.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.#values.set(key, value)
  }
  removeItem(key: string): void {
    this.#values.delete(key)
  }
}

const DOC = 'edits.s1.0'
function windowOf(storage: LedgerStorage, name: string): UnsentLedger {
  const ledger = new UnsentLedger(storage, 'tidebook.unsent|ann', name)
  ledger.open(DOC)
  return ledger
}

describe('what is unsent', () => {
  test('[U10] a cell that is typed twice is one change', () => {
    const ledger = windowOf(new MemoryStorage(), 'w1')
    ledger.add(DOC, ['r1:f1'])
    ledger.add(DOC, ['r1:f1', 'r1:f2'])
    expect(ledger.total()).toBe(2)
  })

  test('[U10] a confirmation covers what was typed before its question, and nothing after', () => {
    const ledger = windowOf(new MemoryStorage(), 'w1')
    ledger.add(DOC, ['a', 'b'])
    const first = ledger.barrier(DOC) ?? 0
    ledger.add(DOC, ['b', 'c'])
    ledger.confirm(DOC, first)
    expect(ledger.total()).toBe(2)
    ledger.confirm(DOC, ledger.barrier(DOC) ?? 0)
    expect([ledger.total(), ledger.barrier(DOC)]).toEqual([0, undefined])
  })

  test('[U11] a window that was closed offline is still counted when it is opened again', () => {
    const storage = new MemoryStorage()
    windowOf(storage, 'w1').add(DOC, ['a', 'b', 'c'])
    const again = windowOf(storage, 'w2')
    expect(again.total()).toBe(3)
    again.confirm(DOC, again.barrier(DOC) ?? 0)
    expect([again.total(), windowOf(storage, 'w3').total(), storage.length]).toEqual([0, 0, 0])
  })

  test('[U11] one window’s confirmation does not speak for what another typed since', () => {
    const storage = new MemoryStorage()
    const first = windowOf(storage, 'w1')
    first.add(DOC, ['a'])
    const second = windowOf(storage, 'w2')
    first.add(DOC, ['b'])
    second.confirm(DOC, second.barrier(DOC) ?? 0)
    expect([second.total(), first.total(), windowOf(storage, 'w3').total()]).toEqual([0, 2, 2])
  })

  test('[OF9] an open window’s count is its own to confirm, and others count it beside theirs', () => {
    const storage = new MemoryStorage()
    const first = windowOf(storage, 'w1')
    first.add(DOC, ['a', 'b'])
    const second = new UnsentLedger(storage, 'tidebook.unsent|ann', 'w2')
    second.open(DOC, new Set(['w1']))
    second.add(DOC, ['c'])
    expect([second.total(), second.ofOthers(), first.ofOthers()]).toEqual([1, 2, 1])
    expect(second.confirm(DOC, second.barrier(DOC) ?? 0)).toEqual([])
    expect([second.total(), second.ofOthers(), first.total()]).toEqual([0, 2, 2])
  })

  test('[OF9] what a window left that is closed now is taken up, and confirmed by a question asked after that', () => {
    const storage = new MemoryStorage()
    const first = windowOf(storage, 'w1')
    first.add(DOC, ['a', 'b'])
    const second = new UnsentLedger(storage, 'tidebook.unsent|ann', 'w2')
    second.open(DOC, new Set(['w1']))
    second.add(DOC, ['c'])
    const asked = second.barrier(DOC) ?? 0
    second.adopt(DOC, 'w1')
    expect([second.total(), second.ofOthers()]).toEqual([3, 0])
    second.confirm(DOC, asked)
    expect(second.total()).toBe(2)
    expect(second.confirm(DOC, second.barrier(DOC) ?? 0)).toEqual(['w1'])
    expect([second.total(), storage.length]).toEqual([0, 0])
  })

  test('[OF9] storage that is full or was cleared costs a count only its place there', () => {
    const storage = new MemoryStorage()
    const ledger = windowOf(storage, 'w1')
    const full = vi.spyOn(storage, 'setItem').mockImplementation(() => {
      throw new DOMException('No room', 'QuotaExceededError')
    })
    ledger.add(DOC, ['a', 'b'])
    expect([ledger.total(), storage.length]).toEqual([2, 0])
    full.mockRestore()
    ledger.keepAgain()
    expect(windowOf(storage, 'w2').total()).toBe(2)
  })

  test('[U10] whatever is typed and confirmed in any order, what was never covered stays counted', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('type' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('ask' as const) }),
      fc.record({ kind: fc.constant('answer' as const) }),
    )
    const law = (steps: readonly ({ kind: 'type'; key: string } | { kind: 'ask' } | { kind: 'answer' })[]): void => {
      const ledger = windowOf(new MemoryStorage(), 'w1')
      const asked: { barrier: number; covers: Map<string, number> }[] = []
      const typedAt = new Map<string, number>()
      let unsaved = new Set<string>()
      let time = 0
      for (const s of steps) {
        time++
        if (s.kind === 'type') {
          typedAt.set(s.key, time)
          unsaved.add(s.key)
          ledger.add(DOC, [s.key])
        } else if (s.kind === 'ask') {
          const barrier = ledger.barrier(DOC)
          if (barrier !== undefined) asked.push({ barrier, covers: new Map(typedAt) })
        } else {
          const answer = asked.shift()
          if (answer === undefined) continue
          ledger.confirm(DOC, answer.barrier)
          unsaved = new Set([...unsaved].filter((key) => (answer.covers.get(key) ?? 0) < (typedAt.get(key) ?? 0)))
        }
        expect(ledger.total()).toBe(unsaved.size)
      }
    }
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), law), { seed: 20261121 })
  })
})

describe('the save line', () => {
  const facts: SaveFacts = {
    link: { kind: 'online' },
    isSynced: true,
    unsent: 0,
    isOnDevice: true,
    device: 'kept',
    caughtUp: 0,
    nowMs: 10_000,
  }
  const waiting = { kind: 'waiting', retryAtMs: 13_200, isDeviceOffline: false } as const
  test.each<{ facts: Partial<SaveFacts>; kind: string; text: string; short?: string; note?: string; action?: string }>([
    { facts: {}, kind: 'saved', text: 'Saved' },
    { facts: { unsent: 2 }, kind: 'device', text: 'Saved on this device', short: 'On this device' },
    { facts: { unsent: 2, isOnDevice: false }, kind: 'saving', text: 'Saving…' },
    {
      facts: { unsent: 2, device: 'none' },
      kind: 'saving',
      text: 'Saving…',
      note: 'This window keeps nothing: it is private, or storage is switched off.',
    },
    { facts: { isSynced: false }, kind: 'connecting', text: 'Connecting…' },
    {
      facts: { link: { kind: 'off' }, unsent: 14 },
      kind: 'offline',
      text: 'Offline: 14 changes kept on this device',
      short: 'Offline: 14 kept',
    },
    {
      facts: { link: { kind: 'off' }, unsent: 1 },
      kind: 'offline',
      text: 'Offline: 1 change kept on this device',
      short: 'Offline: 1 kept',
    },
    { facts: { link: { kind: 'off' }, unsent: 1, isOnDevice: false }, kind: 'offline', text: 'Offline: keeping 1 change…' },
    { facts: { link: { kind: 'off' } }, kind: 'offline', text: 'Offline: everything is saved', short: 'Offline' },
    {
      facts: { link: { kind: 'off' }, unsent: 3, device: 'full' },
      kind: 'offline',
      text: 'Offline: 3 changes only in this window. Keep it open.',
      short: 'Not kept: 3',
      note: 'This browser has no room left. Nothing new is kept here.',
    },
    {
      facts: { link: { ...waiting, isDeviceOffline: true }, unsent: 2 },
      kind: 'offline',
      text: 'Offline: 2 changes kept on this device',
      short: 'Offline: 2 kept',
      action: 'reconnect',
    },
    {
      facts: { link: waiting, unsent: 5 },
      kind: 'reconnecting',
      text: 'Reconnecting in 4 s',
      short: 'Again in 4 s',
      note: '5 changes kept on this device',
      action: 'reconnect',
    },
    {
      facts: { link: waiting, unsent: 5, device: 'blocked' },
      kind: 'reconnecting',
      text: 'Reconnecting in 4 s',
      short: 'Again in 4 s',
      note: '5 changes only in this window. Keep it open. Nothing is kept while another tab runs an older version. Close that tab.',
      action: 'reconnect',
    },
    {
      facts: { link: waiting, nowMs: 20_000 },
      kind: 'reconnecting',
      text: 'Reconnecting in 1 s',
      short: 'Again in 1 s',
      action: 'reconnect',
    },
    {
      facts: { link: { kind: 'refused', reason: 'this link was closed.' } },
      kind: 'refused',
      text: 'Refused: this link was closed.',
      short: 'Refused',
      note: 'What you typed is kept on this device.',
    },
    { facts: { caughtUp: 214 }, kind: 'saved', text: 'Saved', note: 'Caught up 214 changes' },
    {
      facts: { device: 'outdated' },
      kind: 'saved',
      text: 'Saved',
      note: 'Nothing is kept: a newer version is open in another tab. Reload this one once all is saved.',
    },
  ])('[U12] [OF1] $kind: $text $note', ({ facts: some, note = '', ...line }) => {
    expect(saveLine({ ...facts, ...some })).toEqual({ short: line.text, ...line, note })
  })
})

test('[U13] attempts to connect wait longer each time, never more than 15 s, and not all alike', () => {
  const random = makeRandom(7)
  for (let attempt = 0; attempt < 40; attempt++) {
    const whole = Math.min(15_000, 1_000 * 2 ** attempt)
    const waits = Array.from({ length: 20 }, () => backoffMs(attempt, random))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(whole / 2)
    expect(Math.max(...waits)).toBeLessThanOrEqual(whole)
    expect(new Set(waits).size).toBeGreaterThan(10)
  }
})
