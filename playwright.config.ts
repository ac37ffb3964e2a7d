import { defineConfig } from '@playwright/test'
import { findChromium } from './tools/chromium.ts'

const executablePath = findChromium()

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.e2e.ts',
  outputDir: 'test-results/e2e',
  // Each file starts a server of its own, so two files at a time are the most that two cores carry.
  workers: 2,
  fullyParallel: false,
  // A test that passes at another try is a test that fails now and then.
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    timezoneId: 'UTC',
    // With it every new browser would fetch the page twice; the tests of working offline allow it.
    serviceWorkers: 'block',
    // A press that finds nothing to press fails by name instead of with the whole test.
    actionTimeout: 20_000,
    // Pictures without copies of the page: those cost every action of every test.
    trace: { mode: 'retain-on-failure', screenshots: true, snapshots: false, sources: false },
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(executablePath !== undefined && { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
