import { expect, test } from 'vitest'
import { OPTIONS, PROJECT_FOLDER, parseCommand } from '../../server/config.ts'

const config = (env: Record<string, string>, args: string[] = []) => {
  const command = parseCommand(args, env)
  if (command.kind !== 'run') throw new Error('expected a run')
  return command.config
}

test('[S20] an empty environment gives the defaults', () => {
  expect(config({ PORT: '' })).toEqual({
    port: 3000,
    host: '127.0.0.1',
    otherHosts: [],
    publicUrl: undefined,
    dataFolder: `${PROJECT_FOLDER}/data`,
    mode: 'local',
    hasSandbox: true,
    secret: undefined,
    logLevel: 'info',
    commitRetryMs: 10_000,
    isDev: false,
    hasPages: true,
  })
})

test('[S20] every variable is read', () => {
  const env = {
    PORT: '0',
    HOST: '::1',
    TIDEBOOK_HOSTS: 'tidebook.lan, 192.168.1.20',
    TIDEBOOK_PUBLIC_URL: 'https://Tide.example/',
    TIDEBOOK_DATA: '/tmp/x',
    TIDEBOOK_SANDBOX: 'off',
    TIDEBOOK_SECRET: 'a secret of enough length',
  }
  expect(config({ ...env, TIDEBOOK_LOG: 'warn', TIDEBOOK_COMMIT_RETRY: '5' }, ['--dev'])).toEqual({
    port: 0,
    host: '::1',
    otherHosts: ['tidebook.lan', '192.168.1.20'],
    publicUrl: 'https://tide.example',
    dataFolder: '/tmp/x',
    mode: 'local',
    hasSandbox: false,
    secret: 'a secret of enough length',
    logLevel: 'warn',
    commitRetryMs: 5,
    isDev: true,
    hasPages: true,
  })
})

test('[S20] help names every variable with its default', () => {
  const command = parseCommand(['--help'], {})
  for (const { name, fallback } of OPTIONS) {
    expect(command.kind === 'help' && command.text).toContain(name)
    expect(command.kind === 'help' && command.text).toContain(fallback)
  }
})

test.each([
  [{ PORT: 'eighty' }, [], /PORT=eighty cannot be used: it takes port number\. Nothing was started.*default \(3000\)/],
  [{ PORT: '70000' }, [], /PORT=70000/],
  [{ TIDEBOOK_PUBLIC_URL: 'http://tide.example' }, [], /it takes https address without a path/],
  [{ TIDEBOOK_PUBLIC_URL: 'https://tide.example/below' }, [], /it takes https address without a path/],
  [{ TIDEBOOK_PUBLIC_URL: 'https://ann:secret@tide.example' }, [], /^TIDEBOOK_PUBLIC_URL=… cannot be used/],
  [{ TIDEBOOK_SANDBOX: 'maybe' }, [], /on or off/],
  [{ TIDEBOOK_SECRET: 'short' }, [], /^TIDEBOOK_SECRET=… cannot be used: it takes text of 16 characters or more\./],
  [{ TIDEBOOK_MODE: 'team' }, [], /Team mode.*not in this version yet.*TIDEBOOK_MODE=local/],
  [{ TIDEBOOK_MODE: 'solo' }, [], /TIDEBOOK_MODE=solo is no mode/],
  [{ DATABASE_URL: 'postgres://x' }, [], /DATABASE_URL is set.*one folder.*Unset DATABASE_URL/],
  [{ REDIS_URL: 'redis://x' }, [], /REDIS_URL is set/],
  [{}, ['--fast'], /--fast is no flag.*--help/],
])('[S21] what is not understood is refused in one clear paragraph: %j %j', (env, args, message) => {
  expect(() => parseCommand(args, env as Record<string, string>)).toThrow(message)
})
