import type { Document } from '@hocuspocus/server'
import { expect, test } from 'vitest'
import { authFrame, FRAME } from '../../server/collab-frames.ts'
import type { Authorize } from '../../server/collab-ports.ts'
import { UpgradeGate } from '../../server/upgrade-gate.ts'
import { RawClient } from '../support/collab-client.ts'
import { authorizeByToken, QUIET_BUSINESS, startCollabServer } from '../support/collab-server.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { tempFolder } from '../support/temp-folder.ts'

const DOC = 'edits.sheet1.1'

test('[S26] a reader that is too slow is closed, the others read on', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { slowReaderBytes: 100_000 } })
  using slow = await RawClient.open(server.url, DOC, 'writer:slow')
  using well = await RawClient.open(server.url, DOC, 'writer:well')
  const { doc, release } = await server.collab.openDocument(DOC)
  slow.ws.pause()
  const text = 'x'.repeat(1_000_000)
  let written = 0
  const closed = slow.closed
  // Writes until the kernel's own buffers are full and ours begins to grow.
  while ((doc as Document).getConnectionsCount() === 3) {
    doc.getMap('m').set('k', `${++written}${text}`)
    const from = well.frames.length
    await well.next((frame) => frame.type === FRAME.sync, from)
  }
  slow.ws.resume()
  expect(await closed).toBe(1013)
  doc.getMap('m').set('k', 'small')
  well.sendStateless(DOC, 'barrier:1')
  await well.next((frame) => frame.detail === 'saved:1')
  await release()
})

test('[S26] a socket that never opens a document is closed', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { sweepMs: 200, sweepsToAuthenticate: 2 } })
  using idle = await RawClient.connect(server.url)
  expect(await idle.closed).toBe(4408)
})

test('[S26] too much before a document is open closes the socket', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { waitingFrames: 10 } })
  using client = await RawClient.connect(server.url)
  for (let i = 0; i < 11; i++) client.sendStateless(DOC, `barrier:${i}`)
  expect(await client.closed).toBe(1007)
})

test('[S26] a socket may ask for so many documents and no more', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { documents: 3 } })
  using client = await RawClient.connect(server.url)
  for (let i = 1; i <= 3; i++) {
    client.send(authFrame(`edits.sheet${i}.1`, 'writer:ann'))
    await client.next((frame) => frame.address === `edits.sheet${i}.1`)
  }
  client.send(authFrame('edits.sheet4.1', 'writer:ann'))
  expect(await client.closed).toBe(1007)
})

test('[S7] presence that is too large is left out', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path, limits: { awarenessBytes: 100 } })
  using client = await RawClient.open(server.url, 'sys.book1', 'writer:ann')
  client.send(new Uint8Array([...authFrame('sys.book1', '').subarray(0, 10), FRAME.awareness, 200, 1, ...new Uint8Array(200)]))
  client.sendStateless('sys.book1', 'barrier:1')
  await client.next((frame) => frame.detail === 'saved:1')
  expect(client.frames.filter((frame) => frame.type === FRAME.awareness)).toEqual([])
})

test('[S7] presence on other documents comes back to its sender as a sign of life', async () => {
  await using folder = await tempFolder()
  await using server = await startCollabServer({ dataFolder: folder.path })
  using client = await RawClient.open(server.url, DOC, 'writer:ann')
  client.send(new Uint8Array([...authFrame(DOC, '').subarray(0, DOC.length + 1), FRAME.awareness, 1, 0]))
  await client.next((frame) => frame.type === FRAME.awareness)
})

test('[S27] upgrades are let through a few at a time, in order, and no more wait than allowed', async () => {
  const gate = new UpgradeGate({ perTick: 2, tickMs: 1, maxWaiting: 3 })
  const entered: number[] = []
  const last = new Promise<void>((resolve) => {
    for (let i = 0; i < 2; i++) gate.pass(() => entered.push(i))
    expect(entered).toEqual([0, 1])
    for (let i = 2; i < 5; i++) {
      gate.pass(() => {
        entered.push(i)
        if (i === 4) resolve()
      })
    }
    expect(gate.pass(() => entered.push(99))).toBe(false)
  })
  expect(entered).toEqual([0, 1])
  await last
  expect(entered).toEqual([0, 1, 2, 3, 4])
  gate.stop()
})

test.each([
  ['workbook', 'a document'],
  ['workbook', 'a feed'],
  ['link', 'a document'],
  ['link', 'a feed'],
] as const)('[WD5] a %s that ends while the right to %s is being decided lets nobody in', async (ground, what) => {
  await using folder = await tempFolder()
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let isEnded = false
  // What was found when the question came is answered later, as a slow read of the database is.
  const authorize: Authorize = async (...question) => {
    const found = isEnded ? { denied: 'It has ended.' } : { ...(await authorizeByToken(...question)), [ground]: 'w1' }
    asked.resolve()
    await answer.promise
    return found
  }
  await using server = await startCollabServer({ dataFolder: folder.path, authorize })
  using client = await RawClient.connect(server.url)
  using feed = await FeedReader.connect(server.url, 'sheet1' as never)
  if (what === 'a feed') feed.subscribe([])
  else client.send(authFrame(DOC, 'writer:ann'))
  await asked.promise
  isEnded = true
  server.collab.dismiss('w1', 'it has ended')
  answer.resolve()
  if (what === 'a feed') expect(await feed.next(() => true)).toEqual({ kind: 'denied', reason: 'It has ended.' })
  else expect(await client.next((frame) => frame.type === FRAME.auth)).toMatchObject({ detail: 'It has ended.' })
  expect([server.collab.documentNames, server.collab.feedReaders('sheet1' as never).all]).toEqual([[], 0])
})

test('[WD5] one that ends while the document is being loaded ends the socket', async () => {
  await using folder = await tempFolder()
  const [loading, loaded] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const authorize: Authorize = async (...question) => ({ ...(await authorizeByToken(...question)), workbook: 'w1' })
  const attachDocument = async (): Promise<void> => {
    loading.resolve()
    await loaded.promise
  }
  await using server = await startCollabServer({ dataFolder: folder.path, authorize, business: { ...QUIET_BUSINESS, attachDocument } })
  using client = await RawClient.connect(server.url)
  client.send(authFrame(DOC, 'writer:ann'))
  await loading.promise
  server.collab.dismiss('w1', 'it has ended')
  loaded.resolve()
  expect([await client.closed, client.frames.filter((frame) => frame.type === FRAME.sync)]).toEqual([4403, []])
})
