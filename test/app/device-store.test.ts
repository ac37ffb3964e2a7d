import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import fc from 'fast-check'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DeviceStore, deviceName, devicePrefix, openDeviceStore } from '../../app/collab/device-store.ts'

const NAME = deviceName('ann', 'w1', 'edits.s1.0')
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)
const opened: DeviceStore[] = []

/** A window's view of the browser's storage. */
async function openWindow(name: string): Promise<DeviceStore> {
  const store = await openDeviceStore(name)
  opened.push(store)
  return store
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  for (const store of opened.splice(0)) store.close()
  vi.restoreAllMocks()
})

/** Lets the browser refuse the next writes of documents, as it does when the disk is full. */
function refuseWrites(name: string): { allow: () => void } {
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('No room', name)
  })
  return { allow: () => put.mockRestore() }
}

describe('documents on this device', () => {
  test('[OF2] what a window appends is read in its order, behind the snapshot', async () => {
    const store = await openWindow('a')
    expect(await store.load(NAME)).toBeUndefined()
    await store.replace(NAME, bytes(1), '0.0.7')
    // Issued together: the order is that of the calls.
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.append(NAME, bytes(2, i), `0.0.${8 + i}`)))
    const kept = await (await openWindow('b')).load(NAME)
    expect(kept).toEqual({ snapshot: bytes(1), tail: Array.from({ length: 20 }, (_, i) => bytes(2, i)), mark: '0.0.27' })
  })

  test('[OF2] a document has nothing of another whose name begins alike', async () => {
    const store = await openWindow('a')
    await store.append(`${NAME}1`, bytes(9))
    await store.append(deviceName('ann', 'w11', 'edits.s1.0'), bytes(8))
    expect(await store.load(NAME)).toBeUndefined()
    await store.append(NAME, bytes(1))
    await store.replace(NAME, bytes(2))
    await store.forget(devicePrefix('ann', 'w1'))
    expect(await store.load(deviceName('ann', 'w11', 'edits.s1.0'))).toEqual({ tail: [bytes(8)] })
    expect([await store.load(NAME), await store.load(`${NAME}1`)]).toEqual([undefined, undefined])
  })

  test('[OF2] a snapshot takes the place of what its window knows, and of nothing another appended meanwhile', async () => {
    const [a, b] = [await openWindow('a'), await openWindow('b')]
    await a.append(NAME, bytes(1))
    await b.load(NAME)
    await b.append(NAME, bytes(2))
    // a has not read 2.
    await a.replace(NAME, bytes(10))
    expect(await a.load(NAME)).toEqual({ snapshot: bytes(10), tail: [bytes(2)] })
    // b has not read a's snapshot: its own goes beside it.
    await b.replace(NAME, bytes(20))
    expect(await a.load(NAME)).toEqual({ snapshot: bytes(10), tail: [bytes(20)] })
    await a.replace(NAME, bytes(30))
    expect(await b.load(NAME)).toEqual({ snapshot: bytes(30), tail: [] })
  })

  test('[OF3] a process that ends between an append and the folding leaves snapshot and tail', async () => {
    const a = await openWindow('a')
    await a.replace(NAME, bytes(1))
    await a.append(NAME, bytes(2))
    await a.append(NAME, bytes(3))
    // The folding begins, and its transaction is broken off in the middle.
    const remove = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (this: IDBObjectStore) {
      this.transaction.abort()
      throw new DOMException('gone', 'AbortError')
    })
    await expect(a.replace(NAME, bytes(9))).rejects.toThrow('did not keep it')
    remove.mockRestore()
    expect(await (await openWindow('b')).load(NAME)).toEqual({ snapshot: bytes(1), tail: [bytes(2), bytes(3)] })
  })

  test('[OF2] whatever two windows load, append and fold in whatever order, every update is kept', async () => {
    const step = fc.record({ window: fc.constantFrom(0, 1), kind: fc.constantFrom('append', 'append', 'load', 'replace', 'reopen') })
    let run = 0
    const law = async (steps: readonly { window: number; kind: string }[]): Promise<void> => {
      globalThis.indexedDB = new IDBFactory()
      run++
      let windows = 0
      const open = async () => ({ store: await openWindow(`${run}.${windows++}`), has: new Set<number>() })
      const seats = [await open(), await open()]
      const all = new Set<number>()
      let next = 0
      const take = (has: Set<number>, kept: Awaited<ReturnType<DeviceStore['load']>>): void => {
        for (const update of [...(kept?.tail ?? []), ...(kept?.snapshot === undefined ? [] : [kept.snapshot])]) {
          for (const id of update) has.add(id)
        }
      }
      for (const { window, kind } of steps) {
        const seat = seats[window]
        if (seat === undefined) continue
        if (kind === 'append') {
          const id = next++
          seat.has.add(id)
          all.add(id)
          // Not waited for: the next step follows at once, as in a page.
          void seat.store.append(NAME, bytes(id))
        } else if (kind === 'replace') void seat.store.replace(NAME, bytes(...seat.has))
        else if (kind === 'load') take(seat.has, await seat.store.load(NAME))
        else {
          // As after a crash: a fresh window that knows what it reads.
          const fresh = await open()
          take(fresh.has, await fresh.store.load(NAME))
          seats[window] = fresh
        }
      }
      const last = await open()
      take(last.has, await last.store.load(NAME))
      expect([...last.has].sort((a, b) => a - b)).toEqual([...all])
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), law), { seed: 20261121, numRuns: 150 })
  })

  test('[OF2] folding leaves one snapshot and no tail', async () => {
    const store = await openWindow('a')
    for (let i = 0; i < 50; i++) await store.append(NAME, bytes(i))
    await store.replace(NAME, bytes(99))
    expect(await store.load(NAME)).toEqual({ snapshot: bytes(99), tail: [] })
  })
})

describe('edits the server has not confirmed', () => {
  test('[OF12] they stay as they were made until the server confirms, whatever is folded', async () => {
    const store = await openWindow('a')
    const [first, second] = [store.appendEdit(NAME, bytes(1)), store.appendEdit(NAME, bytes(2), [bytes(7)])]
    await Promise.all([first.done, second.done])
    await store.replace(NAME, bytes(9))
    expect(await store.unsent(devicePrefix('ann', 'w1'))).toEqual([{ name: NAME, updates: [bytes(1), bytes(2)] }])
    await store.confirm(NAME, 'a', first.at)
    expect(await store.unsent(devicePrefix('ann', 'w1'))).toEqual([{ name: NAME, updates: [bytes(2)] }])
    await store.confirm(NAME, 'b', second.at)
    expect(await store.unsent('ann/')).toHaveLength(1)
    await store.confirm(NAME, 'a', second.at)
    expect(await store.unsent('')).toEqual([])
  })

  test('[OF2] what an edit stands on is written with it, before it', async () => {
    const store = await openWindow('a')
    await store.appendEdit(NAME, bytes(2), [bytes(0), bytes(1)]).done
    expect(await store.load(NAME)).toEqual({ tail: [bytes(0), bytes(1), bytes(2)] })
  })
})

describe('how the storage stands', () => {
  test.each([
    { error: 'QuotaExceededError', health: 'full' },
    { error: 'UnknownError', health: 'failing' },
  ])('[OF4] $error is told as $health until something can be written again', async ({ error, health }) => {
    const store = await openWindow('a')
    const told: string[] = []
    store.subscribe(() => told.push(store.health))
    const refused = refuseWrites(error)
    await expect(store.append(NAME, bytes(1))).rejects.toMatchObject({ health })
    refused.allow()
    await store.append(NAME, bytes(2))
    expect(told).toEqual([health, 'kept'])
    expect(await store.load(NAME)).toEqual({ tail: [bytes(2)] })
  })

  test('[OF4] an append is issued before the call returns', async () => {
    const store = await openWindow('a')
    const put = vi.spyOn(IDBObjectStore.prototype, 'put')
    const commit = vi.spyOn(IDBTransaction.prototype, 'commit')
    const { done } = store.appendEdit(NAME, bytes(1))
    expect([put.mock.calls.length, commit.mock.calls.length]).toEqual([2, 1])
    await done
  })

  test('[OF17] where the browser keeps nothing, nothing is found and writing says so', async () => {
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('private', 'InvalidStateError')
    })
    const store = await openWindow('a')
    expect([store.health, await store.load(NAME), await store.get('x'), await store.sizeOf('')]).toEqual(['none', undefined, undefined, 0])
    await expect(store.append(NAME, bytes(1))).rejects.toMatchObject({ health: 'none' })
  })

  test('[OF5] a storage that is deleted underfoot is opened again, empty, and everyone is told', async () => {
    const store = await openWindow('a')
    await store.append(NAME, bytes(1))
    const again = new Promise<number>((resolve) => {
      store.subscribe(() => {
        if (store.openings === 2) resolve(store.openings)
      })
    })
    const deleting = indexedDB.deleteDatabase('tidebook')
    await new Promise((resolve) => {
      deleting.onsuccess = resolve
    })
    expect(await again).toBe(2)
    expect([store.health, await store.load(NAME)]).toEqual(['kept', undefined])
    await store.replace(NAME, bytes(1))
    expect(await store.load(NAME)).toEqual({ snapshot: bytes(1), tail: [] })
  })

  test('[OF6] a window of an older version holds the storage back; it is told, and opens once that window is closed', async () => {
    const older = await openDB('tidebook', 1, { upgrade: (database) => void database.createObjectStore('values') })
    await older.put('values', ['kept'], 'workbooks')
    const store = await openWindow('a')
    expect([store.health, store.openings]).toEqual(['blocked', 0])
    await expect(store.append(NAME, bytes(1))).rejects.toMatchObject({ health: 'blocked' })
    const open = new Promise<void>((resolve) => {
      store.subscribe(() => store.health === 'kept' && resolve())
    })
    older.close()
    await open
    expect(await store.get('workbooks')).toEqual(['kept'])
  })

  test('[OF6] a window that is older than the storage makes way for the newer one and says so', async () => {
    const store = await openWindow('a')
    const newer = await openDB('tidebook', 99)
    expect(store.health).toBe('outdated')
    await expect(store.append(NAME, bytes(1))).rejects.toMatchObject({ health: 'outdated' })
    newer.close()
    expect((await openWindow('b')).health).toBe('outdated')
  })

  test('[OF6] what an earlier version kept of a document is taken over once, then deleted there', async () => {
    const older = await openDB('tidebook/ann/edits.s1.0', 1, {
      upgrade: (database) => {
        database.createObjectStore('updates', { autoIncrement: true })
        database.createObjectStore('custom')
      },
    })
    await older.add('updates', bytes(1))
    await older.add('updates', bytes(2))
    older.close()
    const store = await openWindow('a')
    await store.takeOver('tidebook/ann/edits.s1.0', NAME)
    await store.takeOver('tidebook/ann/edits.s1.0', NAME)
    expect(await store.load(NAME)).toEqual({ tail: [bytes(1), bytes(2)] })
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['tidebook'])
  })
})

test('[OF13] the size is that of a workbook’s documents and of nothing else', async () => {
  const store = await openWindow('a')
  await store.replace(NAME, new Uint8Array(1_000))
  await store.append(NAME, new Uint8Array(30))
  await store.append(deviceName('ann', 'w1', 'book.w1'), new Uint8Array(4))
  await store.append(deviceName('ann', 'w2', 'book.w2'), new Uint8Array(500))
  await store.append(deviceName('ben', 'w1', 'book.w1'), new Uint8Array(500))
  expect(await store.sizeOf(devicePrefix('ann', 'w1'))).toBe(1_034)
  await store.forget(devicePrefix('ann', 'w1'))
  expect(await store.sizeOf(devicePrefix('ann', 'w1'))).toBe(0)
  expect(await store.sizeOf('')).toBe(1_000)
})
