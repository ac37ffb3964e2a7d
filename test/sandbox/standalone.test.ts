import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'

const MAIN = join(import.meta.dirname, '../../sandbox/main.ts')

function run(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) return line
  return ''
}

async function ended(child: ChildProcess): Promise<{ code: number | null; errors: string }> {
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, errors }
}

function statusWithHost(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('as a process of its own', () => {
  test('[SB36] it prints one line with address, e-mail and token, answers, and stops', async () => {
    await using folder = await tempFolder()
    const child = run(['--port', '0', '--data', folder.path, '--seed', '5'])
    const line = await firstLine(child)
    const found = /^The sandbox is ready at (http:\/\/127\.0\.0\.1:\d+)\/sandbox \(Jira: \S+\/sandbox\/jira, (\S+), token (\S+)\)$/.exec(
      line,
    )
    const [, origin = '', email = '', token = ''] = found ?? []
    const authorization = `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`
    const count = await fetch(`${origin}/sandbox/jira/rest/api/3/search/approximate-count`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: '{"jql":"project = TB"}',
    })
    expect(await count.json()).toEqual({ count: 5 })
    expect((await fetch(origin, { redirect: 'manual' })).headers.get('location')).toBe('/sandbox')
    expect(await statusWithHost(`${origin}/sandbox`, 'evil.example')).toBe(403)
    const closing = ended(child)
    child.kill('SIGTERM')
    expect(await closing).toEqual({ code: 0, errors: '' })
  })

  test('[SB36] a port in use is said, with exit code 1', async () => {
    await using folder = await tempFolder()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const { code, errors } = await ended(run(['--port', port, '--data', folder.path]))
    taken.close()
    expect([code, errors]).toEqual([1, expect.stringContaining('EADDRINUSE')])
  })

  test.each([
    [['--port', 'many'], 'port'],
    [['--sea', '60'], '--sea'],
  ])('[SB36] %j is refused and explained', async (args, word) => {
    const { code, errors } = await ended(run(args))
    expect([code, errors]).toEqual([1, expect.stringContaining(word)])
  })
})
