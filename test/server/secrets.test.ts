import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeVault, Secrets } from '../../server/secrets.ts'
import { databasePath, openReader } from '../../server/storage/database.ts'
import { SqliteUpdateLog } from '../../server/storage/sqlite-log.ts'
import { tempFolder } from '../support/temp-folder.ts'

async function withSecrets<T>(
  dataFolder: string,
  secret: string | undefined,
  use: (secrets: Secrets, log: SqliteUpdateLog) => Promise<T>,
): Promise<T> {
  const log = await SqliteUpdateLog.open({ dataFolder, retryMs: 10_000 })
  const reader = openReader(dataFolder)
  try {
    return await use(await Secrets.open({ dataFolder, secret, reader, log, now: () => 1 }), log)
  } finally {
    await reader.close()
    await log.stop()
  }
}

const save = (name: string, text: string) => async (secrets: Secrets, log: SqliteUpdateLog) => {
  secrets.save(name, text)
  await log.durable()
}

test.each([undefined, 'a secret of the environment'])(
  '[S22] credentials come back after a restart and are unreadable at rest (secret %s)',
  async (secret) => {
    await using folder = await tempFolder()
    await withSecrets(folder.path, secret, save('jira', 'api-token-4711'))
    expect(readFileSync(databasePath(folder.path)).includes('api-token-4711')).toBe(false)
    await withSecrets(folder.path, secret, async (secrets, log) => {
      expect(await secrets.load('jira')).toBe('api-token-4711')
      expect(await secrets.load('hubspot')).toBeUndefined()
      secrets.save('jira', 'newer')
      secrets.remove('hubspot')
      await log.durable()
      expect(await secrets.load('jira')).toBe('newer')
    })
  },
)

test('[S22] the key of the data folder is for its owner alone', async () => {
  await using folder = await tempFolder()
  await withSecrets(folder.path, undefined, save('jira', 'x'))
  expect(statSync(join(folder.path, 'secret.key')).mode & 0o777).toBe(0o600)
})

test('[S23] another key than before is a clear error that changes nothing', async () => {
  await using folder = await tempFolder()
  await withSecrets(folder.path, 'the first secret, long', save('jira', 'x'))
  await expect(withSecrets(folder.path, 'the second secret, long', save('a', 'b'))).rejects.toThrow(
    /encrypted with another key than this TIDEBOOK_SECRET\. Nothing was changed.*TIDEBOOK_SECRET of before/,
  )
  await expect(withSecrets(folder.path, undefined, save('a', 'b'))).rejects.toThrow(/another key than the one in .*secret\.key/)
  await withSecrets(folder.path, 'the first secret, long', async (secrets) => expect(await secrets.load('jira')).toBe('x'))
})

test('[S23] a lost or damaged key file is a clear error', async () => {
  await using folder = await tempFolder()
  await withSecrets(folder.path, undefined, save('jira', 'x'))
  const path = join(folder.path, 'secret.key')
  writeFileSync(path, 'half a k')
  await expect(withSecrets(folder.path, undefined, save('a', 'b'))).rejects.toThrow(/secret\.key is damaged/)
  rmSync(path)
  await expect(withSecrets(folder.path, undefined, save('a', 'b'))).rejects.toThrow(/another key/)
})

test('[S22] an envelope opens under its own name only, and not when changed', () => {
  const vault = makeVault(new Uint8Array(32).fill(7), new Uint8Array(16))
  const envelope = vault.seal('jira', 'token')
  expect(vault.open('jira', envelope)).toBe('token')
  expect(() => vault.open('hubspot', envelope)).toThrow()
  expect(() => vault.open('jira', `${envelope.slice(0, -2)}AA`)).toThrow()
  expect(() => vault.open('jira', 'v9.a.b.c')).toThrow(/unknown form/)
})
