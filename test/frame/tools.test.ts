import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from './source-files.ts'

let data = ''
const stops: (() => Promise<unknown>)[] = []

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'tidebook-tools-'))
})

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  rmSync(data, { recursive: true, force: true })
})

interface ToolResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function runTool(script: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<ToolResult> {
  return new Promise((done) => {
    const options = { cwd: ROOT, env: { ...process.env, TIDEBOOK_DATA: data, ...env } }
    const child = execFile(process.execPath, [`tools/${script}`, ...args], options, (_, stdout, stderr) => {
      done({ code: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

/** A server that gives a one-time address to whoever brings the token `secret`. */
async function startFakeServer(answer: (authorization: string | undefined) => { status: number; body: string }): Promise<string> {
  const server = createServer((request, response) => {
    const isAsked = request.method === 'POST' && request.url === '/api/session/one-time'
    const { status, body } = isAsked ? answer(request.headers.authorization) : { status: 404, body: '' }
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(() => new Promise((done) => server.close(done)))
  const address = server.address()
  return typeof address === 'object' && address !== null ? String(address.port) : ''
}

describe('npm run url', () => {
  const guarded = (authorization: string | undefined) =>
    authorization === 'Bearer secret' ? { status: 200, body: '{"url":"http://127.0.0.1:3000/?t=once"}' } : { status: 401, body: '{}' }

  test('[F14] prints the address alone', async () => {
    const port = await startFakeServer(guarded)
    writeFileSync(join(data, 'token'), 'secret\n')
    const result = await runTool('url.ts', [], { PORT: port })
    expect(result).toEqual({ code: 0, stdout: 'http://127.0.0.1:3000/?t=once\n', stderr: '' })
  })

  test('[F14] says that the data folder is another', async () => {
    const port = await startFakeServer(guarded)
    writeFileSync(join(data, 'token'), 'stale')
    const { code, stderr } = await runTool('url.ts', [], { PORT: port })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `The server at http://127.0.0.1:${port} does not know the token in ${data}. Name its data folder: TIDEBOOK_DATA=… npm run url\n`,
    })
  })

  test.each([
    { missing: 'the token', token: undefined, port: '1', words: 'token cannot be read. Start Tidebook first (npm start)' },
    { missing: 'the server', token: 'secret', port: '1', words: 'Nothing answers at http://127.0.0.1:1. Start Tidebook first (npm start)' },
    { missing: 'a port', token: 'secret', port: 'many', words: 'PORT=many is no port number.' },
  ])('[F14] says that $missing is missing', async ({ token, port, words }) => {
    if (token !== undefined) writeFileSync(join(data, 'token'), token)
    const { code, stderr } = await runTool('url.ts', [], { PORT: port })
    expect(code).toBe(1)
    expect(stderr).toContain(words)
    expect(stderr).not.toContain('    at ')
  })

  test('[F14] says that what answers is no Tidebook', async () => {
    const port = await startFakeServer(() => ({ status: 200, body: '<html>' }))
    writeFileSync(join(data, 'token'), 'secret')
    const { code, stderr } = await runTool('url.ts', [], { PORT: port })
    expect({ code, stderr }).toEqual({ code: 1, stderr: `What answers at http://127.0.0.1:${port} is no Tidebook (HTTP 200).\n` })
  })
})

describe('npm run seed', () => {
  test('[F15] fills the stand-in with records', async () => {
    const { code, stderr, stdout } = await runTool('seed.ts', ['jira', '25'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Making 25 records in the stand-in jira under .* \.\.\. \d+\.\d s\n$/)
    expect(readdirSync(join(data, 'sandbox'))).toContain('jira')
  })

  test('[DL1] adds a workbook with a sheet of so many rows, each time another', async () => {
    const first = await runTool('seed.ts', ['sheet', '25'])
    const second = await runTool('seed.ts', ['sheet', '25'])
    const place = /^Making 25 rows in a new workbook under .* \.\.\. \d+\.\d s, at \/w\/(\w{10})\n$/
    expect([first.code, second.code, first.stderr, second.stderr]).toEqual([0, 0, '', ''])
    expect(place.exec(first.stdout)?.[1]).not.toBe(place.exec(second.stdout)?.[1])
  })

  test('[F15] refuses while a server runs on that data folder', async () => {
    writeFileSync(join(data, 'server.pid'), `${process.pid}\n`)
    const { code, stderr } = await runTool('seed.ts', ['jira', '25'])
    expect(code).toBe(1)
    expect(stderr).toContain(`A server (process ${process.pid}) is running on ${data}. Stop it`)
    expect(readdirSync(data)).toEqual(['server.pid'])
  })

  test.each([
    { args: [], words: 'What is to be filled? Usage: npm run seed -- <jira|salesforce|hubspot|sheet> <count>' },
    { args: ['jira'], words: 'How many records?' },
    { args: ['jira', '1e9'], words: 'How many records?' },
    { args: ['toString', '5'], words: 'What is to be filled?' },
  ])('[F15] says how it is used instead of doing $args', async ({ args, words }) => {
    const { code, stderr } = await runTool('seed.ts', args)
    expect(code).toBe(1)
    expect(stderr).toContain(words)
  })
})
