import { expect, test } from 'vitest'
import { addCredits, NO_CREDITS, totalCredits } from '../../sync-engine/credits.ts'

test('[CR5] credits add up by rule and in all', () => {
  const run = addCredits(addCredits(NO_CREDITS, { pushed: 3, pulled: 10 }), { linked: 1, searched: 1, refreshed: 1 })
  expect(run).toEqual({ pushed: 3, pulled: 10, linked: 1, refreshed: 1, searched: 1 })
  expect([totalCredits(NO_CREDITS), totalCredits(run), totalCredits(addCredits(run, {}))]).toEqual([0, 16, 16])
})
