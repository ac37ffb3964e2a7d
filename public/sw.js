/*
 * Opens the app itself without a network. It keeps the pages (static shells without any data of a person) and the files they load, and
 * nothing else: never /api, never a document, never the sandbox.
 *
 * Files under /_next/static are named by their content, so a kept one is never stale. A page is fetched anew whenever the network is there;
 * it then tells which files it uses, and files that no kept page uses are dropped. So each build replaces the one before by itself.
 */
const CACHE = 'tidebook-shell-1'
const SHELLS = ['/', '/w', '/runs', '/settings/integrations']
const PLAIN_FILES = ['/theme.js', '/icon.svg', '/manifest.webmanifest']

/** The kept page that stands for an address; undefined where none does. */
function shellOf(pathname) {
  if (pathname === '/') return '/'
  return SHELLS.find((shell) => shell !== '/' && (pathname === shell || pathname.startsWith(`${shell}/`)))
}

const isKept = (pathname) => pathname.startsWith('/_next/static/') || PLAIN_FILES.includes(pathname)
const usesOf = (shell) => `/__uses${shell}`

self.addEventListener('install', () => self.skipWaiting())

self.addEventListener('activate', (event) => {
  const clean = async () => {
    for (const name of await caches.keys()) if (name.startsWith('tidebook-') && name !== CACHE) await caches.delete(name)
    await self.clients.claim()
  }
  event.waitUntil(clean())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    const shell = shellOf(url.pathname)
    if (shell !== undefined) event.respondWith(page(request, shell))
  } else if (isKept(url.pathname)) event.respondWith(file(request, url.pathname))
})

/** The network's page, kept for the next time; the kept one where there is no network. */
async function page(request, shell) {
  try {
    const response = await fetch(request)
    // A redirect or a refusal is no shell.
    if (response.status === 200 && !response.redirected && (response.headers.get('content-type') ?? '').startsWith('text/html')) {
      const cache = await caches.open(CACHE)
      await cache.put(shell, response.clone())
    }
    return response
  } catch (error) {
    const kept = await caches.match(shell)
    if (kept !== undefined) return kept
    throw error
  }
}

/** Files named by their content: the kept one first. Plain files: the network's first. */
async function file(request, pathname) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(pathname)
  if (kept !== undefined && pathname.startsWith('/_next/static/')) return kept
  try {
    const response = await fetch(request)
    if (response.status === 200) await cache.put(pathname, response.clone())
    return response
  } catch (error) {
    if (kept !== undefined) return kept
    throw error
  }
}

self.addEventListener('message', (event) => {
  const { type, pathname, files } = event.data ?? {}
  const shell = typeof pathname === 'string' ? shellOf(pathname) : undefined
  if (type !== 'uses' || shell === undefined || !Array.isArray(files)) return
  event.waitUntil(
    keep(
      shell,
      files.filter((name) => typeof name === 'string' && isKept(name)),
    ),
  )
})

/** Keeps the files a page uses and drops those that no kept page uses any more. */
async function keep(shell, files) {
  const cache = await caches.open(CACHE)
  if ((await cache.match(shell)) === undefined) {
    const response = await fetch(shell, { credentials: 'same-origin' }).catch(() => undefined)
    if (response?.status === 200 && !response.redirected) await cache.put(shell, response)
  }
  for (const name of files) {
    if ((await cache.match(name)) !== undefined) continue
    const response = await fetch(name).catch(() => undefined)
    if (response?.status === 200) await cache.put(name, response)
  }
  await cache.put(usesOf(shell), new Response(JSON.stringify(files)))
  const used = new Set(PLAIN_FILES)
  for (const known of SHELLS) {
    const list = await cache.match(usesOf(known))
    for (const name of list === undefined ? [] : await list.json()) used.add(name)
  }
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/_next/static/') && !used.has(pathname)) await cache.delete(request)
  }
}
