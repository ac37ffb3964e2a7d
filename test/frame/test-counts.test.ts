import { expect, test } from 'vitest'
import { countsLine, parsePlaywrightCounts, parseVitestCounts, settleCounts, sumOfCounts } from '../../tools/test-counts.ts'

const vitestReport = (testResults: readonly object[], counts: object) =>
  JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults, ...counts })

test('[F12] the closing line adds up all steps', () => {
  const counts = [
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 200, failed: 2, skipped: 3 },
    { passed: 5, failed: 0, skipped: 1 },
  ]
  expect(countsLine(sumOfCounts(counts))).toBe('206 passed, 2 failed, 4 skipped')
})

test('[F12] a report of vitest is counted, its todos as skipped', () => {
  const file = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] }
  const json = vitestReport([file], { numPassedTests: 7, numFailedTests: 1, numPendingTests: 2, numTodoTests: 3 })
  expect(parseVitestCounts(json)).toEqual({ passed: 7, failed: 1, skipped: 5 })
})

test('[F12] a file that breaks before its first test has failed', () => {
  const json = vitestReport([{ status: 'failed', assertionResults: [] }], { numPassedTests: 7 })
  expect(parseVitestCounts(json)).toEqual({ passed: 7, failed: 1, skipped: 0 })
})

test('[F12] a browser test that passes at another try has failed', () => {
  const json = JSON.stringify({ stats: { expected: 4, unexpected: 1, skipped: 2, flaky: 1 } })
  expect(parsePlaywrightCounts(json)).toEqual({ passed: 4, failed: 2, skipped: 2 })
})

test.each([
  { succeeded: true, failed: 0, counted: 0 },
  { succeeded: false, failed: 0, counted: 1 },
  { succeeded: false, failed: 2, counted: 2 },
])('[F12] $failed failed and a step that ended well $succeeded count $counted', ({ succeeded, failed, counted }) => {
  expect(settleCounts({ passed: 3, failed, skipped: 0 }, succeeded)).toEqual({ passed: 3, failed: counted, skipped: 0 })
})
