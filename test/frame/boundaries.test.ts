import { describe, expect, test } from 'vitest'
import { type Import, importsOf, type SourceFile, sourceFiles, sourceFolders, withoutComments } from './source-files.ts'

/** What each folder may import of ours besides itself: a folder, or one file of it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  workbook: [],
  'sync-engine': ['workbook'],
  sandbox: [],
  server: ['workbook', 'sync-engine', 'sandbox'],
  app: ['workbook', 'sync-engine/plan.ts', 'server/api/contract.ts'],
  tools: ['sandbox/seed.ts', 'server/seed-sheet.ts'],
  test: ['workbook', 'sync-engine', 'sandbox', 'server', 'app', 'tools'],
}

/** Files that other folders build on, and that may therefore import less than their own folder may. */
const FILE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // Goes into the built pages: what it imports goes with it.
  'server/api/contract.ts': ['workbook', 'sync-engine/plan.ts', 'server/api/contract'],
}

/** Packages, and modules of Node, that a folder must do without. A name stands for all below it. */
const MAY_NOT_USE: Readonly<Record<string, readonly string[]>> = {
  workbook: ['node:', 'react', 'react-dom', 'next', 'ws', 'hono', '@hocuspocus', '@hono', 'pino', 'kysely', 'lowdb'],
  'sync-engine': [
    'node:http',
    'node:https',
    'node:net',
    'node:fs',
    'node:fs/promises',
    'node:sqlite',
    '@hocuspocus',
    '@hono',
    'hono',
  ].concat(['ws', 'next', 'react', 'react-dom', 'kysely', 'lowdb', 'pino', 'yjs', 'y-protocols']),
  sandbox: ['yjs', 'y-protocols', '@hocuspocus', 'next', 'react', 'react-dom', 'kysely'],
  server: ['react', 'react-dom', 'lowdb'],
  app: ['node:', '@hocuspocus/server', 'kysely', 'lowdb', 'pino', 'ws', 'hono', '@hono'],
  tools: ['yjs', 'next', 'react'],
  test: [],
}

/** Outside workbook/, these alone hold a Y.Doc: to carry it between a socket, the disk and workbook/, never to look inside. */
const HOLD_A_DOCUMENT: ReadonlySet<string> = new Set([
  'app/use-workbook.ts',
  'server/collab.ts',
  'server/collab-ports.ts',
  'server/collab-socket.ts',
  'server/live-document.ts',
  'server/seed-sheet.ts',
  'server/sheets.ts',
])
const LOOKS_INSIDE = /\.(?:getMap|getArray|getText|getXmlFragment|getXmlElement)\(/

const READ_THE_ENVIRONMENT: ReadonlySet<string> = new Set(['server/config.ts', 'sandbox/main.ts'])
const PRODUCT = ['workbook', 'sync-engine', 'sandbox', 'server', 'app'] as const

const folders = sourceFolders()
const filesOf = new Map<string, readonly SourceFile[]>(folders.map((folder) => [folder, sourceFiles(folder)]))
const productFiles = PRODUCT.flatMap((folder) => filesOf.get(folder) ?? [])

function isWithin(target: string, allowed: string): boolean {
  return target === allowed || target.startsWith(allowed.endsWith(':') ? allowed : `${allowed}/`)
}

/** The imports of a file that its folder's row does not allow, as lines to read. */
function forbiddenImports(file: SourceFile): readonly string[] {
  const folder = file.path.split('/')[0] ?? ''
  const allowed = FILE_MAY_IMPORT[file.path] ?? [folder, ...(MAY_IMPORT[folder] ?? [])]
  const isForbidden = ({ target, isOurs }: Import) =>
    isOurs
      ? !allowed.some((other) => isWithin(target, other)) && !(folder === 'test' && !target.includes('/'))
      : (MAY_NOT_USE[folder] ?? []).some((name) => isWithin(target, name))
  return importsOf(file)
    .filter(isForbidden)
    .map(({ target }) => `${file.path} imports ${target}`)
}

describe('the folders', () => {
  test('[F8] every folder of sources has its row in the table', () => {
    expect(folders.filter((folder) => MAY_IMPORT[folder] === undefined || MAY_NOT_USE[folder] === undefined)).toEqual([])
  })

  test.each(folders)('[F8] %s imports only what its row allows', (folder) => {
    expect((filesOf.get(folder) ?? []).flatMap(forbiddenImports)).toEqual([])
  })

  test('[F8] an import that a row forbids is found in all its forms', () => {
    const lines = [
      `import { a } from '../server/a.ts'`,
      `import type {\n  B,\n} from '../server/b.ts'`,
      `export * from '../server/c.ts'`,
      `import '../server/d.ts'`,
      `const e = await import('../server/e.ts')`,
      `const f = new Worker(new URL('../server/f.ts', import.meta.url))`,
      `import { readFile } from 'node:fs/promises'`,
      `// import { g } from '../server/g.ts'`,
      `/**\n * import { h } from '../server/h.ts'\n */`,
      `import { i } from '../workbook/i.ts'`,
      `import { j } from './j.ts'`,
    ]
    const found = forbiddenImports({ path: 'sync-engine/run.ts', text: lines.join('\n') })
    const targets = ['server/a.ts', 'server/b.ts', 'server/c.ts', 'server/d.ts', 'node:fs/promises', 'server/e.ts', 'server/f.ts']
    expect(found).toEqual(targets.map((target) => `sync-engine/run.ts imports ${target}`))
  })

  test('[F9] only workbook/ looks inside a Yjs document', () => {
    const users = productFiles.filter((file) => importsOf(file).some(({ target }) => isWithin(target, 'yjs')))
    const strangers = users.filter(({ path }) => !path.startsWith('workbook/') && !HOLD_A_DOCUMENT.has(path))
    expect(strangers.map(({ path }) => path)).toEqual([])
    const others = productFiles.filter(({ path }) => !path.startsWith('workbook/'))
    expect(others.filter(({ text }) => LOOKS_INSIDE.test(withoutComments(text))).map(({ path }) => path)).toEqual([])
  })

  test('[F10] the environment is read in one place', () => {
    const readers = productFiles.filter(({ text }) =>
      /\bprocess\.env\b|\bprocess\[|\{[^}]*\benv\b[^}]*\} = process\b/.test(withoutComments(text)),
    )
    expect(readers.map(({ path }) => path).filter((path) => !READ_THE_ENVIRONMENT.has(path))).toEqual([])
  })

  test('[F8] no file only passes on what others export', () => {
    const isBarrel = ({ path, text }: SourceFile) => {
      const rest = withoutComments(text).replaceAll(/^export\s+(?:type\s+)?[^;='"]*?from\s+['"][^'"]+['"];?/gm, '')
      return /\/index\.tsx?$/.test(path) || (text.trim() !== '' && rest.trim() === '')
    }
    expect(productFiles.filter(isBarrel).map(({ path }) => path)).toEqual([])
  })

  test('[F8] no file needs itself by way of others', () => {
    const needs = new Map(
      productFiles.map((file) => [
        file.path,
        importsOf(file)
          .filter(({ isOurs, isTypeOnly }) => isOurs && !isTypeOnly)
          .map(({ target }) => target),
      ]),
    )
    expect(cyclesOf(needs)).toEqual([])
  })
})

/** One line for each circle of imports, found by walking from every file. */
function cyclesOf(needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' > '))
    if (start >= 0 || done.has(path)) return
    for (const next of needs.get(path) ?? []) walk(next, [...trail, path])
    done.add(path)
  }
  for (const path of needs.keys()) walk(path, [])
  return cycles
}
