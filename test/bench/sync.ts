import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { STAND_IN_SEEDS } from '../../sandbox/seed.ts'
import { readyApp } from '../../sync-engine/connectors/registry.ts'
import { makeRandom } from '../../tools/random.ts'
import { apiClient } from '../support/api.ts'
import { tempFolder } from '../support/temp-folder.ts'
import type { BenchLine } from './collab.ts'

// A sync of 10,000 linked records with 1,000 changed cells against each stand-in, over its own wire; somebody types in the workbook meanwhile.
// `node test/bench/sync.ts jira` measures one app.

const RECORDS = 10_000
/** Salesforce's are seeded over three objects alike. */
const SEEDED: Readonly<Record<string, number>> = { salesforce: 3 * RECORDS }
const CHANGED = 1_000
const EDIT_EVERY_MS = 50
const START_MS = 120_000

/** What is linked of each app: its object, the filter, and the text field that is changed. */
const APPS: Readonly<Record<string, { readonly object: string; readonly filter: string; readonly field: string }>> = {
  jira: { object: 'issues', filter: 'project IN (TB, OPS)', field: 'summary' },
  salesforce: { object: 'Account', filter: '', field: 'Name' },
  hubspot: { object: 'companies', filter: '', field: 'name' },
}

type Api = ReturnType<typeof apiClient>

/** A process that says over IPC that it is ready; ended at the end. @throws Error where it does not come up */
async function start<Told>(program: string, ...parts: readonly string[]): Promise<{ told: Told; pid: number } & AsyncDisposable> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...parts], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const over = once(child, 'exit')
  const told = await Promise.race([
    once(child, 'message', { signal: AbortSignal.timeout(START_MS) }).then(([message]) => message as Told),
    over.then(() => Promise.reject(new Error(`${program} ended`))),
  ])
  return {
    told,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await over
    },
  }
}

/** Highest memory of a process so far. MB */
async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

/** Someone types into a field of the workbook's own until told to stop; the times until each edit is on disk. ms */
function typeMeanwhile(
  api: Api,
  place: { workbook: string; sheet: string; row: string; field: string },
): { stop: () => Promise<number[]> } {
  const times: number[] = []
  let isOver = false
  const typing = (async () => {
    for (let i = 0; !isOver; i++) {
      const from = performance.now()
      const { workbook: id, sheet, row, field } = place
      await api.call('editCells', { params: { id, sheet }, body: { cells: [{ row, field, value: `edit ${i}` }] } })
      times.push(performance.now() - from)
      await new Promise((resolve) => setTimeout(resolve, EDIT_EVERY_MS))
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await typing
      return times
    },
  }
}

const quantile = (times: readonly number[], q: number): number => [...times].sort((a, b) => a - b)[Math.floor(times.length * q)] ?? 0
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

async function ended(api: Api, run: string): Promise<Awaited<ReturnType<Api['runEnded']>>> {
  const over = await api.runEnded(run)
  if (over.state !== 'settled') throw new Error(`The run ended ${over.state}: ${over.error?.message ?? ''}`)
  return over
}

async function benchApp(app: string): Promise<BenchLine[]> {
  const wanted = APPS[app]
  const seed = STAND_IN_SEEDS[app]
  const signIn = readyApp(app)?.sandbox
  if (wanted === undefined || seed === undefined || signIn === undefined) throw new Error(`There is no stand-in ${app}`)
  await using folder = await tempFolder()
  await seed.run(join(folder.path, 'sandbox'), SEEDED[app] ?? RECORDS, makeRandom(1))
  await using standIn = await start<{ url: string; credentials: Record<string, string> }>(
    'sync-stand-in.ts',
    join(folder.path, 'sandbox'),
    app,
  )
  await using server = await start<{ url: string; token: string }>('sync-server.ts', folder.path)
  const api = apiClient(server.told.url, server.told.token)
  const { id: integration } = await api.call('addIntegration', {
    body: {
      app,
      name: `Bench ${app}`,
      baseUrl: standIn.told.url,
      method: signIn.method,
      credentials: { ...signIn.credentialsOf(standIn.told.credentials) },
    },
  })
  const { integrations } = await api.call('listIntegrations')
  const object = integrations
    .find((i) => i.id === integration)
    ?.objects.find((o) => o.external.toLowerCase() === wanted.object.toLowerCase())
  if (object === undefined) throw new Error(`The stand-in ${app} has no object ${wanted.object}`)
  await api.call('patchObject', { params: { id: integration, object: object.id }, body: { direction: 'push-pull' } })
  const { id: workbook } = await api.call('createWorkbook', { body: { name: 'Bench' } })
  const { sheets } = await api.call('getWorkbook', { params: { id: workbook } })
  const sheet = sheets[0]?.id ?? ''
  const connection = await api.call('createConnection', {
    body: { workbook, sheet, object: object.id, filter: wanted.filter, fields: [wanted.field] },
  })
  const importing = performance.now()
  const imported = await ended(
    api,
    (await api.call('importRecords', { params: { id: connection.id }, body: { filter: wanted.filter } })).run,
  )
  const importMs = performance.now() - importing

  const { rows, fields } = await api.call('getRows', { params: { id: workbook, sheet }, query: { limit: 10_000 } })
  const field = connection.fields.find((f) => f.external === wanted.field)?.field ?? ''
  const notes = fields.find((f) => !connection.fields.some((c) => c.field === f.id))?.id ?? ''
  const linked = rows.filter((r) => r.values[field] !== null && r.values[field] !== undefined)
  const cells = linked.slice(0, CHANGED).map((r, i) => ({ row: r.row, field, value: `Changed by the benchmark ${i}` }))
  await api.call('editCells', { params: { id: workbook, sheet }, body: { cells } })

  const planning = performance.now()
  const preview = await api.call('previewSync', { params: { id: connection.id }, body: { mode: 'two-way' } })
  const planMs = performance.now() - planning
  const typing = typeMeanwhile(api, { workbook, sheet, row: linked[0]?.row ?? '', field: notes })
  const syncing = performance.now()
  const { run } = await api.call('startSync', { params: { id: connection.id }, body: { mode: 'two-way', planId: preview.planId } })
  const done = await ended(api, run)
  const syncMs = performance.now() - syncing
  const edits = await typing.stop()
  const calls = Map.groupBy(done.calls, (c) => c.kind)
  const counted = [...calls].map(([kind, list]) => `${list.length} ${kind}`).join(', ')
  const least = preview.check.calls + preview.calls.length + preview.pull.calls
  const price = preview.totalCredits
  return [
    {
      what: `${app}: import of ${imported.counts.created.toLocaleString('en')} records`,
      value: `${seconds(importMs)}, ${imported.calls.length} calls, ${imported.totalCredits.toLocaleString('en')} credits`,
      ratio: (imported.counts.created / (importMs / 1000)).toFixed(0),
      hold: 'records/s',
    },
    {
      what: `${app}: preview of ${CHANGED.toLocaleString('en')} changed cells among them`,
      value: `${planMs.toFixed(0)} ms, ${least} calls, ${price.toLocaleString('en')} credits`,
      ratio: (planMs / 1000).toFixed(2),
      hold: '≤ 1 s with its answer over HTTP',
    },
    {
      what: `${app}: that sync, somebody typing meanwhile`,
      value: `${seconds(syncMs)}, ${done.calls.length} calls (${counted}), ${done.totalCredits.toLocaleString('en')} credits, peak ${(await peakMegabytes(server.pid)).toFixed(0)} MB`,
      ratio: (done.calls.length / least).toFixed(2),
      hold: '1.00 of the planned calls',
    },
    {
      what: `${app}: an edit beside the sync, until it is on disk (${edits.length})`,
      value: `p50 ${quantile(edits, 0.5).toFixed(0)} ms, p95 ${quantile(edits, 0.95).toFixed(0)} ms, p99 ${quantile(edits, 0.99).toFixed(0)} ms`,
      ratio: (quantile(edits, 0.95) / 100).toFixed(2),
      hold: 'p95 ≤ 100 ms',
    },
  ]
}

/** The rows of the synchronisation part, an app after the other. */
export async function benchSync(apps: readonly string[] = Object.keys(APPS)): Promise<BenchLine[]> {
  const lines: BenchLine[] = []
  for (const app of apps) lines.push(...(await benchApp(app)))
  return lines
}

if (process.argv[1] === import.meta.filename) {
  const apps = process.argv.slice(2)
  for (const { what, value, ratio, hold } of await benchSync(apps.length > 0 ? apps : undefined)) {
    process.stdout.write(`${what}\n  ${value}; ratio ${ratio} (hold ${hold})\n`)
  }
}
