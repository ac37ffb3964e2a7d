import { addCredits, type Credits, NO_CREDITS, totalCredits } from '../../sync-engine/credits.ts'
import { whyOff } from '../../sync-engine/direction.ts'
import { planSync } from '../../sync-engine/plan.ts'
import { setupFingerprint } from '../../sync-engine/run-plan.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import { planUndo } from '../../sync-engine/undo.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ConnectionId, FieldId } from '../../workbook/ids.ts'
import { csvLine, defuse } from '../../workbook/plain-rows.ts'
import { allowanceState } from '../allowance.ts'
import { decideNotThere } from '../decide-create.ts'
import { pushedCells } from '../engine-ports.ts'
import type { RunQueue } from '../queue.ts'
import type { Caller } from '../session.ts'
import type { Room, SheetHub } from '../sheets.ts'
import { type Catalog, type FullConnection, setupOf } from '../storage/catalog.ts'
import type { RunFilter, RunLog } from '../storage/run-log.ts'
import { previewOps, type RunRow, type RunStore } from '../storage/runs.ts'
import { isTimeZone, type Settings, type SettingsStore } from '../storage/settings.ts'
import { dayIn, monthIn, startOfDay } from '../time-zone.ts'
import type { UpdateLog } from '../update-log.ts'
import { appName } from '../workbooks.ts'
import type { RunsEndpoint } from './contract/runs.ts'
import type { Contract } from './contract.ts'
import { assertOn, described, makeLookup } from './lookup.ts'
import { ApiProblem, badRequest, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export interface RunsParts {
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly runLog: RunLog
  readonly hub: SheetHub
  readonly queue: RunQueue
  readonly settings: SettingsStore
  readonly log: UpdateLog
  readonly now: () => number
  readonly nameOf: (actor: string) => string
}

/** Cells of a waiting run that are shown before somebody confirms it. */
const WAITING_SAMPLE = 200
/** Runs an export reads at a time. */
const EXPORT_PAGE = 200
/** Days a usage chart covers where nobody says. */
const USAGE_DAYS = 30
const DAY_MS = 86_400_000

type Endpoints = Pick<Contract, RunsEndpoint>

/** The log of runs, what is done with one, what it all cost, and the settings that say when and how much. */
export function runHandlers(parts: RunsParts): Handlers<Endpoints> {
  const { catalog, runs, runLog, queue, settings, log, now, nameOf } = parts
  const { connection: fullConnection, withRoom } = makeLookup(parts)

  const runOf = async (id: string): Promise<RunRow> => {
    await log.durable()
    const run = await runs.run(id)
    if (run === undefined) throw notFound('such run')
    return run
  }

  const filterOf = (query: Omit<QueryParsed, 'limit' | 'cursor'>): RunFilter => ({
    ...(query.connection !== undefined && { connections: [query.connection] }),
    workbook: query.workbook,
    integration: query.integration,
    object: query.object,
    app: query.app,
    states: query.state,
    kinds: query.kind,
    triggers: query.trigger,
    person: query.person,
    from: query.from,
    to: query.to,
    text: query.text,
    ...(query.text !== undefined && { peopleNamed: peopleNamed(query.text) }),
  })
  const peopleNamed = (text: string): readonly string[] =>
    runLog.actors().filter((actor) => nameOf(actor).toLowerCase().includes(text.toLowerCase()))

  /** What undoing a run would do today. */
  const undoPlanOf = async (run: RunRow, full: FullConnection, room: Room, actor: string) => {
    const setup = setupOf(full, appName(full))
    const description = described(full)
    const { sheet, authority } = room
    const connected = new Set(setup.fields.map((f) => f.field))
    const pushed = pushedCells(await runs.cells(run.id))
    const plan = planUndo(
      pushed,
      (row, field) => {
        const live = authority.live(row, field)
        const baseline = sheet.baseline(row, field)
        const isStaged = live !== undefined && live.value !== live.base && live.value !== baseline
        return {
          recordId: sheet.recordOf(row, setup.id),
          isGone: sheet.recordMark(row, setup.id)?.kind === 'gone',
          isDeleted: sheet.isDeleted(row),
          isConnected: connected.has(field),
          baseline,
          ...(isStaged && { staged: { value: live.value, author: live.author } }),
        }
      },
      actor,
      now(),
    )
    const sync = planSync({ setup, description, mode: 'two-way', delta: plan.cells, linkedRecords: 0 })
    const records = sync.check.records
    const isPulling = setup.objectDirection === 'push-pull'
    const credits: Credits = { ...sync.credits, pulled: isPulling ? records : 0 }
    return { setup, description, plan, sync, credits, pull: { calls: sync.check.calls, records: isPulling ? records : 0 } }
  }

  return {
    listRuns: async ({ query }) => {
      await log.durable()
      const { runs: found, next } = await runLog.page(filterOf(query), query.limit, query.cursor)
      return { runs: await Promise.all(found.map((run) => queue.headOf(run))), next }
    },

    exportRuns: async ({ query }) => {
      await log.durable()
      const filter = filterOf(query)
      const name = `runs${query.of === 'runs' ? '' : `-${query.of}`}.${query.format}`
      return new Response(streamOf(exportLines(query.of, query.format, runLog, runs, filter, nameOf)), {
        headers: {
          'content-type': query.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
          'content-disposition': `attachment; filename="${name}"`,
        },
      })
    },

    getRun: async ({ params }) => {
      const run = await runOf(params.id)
      const full = await catalog.connection(run.connection)
      const sheet = full?.connection.sheet ?? run.about?.sheet
      const isThere = sheet !== undefined && (await catalog.sheet(sheet)) !== undefined
      const names = isThere ? await withRoom(sheet, (room) => namesOf(room)) : new Map<string, string>()
      const undecided = new Set(runs.creates.ofRun(run.id).flatMap((c) => (c.state === 'unknown' ? [c.row as string] : [])))
      return {
        ...(await queue.headOf(run)),
        transitions: (await runs.transitions(run.id)) as never,
        calls: (await runs.calls(run.id)).map(({ id, run: _run, request_body, ...call }) => ({
          seq: id,
          requestBody: request_body,
          ...call,
        })) as never,
        cells: (await runs.cells(run.id)).map((c) => ({
          row: c.row,
          field: c.field,
          recordId: c.record_id,
          recordKey: c.record_key,
          fieldName: names.get(c.field) ?? c.field,
          base: JSON.parse(c.base) as CellValue,
          value: JSON.parse(c.value) as CellValue,
          got: JSON.parse(c.got) as CellValue,
          outcome: c.outcome,
          note: c.note,
          author: nameOf(c.author),
          ...(c.outcome === 'unknown' && undecided.has(c.row) && { canDecide: true }),
        })) as never,
      }
    },

    cancelRun: async ({ params }) => {
      if (!(await queue.cancel(params.id))) throw over('Nothing was changed; its receipt says what was sent.')
      return {}
    },

    confirmRun: async ({ params, caller }) => {
      const run = await runOf(params.id)
      const full = await fullConnection(run.connection)
      assertOn(full)
      if (!(await queue.confirm(params.id, caller.actor.id))) throw over('It does not wait for anybody; nothing was changed.')
      return {}
    },

    getWaiting: async ({ params }) => {
      const run = await runOf(params.id)
      if (run.state !== 'waiting' || run.waiting === undefined) throw over('It does not wait for anybody.')
      const full = await fullConnection(run.connection)
      const { connection, object } = full
      const { linked, rows, cells } = run.waiting
      const keyField = connection.description?.keyField
      const maps = new Map((object.mappings ?? []).map((m) => [m.external, m.valueMap]))
      const sample = await withRoom(connection.sheet, (room) => {
        const names = namesOf(room)
        const found: {
          row: string
          field: string
          recordId: string
          recordKey: string
          fieldName: string
          before: CellValue
          after: CellValue
        }[] = []
        let after = ''
        while (found.length < WAITING_SAMPLE) {
          const page = runs.waiting.records(run.id, after, WAITING_SAMPLE)
          const last = page.at(-1)
          if (last === undefined) break
          after = last.id
          for (const record of page) {
            for (const row of room.sheet.rowsOf(connection.id, record.id)) {
              for (const { field, external } of connection.fields) {
                const held = external === keyField ? record.key : (record.values[external] ?? null)
                const value = held === '' ? null : (maps.get(external)?.find((pair) => pair.app === held)?.workbook ?? held)
                const before = room.sheet.baseline(row, field)
                if (before === value) continue
                found.push({
                  row,
                  field,
                  recordId: record.id,
                  recordKey: record.key,
                  fieldName: names.get(field) ?? field,
                  before,
                  after: value,
                })
              }
            }
          }
        }
        return found.slice(0, WAITING_SAMPLE)
      })
      return { linked, rows, cells, sample }
    },

    previewUndo: async ({ params, caller }) => {
      const run = await runOf(params.id)
      const full = await fullConnection(run.connection)
      return withRoom(full.connection.sheet, async (room) => {
        const { setup, description, plan, sync, credits, pull } = await undoPlanOf(run, full, room, caller.actor.id)
        const names = namesOf(room)
        const frozen = {
          planId: sync.id,
          cells: sync.push.map(({ row, field, item, baseline, sent }) => ({ row, field, item, baseline, sent })),
          setup: setupFingerprint(setup, description),
        }
        log.execute(previewOps(sync.id, undoKey(run.id), frozen, now()))
        await log.durable()
        const held = sync.held.map(({ cell, text }) => ({ ...cell, value: cell.base, now: cell.baseline, text }))
        const left = plan.skipped.map(({ cell, now: today, text }) => ({ ...cell, value: cell.got, now: today, text }))
        return {
          planId: sync.id,
          push: sync.push.map(({ marks: _marks, isGone: _isGone, item: _item, inApp: _inApp, ...cell }) => cell),
          skipped: [...left, ...held].map(({ row, field, recordId, recordKey, value, now: today, text }) => {
            return { row, field, recordId, recordKey, fieldName: names.get(field) ?? field, value, now: today, text }
          }),
          check: sync.check,
          calls: sync.calls.map(({ method, path, body }) => ({ method, path, body })),
          pull,
          credits,
          totalCredits: totalCredits(credits),
        }
      })
    },

    undoRun: async ({ params, body, caller }) => {
      const run = await runOf(params.id)
      const connection = await fullConnection(run.connection)
      assertOn(connection)
      const frozen = runs.preview(body.planId, undoKey(run.id))
      if (frozen === undefined) throw new SyncError('plan-changed', 'This preview is no longer known. Nothing was sent.')
      return queue.enqueue({ connection, order: { kind: 'undo', run: run.id, frozen }, trigger: triggerOf(caller), actor: caller.actor.id })
    },

    decideCreate: async ({ params }) => {
      const run = await runOf(params.id)
      const create = runs.creates.ofRun(run.id).find((c) => c.row === params.row && c.state === 'unknown')
      if (create === undefined) throw over('This row’s creation is decided already; nothing was changed.')
      const full = await fullConnection(run.connection)
      await withRoom(full.connection.sheet, (room) => decideNotThere(room, full.connection.keyField, create, log))
      return {}
    },

    syncIntegration: async ({ params, body, caller }) => {
      const objects = (await catalog.objects(params.id)).filter((o) => body.object === undefined || o.id === body.object)
      if (objects.length === 0) throw notFound('such integration or object')
      const started: { connection: string; run: string; joined: boolean }[] = []
      const skipped: { connection: string; reason: string }[] = []
      for (const object of objects) {
        for (const { id } of await catalog.connections({
          object: object.id,
          ...(body.workbook !== undefined && { workbook: body.workbook }),
        })) {
          const connection = await fullConnection(id)
          const setup = setupOf(connection, appName(connection))
          const reason = !setup.isOn ? whyOff(setup) : setup.objectDirection === 'disabled' ? `${object.name} do not sync.` : undefined
          if (reason !== undefined) skipped.push({ connection: id, reason })
          else {
            const order = { kind: 'sync', mode: body.mode, trigger: 'person' } as const
            const { run, joined } = await queue.enqueue({ connection, order, trigger: triggerOf(caller), actor: caller.actor.id })
            started.push({ connection: id, run, joined })
          }
        }
      }
      return { runs: started, skipped }
    },

    getCredits: async ({ query }) => {
      const entries = await runs.ledger(query.since, query.connection === undefined ? undefined : [query.connection])
      const byRule = entries.reduce<Credits>((sum, entry) => addCredits(sum, entry), NO_CREDITS)
      return {
        total: totalCredits(byRule),
        byRule,
        entries: entries.map(({ run, connection, at, pushed, pulled, linked, refreshed, searched }) => {
          const credits = { pushed, pulled, linked, refreshed, searched }
          return { run, connection, at, credits, total: totalCredits(credits) }
        }),
      }
    },

    getUsage: async ({ query }) => {
      await log.durable()
      const { timeZone } = settings.get()
      const to = query.to ?? dayIn(timeZone, now())
      const from = query.from ?? dayIn(timeZone, startOfDay(timeZone, to) - (USAGE_DAYS - 1) * DAY_MS + DAY_MS / 2)
      if (from > to) throw badRequest('The first day is after the last.')
      const lines = new Map<
        string,
        { day: string; integration: string; integrationName: string; app: string; person: string; credits: Credits }
      >()
      // A day has no more than 26 hours in any zone.
      const end = startOfDay(timeZone, dayIn(timeZone, startOfDay(timeZone, to) + 36 * 3_600_000))
      for (const entry of runLog.usage(startOfDay(timeZone, from), end, query)) {
        const day = dayIn(timeZone, entry.at)
        const { integration, integrationName, app, actor: person } = entry
        const key = JSON.stringify([day, integration, person])
        const line = lines.get(key) ?? { day, integration, integrationName, app, person, credits: NO_CREDITS }
        // The newest name stands for the integration.
        lines.set(key, { ...line, integrationName, credits: addCredits(line.credits, entry) })
      }
      const all = [...lines.values()].map((line) => ({ ...line, personName: nameOf(line.person), total: totalCredits(line.credits) }))
      const byRule = all.reduce<Credits>((sum, line) => addCredits(sum, line.credits), NO_CREDITS)
      return {
        timeZone,
        from,
        to,
        total: totalCredits(byRule),
        byRule,
        lines: all.sort((a, b) => (a.day === b.day ? 0 : a.day < b.day ? -1 : 1)),
        allowance: allowanceState(settings.get(), runs, now()),
      }
    },

    getSettings: () => settings.get(),

    patchSettings: async ({ body }) => {
      if (body.timeZone !== undefined && !isTimeZone(body.timeZone)) throw badRequest(`There is no time zone “${body.timeZone}”.`)
      const before = settings.get()
      const { timeZone = before.timeZone, nightlyAt = before.nightlyAt } = body
      const changed: Settings = {
        timeZone,
        nightlyAt,
        logRetentionDays: body.logRetentionDays === undefined ? before.logRetentionDays : body.logRetentionDays,
        allowance: {
          monthly: body.allowance?.monthly === undefined ? before.allowance.monthly : body.allowance.monthly,
          warnAtPercent: body.allowance?.warnAtPercent ?? before.allowance.warnAtPercent,
          whenUsed: body.allowance?.whenUsed ?? before.allowance.whenUsed,
        },
      }
      log.execute([settings.save(changed)])
      await log.durable()
      return changed
    },
  }
}

type QueryParsed = NonNullable<Parameters<NonNullable<Handlers<Endpoints>['listRuns']>>[0]['query']>

const undoKey = (run: string): ConnectionId => `undo:${run}` as ConnectionId
const triggerOf = (caller: Caller): 'api' | 'person' => (caller.kind === 'script' ? 'api' : 'person')
const namesOf = ({ sheet }: Room): ReadonlyMap<string, string> => new Map(sheet.fields().map((f) => [f.id as string as FieldId, f.name]))

const over = (advice: string): ApiProblem => new ApiProblem({ status: 409, code: 'over', message: 'This run is over.', advice })

/** A month's credits of some connections, in the workspace's time zone. */
export async function creditsThisMonth(runs: RunStore, settings: Settings, now: number, connections: readonly string[]): Promise<number> {
  const ledger = await runs.ledger(monthIn(settings.timeZone, now).from, connections)
  return ledger.reduce((sum, entry) => sum + totalCredits(entry), 0)
}

type Line = Readonly<Record<string, string | number | null>>

const COLUMNS = {
  runs: [
    'run',
    'at',
    'started',
    'ended',
    'state',
    'kind',
    'mode',
    'trigger',
    'by',
    'workbook',
    'integration',
    'object',
    'planned',
    'pushed',
    'refused',
    'skipped',
    'unknown',
    'pulled',
    'changed',
    'conflicts',
    'differs',
    'created',
    'linked',
    'credits',
    'error',
  ],
  calls: ['run', 'at', 'kind', 'method', 'path', 'status', 'ms', 'attempt', 'note', 'body'],
  cells: ['run', 'record', 'row', 'field', 'outcome', 'base', 'value', 'got', 'author', 'note'],
} as const

async function* exportLines(
  of: keyof typeof COLUMNS,
  format: 'csv' | 'json',
  runLog: RunLog,
  runs: RunStore,
  filter: RunFilter,
  nameOf: (actor: string) => string,
): AsyncGenerator<string> {
  const columns = COLUMNS[of]
  yield format === 'csv' ? csvLine([...columns]) : '['
  let cursor: string | null = null
  let isFirst = true
  do {
    const page: { runs: readonly RunRow[]; next: string | null } = await runLog.page(filter, EXPORT_PAGE, cursor ?? undefined)
    for (const run of page.runs) {
      for (const line of await linesOf(of, run, runs, nameOf)) {
        yield format === 'csv'
          ? csvLine(columns.map((c) => defuse(String(line[c] ?? ''))))
          : `${isFirst ? '\n' : ',\n'}${JSON.stringify(line)}`
        isFirst = false
      }
    }
    cursor = page.next
  } while (cursor !== null)
  if (format === 'json') yield '\n]\n'
}

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

async function linesOf(of: keyof typeof COLUMNS, run: RunRow, runs: RunStore, nameOf: (actor: string) => string): Promise<readonly Line[]> {
  if (of === 'calls') {
    return (await runs.calls(run.id)).map((c) => ({
      run: run.id,
      at: instant(c.at),
      kind: c.kind,
      method: c.method,
      path: c.path,
      status: c.status,
      ms: c.ms,
      attempt: c.attempt,
      note: c.note,
      body: c.request_body,
    }))
  }
  if (of === 'cells') {
    const text = (json: string): string | null => {
      const value = JSON.parse(json) as CellValue
      return value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)
    }
    return (await runs.cells(run.id)).map((c) => ({
      run: run.id,
      record: c.record_key,
      row: c.row,
      field: c.field,
      outcome: c.outcome,
      base: text(c.base),
      value: text(c.value),
      got: text(c.got),
      author: nameOf(c.author),
      note: c.note,
    }))
  }
  const { planned, pushed, refused, skipped, unknown, pulled, changed, conflicts, differs, created, linked } = run.counts
  return [
    {
      run: run.id,
      at: instant(run.createdAt),
      started: instant(run.startedAt),
      ended: instant(run.endedAt),
      state: run.state,
      kind: run.kind,
      mode: run.mode,
      trigger: run.trigger,
      by: nameOf(run.actor),
      workbook: run.about?.workbookName ?? '',
      integration: run.about?.integrationName ?? '',
      object: run.about?.objectName ?? '',
      ...{ planned, pushed, refused, skipped, unknown, pulled, changed, conflicts, differs, created, linked },
      credits: totalCredits(await runs.creditsOf(run.id)),
      error: run.error?.message ?? null,
    },
  ]
}

/** Text as it comes; the reader's pace is the writer's. */
function streamOf(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    pull: async (controller) => {
      const { value, done } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: async () => {
      await lines.return(undefined)
    },
  })
}
