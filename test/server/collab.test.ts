import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { authFrame, FRAME, SYNC, syncFrame } from '../../server/collab-frames.ts'
import { documentShows, editUpdate, PlainClient, ProviderClient, RawClient } from '../support/collab-client.ts'
import { startCollabServer } from '../support/collab-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const DOC = 'edits.sheet1.1'

test('[S1] two providers and a plain y-websocket client share one document', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using ann = new ProviderClient(server.url, DOC, 'writer:ann')
  using bob = new ProviderClient(server.url, DOC, 'writer:bob')
  using plain = new PlainClient(server.url, DOC, 'writer:cleo')
  ann.set('a', 'from ann')
  plain.doc.getMap('m').set('c', 'from cleo')
  await bob.shows('a', 'from ann')
  await bob.shows('c', 'from cleo')
  await documentShows(plain.doc, (doc) => doc.getMap('m').get('a') === 'from ann')
  await bob.synced()
  bob.set('b', 'from bob')
  await documentShows(plain.doc, (doc) => doc.getMap('m').get('b') === 'from bob')
  await ann.shows('b', 'from bob')
  await ann.saved()
  await bob.saved()
  const rows = server.reader.raw.prepare('SELECT client, actor, device FROM client_ids WHERE doc = ? ORDER BY actor').all(DOC)
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { client: ann.doc.clientID, actor: 'ann', device: 'ann-laptop' },
    { client: bob.doc.clientID, actor: 'bob', device: 'bob-laptop' },
    { client: plain.doc.clientID, actor: 'cleo', device: 'cleo-laptop' },
  ])
})

test('[S2] a client is asked for its items before it is shown anyone else’s', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using first = await RawClient.open(server.url, DOC, 'writer:ann')
  first.sendUpdate(DOC, editUpdate('k', 'v'))
  await first.acked(2)
  using second = await RawClient.open(server.url, DOC, 'writer:bob')
  const steps = second.frames.filter((frame) => frame.type === FRAME.sync).map((frame) => frame.detail)
  expect(steps).toEqual([SYNC.step1, SYNC.step2])
})

test('[S2] the value of an offline edit that loses is still seen by the server', async () => {
  await using folder = await tempFolder()
  const seen: unknown[] = []
  await using server = await startCollabServer({
    dataFolder: folder.path,
    business: {
      attachDocument: (_name, doc) => {
        doc.getMap('m').observe((event, transaction) => {
          // What DESIGN calls walking the item chain: the left neighbour of the winner is what it beat.
          for (const key of event.keysChanged) {
            let item = doc.getMap('m')._map.get(key) ?? null
            while (item !== null) {
              if (item.id.clock >= (transaction.beforeState.get(item.id.client) ?? 0)) seen.push(...item.content.getContent())
              item = item.left
            }
          }
        })
      },
      detachDocument: () => undefined,
      onTransaction: () => ({ cellChanges: [], ops: [] }),
    },
  })
  const low = new Y.Doc()
  low.clientID = 1
  const high = new Y.Doc()
  high.clientID = 2
  low.getMap('m').set('cell', 'the loser')
  using winner = new ProviderClient(server.url, DOC, 'writer:high', { doc: high })
  await winner.synced()
  winner.set('cell', 'the winner')
  await winner.saved()
  using loser = new ProviderClient(server.url, DOC, 'writer:low', { doc: low })
  await loser.shows('cell', 'the winner')
  await loser.saved()
  expect(seen).toContain('the loser')
})

test('[S3] server-written documents take no client’s edit', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  for (const name of ['sys.book1', 'base.sheet1.0.1', 'annotations.sheet1.1']) {
    using client = await RawClient.open(server.url, name, 'writer:ann')
    client.sendUpdate(name, editUpdate('k', 'v'))
    await client.next((frame) => frame.type === FRAME.syncStatus && frame.detail === 0)
    const { doc, release } = await server.collab.openDocument(name)
    expect(doc.getMap('m').size).toBe(0)
    doc.transact(() => doc.getMap('m').set('k', 'from the server'), 'pull')
    const frame = await client.next((received) => received.type === FRAME.sync && received.detail === SYNC.update)
    const copy = new Y.Doc()
    Y.applyUpdate(copy, frame.payload ?? new Uint8Array())
    expect(copy.getMap('m').get('k')).toBe('from the server')
    await release()
  }
})

test('[S3] a person who may only look changes nothing', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using client = await RawClient.open(server.url, DOC, 'reader:rob')
  client.sendUpdate(DOC, editUpdate('k', 'v'))
  await client.next((frame) => frame.type === FRAME.syncStatus && frame.detail === 0)
  const { doc, release } = await server.collab.openDocument(DOC)
  expect(doc.getMap('m').size).toBe(0)
  await release()
})

test('[S4] a wrong token or a name that is not ours is refused with a reason', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using client = await RawClient.connect(server.url)
  client.send(authFrame(DOC, 'wrong'))
  expect((await client.next((frame) => frame.address === DOC)).detail).toBe('nobody')
  client.send(authFrame('../etc/passwd', 'writer:ann'))
  expect((await client.next((frame) => frame.address === '../etc/passwd')).detail).toBe('This is not the name of a document here.')
  using bridged = await RawClient.connect(server.url, { path: `/yjs/${DOC}?token=wrong` })
  expect(await bridged.closed).toBe(4401)
})

test('[S5] rubbish ends the socket that sent it and nothing else', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using well = await RawClient.open(server.url, DOC, 'writer:ann')
  const good = editUpdate('k', 'a value long enough to be cut')
  const rubbish: Uint8Array[] = [
    new Uint8Array([255, 255, 255, 255, 255]),
    new Uint8Array(0),
    syncFrame(DOC, SYNC.update, good.subarray(0, good.length - 9)),
    syncFrame(DOC, SYNC.update, new Uint8Array([1, 2, 3, 250, 250, 250])),
    syncFrame(DOC, SYNC.step1, new Uint8Array([200, 200])),
    syncFrame(DOC, 7 as 0, good),
  ]
  for (const bytes of rubbish) {
    using client = await RawClient.open(server.url, DOC, 'writer:bob')
    client.send(bytes)
    expect(await client.closed).toBe(1007)
  }
  for (const content of [[5, 1, 1, 1, 1, 120], [3, 1, 7], [255]]) {
    using client = await RawClient.open(server.url, 'sys.book1', 'writer:bob')
    client.send(new Uint8Array([...authFrame('sys.book1', '').subarray(0, 10), FRAME.awareness, ...content]))
    expect(await client.closed).toBe(1007)
  }
  using halfAuth = await RawClient.connect(server.url)
  halfAuth.send(authFrame(DOC, 'writer:bob').subarray(0, DOC.length + 4))
  expect(await halfAuth.closed).toBe(1007)
  using text = await RawClient.connect(server.url)
  text.ws.send('hello')
  expect(await text.closed).toBe(1007)
  using other = await RawClient.open(server.url, DOC, 'writer:bob')
  other.sendUpdate('edits.other.1', good)
  other.sendStateless(DOC, 'barrier:1')
  await other.next((frame) => frame.detail === 'saved:1')
  using later = await RawClient.open(server.url, 'edits.other.1', 'writer:ann')
  expect(Y.decodeUpdate(later.frames.find((frame) => frame.detail === SYNC.step2)?.payload ?? good).structs).toEqual([])
  const before = well.acks()
  well.sendUpdate(DOC, good)
  await well.acked(before + 1)
})

test('[S6] a message beyond the limit closes its socket with 1009', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { messageBytes: 1_000 } })
  using well = await RawClient.open(server.url, DOC, 'writer:ann')
  using client = await RawClient.open(server.url, DOC, 'writer:bob')
  client.sendUpdate(DOC, editUpdate('k', 'x'.repeat(2_000)))
  expect(await client.closed).toBe(1009)
  well.sendUpdate(DOC, editUpdate('k', 'v'))
  await well.acked(2)
})

test('[S7] presence shows who someone is by what the server knows', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using ann = new ProviderClient(server.url, 'sys.book1', 'reader:ann')
  using bob = new ProviderClient(server.url, 'sys.book1', 'writer:bob')
  const seen = new Promise<Record<string, unknown>>((resolve) => {
    bob.provider.awareness?.on('change', () => {
      const state = bob.provider.awareness?.getStates().get(ann.doc.clientID)
      if (state?.cell !== undefined) resolve(state)
    })
  })
  await bob.synced()
  ann.provider.awareness?.setLocalState({ user: { name: 'The Boss', id: 'boss' }, cell: 'row:field' })
  expect(await seen).toEqual({ cell: 'row:field', user: { id: 'ann', name: 'ANN', color: 'teal', device: 'ann-laptop' } })
})

test('[S7] presence on other documents goes to nobody', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using ann = new ProviderClient(server.url, DOC, 'writer:ann')
  using bob = await RawClient.open(server.url, DOC, 'writer:bob')
  await ann.synced()
  ann.provider.awareness?.setLocalState({ cell: 'x' })
  ann.set('k', 'v')
  await bob.next((frame) => frame.type === FRAME.sync && frame.detail === SYNC.update)
  expect(bob.frames.filter((frame) => frame.type === FRAME.awareness)).toEqual([])
})

test('[S8] a document nobody has open leaves memory and comes back the same', async () => {
  await using folder = await tempFolder()
  let onDetached: () => void = () => undefined
  const detached = new Promise<void>((resolve) => {
    onDetached = resolve
  })
  await using server = await startCollabServer({
    dataFolder: folder.path,
    limits: { idleDocumentMs: 1 },
    business: { attachDocument: () => undefined, detachDocument: () => onDetached(), onTransaction: () => ({ cellChanges: [], ops: [] }) },
  })
  {
    using client = await RawClient.open(server.url, DOC, 'writer:ann')
    client.sendUpdate(DOC, editUpdate('k', 'v'))
    await client.acked(2)
  }
  await detached
  expect(server.collab.documentNames).toEqual([])
  const { doc, release } = await server.collab.openDocument(DOC)
  expect(doc.getMap('m').get('k')).toBe('v')
  await release()
})

test('[S9] a stateless message reaches everyone who has the document open', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using ann = await RawClient.open(server.url, DOC, 'writer:ann')
  using other = await RawClient.open(server.url, 'edits.sheet2.1', 'writer:bob')
  server.collab.broadcastStateless(DOC, 'run 1 is pushing')
  await ann.next((frame) => frame.detail === 'run 1 is pushing')
  other.sendStateless('edits.sheet2.1', 'barrier:1')
  await other.next((frame) => frame.detail === 'saved:1')
  expect(other.frames.filter((frame) => frame.detail === 'run 1 is pushing')).toEqual([])
})
