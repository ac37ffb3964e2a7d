import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '.next/**', '.runtime/**'],
    environment: 'node',
    // A test awaits the event it is about; this only ends one that would hang for ever on a slow machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
