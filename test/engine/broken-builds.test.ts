import { spawn } from 'node:child_process'
import { cp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'

// A test that cannot fail says nothing. Each mutant is the program with one deliberate fault; the named test must turn red under it.

const ROOT = join(import.meta.dirname, '../..')
const COPIED = ['sandbox', 'server', 'sync-engine', 'tools', 'workbook', 'test/engine', 'test/server', 'test/sim', 'test/support']

interface Mutant {
  readonly fault: string
  /** Stands in one place of the program, in whichever file, or this test must be aimed anew. */
  readonly replace: string
  readonly by: string
  readonly suite: string
  /** The test that turns red, by its title. */
  readonly red: string
}

const mutants: readonly Mutant[] = [
  {
    fault: 'an edit is acknowledged before it is committed',
    replace: 'const durable = this.#services.log.durable()',
    by: 'const durable = Promise.resolve()',
    suite: 'test/server/durability.test.ts',
    red: '[L1] an edit is acknowledged only when it is on disk, peers see it at once',
  },
  {
    fault: 'a run pulls before it pushes',
    replace:
      "  if (mode === 'one-way') return (await pull(run, scope, [])) === 'waiting' ? 'waiting' : 'settled'\n  await ports.transition('planning')\n",
    by: "  await pull(run, scope, [])\n  await ports.transition('planning')\n",
    suite: 'test/engine/cells.test.ts',
    red: '[CELL-7] checked, pushed, pulled: agreed',
  },
  {
    fault: 'the check is left out',
    replace: 'return await push(run, await check(run, cells, scope))',
    by: 'return await push(run, cells)',
    suite: 'test/engine/cells.test.ts',
    red: '[CELL-12] the check finds another value: nothing is sent, and it is a conflict',
  },
  {
    fault: 'settle drops an entry that was typed on top of what was sent',
    replace: '  if (!isWanted) {',
    by: "  if (!isWanted || relation === 'on-top') {",
    suite: 'test/engine/cells.test.ts',
    red: '[CELL-9] y typed while x is sent stays staged, and is no conflict',
  },
  {
    fault: 'settle forgets to write one of its entries',
    replace: 'room.authority.write(settlement, run.kind)',
    by: 'room.authority.write({ ...settlement, cells: (settlement.cells ?? []).slice(1) }, run.kind)',
    suite: 'test/engine/cells.test.ts',
    red: '[CELL-7] checked, pushed, pulled: agreed',
  },
  {
    fault: 'settle commits its documents before its receipts',
    replace: 'room.authority.write(settlement, run.kind)',
    by: 'room.authority.write(settlement, run.kind)\n    await this.#parts.log.durable()',
    suite: 'test/engine/crash.test.ts',
    red: '[CELL-31] [E1] an import of new records; then a one-way run',
  },
  {
    fault: 'no intent is written before a call',
    replace: '    await ports.recordIntents(intents)\n',
    by: '',
    suite: 'test/engine/cells.test.ts',
    red: '[CELL-16] and first settles by reading what an earlier run had sent without an answer',
  },
  {
    fault: 'the index of unsettled cells is mended before the entries are read',
    replace: '    room.authority.start()\n',
    by: '    queueMicrotask(() => room.authority.start())\n',
    suite: 'test/engine/cells.test.ts',
    red: '[CELL-1] a typed value is staged',
  },
]

let folder: Awaited<ReturnType<typeof tempFolder>>

beforeAll(async () => {
  folder = await tempFolder()
  for (const part of COPIED) await cp(join(ROOT, part), join(folder.path, part), { recursive: true })
  for (const file of ['package.json', 'vitest.config.ts']) await cp(join(ROOT, file), join(folder.path, file))
  await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'))
  // The copy must not test itself.
  await rm(join(folder.path, 'test/engine/broken-builds.test.ts'))
})

afterAll(() => folder?.[Symbol.asyncDispose]())

/** The program's own files, as they are in the copy. */
async function sources(): Promise<readonly { path: string; text: string }[]> {
  const found: { path: string; text: string }[] = []
  for (const part of ['server', 'sync-engine', 'workbook']) {
    for (const name of await readdir(join(folder.path, part), { recursive: true })) {
      const path = join(folder.path, part, name)
      if (name.endsWith('.ts')) found.push({ path, text: await readFile(path, 'utf8') })
    }
  }
  return found
}

/** Runs tests of one suite of the copy and tells how each went. */
async function runOf(suite: string, titles: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const report = join(folder.path, 'report.json')
  await rm(report, { force: true })
  const literals = titles.map((title) => title.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&'))
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      suite,
      '-t',
      `(?:${literals.join('|')})$`,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    { cwd: folder.path, env: { PATH, HOME, NODE_ENV: 'test', ...(TMPDIR !== undefined && { TMPDIR }) }, stdio: 'ignore' },
  )
  await new Promise((resolve) => child.on('exit', resolve))
  const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
    testResults: { assertionResults: { title: string; status: string }[] }[]
  }
  const results = testResults.flatMap((file) => file.assertionResults)
  return Object.fromEntries(titles.map((title) => [title, results.find((result) => result.title === title)?.status ?? 'not run']))
}

for (const { fault, replace, by, suite, red } of mutants) {
  test(`[E22] ${fault}: “${red}” turns red`, async () => {
    const places = (await sources()).filter(({ text }) => text.includes(replace))
    const [{ path, text: source } = { path: '', text: '' }] = places
    expect([places.length, source.split(replace).length], 'the mutation fits exactly one place').toEqual([1, 2])
    await writeFile(
      path,
      source.replace(replace, () => by),
    )
    try {
      expect(await runOf(suite, [red])).toEqual({ [red]: 'failed' })
    } finally {
      await writeFile(path, source)
    }
  })
}

test('[E22] without a fault the very same tests are green', async () => {
  for (const [suite, aimed = []] of Object.entries(Object.groupBy(mutants, (mutant) => mutant.suite))) {
    const titles = [...new Set(aimed.map(({ red }) => red))]
    expect(await runOf(suite, titles)).toEqual(Object.fromEntries(titles.map((title) => [title, 'passed'])))
  }
})
