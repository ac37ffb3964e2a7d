import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import type { OpenDocument } from '../../server/collab-ports.ts'
import { makeBaseShards } from '../../server/storage/base-shards.ts'
import { databasePath } from '../../server/storage/database.ts'
import { encodeAsk, feedAddress, parseMark } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { ServerOrigin } from '../../workbook/origin.ts'
import { baseName } from '../../workbook/schema.ts'
import { PlainClient, ProviderClient, RawClient } from '../support/collab-client.ts'
import { authorizeByToken, type CollabServer, startCollabServer } from '../support/collab-server.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { tempFolder } from '../support/temp-folder.ts'

const SHEET = 'sheet1' as SheetId
const PULL = new ServerOrigin('pull')

/** Looks and makes nothing: a map made here would be a rival of the server's. */
const cell = (doc: Y.Doc, row: string): string | undefined => doc.getMap<Y.Map<string>>('e').get('0')?.get(row)

const rowsOf = (doc: Y.Doc): Y.Map<string> => {
  const epochs = doc.getMap<Y.Map<string>>('e')
  return epochs.get('0') ?? epochs.set('0', new Y.Map<string>())
}

const write = ({ doc }: OpenDocument, rows: Readonly<Record<string, string>>): void =>
  doc.transact(() => {
    for (const [row, packed] of Object.entries(rows)) rowsOf(doc).set(row, packed)
  }, PULL)

const contentOf = (doc: Y.Doc): unknown => doc.getMap('e').toJSON()

/** A world of one sheet whose shards are written from here. */
async function openSheet(server: CollabServer, shards = 1): Promise<OpenDocument[]> {
  return Promise.all(Array.from({ length: shards }, (_, shard) => server.collab.openDocument(baseName(SHEET, shard, 0))))
}

test('[DL4] every later update comes, in order, each after the one before it', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [a, b] = await openSheet(server, 2)
  if (a === undefined || b === undefined) throw new Error('no shards')
  using reader = await FeedReader.connect(server.url, SHEET)
  await reader.catchUp()
  for (let i = 0; i < 20; i++) {
    write(a, { r1: `a${i}` })
    if (i % 2 === 0) write(b, { r2: `b${i}` })
    await server.log.durable()
  }
  await reader.shows(0, (doc) => cell(doc, 'r1') === 'a19')
  await reader.shows(1, (doc) => cell(doc, 'r2') === 'b18')
  for (const shard of [0, 1]) {
    const ofShard = reader.changes.filter((change) => change.shard === shard)
    expect(ofShard.map((change) => change.after)).toEqual([0, ...ofShard.slice(0, -1).map((change) => change.seq)])
  }
})

test('[DL5] one commit is one frame, the same bytes for every reader', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const shards = await openSheet(server, 3)
  using ann = await FeedReader.connect(server.url, SHEET)
  using bob = await FeedReader.connect(server.url, SHEET)
  const frames: Buffer[][] = [[], []]
  for (const [i, reader] of [ann, bob].entries()) {
    await reader.catchUp()
    reader.ws.on('message', (data: Buffer) => frames[i]?.push(data))
  }
  for (const shard of shards) write(shard, { r1: 'one', r2: 'two' })
  for (const reader of [ann, bob]) await reader.next((news) => news.kind === 'changes')
  expect(frames.map((list) => list.length)).toEqual([1, 1])
  expect(frames[0]?.[0]?.equals(frames[1]?.[0] ?? Buffer.alloc(0))).toBe(true)
  expect(ann.changes.map((change) => change.shard)).toEqual([0, 1, 2])
})

test('[DL6] nothing is fed before it is on disk', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  using reader = await FeedReader.connect(server.url, SHEET)
  await reader.catchUp()
  const db = new DatabaseSync(databasePath(folder.path), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  write(shard, { r1: 'not yet' })
  // Each question is answered behind everything that was fed before it.
  await reader.catchUp()
  await reader.catchUp()
  expect(reader.changes).toEqual([])
  using late = await FeedReader.connect(server.url, SHEET)
  await late.catchUp()
  expect(late.changes).toEqual([])
  db.exec('ROLLBACK')
  db.close()
  for (const each of [reader, late]) await each.shows(0, (doc) => cell(doc, 'r1') === 'not yet')
})

test('[DL6] who comes between a change and its commit gets it when it is on disk, also as the first reader', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  write(shard, { r1: 'before' })
  await server.log.durable()
  const db = new DatabaseSync(databasePath(folder.path), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  write(shard, { r1: 'under way' })
  using reader = await FeedReader.connect(server.url, SHEET)
  await reader.catchUp([], 0)
  expect(cell(reader.doc(0), 'r1')).toBe('before')
  db.exec('ROLLBACK')
  db.close()
  await reader.shows(0, (doc) => cell(doc, 'r1') === 'under way')
  using next = await FeedReader.connect(server.url, SHEET)
  await next.catchUp([], 0)
  expect(cell(next.doc(0), 'r1')).toBe('under way')
})

test('[DL7] a reader with a gap asks again and gets what it lacks from the log', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  using whole = await FeedReader.connect(server.url, SHEET)
  await whole.catchUp()
  for (let i = 0; i < 5; i++) {
    write(shard, { [`r${i}`]: 'x' })
    await server.log.durable()
  }
  await whole.shows(0, (doc) => cell(doc, 'r4') === 'x')
  const second = whole.changes[1]
  if (second === undefined) throw new Error('no second change')
  using reader = await FeedReader.connect(server.url, SHEET)
  await reader.catchUp([{ shard: 0, gen: 0, epoch: 0, seq: second.seq }])
  expect(reader.changes).toEqual(whole.changes.slice(2))
})

test('[DL8] where the log does not lead on from a copy, the reader is told to fetch the shard anew', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard, other] = await openSheet(server, 2)
  if (shard === undefined || other === undefined) throw new Error('no shards')
  write(shard, { r1: 'x' })
  await server.log.durable()
  write(other, { r1: 'x' })
  await server.log.durable()
  const { seq } = makeBaseShards(server.reader).markOf(baseName(SHEET, 0, 0))
  for (const [why, mark] of Object.entries({
    'another generation': { shard: 0, gen: 1, epoch: 0, seq },
    'a number the log does not have': { shard: 0, gen: 0, epoch: 0, seq: seq + 1_000 },
    'a number of another shard': { shard: 0, gen: 0, epoch: 0, seq: seq + 1 },
  })) {
    using reader = await FeedReader.connect(server.url, SHEET)
    await reader.catchUp([mark])
    expect([why, reader.news.find((news) => news.kind === 'reset')]).toEqual([why, { kind: 'reset', shards: [0] }])
    expect(reader.changes.filter((change) => change.shard === 0)).toEqual([])
  }
})

test('[DL8] a copy so old that its updates are more than the shard itself is fetched anew', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  const name = baseName(SHEET, 0, 0)
  write(shard, { r1: 'x' })
  await server.log.durable()
  const old = makeBaseShards(server.reader).lastSeq(name)
  // The same rows again and again: the log grows, the shard does not.
  for (let i = 0; i < 300; i++) write(shard, { r1: `${i}${'y'.repeat(2_000)}` })
  await server.log.durable()
  await vi.waitUntil(() => (makeBaseShards(server.reader).markOf(name).seq ?? 0) > old + 100, { timeout: 20_000 })
  using reader = await FeedReader.connect(server.url, SHEET)
  await reader.catchUp([{ shard: 0, gen: 0, epoch: 0, seq: old }])
  expect(reader.news.find((news) => news.kind === 'reset')).toEqual({ kind: 'reset', shards: [0] })
})

test('[DL9] a shard that begins later comes from its first update, also to a reader who was away', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [first] = await openSheet(server)
  if (first === undefined) throw new Error('no shard')
  write(first, { r1: 'x' })
  await server.log.durable()
  const mark = { shard: 0, gen: 0, epoch: 0, seq: makeBaseShards(server.reader).lastSeq(baseName(SHEET, 0, 0)) }
  using there = await FeedReader.connect(server.url, SHEET)
  await there.catchUp([mark])
  const second = await server.collab.openDocument(baseName(SHEET, 1, 0))
  write(second, { r2: 'new' })
  await there.shows(1, (doc) => cell(doc, 'r2') === 'new')
  using away = await FeedReader.connect(server.url, SHEET)
  await away.catchUp([mark])
  expect(away.changes.map(({ shard, after }) => ({ shard, after }))).toEqual([{ shard: 1, after: 0 }])
})

test('[DL10] a reader that does not read waits on its own, is served from the log later, and holds nobody up', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { feedBufferBytes: 100_000, feedLookMs: 5 } })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  using slow = await FeedReader.connect(server.url, SHEET)
  using well = await FeedReader.connect(server.url, SHEET)
  for (const reader of [slow, well]) await reader.catchUp()
  slow.ws.pause()
  const text = 'x'.repeat(500_000)
  let written = 0
  while (server.collab.feedReaders(SHEET).behind === 0) {
    write(shard, { r1: `${++written}${text}` })
    await well.shows(0, (doc) => cell(doc, 'r1')?.length === text.length + String(written).length)
  }
  // What the slow one has not read does not grow any more.
  for (let i = 0; i < 20; i++) {
    write(shard, { r1: `${++written}${text}` })
    await well.shows(0, (doc) => cell(doc, 'r1')?.startsWith(`${written}x`) === true)
  }
  slow.ws.resume()
  await slow.shows(0, (doc) => cell(doc, 'r1')?.startsWith(`${written}x`) === true)
  await slow.catchUp([], 1)
  expect(server.collab.feedReaders(SHEET)).toEqual({ all: 2, behind: 0 })
  expect(slow.changes.map((change) => change.seq)).toEqual(well.changes.map((change) => change.seq))
})

test('[DL10] a reader that has read nothing for long is closed', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({
    dataFolder: folder.path,
    limits: { feedBufferBytes: 50_000, feedLookMs: 5, feedStallMs: 20 },
  })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  using slow = await FeedReader.connect(server.url, SHEET)
  await slow.catchUp()
  slow.ws.pause()
  for (let i = 0; server.collab.feedReaders(SHEET).all > 0; i++) {
    write(shard, { r1: `${i}${'x'.repeat(500_000)}` })
    await server.log.durable()
  }
  slow.ws.resume()
  expect(await slow.closed).toBe(1013)
})

test('[DL11] who may not read the sheet gets no feed, and a guest none any more when the link is closed', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({
    dataFolder: folder.path,
    authorize: async (token, ...rest) => {
      const answer = await authorizeByToken(token, ...rest)
      return token === 'reader:guest' ? { ...answer, link: 'link1' } : answer
    },
  })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  using stranger = await FeedReader.connect(server.url, SHEET, { token: 'nobody' })
  stranger.subscribe([])
  expect(await stranger.next(() => true)).toEqual({ kind: 'denied', reason: 'nobody' })
  using guest = await FeedReader.connect(server.url, SHEET, { token: 'reader:guest' })
  using ann = await FeedReader.connect(server.url, SHEET)
  for (const reader of [guest, ann]) await reader.catchUp()
  server.collab.dismiss('link1', 'link-closed')
  write(shard, { r1: 'secret' })
  await ann.next((news) => news.kind === 'changes')
  await guest.closed
  expect(guest.changes).toEqual([])
  // The guest's end of the socket may hear of the close first.
  await expect.poll(() => server.collab.feedReaders(SHEET)).toEqual({ all: 1, behind: 0 })
})

test('[DL11] a sheet that does not exist has no feed', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, baseOf: async () => undefined })
  using reader = await FeedReader.connect(server.url, SHEET)
  reader.subscribe([])
  expect(await reader.next(() => true)).toEqual({ kind: 'denied', reason: 'There is no such sheet here.' })
})

test('[DL12] after a restart of the server a reader goes on from what it has', async () => {
  await using folder = await tempFolder()
  const first = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(first)
  if (shard === undefined) throw new Error('no shard')
  using before = await FeedReader.connect(first.url, SHEET)
  await before.catchUp()
  write(shard, { r1: 'x' })
  await before.next((news) => news.kind === 'changes')
  const seq = before.changes.at(-1)?.seq ?? 0
  await first.stop()
  await using second = await startCollabServer({ dataFolder: folder.path })
  const [again] = await openSheet(second)
  if (again === undefined) throw new Error('no shard')
  using reader = await FeedReader.connect(second.url, SHEET)
  await reader.catchUp([{ shard: 0, gen: 0, epoch: 0, seq }])
  expect(reader.news.map((news) => news.kind)).toEqual(['current'])
  write(again, { r2: 'y' })
  await reader.next((news) => news.kind === 'changes')
  expect(reader.changes.map(({ after }) => after)).toEqual([seq])
})

test('[DL4] who leaves a feed gets nothing more, and may come back', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  using reader = await FeedReader.connect(server.url, SHEET)
  using other = await FeedReader.connect(server.url, SHEET)
  for (const each of [reader, other]) await each.catchUp()
  reader.leave()
  write(shard, { r1: 'x' })
  await other.next((news) => news.kind === 'changes')
  expect(reader.changes).toEqual([])
  await reader.catchUp()
  expect(reader.changes).toEqual(other.changes)
})

test.each([
  ['a question of an unknown kind', (frame: Uint8Array) => new Uint8Array([...frame.slice(0, feedAddress(SHEET).length + 2), 9])],
  ['half a question', (frame: Uint8Array) => frame.slice(0, -2)],
  ['an address of no feed', (frame: Uint8Array) => new Uint8Array([1, 120, ...frame.slice(feedAddress(SHEET).length + 1)])],
])('[DL13] %s closes its socket and nothing else', async (_what, broken) => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using well = await FeedReader.connect(server.url, SHEET)
  await well.catchUp()
  using client = await RawClient.connect(server.url)
  client.send(
    broken(
      encodeAsk(SHEET, { kind: 'subscribe', ask: 1, token: 'reader:ann', known: 1, marks: [{ shard: 0, gen: 0, epoch: 0, seq: 70_000 }] }),
    ),
  )
  expect(await client.closed).toBe(1007)
  await well.catchUp()
})

test('[DL14] base shards stay documents that any client may attach, read-only', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const [shard] = await openSheet(server)
  if (shard === undefined) throw new Error('no shard')
  const name = baseName(SHEET, 0, 0)
  using provider = new ProviderClient(server.url, name, 'writer:ann')
  using plain = new PlainClient(server.url, name, 'writer:bob')
  await provider.synced()
  write(shard, { r1: 'x' })
  for (const doc of [provider.doc, plain.doc]) await vi.waitUntil(() => cell(doc, 'r1') === 'x', { timeout: 20_000 })
  provider.doc.transact(() => rowsOf(provider.doc).set('r1', 'mine'))
  write(shard, { r2: 'y' })
  await vi.waitUntil(() => cell(plain.doc, 'r2') === 'y', { timeout: 20_000 })
  expect([cell(shard.doc, 'r1'), cell(plain.doc, 'r1')]).toEqual(['x', 'x'])
})

test('[DL15] what is delivered is what is attached, for random histories', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      shard: fc.nat(2),
      rows: fc.array(fc.tuple(fc.nat(30), fc.string()), { minLength: 1, maxLength: 8 }),
    }),
    fc.record({ kind: fc.constant('commit' as const) }),
    fc.record({ kind: fc.constant('snapshot' as const), shard: fc.nat(2) }),
    fc.record({ kind: fc.constant('come' as const) }),
    fc.record({ kind: fc.constant('drop' as const), reader: fc.nat(3) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (history) => {
      await using folder = await tempFolder()
      await using server = await startCollabServer({ dataFolder: folder.path, authorize: authorizeByToken })
      const shards = makeBaseShards(server.reader)
      const open = await openSheet(server, 3)
      const readers: FeedReader[] = []
      /** As the app does: the stored bytes first, then the feed from their mark. */
      const come = async (): Promise<void> => {
        const reader = await FeedReader.connect(server.url, SHEET)
        readers.push(reader)
        const marks = [0, 1, 2].map((shard) => {
          const { seq, epoch, bytes } = shards.read(baseName(SHEET, shard, 0))
          Y.applyUpdate(reader.doc(shard), gunzipSync(bytes))
          return { shard, gen: 0, epoch, seq }
        })
        reader.subscribe(marks)
      }
      for (const event of history) {
        if (event.kind === 'write') {
          const shard = open[event.shard]
          if (shard) write(shard, Object.fromEntries(event.rows.map(([row, text]) => [`r${row}`, text])))
        } else if (event.kind === 'commit') await server.log.durable()
        else if (event.kind === 'come') await come()
        else if (event.kind === 'drop') readers[event.reader]?.ws.terminate()
        else {
          const shard = open[event.shard]
          if (shard) {
            await server.log.durable()
            const name = baseName(SHEET, event.shard, 0)
            server.log.keepSnapshot({ doc: name, seq: shards.lastSeq(name), epoch: 0, state: Y.encodeStateAsUpdate(shard.doc), at: 0 })
          }
        }
      }
      await server.log.durable()
      await come()
      for (const reader of readers.filter((each) => each.ws.readyState === each.ws.OPEN)) {
        await reader.catchUp([], 3)
        for (const [shard, document] of open.entries()) expect(contentOf(reader.doc(shard))).toEqual(contentOf(document.doc))
      }
      for (const reader of readers) reader[Symbol.dispose]()
    }),
    { numRuns: 12, seed: 7 },
  )
})

test('[DL2] a mark is read back as it was written, and what is none is refused', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.nat(999_999_999), fc.nat(2 ** 40), (gen, epoch, seq) => {
      expect(parseMark(`${gen}.${epoch}.${seq}`)).toEqual({ gen, epoch, seq })
    }),
    { seed: 7 },
  )
  for (const text of ['', '1.2', '1.2.3.4', 'a.b.c', '1.2.-3', ' 1.2.3', '1.2.3e5']) expect(parseMark(text)).toBeUndefined()
})
