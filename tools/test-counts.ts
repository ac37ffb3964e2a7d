import { z } from 'zod'

export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 }

const VITEST_REPORT = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
})

const PLAYWRIGHT_REPORT = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), skipped: z.number(), flaky: z.number() }),
})

/** A file that broke before its first test counts as one failed test: vitest itself counts it nowhere. */
export function parseVitestCounts(json: string): TestCounts {
  const report = VITEST_REPORT.parse(JSON.parse(json))
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** A test that passed only at another try has failed. */
export function parsePlaywrightCounts(json: string): TestCounts {
  const { stats } = PLAYWRIGHT_REPORT.parse(JSON.parse(json))
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped }
}

/** Holds a step to its exit code: one that did not end well has at least one failure, whatever its report says. */
export function settleCounts(counts: TestCounts, succeeded: boolean): TestCounts {
  return succeeded || counts.failed > 0 ? counts : { ...counts, failed: 1 }
}

export function sumOfCounts(all: readonly TestCounts[]): TestCounts {
  return all.reduce(
    (sum, counts) => ({ passed: sum.passed + counts.passed, failed: sum.failed + counts.failed, skipped: sum.skipped + counts.skipped }),
    NO_TESTS,
  )
}

/** The plain closing line, which also machines read. */
export function countsLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
