import { request } from 'node:http'
import { expect, test } from 'vitest'
import { HookRegistrations, hookStep, type WantedHook } from '../../server/hook-registrations.ts'
import { makeLogger } from '../../server/logger.ts'
import { startServer } from '../../server/start.ts'
import type { AppHookRow } from '../../server/storage/app-hooks.ts'
import type { IntegrationRow } from '../../server/storage/catalog.ts'
import { openReader } from '../../server/storage/database.ts'
import { SqliteUpdateLog } from '../../server/storage/sqlite-log.ts'
import type { ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import { jiraHookRegistrar } from '../../sync-engine/connectors/jira-hook-registrar.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const NOW = Date.parse('2026-03-01T10:00:00.000Z')
const DAY = 24 * 3_600_000
const HOUR = 3_600_000

const WANTED: WantedHook = { kind: 'hook', url: 'https://tide.example/hooks/jira/c1', filter: 'f', signedInAt: NOW - 9 * DAY }
const KEPT: AppHookRow = {
  integration: 'one',
  hook: '7',
  url: 'https://tide.example/hooks/jira/c1',
  filter: 'f',
  endsAt: NOW + 29 * DAY,
  at: NOW - DAY,
  problem: null,
}

test.each([
  ['none yet', WANTED, undefined, 'ensure'],
  ['the right one', WANTED, KEPT, 'nothing'],
  ['one that ends in three weeks', WANTED, { ...KEPT, endsAt: NOW + 21 * DAY }, 'ensure'],
  ['one of another address', WANTED, { ...KEPT, url: 'https://other.example/hooks/jira/one' }, 'ensure'],
  ['one of other projects', WANTED, { ...KEPT, filter: 'g' }, 'ensure'],
  ['one that another client signs', WANTED, { ...KEPT, url: 'https://tide.example/hooks/jira/c2' }, 'ensure'],
  ['one that was not taken a moment ago', WANTED, { ...KEPT, hook: null, endsAt: null, problem: 'no', at: NOW - HOUR + 1 }, 'nothing'],
  ['one that was not taken an hour ago', WANTED, { ...KEPT, hook: null, endsAt: null, problem: 'no', at: NOW - HOUR }, 'ensure'],
  ['one that was not taken before this sign-in', { ...WANTED, signedInAt: NOW }, { ...KEPT, problem: 'no', at: NOW - 1 }, 'ensure'],
  ['one, with no connection left', { kind: 'none', why: 'nothing-connected' }, KEPT, 'remove'],
  ['one, with no public address any more', { kind: 'none', why: 'no-address' }, KEPT, 'remove'],
  ['none, and none wanted', { kind: 'none', why: 'no-address' }, undefined, 'nothing'],
  ['one that is about to end, of a paused integration', { kind: 'as-it-is' }, { ...KEPT, endsAt: NOW }, 'nothing'],
] satisfies [string, WantedHook, AppHookRow | undefined, string][])('[AU19] there is %s', (_, wanted, kept, step) => {
  expect(hookStep(wanted, kept, NOW)).toBe(step)
})

const described = (...keys: string[]): ObjectDescription => ({
  app: 'jira',
  appName: 'Jira',
  object: 'issues',
  objectName: 'Issues',
  fields: [{ id: 'project', name: 'Project', type: 'single-select', writable: true, options: keys.map((id) => ({ id, name: id })) }],
  keyField: 'issuekey',
  nameField: 'summary',
  readBatch: 100,
  updateAnswersRecord: true,
  indexDelayMs: 0,
})

test.each([
  ['no connection', undefined, [], undefined],
  ['a limit', ['TB'], [['project = OPS', 'A']], 'project IN ("TB")'],
  ['a filter that names projects', undefined, [['status = Done AND project IN ("TB", ops) ORDER BY key', 'A']], 'project IN ("OPS", "TB")'],
  ['a filter that excludes one', undefined, [['project != TB AND project NOT IN (OPS)', 'A', 'TB']], 'project IN ("A", "TB")'],
  ['a filter by a name that is no key', undefined, [['project = "Launch plan"', 'TB']], 'project IN ("TB")'],
  ['several connections', undefined, [['project = TB'], ['', 'OPS', 'TB']], 'project IN ("OPS", "TB")'],
  ['nothing that is known', undefined, [['']], undefined],
  ['a key that would end the text', undefined, [['project = TB"']], 'project IN ("TB")'],
] satisfies [string, string[] | undefined, string[][], string | undefined][])(
  '[AU19] Jira is asked for the projects of %s',
  (_, limitedTo, all, filter) => {
    const connections = all.map(([text = '', ...keys]) => ({ filter: text, description: described(...keys) }))
    expect(jiraHookRegistrar.filterOf({ limitedTo, connections })).toBe(filter)
  },
)

/** Registrations over a real database, of an integration that was signed in by OAuth; nobody may be called. */
async function world(o: { address?: string; scope?: string }) {
  const folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 0 })
  const reader = openReader(folder.path)
  const integration: IntegrationRow = {
    id: 'one',
    app: 'jira',
    name: 'One',
    baseUrl: 'https://api.atlassian.com/ex/jira/x',
    account: 'dana',
    isOn: true,
    limitedTo: ['TB'],
    isSandbox: false,
  }
  let calls = 0
  const registrations = new HookRegistrations({
    catalog: {
      integrations: async () => [integration],
      objects: async () => [],
      connections: async () => [],
    },
    credentials: {
      oauthOf: async () => ({ clientId: 'c', ...(o.scope !== undefined && { scope: o.scope }) }),
      stateOf: async () => ({ state: 'authorised', by: 'ann', at: NOW, expiresAt: null }),
    },
    clients: {
      clientFor: () => {
        calls++
        throw new Error('Nobody may be called')
      },
    },
    reader,
    log,
    logger: makeLogger({ level: 'silent' }),
    now: () => NOW,
    addressFor: () => o.address,
  })
  return {
    state: () => registrations.stateOf(integration),
    tick: async () => {
      await registrations.tick()
      return calls
    },
    [Symbol.asyncDispose]: async () => {
      await registrations.stop()
      await reader.close()
      await log.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test.each([
  ['no public address', {}, 'no-address'],
  ['a sign-in without the right to it', { address: 'https://tide.example', scope: 'read:jira-work offline_access' }, 'no-right'],
  ['nothing connected', { address: 'https://tide.example', scope: 'read:jira-work manage:jira-webhook' }, 'nothing-connected'],
] as const)('[AU19] with %s nothing is asked for, and the page says so', async (_, o, state) => {
  await using it = await world(o)
  expect([await it.tick(), await it.state()]).toEqual([0, { state }])
})

test('[AU21] by its public name the server takes webhooks, and answers nothing else', async () => {
  await using folder = await tempFolder()
  const server = await startServer(testConfig(folder.path, { publicUrl: 'https://tide.example' }))
  const port = Number(new URL(server.origin).port)
  const ask = (host: string, path: string, method = 'POST') =>
    new Promise<number>((resolve, reject) => {
      request({ port, path, method, headers: { host } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
  try {
    expect(await ask('tide.example', '/hooks/jira/none')).toBe(401)
    expect(await ask('other.example', '/hooks/jira/none')).toBe(403)
    for (const path of ['/', '/api/session', '/settings/integrations', '/oauth/callback', '/hooks/jira/none/more'])
      expect(await ask('tide.example', path, 'GET'), path).toBe(403)
  } finally {
    await server.stop()
  }
})
