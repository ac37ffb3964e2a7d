import { expect, test } from 'vitest'
import { chromiumAdvice, findChromium } from '../../tools/chromium.ts'

const OWN = '/home/me/.cache/ms-playwright/chrome'

/** A machine on which these programs are, and nothing else. */
function find(programs: readonly string[], env: Record<string, string> = {}) {
  return findChromium({ env, playwrightPath: OWN, isProgram: (path) => programs.includes(path) })
}

test.each([
  { is: 'named', programs: ['/opt/mine', OWN, '/usr/bin/chromium'], env: { CHROMIUM_PATH: '/opt/mine' }, found: '/opt/mine' },
  { is: 'named wrongly', programs: [OWN], env: { CHROMIUM_PATH: '/opt/mine' }, found: undefined },
  { is: "Playwright's own", programs: ['/usr/bin/chromium', OWN], env: { CHROMIUM_PATH: '' }, found: OWN },
  { is: "the distribution's", programs: ['/usr/bin/google-chrome', '/usr/bin/chromium'], env: {}, found: '/usr/bin/chromium' },
  { is: 'on the PATH', programs: ['/nix/bin/chromium'], env: { PATH: '/bin:/nix/bin' }, found: '/nix/bin/chromium' },
  { is: 'nowhere', programs: [], env: {}, found: undefined },
])('[F13] a Chromium that is $is', ({ programs, env, found }) => {
  expect(find(programs, env as Record<string, string>)).toBe(found)
})

test('[F13] without one, the reader is told what to run', () => {
  expect(chromiumAdvice({})).toContain('npx playwright install --with-deps chromium')
  expect(chromiumAdvice({ CHROMIUM_PATH: '/opt/mine' })).toBe('CHROMIUM_PATH=/opt/mine is no program that can be run.')
})
