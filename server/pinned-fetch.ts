import { type LookupAddress, lookup } from 'node:dns'
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { PassThrough, pipeline, Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { mayConnect } from '../sync-engine/connectors/address.ts'
import { SyncError } from '../sync-engine/sync-error.ts'

/** All addresses of a name; as `dns.lookup` with `all` calls back. */
export type LookUp = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void

const systemLookUp: LookUp = (host, done) => lookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []))

/** The addresses of a host, for a check before anything is sent. */
export const resolveHost = (host: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    systemLookUp(host, (error, addresses) => (error === null ? resolve(addresses.map(({ address }) => address)) : reject(error)))
  })

/** Connections of one app kept open for its next calls. */
const AGENT = { keepAlive: true, maxSockets: 32, keepAliveMsecs: 10_000 }
const NO_BODY = new Set([101, 204, 205, 304])

export interface PinnedFetch {
  readonly fetch: typeof fetch
  /** Closes the connections that are kept open. */
  close(): void
}

/**
 * `fetch` for addresses that people enter. A connection goes to the very address that was looked up and found fit, so that a name that
 * changes its address between check and call (DNS rebinding) leads nowhere. Redirects are answers and never followed.
 *
 * Takes text bodies alone; answers may come compressed.
 */
export function makePinnedFetch({ allowPrivate, lookUp = systemLookUp }: { allowPrivate: boolean; lookUp?: LookUp }): PinnedFetch {
  const refusal = (host: string): SyncError =>
    new SyncError('bad-request', `The address of ${host} cannot be called: it leads into a private network.`)
  const checkedLookup = (
    host: string,
    options: { all?: boolean | undefined },
    done: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    lookUp(host, (error, addresses) => {
      if (error !== null) return done(error, '')
      const [first] = addresses
      // One unfit address among several is reason enough: which of them a connection takes is not ours to say.
      if (first === undefined || !addresses.every(({ address }) => mayConnect(address, allowPrivate))) return done(refusal(host), '')
      return options.all === true ? done(null, [...addresses]) : done(null, first.address, first.family)
    })
  }
  const agents = {
    'http:': new PlainAgent({ ...AGENT, lookup: checkedLookup as never }),
    'https:': new SecureAgent({ ...AGENT, lookup: checkedLookup as never }),
  }

  const pinned = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      if (input instanceof Request) return reject(new TypeError('Give the address and what to send apart.'))
      const url = new URL(input)
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return reject(new TypeError(`${url.protocol} cannot be called.`))
      const host = url.hostname.replace(/^\[|\]$/gu, '')
      // An address that is written out is connected to without a lookup.
      if (isIP(host) !== 0 && !mayConnect(host, allowPrivate)) return reject(refusal(host))
      const signal = init.signal ?? undefined
      if (signal?.aborted) return reject(signal.reason)
      const body = bodyOf(init.body)
      const headers: Record<string, string> = { 'accept-encoding': 'gzip, br, deflate', ...Object.fromEntries(new Headers(init.headers)) }
      if (body !== undefined) {
        headers['content-length'] = String(Buffer.byteLength(body))
        if (init.body instanceof URLSearchParams) headers['content-type'] ??= 'application/x-www-form-urlencoded;charset=UTF-8'
      }
      const secure = url.protocol === 'https:'
      const send = secure ? secureRequest : plainRequest
      const request: ClientRequest = send(
        url,
        { method: init.method ?? 'GET', headers, agent: agents[secure ? 'https:' : 'http:'], ...(signal && { signal }) },
        (answer) => resolve(responseOf(answer)),
      )
      request.on('error', (error) => reject(signal?.aborted ? signal.reason : error))
      request.end(body)
    })
  return {
    fetch: pinned,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

function bodyOf(body: RequestInit['body']): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError('Only texts can be sent.')
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one)
  }
  const status = answer.statusCode ?? 0
  const init = { status, statusText: answer.statusMessage ?? '', headers }
  if (NO_BODY.has(status)) {
    answer.resume()
    return new Response(null, init)
  }
  const unpacked = unpackerOf(answer.headers['content-encoding'])
  headers.delete('content-encoding')
  // An error of either end reaches the reader of the body, through the stream it reads.
  pipeline(answer, unpacked, (error) => {
    if (error) unpacked.destroy(error)
  })
  return new Response(Readable.toWeb(unpacked) as ReadableStream<Uint8Array>, init)
}

function unpackerOf(encoding: string | undefined): Transform {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip()
  if (encoding === 'br') return createBrotliDecompress()
  return encoding === 'deflate' ? createInflate() : new PassThrough()
}
