import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import vm from 'node:vm'
import { beforeEach, describe, expect, test } from 'vitest'

const SOURCE = readFileSync(join(import.meta.dirname, '../../public/sw.js'), 'utf8')
const ORIGIN = 'http://127.0.0.1:3000'

type Handler = (event: Record<string, unknown>) => void

/** A cache of the browser: answers by path. */
class MemoryCache {
  readonly kept = new Map<string, Response>()
  #key(request: string | { url: string }): string {
    return new URL(typeof request === 'string' ? request : request.url, ORIGIN).pathname
  }
  async match(request: string | { url: string }): Promise<Response | undefined> {
    return this.kept.get(this.#key(request))?.clone()
  }
  async put(request: string | { url: string }, response: Response): Promise<void> {
    this.kept.set(this.#key(request), response)
  }
  async delete(request: string | { url: string }): Promise<boolean> {
    return this.kept.delete(this.#key(request))
  }
  async keys(): Promise<{ url: string }[]> {
    return [...this.kept.keys()].map((path) => ({ url: ORIGIN + path }))
  }
}

/** The worker in a browser of its own, with a network that can be cut. */
class Worker {
  readonly caches = new Map<string, MemoryCache>()
  readonly fetched: string[] = []
  isOnline = true
  answer: (path: string) => Response = (path) => page(path)
  readonly #handlers = new Map<string, Handler>()

  constructor() {
    const self = {
      location: { origin: ORIGIN },
      clients: { claim: async () => undefined },
      skipWaiting: async () => undefined,
      addEventListener: (name: string, handler: Handler) => this.#handlers.set(name, handler),
    }
    const caches = {
      open: async (name: string) => this.caches.get(name) ?? this.#newCache(name),
      keys: async () => [...this.caches.keys()],
      delete: async (name: string) => this.caches.delete(name),
      match: async (request: string) => {
        for (const cache of this.caches.values()) {
          const found = await cache.match(request)
          if (found) return found
        }
        return undefined
      },
    }
    const fetch = async (request: string | { url: string }) => {
      const { pathname } = new URL(typeof request === 'string' ? request : request.url, ORIGIN)
      this.fetched.push(pathname)
      if (!this.isOnline) throw new TypeError('no network')
      return this.answer(pathname)
    }
    vm.runInNewContext(SOURCE, { self, caches, fetch, URL, Response, Set, JSON })
  }

  get paths(): readonly string[] {
    return [...this.caches.values()].flatMap((cache) => [...cache.kept.keys()]).sort()
  }

  /** What the page gets for a request; `undefined` where the worker leaves it to the browser. */
  async request(path: string, more: { mode?: string; method?: string; origin?: string } = {}): Promise<string | undefined> {
    let answer: Promise<Response> | undefined
    const request = { url: (more.origin ?? ORIGIN) + path, mode: more.mode ?? 'cors', method: more.method ?? 'GET' }
    this.#handlers.get('fetch')?.({ request, respondWith: (response: Promise<Response>) => (answer = response) })
    return answer === undefined ? undefined : (await answer).text()
  }

  navigate(path: string): Promise<string | undefined> {
    return this.request(path, { mode: 'navigate' })
  }

  async tell(name: 'activate' | 'message', data?: unknown): Promise<void> {
    let work: Promise<unknown> | undefined
    this.#handlers.get(name)?.({ data, waitUntil: (promise: Promise<unknown>) => (work = promise) })
    await work
  }

  #newCache(name: string): MemoryCache {
    const cache = new MemoryCache()
    this.caches.set(name, cache)
    return cache
  }
}

const page = (path: string): Response => new Response(`page of ${path}`, { headers: { 'content-type': 'text/html; charset=utf-8' } })

let worker: Worker
beforeEach(() => {
  worker = new Worker()
})

describe('the page without a network', () => {
  test('[U31] a workbook that was opened once opens again, and so does every other on this device', async () => {
    expect(await worker.navigate('/w/one?once=secret')).toBe('page of /w/one')
    worker.isOnline = false
    expect(await worker.navigate('/w/one')).toBe('page of /w/one')
    expect(await worker.navigate('/w/two?sheet=x')).toBe('page of /w/one')
    expect(worker.paths).toEqual(['/w'])
  })

  test('[U31] with a network the newest page is shown', async () => {
    await worker.navigate('/')
    worker.answer = () => new Response('newer', { headers: { 'content-type': 'text/html' } })
    expect(await worker.navigate('/')).toBe('newer')
  })

  test('[U31] the files a page uses are kept; those no page uses any more are dropped', async () => {
    const [old, shared, fresh] = ['/_next/static/old.js', '/_next/static/shared.js', '/_next/static/fresh.js']
    await worker.tell('message', { type: 'uses', pathname: '/w/one', files: [old, shared] })
    await worker.tell('message', { type: 'uses', pathname: '/runs', files: [shared] })
    await worker.tell('message', { type: 'uses', pathname: '/w/one', files: [fresh] })
    expect(worker.paths.filter((path) => path.startsWith('/_next'))).toEqual([fresh, shared])
    worker.isOnline = false
    expect(await worker.request(fresh)).toBe(`page of ${fresh}`)
    expect(await worker.navigate('/runs')).toBe('page of /runs')
  })

  test('[U31] older caches are dropped', async () => {
    worker.caches.set('tidebook-shell-0', new MemoryCache())
    worker.caches.set('another-app', new MemoryCache())
    await worker.tell('activate')
    expect([...worker.caches.keys()]).toEqual(['another-app'])
  })
})

describe('what is never kept', () => {
  test.each([
    { path: '/api/workbooks' },
    { path: '/api/session' },
    { path: '/sandbox', mode: 'navigate' },
    { path: '/unknown/page', mode: 'navigate' },
    { path: '/_next/static/a.js', method: 'POST' },
    { path: '/_next/static/a.js', origin: 'https://elsewhere.example' },
  ])('[U32] $path is left to the browser', async ({ path, ...more }) => {
    expect(await worker.request(path, more)).toBeUndefined()
    expect(worker.paths).toEqual([])
  })

  test.each([
    { what: 'a refusal', response: () => new Response('sign in', { status: 401, headers: { 'content-type': 'text/html' } }) },
    { what: 'something that is no page', response: () => Response.json({ secret: 1 }) },
  ])('[U32] $what is no page to keep', async ({ response }) => {
    worker.answer = response
    await worker.navigate('/w/one')
    expect(worker.paths).toEqual([])
  })

  test('[U32] a page may not have other addresses kept', async () => {
    await worker.tell('message', { type: 'uses', pathname: '/w/one', files: ['/api/session', '/sandbox', 7] })
    expect(worker.fetched).toEqual(['/w'])
    await worker.tell('message', { type: 'uses', pathname: '/api/session', files: ['/_next/static/a.js'] })
    await worker.tell('message', undefined)
    expect(worker.paths).toEqual(['/__uses/w', '/w'])
  })
})
