import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '.next/**', '.runtime/**'],
    environment: 'node',
    // As many as there are cores: by itself it leaves one for who is at the machine.
    maxWorkers: '100%',
    // A test awaits the event it is about; this only ends one that would hang for ever on a slow machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
