import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type LookUp, makePinnedFetch } from '../../server/pinned-fetch.ts'

let server: Server | undefined
let port = 0
const listen = async (handle: RequestListener): Promise<void> => {
  server = createServer(handle)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
}
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
})

/** A name server that changes its mind. */
const lookUps = (...answers: readonly (readonly string[])[]): LookUp & { asked: number } => {
  const look = ((_host, done) => {
    const addresses = answers[Math.min(look.asked++, answers.length - 1)] ?? []
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }) as LookUp & { asked: number }
  look.asked = 0
  return look
}

describe('what people may point the server at', () => {
  test('[AU12] a name that is looked up as one address and connected to as another leads nowhere', async () => {
    let reached = 0
    await listen((_request, response) => {
      reached++
      response.end('inside')
    })
    const lookUp = lookUps(['127.0.0.1'])
    const { fetch: pinned, close } = makePinnedFetch({ allowPrivate: false, lookUp })
    await expect(pinned(`http://rebinding.example:${port}/`)).rejects.toMatchObject({ code: 'bad-request' })
    expect([lookUp.asked, reached]).toEqual([1, 0])
    close()
  })

  test.each([
    ['one private address among public ones', ['93.184.216.34', '10.0.0.7']],
    ['an IPv4 address inside an IPv6 one', ['::ffff:192.168.0.1']],
    ['no address at all', []],
  ])('[AU12] a name with %s is refused', async (_, addresses) => {
    const { fetch: pinned, close } = makePinnedFetch({ allowPrivate: false, lookUp: lookUps(addresses) })
    await expect(pinned('https://mixed.example/')).rejects.toMatchObject({ code: 'bad-request' })
    close()
  })

  test.each([
    'http://127.0.0.1:1/',
    'http://[::1]:1/',
    'http://[::ffff:7f00:1]:1/',
    'http://2130706433:1/',
    'http://0x7f.1:1/',
    'http://10.0.0.1:1/',
  ])('[AU12] %s is refused without a lookup outside of local mode', async (address) => {
    const lookUp = lookUps(['93.184.216.34'])
    const { fetch: pinned, close } = makePinnedFetch({ allowPrivate: false, lookUp })
    await expect(pinned(address)).rejects.toMatchObject({ code: 'bad-request' })
    expect(lookUp.asked).toBe(0)
    close()
  })

  test.each(['http://169.254.169.254/latest/meta-data', 'http://[fe80::1]/', 'http://[fd00:ec2::254]/', 'http://[::ffff:a9fe:a9fe]/'])(
    '[AU12] %s, where a machine is told its own secrets, is called in no mode',
    async (address) => {
      const { fetch: pinned, close } = makePinnedFetch({ allowPrivate: true })
      await expect(pinned(address)).rejects.toMatchObject({ code: 'bad-request' })
      close()
    },
  )

  test('[AU12] a redirect is an answer and never followed', async () => {
    const paths: string[] = []
    await listen((request, response) => {
      paths.push(request.url ?? '')
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    })
    const { fetch: pinned, close } = makePinnedFetch({ allowPrivate: true })
    const answer = await pinned(`http://127.0.0.1:${port}/first`)
    expect([answer.status, paths]).toEqual([302, ['/first']])
    close()
  })
})

test('[AU12] it sends and answers as fetch does: bodies, forms, headers, compression, endings, no bodies', async () => {
  await listen((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/none') response.writeHead(204).end()
      else if (request.url === '/never') response.writeHead(200).write('begun')
      else {
        const echo = JSON.stringify({
          method: request.method,
          type: request.headers['content-type'],
          body: Buffer.concat(chunks).toString(),
        })
        response.writeHead(200, { 'content-encoding': 'gzip', 'set-cookie': ['a=1', 'b=2'] }).end(gzipSync(echo))
      }
    })
  })
  const { fetch: pinned, close } = makePinnedFetch({ allowPrivate: true })
  const origin = `http://127.0.0.1:${port}`
  const echoed = await pinned(`${origin}/`, { method: 'PUT', body: 'wörds', headers: { 'content-type': 'text/plain' } })
  expect(await echoed.json()).toEqual({ method: 'PUT', type: 'text/plain', body: 'wörds' })
  expect(echoed.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  const form = await pinned(`${origin}/`, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) })
  expect(await form.json()).toMatchObject({ type: expect.stringContaining('x-www-form-urlencoded'), body: 'a=b+c' })
  expect((await pinned(`${origin}/none`)).status).toBe(204)
  const ending = new AbortController()
  const never = await pinned(`${origin}/never`, { signal: ending.signal })
  const reading = never.text()
  ending.abort(new Error('enough'))
  await expect(reading).rejects.toThrow()
  await expect(pinned(`${origin}/`, { signal: ending.signal })).rejects.toThrow('enough')
  close()
  const { fetch: other } = makePinnedFetch({ allowPrivate: true })
  await expect(other('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
