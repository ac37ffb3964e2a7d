import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { authFrame, FRAME, SYNC, syncFrame } from '../../server/collab-frames.ts'
import type { OpenDocument } from '../../server/collab-ports.ts'
import { databasePath } from '../../server/storage/database.ts'
import { ServerOrigin } from '../../workbook/origin.ts'
import { editUpdate, ProviderClient, RawClient } from '../support/collab-client.ts'
import { type CollabServer, startCollabServer } from '../support/collab-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const DOC = 'edits.sheet1.1'

function holdWrites(dataFolder: string): { release: () => void } {
  const db = new DatabaseSync(databasePath(dataFolder), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  return {
    release: () => {
      db.exec('ROLLBACK')
      db.close()
    },
  }
}

/** A frame that comes back at once, so that everything the server sent before it is known to have come. */
async function echo(client: RawClient): Promise<void> {
  const from = client.frames.length
  client.send(new Uint8Array([...authFrame(DOC, '').subarray(0, DOC.length + 1), FRAME.awareness, 1, 0]))
  await client.next((frame) => frame.type === FRAME.awareness, from)
}

test('[L1] an edit is acknowledged only when it is on disk, peers see it at once', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using ann = await RawClient.open(server.url, DOC, 'writer:ann')
  using bob = await RawClient.open(server.url, DOC, 'writer:bob')
  await ann.acked(1)
  const held = holdWrites(folder.path)
  ann.sendUpdate(DOC, editUpdate('k', 'v'))
  ann.sendStateless(DOC, 'barrier:7')
  await bob.next((frame) => frame.type === FRAME.sync && frame.detail === SYNC.update)
  await echo(ann)
  await echo(ann)
  expect(ann.acks()).toBe(1)
  expect(ann.frames.filter((frame) => frame.type === FRAME.stateless)).toEqual([])
  held.release()
  await ann.acked(2)
  await ann.next((frame) => frame.detail === 'saved:7')
  const rows = server.reader.raw.prepare('SELECT actor, device, origin FROM update_log').all()
  expect(rows.map((row) => ({ ...row }))).toEqual([{ actor: 'ann', device: 'ann-laptop', origin: 'user' }])
})

test('[L16] what the server writes is shown to nobody before it is on disk, also not to who comes meanwhile', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using bob = await RawClient.open(server.url, DOC, 'writer:bob')
  const open = await server.collab.openDocument(DOC)
  const isUpdate = (frame: { type: number; detail?: unknown }) => frame.type === FRAME.sync && frame.detail === SYNC.update
  const held = holdWrites(folder.path)
  open.doc.transact(() => open.doc.getMap('m').set('k', 'written by the server'), new ServerOrigin('settle'))
  await echo(bob)
  await echo(bob)
  using late = await RawClient.connect(server.url)
  late.send(authFrame(DOC, 'writer:late'))
  late.send(syncFrame(DOC, SYNC.step1, Y.encodeStateVector(new Y.Doc())))
  await late.next((frame) => frame.type === FRAME.auth)
  await echo(late)
  expect(bob.frames.filter(isUpdate)).toEqual([])
  expect(late.frames.filter((frame) => frame.type === FRAME.sync)).toEqual([])
  held.release()
  await bob.next(isUpdate)
  await late.next((frame) => frame.type === FRAME.sync && frame.detail === SYNC.step2)
  await open.release()
})

test('[L17] new items in the server’s own name, brought by a client, end its socket and change nothing', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const open = await server.collab.openDocument(DOC)
  open.doc.getMap('m').set('k', 'true')
  await server.log.durable()
  using eve = await RawClient.open(server.url, DOC, 'writer:eve')
  const forged = new Y.Doc()
  Y.applyUpdate(forged, Y.encodeStateAsUpdate(open.doc))
  forged.clientID = open.doc.clientID
  forged.getMap('m').set('k', 'forged')
  eve.sendUpdate(DOC, Y.encodeStateAsUpdate(forged))
  expect(await eve.closed).toBe(1007)
  expect(open.doc.getMap('m').get('k')).toBe('true')
  await open.release()
})

test('[L2] saved is not said before the client’s offline items have come', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using client = await RawClient.connect(server.url)
  client.send(authFrame(DOC, 'writer:ann'))
  client.send(syncFrame(DOC, SYNC.step1, Y.encodeStateVector(new Y.Doc())))
  client.sendStateless(DOC, 'barrier:1')
  await client.next((frame) => frame.detail === SYNC.step2)
  await echo(client)
  expect(client.frames.filter((frame) => frame.type === FRAME.stateless)).toEqual([])
  client.send(syncFrame(DOC, SYNC.step2, editUpdate('k', 'offline')))
  await client.next((frame) => frame.detail === 'saved:1')
  const rows = server.reader.raw.prepare('SELECT count(*) AS n FROM update_log').get()
  expect(rows?.n).toBe(1)
})

test('[L5] after a failed commit sockets close, none is let in, and the edit comes again and is kept', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, retryMs: 50 })
  using ann = new ProviderClient(server.url, DOC, 'writer:ann')
  await ann.synced()
  ann.set('before', 'kept')
  await ann.saved()
  using watcher = await RawClient.open(server.url, DOC, 'writer:wim')
  const old = await server.collab.openDocument(DOC)
  const failed = new Promise((resolve) => server.log.onFailed(resolve))
  const held = holdWrites(folder.path)
  ann.set('during', 'kept as well')
  await failed
  expect(await watcher.closed).toBe(1012)
  expect(old.doc.isDestroyed).toBe(true)
  expect(await refusedWith(`${server.url}/collab`)).toBe(503)
  await expect(server.collab.openDocument(DOC)).rejects.toThrow(/disk does not take changes/)
  held.release()
  await ann.saved()
  const stored = server.reader.raw.prepare('SELECT "update", actor FROM update_log ORDER BY seq').all() as {
    update: Uint8Array
    actor: string
  }[]
  const fromLog = new Y.Doc()
  for (const { update } of stored) Y.applyUpdate(fromLog, update)
  expect(fromLog.getMap('m').toJSON()).toEqual({ before: 'kept', during: 'kept as well' })
  const { doc, release } = await server.collab.openDocument(DOC)
  expect(doc.getMap('m').toJSON()).toEqual({ before: 'kept', during: 'kept as well' })
  await release()
})

test('[L5] the author of an edit stays its author when a peer brings it back first', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, retryMs: 50 })
  const held0 = new Y.Doc()
  using bob = new ProviderClient(server.url, DOC, 'writer:bob', { doc: held0 })
  await bob.synced()
  await bob.saved()
  {
    using ann = await RawClient.open(server.url, DOC, 'writer:ann')
    const failed = new Promise((resolve) => server.log.onFailed(resolve))
    const held = holdWrites(folder.path)
    ann.sendUpdate(DOC, editUpdate('k', 'by ann', 4711))
    await bob.shows('k', 'by ann')
    await failed
    held.release()
  }
  await bob.saved()
  const rows = server.reader.raw.prepare('SELECT client, actor FROM client_ids WHERE client = 4711').all()
  expect(rows.map((row) => ({ ...row }))).toEqual([{ client: 4711, actor: 'ann' }])
})

test('[L5][L16] what the server wrote and lost was seen by nobody, and its new edits take new numbers', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, retryMs: 50 })
  using ann = new ProviderClient(server.url, DOC, 'writer:ann')
  await ann.synced()
  await ann.saved()
  const before = await server.collab.openDocument(DOC)
  const failed = new Promise((resolve) => server.log.onFailed(resolve))
  const held = holdWrites(folder.path)
  before.doc.transact(() => before.doc.getMap('m').set('lost', 1), 'pull')
  await failed
  held.release()
  const after = await openWhenRecovered(server)
  expect(after.doc.clientID).not.toBe(before.doc.clientID)
  after.doc.transact(() => after.doc.getMap('m').set('later', 2), 'pull')
  await ann.shows('later', 2)
  await ann.saved()
  expect([ann.doc.getMap('m').toJSON(), after.doc.getMap('m').toJSON()]).toEqual([{ later: 2 }, { later: 2 }])
  const rows = server.reader.raw.prepare('SELECT client, actor FROM client_ids').all()
  expect(rows.map((row) => ({ ...row }))).toEqual([{ client: after.doc.clientID, actor: 'server' }])
  await after.release()
})

test('[L11] the first who brings a client id owns it, whoever delivers its later edits', async () => {
  await using folder = await tempFolder()
  const owners: string[] = []
  await using server = await startCollabServer({
    dataFolder: folder.path,
    business: {
      attachDocument: () => undefined,
      detachDocument: () => undefined,
      onTransaction: (_doc, transaction, actorOf) => {
        for (const [client, clock] of transaction.afterState) {
          if (transaction.beforeState.get(client) !== clock) owners.push(`${client} ${actorOf(client).actor} ${actorOf(client).device}`)
        }
        return { cellChanges: [], ops: [] }
      },
    },
  })
  const annDoc = new Y.Doc()
  annDoc.clientID = 7
  annDoc.getMap('m').set('k', 'first')
  using ann = await RawClient.open(server.url, DOC, 'writer:ann')
  ann.sendUpdate(DOC, Y.encodeStateAsUpdate(annDoc))
  await ann.acked(2)
  const seen = Y.encodeStateVector(annDoc)
  annDoc.getMap('m').set('k', 'second')
  using bob = await RawClient.open(server.url, DOC, 'writer:bob')
  bob.sendUpdate(DOC, Y.encodeStateAsUpdate(annDoc, seen))
  await bob.acked(2)
  const { doc, release } = await server.collab.openDocument(DOC)
  doc.transact(() => doc.getMap('m').set('k', 'third'), 'pull')
  await server.log.durable()
  await release()
  expect(owners).toEqual(['7 ann ann-laptop', '7 ann ann-laptop', `${doc.clientID} server `])
  const rows = server.reader.raw.prepare('SELECT actor, origin FROM update_log ORDER BY seq').all()
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { actor: 'ann', origin: 'user' },
    { actor: 'bob', origin: 'user' },
    { actor: 'server', origin: 'pull' },
  ])
})

test('[L12] statements of a transaction stand under the number of its update', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({
    dataFolder: folder.path,
    business: {
      attachDocument: () => undefined,
      detachDocument: () => undefined,
      onTransaction: (_doc, _transaction, _actorOf, seq) => ({
        cellChanges: [{ row: 'r', field: 'f', value: 'v', base: null, actor: 'ann', device: '', at: 1, origin: 'user', item: '1:0' }],
        ops: [
          { sql: 'INSERT INTO unsettled (connection, sheet, row, field, seq) VALUES (?, ?, ?, ?, ?)', params: ['c', 's', 'r', 'f', seq] },
        ],
      }),
    },
  })
  using ann = await RawClient.open(server.url, DOC, 'writer:ann')
  ann.sendUpdate(DOC, editUpdate('k', 'v'))
  await ann.acked(2)
  const row = server.reader.raw.prepare('SELECT u.seq FROM update_log u JOIN cell_changes c USING (seq) JOIN unsettled x USING (seq)').all()
  expect(row.length).toBe(1)
})

test('[L12] a fault in reading a transaction loses no edit', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({
    dataFolder: folder.path,
    business: {
      attachDocument: () => undefined,
      detachDocument: () => undefined,
      onTransaction: () => {
        throw new Error('a bug')
      },
    },
  })
  using ann = await RawClient.open(server.url, DOC, 'writer:ann')
  ann.sendUpdate(DOC, editUpdate('k', 'v'))
  await ann.acked(2)
  expect(server.reader.raw.prepare('SELECT count(*) AS n FROM update_log').get()?.n).toBe(1)
})

test('[L13] an update that hangs on a missing one is as safe as any other', async () => {
  await using folder = await tempFolder()
  const doc = new Y.Doc()
  doc.getMap('m').set('a', 'first')
  const first = Y.encodeStateAsUpdate(doc)
  const between = Y.encodeStateVector(doc)
  doc.getMap('m').set('b', 'second')
  const second = Y.encodeStateAsUpdate(doc, between)
  {
    await using server = await startCollabServer({ dataFolder: folder.path })
    using ann = await RawClient.open(server.url, DOC, 'writer:ann')
    ann.sendUpdate(DOC, second)
    await ann.acked(2)
  }
  await using server = await startCollabServer({ dataFolder: folder.path })
  using bob = await RawClient.open(server.url, DOC, 'writer:bob')
  bob.sendUpdate(DOC, first)
  await bob.acked(2)
  const opened = await server.collab.openDocument(DOC)
  expect(opened.doc.getMap('m').toJSON()).toEqual({ a: 'first', b: 'second' })
  await opened.release()
  const owner = server.reader.raw.prepare('SELECT actor FROM client_ids WHERE client = ?').get(doc.clientID)
  expect(owner?.actor).toBe('ann')
})

test.each([0, 1_500])(
  '[L14] a cold start gives the live state, with the log rows all kept (%i updates before the snapshot)',
  async (before) => {
    await using folder = await tempFolder()
    let live: unknown
    let count: unknown
    const write = (doc: Y.Doc, from: number, to: number) => {
      for (let i = from; i < to; i++) doc.transact(() => doc.getMap('m').set(`k${i % 700}`, i), 'import')
    }
    {
      await using server = await startCollabServer({ dataFolder: folder.path })
      const { doc, release } = await server.collab.openDocument(DOC)
      write(doc, 0, before)
      if (before > 0) {
        server.log.execute([
          {
            sql: 'INSERT INTO snapshots (doc, seq, state, at) SELECT ?, max(seq), ?, 0 FROM update_log',
            params: [DOC, Y.encodeStateAsUpdate(doc)],
          },
        ])
      }
      write(doc, before, before + 2_345)
      live = doc.getMap('m').toJSON()
      await server.log.durable()
      count = server.reader.raw.prepare('SELECT count(*) AS n FROM update_log').get()?.n
      await release()
    }
    await using server = await startCollabServer({ dataFolder: folder.path })
    const { doc, release } = await server.collab.openDocument(DOC)
    expect(doc.getMap('m').toJSON()).toEqual(live)
    expect(count).toBe(before + 2_345)
    expect(server.reader.raw.prepare('SELECT count(*) AS n FROM update_log').get()?.n).toBe(count)
    await release()
  },
)

test('[L14] a long tail becomes a snapshot by itself', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  const { doc, release } = await server.collab.openDocument(DOC)
  for (let i = 0; i < 40; i++) doc.getMap('m').set(`k${i}`, 'x'.repeat(10_000))
  await server.log.durable()
  const snapshot = server.reader.raw.prepare('SELECT seq, state FROM snapshots WHERE doc = ?').get(DOC) as {
    seq: number
    state: Uint8Array
  }
  const copy = new Y.Doc()
  Y.applyUpdate(copy, snapshot.state)
  expect(copy.getMap('m').size).toBe(snapshot.seq)
  expect(snapshot.seq).toBeGreaterThan(20)
  await release()
})

async function openWhenRecovered(server: CollabServer): Promise<OpenDocument> {
  for (;;) {
    const opened = await server.collab.openDocument(DOC).catch(() => undefined)
    if (opened) return opened
    await nextTurn()
  }
}

function refusedWith(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const ws = new WebSocket(url)
    ws.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode)
      ws.terminate()
    })
    ws.on('error', () => undefined)
  })
}
