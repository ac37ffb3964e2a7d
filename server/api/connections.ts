import { planSync } from '../../sync-engine/plan.ts'
import { NO_COUNTS } from '../../sync-engine/ports.ts'
import { setupFingerprint } from '../../sync-engine/run-plan.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import { makeRunId, type RandomBytes, type RowId } from '../../workbook/ids.ts'
import { deltaOf, linkedRows } from '../engine-ports.ts'
import type { RunQueue } from '../queue.ts'
import type { Caller } from '../session.ts'
import type { SheetHub } from '../sheets.ts'
import { type Catalog, type ConnectionRow, type FullConnection, setupOf } from '../storage/catalog.ts'
import { callOp, creditsOp, insertRunOp, previewOps, type RunRow, type RunStore, transitionOps } from '../storage/runs.ts'
import type { UpdateLog } from '../update-log.ts'
import { appName, type Workbooks } from '../workbooks.ts'
import type { ConnectionEndpoint } from './contract/connections.ts'
import type { ConnectionInfo, Contract } from './contract.ts'
import { described, makeLookup } from './lookup.ts'
import { ApiProblem, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export interface ConnectionParts {
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly hub: SheetHub
  readonly queue: RunQueue
  readonly workbooks: Workbooks
  readonly log: UpdateLog
  readonly now: () => number
  readonly random: RandomBytes
}

const SEARCH_LIMIT = 50

/** What everybody who may see a connection is told of it. */
export function makeConnectionInfo(parts: Pick<ConnectionParts, 'catalog' | 'hub' | 'queue'>) {
  const { queue } = parts
  const { connection: fullConnection, withRoom } = makeLookup(parts)
  return async (connection: ConnectionRow): Promise<ConnectionInfo> => {
    const full = await fullConnection(connection.id)
    const { integration, object } = full
    return withRoom(connection.sheet, async ({ sheet }) => ({
      id: connection.id,
      workbook: connection.workbook,
      sheet: connection.sheet,
      integration: { id: integration.id, app: integration.app, appName: appName(full), name: integration.name, isOn: integration.isOn },
      object: { id: object.id, name: object.name, external: object.external, direction: object.direction, schedule: object.schedule },
      keyField: connection.keyField,
      fields: connection.fields.map((f) => ({ ...f })),
      filter: connection.filter,
      onConflict: connection.onConflict,
      isPaused: connection.state === 'paused',
      ...(connection.description && { description: connection.description as unknown as NonNullable<ConnectionInfo['description']> }),
      linkedRecords: new Set(linkedRows(sheet, connection.id).map((l) => l.recordId)).size,
      latestPull: connection.latestPull,
      // Pulls by a clock come with the schedules; until then every pull is a person's.
      nextPull: null,
      activeRun: await queue.activeRunOf(connection.id),
    }))
  }
}

/** Connections of apps in sheets: what they sync, which rows are tied to which records, and what is asked of the app for them. */
export function connectionHandlers(parts: ConnectionParts): Handlers<Pick<Contract, ConnectionEndpoint>> {
  const { catalog, runs, queue, workbooks, log, now, random } = parts
  const { connection: fullConnection, withRoom } = makeLookup(parts)
  const infoOf = makeConnectionInfo(parts)

  /** A search is a run of its own: it is logged and charged like any other. */
  const search = async (full: FullConnection, caller: Caller, ask: { name: string } | { keys: readonly string[] }) => {
    const run: RunRow = {
      id: makeRunId(random),
      connection: full.connection.id,
      kind: 'search',
      mode: 'one-way',
      trigger: caller.kind === 'script' ? 'api' : 'person',
      state: 'settled',
      actor: caller.actor.id,
      order: { kind: 'refresh' },
      priority: 0,
      fence: 0,
      createdAt: now(),
      startedAt: now(),
      endedAt: now(),
      counts: NO_COUNTS,
      error: null,
    }
    if (!full.integration.isOn) throw new SyncError('paused', `${appName(full)} is switched off.`)
    const connector = queue.connectorFor(full, (call) => log.execute([callOp(run.id, call, now())]))
    const signal = AbortSignal.timeout(60_000)
    const { readBatch } = described(full)
    const calls = 'name' in ask ? 1 : Math.ceil(ask.keys.length / readBatch)
    const hits = 'name' in ask ? await connector.searchByName(ask.name, SEARCH_LIMIT, signal) : await connector.findByKeys(ask.keys, signal)
    log.execute([
      insertRunOp(run),
      ...transitionOps(run.id, 'settled', now(), null),
      creditsOp(run.id, full.connection.id, { searched: calls }, now()),
    ])
    await log.durable()
    return { hits, calls }
  }

  const start = async (id: string, order: RunRow['order'], caller: Caller) =>
    queue.enqueue({
      connection: await fullConnection(id),
      order,
      trigger: caller.kind === 'script' ? 'api' : 'person',
      actor: caller.actor.id,
    })

  return {
    listConnections: async ({ query }) => ({
      connections: await Promise.all(
        (await catalog.connections(query.workbook === undefined ? {} : { workbook: query.workbook })).map(infoOf),
      ),
    }),

    patchConnection: async ({ params, body }) => {
      const { connection } = await fullConnection(params.id)
      const directionOf = new Map(body.fields?.map((f) => [f.field, f.direction]))
      const fields = connection.fields.map((f) =>
        f.field === connection.keyField ? f : { ...f, direction: directionOf.get(f.field) ?? f.direction },
      )
      const changed = {
        ...connection,
        fields,
        filter: body.filter ?? connection.filter,
        onConflict: body.onConflict ?? connection.onConflict,
        ...(body.isPaused !== undefined && { state: body.isPaused ? ('paused' as const) : ('active' as const) }),
      }
      log.execute([catalog.saveConnection(changed)])
      await log.durable()
      await workbooks.rewriteBindings([changed])
      return {}
    },

    previewSync: async ({ params, body }) => {
      const full = await fullConnection(params.id)
      const description = described(full)
      const setup = setupOf(full, appName(full))
      await log.durable()
      return withRoom(full.connection.sheet, async (room) => {
        const delta = deltaOf(room, setup.id, runs.unsettled(setup.id))
        const linkedRecords = new Set(linkedRows(room.sheet, setup.id).map((l) => l.recordId)).size
        const plan = planSync({ setup, description, mode: body.mode, delta, linkedRecords })
        const frozen = {
          planId: plan.id,
          cells: plan.push.map(({ row, field, item, baseline, sent }) => ({ row, field, item, baseline, sent })),
          setup: setupFingerprint(setup, description),
        }
        log.execute(previewOps(plan.id, setup.id, frozen, now()))
        await log.durable()
        return {
          planId: plan.id,
          mode: plan.mode,
          push: plan.push.map(({ marks: _marks, isGone: _isGone, item: _item, ...cell }) => cell),
          held: plan.held.map(({ cell: { marks: _marks, isGone: _isGone, item: _item, ...cell }, ...held }) => ({ ...held, cell })),
          check: plan.check,
          calls: plan.calls.map((call) => ({
            ...call,
            deltas: call.deltas.map((d) => ({ ...d, changes: d.changes.map((c) => ({ ...c })) })),
          })),
          pull: plan.pull,
          credits: plan.credits,
          totalCredits: plan.totalCredits,
          openReceipts: runs.openReceipts(setup.id).length,
        }
      })
    },

    startSync: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      if (!full.integration.isOn) throw new SyncError('paused', `${appName(full)} is switched off.`)
      const frozen = body.planId === undefined ? undefined : runs.preview(body.planId, params.id)
      if (body.planId !== undefined && frozen === undefined)
        throw new SyncError('plan-changed', 'This preview is no longer known. Nothing was sent.')
      return start(params.id, { kind: 'sync', mode: body.mode, trigger: 'person', ...(frozen && { frozen }) }, caller)
    },

    search: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      const { hits, calls } = await search(full, caller, body)
      const rows = await withRoom(
        full.connection.sheet,
        ({ sheet }) => new Map(linkedRows(sheet, full.connection.id).map((l) => [l.recordId, l.row])),
      )
      const found = new Set(hits.map((h) => h.key.toUpperCase()))
      const missing = 'keys' in body ? body.keys.filter((key) => !found.has(key.toUpperCase())) : []
      const name = 'name' in body ? body.name : ''
      const note =
        hits.length > 0 || name === ''
          ? null
          : `${appName(full)} search returned nothing for “${name}”. Records made in the last minutes don't appear yet. Paste the record's key instead.`
      return { hits: hits.map((h) => ({ ...h, linkedRow: rows.get(h.id) ?? null })), missing, credits: calls, note }
    },

    link: async ({ params, body, caller }) => {
      const { connection } = await fullConnection(params.id)
      const links = body.links as { row: RowId | null; recordId: string }[]
      await withRoom(connection.sheet, ({ sheet }) => {
        const holders = new Map(linkedRows(sheet, connection.id).map((l) => [l.recordId, l.row]))
        for (const { row, recordId } of links) {
          if (row !== null && !sheet.hasRow(row)) throw notFound('such row')
          const holder = holders.get(recordId)
          if (row !== null && holder !== undefined && holder !== row) {
            throw new ApiProblem({
              status: 409,
              code: 'already-linked',
              message: 'Another row of this sheet holds this record.',
              advice: 'Nothing was linked. Go to that row, or unlink it first.',
              details: { row: holder },
            })
          }
        }
      })
      return start(params.id, { kind: 'link', links }, caller)
    },

    unlink: async ({ params }) => {
      const { connection } = await fullConnection(params.id)
      await withRoom(connection.sheet, async ({ sheet, authority }) => {
        const row = params.row as RowId
        if (sheet.recordOf(row, connection.id) === undefined) throw notFound('linked row of that id')
        authority.write({ rows: [{ row, records: { [connection.id]: null }, values: new Map([[connection.keyField, null]]) }] }, 'unlink')
        await log.durable()
      })
      return {}
    },

    importRecords: async ({ params, body, caller }) => start(params.id, { kind: 'import', filter: body.filter }, caller),

    refreshFields: async ({ params, caller }) => start(params.id, { kind: 'refresh' }, caller),

    addConnectedField: async ({ params, body, caller }) => workbooks.addConnectedField(params.id, body.external, caller.actor.id),
  }
}

/** What a guest sees of a connection: what stands over its columns, and which way its values go. */
export function connectionForGuest(connection: ConnectionInfo): ConnectionInfo {
  const { id, workbook, sheet, integration, object, keyField, fields } = connection
  return {
    id,
    workbook,
    sheet,
    // The ids are the connection's own: nothing of a guest's leads to the integration behind it.
    integration: { id, app: integration.app, appName: integration.appName, name: integration.appName, isOn: integration.isOn },
    object: { id, name: object.name, external: object.external, direction: object.direction, schedule: null },
    keyField,
    fields,
    filter: '',
    onConflict: 'hold',
    isPaused: connection.isPaused,
    linkedRecords: 0,
    latestPull: null,
    nextPull: null,
    activeRun: null,
  }
}
