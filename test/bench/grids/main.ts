/**
 * `npm run bench:grid`: Tidebook's grid and four others over the same 100,000 × 20 cells, one after the other in the same Chromium. The
 * others are installed beside this file when it is first run, never with the product. `-- 20000` takes another number of rows,
 * `-- ours revogrid` only some of the grids.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { type Browser, chromium } from '@playwright/test'
import { findChromium } from '../../../tools/chromium.ts'
import { type GridData, makeGridData, SHEET } from './data.ts'
import { type Figures, measure } from './measure.ts'
import { tableOf } from './table.ts'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../../..')
const OURS = 'ours'
const GRIDS = [OURS, 'revogrid', 'ag-grid', 'react-data-grid', 'glide'] as const
const ROWS = 100_000
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

const npm = (...args: readonly string[]): unknown => execFileSync('npm', [...args], { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] })

interface Bundle {
  readonly js: string
  readonly css: string
}

/** What this needs of esbuild, which is installed beside the grids and not with the product. */
interface Bundler {
  build(options: Readonly<Record<string, unknown>>): Promise<{ outputFiles: readonly { path: string; text: string }[] }>
}

async function bundle(grid: string): Promise<Bundle> {
  const { build } = (await import(join(HERE, 'node_modules/esbuild/lib/main.js'))) as Bundler
  const { outputFiles } = await build({
    entryPoints: [grid === OURS ? join(HERE, '../grid-page.tsx') : join(HERE, 'pages', `${grid}.js`)],
    absWorkingDir: HERE,
    outdir: '/bundle',
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    splitting: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    ...(grid === 'react-data-grid' && { alias: { react: 'react-19', 'react-dom': 'react-dom-19' } }),
    logLevel: 'error',
  })
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  return { js: textOf('.js'), css: grid === OURS ? productCss() : textOf('.css') }
}

/** The product's style sheet without what Tailwind makes of it: the grid is drawn by plain classes. */
function productCss(): string {
  const css = readFileSync(join(ROOT, 'app/globals.css'), 'utf8')
  const fonts = css.match(/--font-\w+:[^;]+;/gu)?.join(' ') ?? ''
  const files = [...css.matchAll(/@import "\.\/(styles\/[\w-]+\.css)";/gu)].map(([, file = '']) => file)
  const plain = files.map((file) => readFileSync(join(ROOT, 'app', file), 'utf8')).join('\n')
  return `*, ::before, ::after { box-sizing: border-box } :root { ${fonts} } ${plain}`
}

function serve(bundles: ReadonlyMap<string, Bundle>, data: GridData): Promise<Server> {
  const plain = JSON.stringify(data.plain)
  const info = JSON.stringify({ sheet: SHEET, shards: data.shards.length })
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const send = (type: string, body: string | Uint8Array): void => {
      response.setHeader('content-type', type)
      response.end(body)
    }
    const [, kind = '', name = ''] = path.split('/')
    const found = bundles.get(name)
    if (kind === 'page') {
      send(
        'text/html; charset=utf-8',
        `<!doctype html><html lang="en"><head><title>${name}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/css/${name}"><style>html,body,#root{height:100%;margin:0}</style></head><body><div id="root"></div><script type="module" src="/js/${name}"></script></body></html>`,
      )
    } else if (kind === 'js') send('text/javascript', found?.js ?? '')
    else if (kind === 'css') send('text/css', found?.css ?? '')
    else if (path === '/plain.json') send('application/json', plain)
    else if (path === '/info.json') send('application/json', info)
    else if (path === '/book') send('application/octet-stream', data.book)
    else if (path === '/sys') send('application/octet-stream', data.sys)
    else if (kind === 'shard') send('application/octet-stream', data.shards[Number(name)] ?? new Uint8Array())
    else {
      response.statusCode = 404
      response.end()
    }
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))
}

async function main(args: readonly string[]): Promise<void> {
  if (!existsSync(join(HERE, 'node_modules'))) {
    say('Installing the other grids beside the benchmark, once …')
    npm('ci', '--legacy-peer-deps', '--no-audit', '--no-fund', '--ignore-scripts')
  }
  const rows = Number(args.find((arg) => /^\d+$/u.test(arg)) ?? ROWS)
  const named = GRIDS.filter((grid) => args.includes(grid))
  const grids = named.length === 0 ? GRIDS : named
  const data = makeGridData(rows)
  const bundles = new Map<string, Bundle>()
  for (const grid of grids) bundles.set(grid, await bundle(grid))
  const server = await serve(bundles, data)
  const { port } = server.address() as AddressInfo
  const executablePath = findChromium()
  const figures = new Map<string, Figures>()
  const loadBefore = loadavg()[0] ?? 0
  let browser: Browser | undefined
  try {
    for (const grid of grids) {
      browser = await chromium.launch({
        ...(executablePath !== undefined && { executablePath }),
        args: ['--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc', '--enable-precise-memory-info'],
      })
      figures.set(
        grid,
        await measure(browser, { url: `http://127.0.0.1:${port}/page/${grid}`, first: data.first, say: (line) => say(`${grid}: ${line}`) }),
      )
      await browser.close()
    }
  } finally {
    await browser?.close()
    server.close()
  }
  say('')
  say(
    `${rows.toLocaleString('en')} rows × ${data.plain.columns.length} columns, Chromium, 1440 × 900, load ${loadBefore.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after`,
  )
  say(tableOf(figures, OURS))
}

await main(process.argv.slice(2))
