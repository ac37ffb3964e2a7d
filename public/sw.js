/*
 * Opens the app itself without a network. It keeps the pages (static shells without any data of a person) and the files they load, and
 * nothing else: never /api, never a document, never the sandbox.
 *
 * Files under /_next/static are named by their content, so a kept one is never stale. A page is fetched anew whenever the network is there.
 * One of a newer build takes the kept one's place only once all its files are kept too; the files of the build before stay until the next
 * one, for a window of it may still be open and load some late.
 */
const CACHE = 'tidebook-shell-1'
const SHELLS = ['/', '/w', '/runs', '/usage', '/settings/integrations']
const PLAIN_FILES = ['/theme.js', '/icon.svg', '/manifest.webmanifest']

/** The kept page that stands for an address; undefined where none does. */
function shellOf(pathname) {
  if (pathname === '/') return '/'
  return SHELLS.find((shell) => shell !== '/' && (pathname === shell || pathname.startsWith(`${shell}/`)))
}

const isKept = (pathname) => pathname.startsWith('/_next/static/') || PLAIN_FILES.includes(pathname)
const usesOf = (shell) => `/__uses${shell}`
/** Where a page of a newer build waits until its files are kept. */
const newerOf = (shell) => `/__newer${shell}`
/** A network that is there and does not answer counts as none after this long. ms. */
const PATIENCE_MS = 4_000

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

/** The network's page, kept for the next time; the kept one where the network has none to give. */
async function page(request, shell) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(shell)
  const fetched = fetch(request).then(async (response) => {
    // A redirect or a refusal is no shell.
    if (response.status === 200 && !response.redirected && (response.headers.get('content-type') ?? '').startsWith('text/html')) {
      await cache.put(kept === undefined ? shell : newerOf(shell), response.clone())
    }
    return response
  })
  if (kept === undefined) return fetched.catch(notKept)
  const tooLate = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept))
  return Promise.race([fetched.catch(() => kept), tooLate])
}

/** Said of a page that was never opened here, in place of the browser's own words. */
function notKept() {
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>No connection · Tidebook</title>
<style>
  :root { color-scheme: light dark }
  body { font: 14px/1.5 system-ui, sans-serif; max-width: 28rem; margin: 18vh auto; padding: 0 1.5rem }
  h1 { font-size: 18px }
</style>
<h1>No connection</h1>
<p>The server does not answer, and this page was never opened on this device. Nothing was lost: what you typed is kept here and goes out later.</p>
<p><a href="/">Workbooks on this device</a> · <a href="">Try again</a></p>`
  return new Response(text, { status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } })
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

/** Keeps the files a page uses, and those they may load later; drops those that neither this build nor the one before uses. */
async function keep(shell, files) {
  const cache = await caches.open(CACHE)
  if ((await cache.match(shell)) === undefined) {
    const response = await fetch(shell, { credentials: 'same-origin' }).catch(() => undefined)
    if (response?.status === 200 && !response.redirected) await cache.put(shell, response)
  }
  const all = await keepFiles(cache, files)
  const before = await listOf(cache, shell)
  const newer = await cache.match(newerOf(shell))
  const isNewBuild = newer !== undefined && (await buildOf(newer)) !== (await buildOf(await cache.match(shell)))
  const list = isNewBuild ? { files: all, before: before.files } : { files: [...new Set([...before.files, ...all])], before: before.before }
  await cache.put(usesOf(shell), new Response(JSON.stringify(list)))
  if (newer !== undefined) {
    await cache.put(shell, (await cache.match(newerOf(shell))) ?? newer)
    await cache.delete(newerOf(shell))
  }
  if (shell !== '/') await keepHome(cache, isNewBuild)
  await dropUnused(cache)
}

/** The list of workbooks opens without a network also for who has only ever opened a workbook. */
async function keepHome(cache, isNewBuild) {
  const kept = await cache.match('/')
  if (kept !== undefined && !isNewBuild) return
  const response = await fetch('/', { credentials: 'same-origin' }).catch(() => undefined)
  const isPage = response?.status === 200 && !response.redirected && (response.headers.get('content-type') ?? '').startsWith('text/html')
  if (!isPage) return
  const text = await response.clone().text()
  const { files } = await listOf(cache, '/')
  const all = await keepFiles(
    cache,
    [...new Set(text.match(CHUNK) ?? [])].map((name) => `/_next/${name}`),
  )
  await cache.put('/', response)
  await cache.put(usesOf('/'), new Response(JSON.stringify({ files: all, before: files })))
}

/** Fetches files and, from one to the next, those their code names; answers all of them. */
async function keepFiles(cache, files) {
  const all = new Set(files)
  // A set that grows is walked to its new end.
  for (const name of all) {
    let file = await cache.match(name)
    if (file === undefined) {
      const response = await fetch(name).catch(() => undefined)
      if (response?.status !== 200) continue
      await cache.put(name, response.clone())
      file = response
    }
    if (name.endsWith('.js')) for (const [found] of (await file.text()).matchAll(CHUNK)) all.add(`/_next/${found}`)
  }
  return [...all]
}

/** How the code of one file names another that it loads when it is needed. */
const CHUNK = /static\/chunks\/[\w.~-]+\.(?:js|css)/g

/** What tells one build's page from another's: the files it names. A page itself may differ from one request to the next. */
const buildOf = async (response) => [...new Set((await response.clone().text()).match(CHUNK) ?? [])].sort().join(' ')

async function listOf(cache, shell) {
  const list = await cache.match(usesOf(shell))
  const kept = list === undefined ? {} : await list.json()
  // The first version kept a plain list.
  return Array.isArray(kept) ? { files: kept, before: [] } : { files: kept.files ?? [], before: kept.before ?? [] }
}

async function dropUnused(cache) {
  const used = new Set(PLAIN_FILES)
  for (const shell of SHELLS) {
    const { files, before } = await listOf(cache, shell)
    for (const name of [...files, ...before]) used.add(name)
  }
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/_next/static/') && !used.has(pathname)) await cache.delete(request)
  }
}
