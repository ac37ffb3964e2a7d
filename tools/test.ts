/**
 * `npm test [-- filter…]`: format and lint, types, all of vitest, and the browser tests, with one closing summary.
 * `npm run check [-- filter…]`: the same without what is slow (SLOW_TESTS) and without a browser.
 *
 * A filter is part of a test file's path; format, lint and types are then left out.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromiumAdvice, findChromium, installChromium } from './chromium.ts'
import {
  countsLine,
  NO_TESTS,
  parsePlaywrightCounts,
  parseVitestCounts,
  settleCounts,
  sumOfCounts,
  type TestCounts,
} from './test-counts.ts'

interface Step {
  readonly name: string
  readonly run: () => Promise<TestCounts>
}

const SLOW_TESTS = ['test/sim/**', 'test/soak/**']
const ROOT = resolve(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules')
const TOOLS = {
  biome: join(BIN, '@biomejs', 'biome', 'bin', 'biome'),
  tsc: join(BIN, 'typescript', 'bin', 'tsc'),
  vitest: join(BIN, 'vitest', 'vitest.mjs'),
  playwright: join(BIN, '@playwright', 'test', 'cli.js'),
} as const

const say = (line: string) => process.stdout.write(`${line}\n`)

/** Runs one of the tools to its end, its words going straight to the screen; answers whether it ended well. */
function runTool(tool: keyof typeof TOOLS, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [TOOLS[tool], ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...env },
    })
    child.on('error', fail)
    child.on('close', (code) => done(code === 0))
  })
}

/** A step without tests of its own counts as one. */
function asOneTest(succeeded: boolean): TestCounts {
  return succeeded ? { ...NO_TESTS, passed: 1 } : { ...NO_TESTS, failed: 1 }
}

function readCounts(report: string, parse: (json: string) => TestCounts): TestCounts {
  return existsSync(report) ? parse(readFileSync(report, 'utf8')) : { ...NO_TESTS, failed: 1 }
}

async function runVitest({ reports, filters, fast }: Run): Promise<TestCounts> {
  const report = join(reports, 'vitest.json')
  const left = fast ? SLOW_TESTS.map((glob) => `--exclude=${glob}`) : []
  const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const succeeded = await runTool('vitest', ['run', '--passWithNoTests', ...output, ...left, ...filters])
  return settleCounts(readCounts(report, parseVitestCounts), succeeded)
}

async function runBrowserTests({ reports, filters }: Run): Promise<TestCounts> {
  if (globSync('test/e2e/**/*.e2e.ts', { cwd: ROOT }).length === 0) return NO_TESTS
  const chromium = findChromium() ?? installChromium(say)
  if (chromium === undefined) {
    say(chromiumAdvice())
    return { ...NO_TESTS, failed: 1 }
  }
  const report = join(reports, 'playwright.json')
  const args = ['test', '--reporter=list,json', '--pass-with-no-tests', ...filters]
  const succeeded = await runTool('playwright', args, { CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: report })
  return settleCounts(readCounts(report, parsePlaywrightCounts), succeeded)
}

interface Run {
  /** A folder for the reports, this run's own. */
  readonly reports: string
  readonly filters: readonly string[]
  readonly fast: boolean
}

function stepsOf(run: Run): readonly Step[] {
  const whole: readonly Step[] = [
    { name: 'format and lint', run: async () => asOneTest(await runTool('biome', ['check', '--max-diagnostics=50', '.'])) },
    { name: 'types', run: async () => asOneTest(await runTool('tsc', ['--noEmit'])) },
  ]
  return [
    ...(run.filters.length === 0 ? whole : []),
    { name: run.fast ? 'tests, the fast ones' : 'tests', run: () => runVitest(run) },
    ...(run.fast ? [] : [{ name: 'browser tests', run: () => runBrowserTests(run) }]),
  ]
}

async function main(args: readonly string[]): Promise<boolean> {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--fast')
  if (unknown !== undefined) {
    say(`${unknown} is not known here. A filter is part of a test file's path: npm test -- test/server`)
    return false
  }
  const reports = mkdtempSync(join(tmpdir(), 'tidebook-test-'))
  const filters = args.filter((arg) => arg !== '--fast')
  const lines: string[] = []
  const all: TestCounts[] = []
  try {
    for (const { name, run } of stepsOf({ reports, filters, fast: args.includes('--fast') })) {
      say(`\n== ${name}`)
      const startMs = performance.now()
      const counts = await run()
      all.push(counts)
      lines.push(`  ${name.padEnd(22)}${countsLine(counts)}  (${((performance.now() - startMs) / 1000).toFixed(1)} s)`)
    }
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
  const sum = sumOfCounts(all)
  const ranNothing = sum.passed + sum.failed === 0
  say(`\n${lines.join('\n')}\n`)
  if (ranNothing) say(`No test matches ${filters.join(' ')}.`)
  say(countsLine(sum))
  return sum.failed === 0 && !ranNothing
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
