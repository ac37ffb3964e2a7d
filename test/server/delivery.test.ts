import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { buildApp } from '../../server/app.ts'
import { makeLogger } from '../../server/logger.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import { parseMark } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { baseName, editsName } from '../../workbook/schema.ts'
import { makeBigSheet } from '../support/big-sheet.ts'
import { ProviderClient } from '../support/collab-client.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** A bare request, so that nothing is decoded on the way. */
function ask(server: RunningServer, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.origin}${path}`,
      { headers: { authorization: `Bearer ${server.bearerToken}`, ...headers } },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

const pathOf = (sheet: SheetId, shard: number | string): string => `/api/sheets/${sheet}/base/${shard}`

async function startOn(dataFolder: string): Promise<RunningServer & AsyncDisposable> {
  const server = await startServer(testConfig(dataFolder), { logger: makeLogger({ level: 'silent' }), buildApp })
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}

const rowsIn = (bytes: Uint8Array): number => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, bytes)
  return doc.getMap<Y.Map<string>>('e').get('0')?.size ?? 0
}

test('[DL2] a shard comes as it is stored, compressed, with how far it goes', async () => {
  await using folder = await tempFolder()
  const { sheet } = await makeBigSheet(folder.path, 4_010, 5)
  await using server = await startOn(folder.path)
  const whole = await ask(server, pathOf(sheet, 0), { 'accept-encoding': 'gzip' })
  const { etag = '', ...heads } = whole.headers
  expect(whole.status).toBe(200)
  expect(heads).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store',
    'tidebook-document': baseName(sheet, 0, 0),
    'tidebook-shards': '2',
    'tidebook-bytes': String(whole.body.byteLength),
  })
  expect(parseMark(String(etag).replaceAll('"', ''))).toMatchObject({ gen: 0, epoch: 0 })
  expect(rowsIn(gunzipSync(whole.body))).toBe(4_000)
  const plain = await ask(server, pathOf(sheet, 1))
  expect([plain.headers['content-encoding'], rowsIn(plain.body)]).toEqual([undefined, 10])
})

test('[DL2] what a device has already is not sent again', async () => {
  await using folder = await tempFolder()
  const { sheet } = await makeBigSheet(folder.path, 10, 5)
  await using server = await startOn(folder.path)
  const { etag } = (await ask(server, pathOf(sheet, 0))).headers
  for (const header of [String(etag), `W/${etag}`, `"0.0.999999", ${etag}`]) {
    const { status, headers, body } = await ask(server, pathOf(sheet, 0), { 'if-none-match': header })
    expect([status, headers.etag, body.byteLength]).toEqual([304, etag, 0])
  }
  const other = await ask(server, pathOf(sheet, 0), { 'if-none-match': '"0.0.999999"' })
  expect(other.status).toBe(200)
})

test('[DL2] a shard or sheet that does not exist is said, and a stranger gets nothing', async () => {
  await using folder = await tempFolder()
  const { sheet } = await makeBigSheet(folder.path, 10, 5)
  await using server = await startOn(folder.path)
  const status = async (path: string, headers?: Readonly<Record<string, string>>) => (await ask(server, path, headers)).status
  expect(await status(pathOf(sheet, 1))).toBe(404)
  expect(await status(pathOf('nosheet1' as SheetId, 0))).toBe(404)
  expect(await status(pathOf(sheet, 'x'))).toBe(400)
  expect(await status(pathOf(sheet, -1))).toBe(400)
  expect(await status(pathOf(sheet, 0), { authorization: 'Bearer nobody' })).toBe(401)
})

test('[DL3] reading a sheet brings no base document into memory; the first edit does, and is judged and saved', async () => {
  await using folder = await tempFolder()
  const { sheet } = await makeBigSheet(folder.path, 10, 5)
  let documents: () => readonly string[] = () => []
  const server = await startServer(testConfig(folder.path), {
    logger: makeLogger({ level: 'silent' }),
    buildApp: (parts) => {
      const opened = new Set<string>()
      const openDocument = parts.documents.openDocument.bind(parts.documents)
      documents = () => [...opened].filter((name) => name.startsWith('base.'))
      const watched = (name: string) => {
        opened.add(name)
        return openDocument(name)
      }
      return buildApp({ ...parts, documents: { ...parts.documents, openDocument: watched } })
    },
  })
  try {
    const url = server.origin.replace('http', 'ws')
    await ask(server, pathOf(sheet, 0))
    using reader = new ProviderClient(url, editsName(sheet, 0), server.bearerToken)
    await reader.synced()
    await reader.saved()
    expect(documents()).toEqual([])
    using writer = new ProviderClient(url, editsName(sheet, 0), server.bearerToken)
    await writer.synced()
    const key = 'aRow:aFld'
    writer.doc.getMap('cells').set(key, [key, 'typed', null, 1, 'somebody'])
    await writer.saved()
    expect(documents()).toEqual([baseName(sheet, 0, 0)])
    expect(reader.doc.getMap('cells').get(key)).toEqual([key, 'typed', null, 1, 'somebody'])
    const story = await ask(server, `/api/cells/${sheet}/aRow/aFld/story`)
    expect(JSON.parse(story.body.toString()).story).toMatchObject([{ kind: 'edit', value: 'typed' }])
  } finally {
    await server.stop()
  }
})
