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
  /** Requests are taken and never answered. */
  isSilent = false
  #ask: () => void = () => undefined
  readonly #asked = new Promise<void>((resolve) => {
    this.#ask = resolve
  })
  answer: (path: string) => Response = (path) => page(path)
  /** Makes the worker's patience end. */
  endPatience: () => void = () => undefined
  readonly #handlers = new Map<string, Handler>()
  readonly #wait = (resolve: (value: unknown) => void, _ms: number, value: unknown): void => {
    this.endPatience = () => resolve(value)
  }

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
      if (this.isSilent) {
        this.#ask()
        return new Promise<Response>(() => undefined)
      }
      if (!this.isOnline) throw new TypeError('no network')
      return this.answer(pathname)
    }
    vm.runInNewContext(SOURCE, { self, caches, fetch, URL, Response, Set, JSON, setTimeout: this.#wait })
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

  /** Resolves once a request was taken that is not answered, and what follows it in the same turn has run. */
  async asked(): Promise<void> {
    await this.#asked
    await new Promise((resolve) => setImmediate(resolve))
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

  test('[U31] a page that was never opened here says so, and leads to what is kept', async () => {
    worker.isOnline = false
    expect(await worker.navigate('/usage')).toContain('this page was never opened on this device')
    expect(worker.paths).toEqual([])
  })

  test('[U31] with a network the newest page is shown', async () => {
    await worker.navigate('/')
    worker.answer = () => new Response('newer', { headers: { 'content-type': 'text/html' } })
    expect(await worker.navigate('/')).toBe('newer')
  })

  test('[U31] the files a page uses are kept, and those their code may load later', async () => {
    const [entry, lazy, lazier] = ['/_next/static/chunks/a.js', '/_next/static/chunks/b~1.js', '/_next/static/chunks/c.css']
    worker.answer = (path) =>
      new Response(path === entry ? 'load("static/chunks/b~1.js")' : path === lazy ? 'load("static/chunks/c.css")' : 'x')
    await worker.tell('message', { type: 'uses', pathname: '/', files: [entry] })
    worker.isOnline = false
    expect([await worker.request(lazier), worker.paths]).toEqual(['x', ['/', '/__uses/', entry, lazy, lazier].sort()])
  })

  test('[OF18] a newer build takes the place of the kept one once its files are kept; files of the one before stay for open windows', async () => {
    const chunk = (build: number): string => `/_next/static/chunks/build${build}.js`
    const deploy = (build: number): void => {
      worker.answer = (path) =>
        path.startsWith('/_next')
          ? new Response(path.endsWith(`build${build}.js`) ? 'code' : 'gone', { status: path === chunk(build) ? 200 : 404 })
          : new Response(`<script src="${chunk(build)}">`, { headers: { 'content-type': 'text/html' } })
    }
    const visit = async (build: number): Promise<void> => {
      deploy(build)
      expect(await worker.navigate('/w/one')).toContain(chunk(build))
      await worker.tell('message', { type: 'uses', pathname: '/w/one', files: [chunk(build)] })
    }
    await visit(1)
    // Of build 2 only the page arrives before the network is gone: build 1 is whole and opens.
    deploy(2)
    await worker.navigate('/w/one')
    worker.isOnline = false
    expect(await worker.navigate('/w/one')).toContain(chunk(1))
    expect(await worker.request(chunk(1))).toBe('code')
    worker.isOnline = true
    await visit(2)
    expect(worker.paths).toEqual(['/', '/__uses/', '/__uses/w', chunk(1), chunk(2), '/w'].sort())
    worker.isOnline = false
    expect(await worker.navigate('/w/one')).toContain(chunk(2))
    worker.isOnline = true
    await visit(2)
    expect(worker.paths).toContain(chunk(1))
    await visit(3)
    expect(worker.paths).toEqual(['/', '/__uses/', '/__uses/w', chunk(2), chunk(3), '/w'].sort())
  })

  test('[OF18] who has only opened a workbook finds the list of workbooks without a network, and the files it uses', async () => {
    const file = '/_next/static/chunks/home.js'
    worker.answer = (path) => new Response(path === '/' ? `<script src="${file}">` : 'x', { headers: { 'content-type': 'text/html' } })
    await worker.tell('message', { type: 'uses', pathname: '/w/one', files: [] })
    worker.isOnline = false
    expect([await worker.navigate('/'), await worker.request(file)]).toEqual([`<script src="${file}">`, 'x'])
  })

  test('[OF18] a network that is there and does not answer counts as none', async () => {
    await worker.navigate('/w/one')
    worker.answer = () => new Response('never seen')
    worker.isSilent = true
    const answer = worker.navigate('/w/two')
    await worker.asked()
    worker.endPatience()
    expect(await answer).toBe('page of /w/one')
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
    expect(worker.fetched).toEqual(['/w', '/'])
    await worker.tell('message', { type: 'uses', pathname: '/api/session', files: ['/_next/static/a.js'] })
    await worker.tell('message', undefined)
    expect(worker.paths).toEqual(['/', '/__uses/', '/__uses/w', '/w'])
  })
})
