import type {
  AppRecord,
  Connector,
  CreateNeeds,
  ExternalField,
  FieldChange,
  ObjectDescription,
  SearchHit,
} from '../../sync-engine/connectors/connector.ts'
import { needsOf, planCreate, type RowToCreate } from '../../sync-engine/create-plan.ts'
import { foldText, matchByText } from '../../sync-engine/match-rows.ts'
import { planSync, stepsOf } from '../../sync-engine/plan.ts'
import { listUpTo, recordsByValue } from '../../sync-engine/records-by-value.ts'
import { setupFingerprint } from '../../sync-engine/run-plan.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ValueField } from '../../workbook/field-values.ts'
import type { ConnectionId, FieldId, RandomBytes, RowId } from '../../workbook/ids.ts'
import { plainText } from '../../workbook/plain-rows.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { Connections } from '../connections.ts'
import { deltaOf, linkedRows } from '../engine-ports.ts'
import type { RunQueue } from '../queue.ts'
import type { Tie } from '../row-ties.ts'
import { makeSearches } from '../searches.ts'
import type { Caller } from '../session.ts'
import type { SheetHub } from '../sheets.ts'
import { type Catalog, type ConnectionRow, type FullConnection, setupOf } from '../storage/catalog.ts'
import { previewOps, type RunRow, type RunStore } from '../storage/runs.ts'
import type { UpdateLog } from '../update-log.ts'
import type { WorkbookCopies } from '../workbook-copies.ts'
import { appName, type Workbooks } from '../workbooks.ts'
import type { ConnectionEndpoint } from './contract/connections.ts'
import type { AnswerOf, ConnectionInfo, Contract } from './contract.ts'
import { assertOn, described, makeLookup } from './lookup.ts'
import { ApiProblem, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export interface ConnectionParts {
  /** When the clock pulls a connection next. ms since 1970, `null`: never as things are */
  readonly nextPullOf: (full: FullConnection) => number | null
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly hub: SheetHub
  readonly queue: RunQueue
  readonly workbooks: Workbooks
  readonly connections: Connections
  readonly duplicates: WorkbookCopies
  readonly log: UpdateLog
  /** Credits this month has left, where its allowance blocks. */
  readonly creditsLeft: () => number | undefined
  /** A connection came, went or was configured otherwise: windows that show its workbook look anew. */
  readonly onConnection: (connection: ConnectionRow) => void
  readonly now: () => number
  readonly random: RandomBytes
}

/** What everybody who may see a connection is told of it. */
export function makeConnectionInfo(parts: Pick<ConnectionParts, 'catalog' | 'hub' | 'queue' | 'nextPullOf'>) {
  const { hub, queue, nextPullOf } = parts
  const { connection: fullConnection } = makeLookup(parts)
  return async (connection: ConnectionRow): Promise<ConnectionInfo> => {
    const full = await fullConnection(connection.id)
    const { integration, object } = full
    return {
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
      linkedRecords: await hub.linkedRecords(connection.sheet, connection.id),
      latestPull: connection.latestPull,
      nextPull: nextPullOf(full),
      activeRun: await queue.activeRunOf(connection.id),
    }
  }
}

/** Connections of apps in sheets: what they sync, which rows are tied to which records, and what is asked of the app for them. */
export function connectionHandlers(parts: ConnectionParts): Handlers<Pick<Contract, ConnectionEndpoint>> {
  const { catalog, runs, queue, workbooks, connections, duplicates, log, now } = parts
  const { connection: fullConnection, connectionOrDraft, withRoom } = makeLookup(parts)
  const infoOf = makeConnectionInfo(parts)
  const { ask } = makeSearches(parts)
  const triggerOf = (caller: Caller) => (caller.kind === 'script' ? ('api' as const) : ('person' as const))
  const fieldsOf = async ({ connection, object }: FullConnection) => ({
    description: (connection.description ?? null) as AnswerOf<'getObjectFields'>['description'],
    describedAt: (await catalog.descriptionOf(object.id))?.at ?? null,
  })
  /** Records that rows of the sheet are tied to, deleted rows left out. */
  const holdersIn = (sheet: Sheet, connection: ConnectionId): ReadonlyMap<string, RowId> =>
    new Map(linkedRows(sheet, connection).map((l) => [l.recordId, l.row]))

  const start = async (id: string, order: RunRow['order'], caller: Caller) => {
    const connection = await fullConnection(id)
    assertOn(connection)
    return queue.enqueue({ connection, order, trigger: triggerOf(caller), actor: caller.actor.id })
  }

  return {
    listConnections: async ({ query }) => ({
      connections: await Promise.all(
        (await catalog.connections(query.workbook === undefined ? {} : { workbook: query.workbook })).map(infoOf),
      ),
    }),

    getObjectFields: async ({ params }) => {
      if ((await catalog.object(params.id)) === undefined) throw notFound('such object')
      const known = await catalog.descriptionOf(params.id)
      const description = (known?.description ?? null) as AnswerOf<'getObjectFields'>['description']
      return { description, describedAt: known?.at ?? null, credits: FIELD_REFRESH_CREDITS }
    },

    draftConnection: async ({ body }) => {
      const full = await connections.draft(body)
      return { id: full.connection.id, ...(await fieldsOf(full)), credits: FIELD_REFRESH_CREDITS }
    },

    describeConnection: async ({ params, caller }) => {
      const full = await connectionOrDraft(params.id)
      assertOn(full)
      const described = await workbooks.describe(full.connection.id, caller.actor.id, triggerOf(caller))
      return { ...(await fieldsOf(described)), credits: FIELD_REFRESH_CREDITS }
    },

    createConnection: async ({ body, caller }) => {
      const { workbook, sheet, object, filter, fields: externals, name } = body
      const actor = caller.actor.id
      const made = await connections.create({ workbook, sheet, object, filter, externals, name, actor, trigger: triggerOf(caller) })
      parts.onConnection(made.connection)
      return infoOf(made.connection)
    },

    deleteConnection: async ({ params }) => {
      const { connection } = await fullConnection(params.id)
      const removed = await connections.remove(params.id)
      parts.onConnection(connection)
      return { fields: [...removed.fields], staged: removed.staged }
    },

    restoreConnection: async ({ params, body }) => {
      await connections.restore(params.id, body)
      parts.onConnection((await fullConnection(params.id)).connection)
      return {}
    },

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
      }
      log.execute([catalog.saveConnection(changed)])
      await log.durable()
      if (body.isPaused === undefined) await workbooks.rewriteBindings([changed])
      else await connections.setPaused(params.id, body.isPaused)
      parts.onConnection(connection)
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
        const open = runs.openReceipts(setup.id)
        const left = parts.creditsLeft()
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
          push: plan.push.map(({ marks: _marks, isGone: _isGone, item: _item, inApp: _inApp, ...cell }) => cell),
          held: plan.held.map(({ cell: { marks: _marks, isGone: _isGone, item: _item, ...cell }, ...held }) => ({ ...held, cell })),
          check: plan.check,
          calls: plan.calls.map((call) => ({
            ...call,
            deltas: call.deltas.map((d) => ({ ...d, changes: d.changes.map((c) => ({ ...c })) })),
          })),
          pull: plan.pull,
          credits: plan.credits,
          totalCredits: plan.totalCredits,
          openReceipts: open.length,
          order: [...stepsOf(plan, description, new Set(open.map((r) => r.recordId)).size)],
          allowance: { left: left ?? null, isBlocked: left !== undefined && plan.totalCredits > left },
        }
      })
    },

    startSync: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const frozen = body.planId === undefined ? undefined : runs.preview(body.planId, params.id)
      if (body.planId !== undefined && frozen === undefined)
        throw new SyncError('plan-changed', 'This preview is no longer known. Nothing was sent.')
      return start(params.id, { kind: 'sync', mode: body.mode, trigger: 'person', ...(frozen && { frozen }) }, caller)
    },

    search: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const description = described(full)
      if ('name' in body && description.isSearchable === false) throw notSearchable(full, description)
      const credits = 'name' in body ? 1 : Math.ceil(body.keys.length / description.readBatch)
      const hits = await ask(full, caller, { note: null, leastPrice: credits }, async (connector, signal) => ({
        answer:
          'name' in body ? await connector.searchByName(body.name, SEARCH_LIMIT, signal) : await connector.findByKeys(body.keys, signal),
        credits,
      }))
      const rows = await withRoom(full.connection.sheet, ({ sheet }) => holdersIn(sheet, full.connection.id))
      const found = new Set(hits.map((h) => h.key.toUpperCase()))
      const missing = 'keys' in body ? body.keys.filter((key) => !found.has(key.toUpperCase())) : []
      const note = hits.length > 0 || !('name' in body) ? null : nothingFound(full, description, body.name)
      return { hits: hits.map((h) => ({ ...h, linkedRow: rows.get(h.id) ?? null })), missing, credits, note }
    },

    link: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      const { connection } = full
      assertOn(full)
      const links = body.links as { row: RowId | null; recordId: string }[]
      await withRoom(connection.sheet, async ({ sheet, authority }) => {
        const problem = linkProblem(sheet, connection.id, links, appName(full))
        if (problem !== undefined) throw problem
        // A deleted row lets its record go to the row that asks for it; brought back, it is tied to nothing.
        const freed = links.flatMap(({ row, recordId }) =>
          row === null ? [] : sheet.rowsOf(connection.id, recordId).filter((holder) => holder !== row && sheet.isDeleted(holder)),
        )
        if (freed.length === 0) return
        authority.write({ rows: freed.map((row) => ({ row, records: { [connection.id]: null }, values: new Map() })) }, 'unlink')
        await log.durable()
      })
      return start(params.id, { kind: 'link', links }, caller)
    },

    unlink: async ({ params }) => {
      const { connection } = await fullConnection(params.id)
      const row = params.row as RowId
      const record = await withRoom(connection.sheet, ({ sheet }) => sheet.recordOf(row, connection.id))
      if (record === undefined) throw notFound('linked row of that id')
      await connections.unlink(params.id, [{ row, record }])
      return {}
    },

    unlinkRows: async ({ params, body }) => ({ rows: [...(await connections.unlink(params.id, tiesOf(body.ties)))] }),

    relinkRows: async ({ params, body }) => {
      const { rows, kept } = await connections.relink(params.id, tiesOf(body.ties))
      return { rows: [...rows], kept: [...kept] }
    },

    matchRows: async ({ params, body, caller, request }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const { connection } = full
      const description = described(full)
      const external = description.fields.find((f) => f.id === body.external)
      if (external === undefined) throw notFound(`field ${body.external} in ${appName(full)}`)
      const asked = await withRoom(connection.sheet, ({ sheet }) => {
        const field = sheet.field(body.field as FieldId)
        if (field === undefined) throw notFound('such field in this sheet')
        const rows = (body.rows as RowId[] | undefined) ?? sheet.rows()
        const free = rows.filter((row) => sheet.hasRow(row) && !sheet.isDeleted(row) && sheet.recordOf(row, connection.id) === undefined)
        return free.map((row) => ({ row, value: plainText(field, sheet.value(row, field.id)) }))
      })
      const values = [...new Map(asked.map(({ value }) => [foldText(value), value])).values()].filter((value) => foldText(value) !== '')
      // Without a value to compare nothing is asked, and nothing is charged.
      if (values.length === 0)
        return {
          matched: [],
          ambiguous: [],
          taken: [],
          unmatched: [],
          empty: asked.length,
          records: 0,
          isListed: false,
          isComplete: true,
          credits: 0,
        }
      const filter = body.filter ?? connection.filter
      const fields = [...new Set([external.id, description.nameField])]
      const found = await ask(
        full,
        caller,
        { note: `Looked for records to match ${asked.length} rows`, leastPrice: 1, gone: request.signal },
        async (connector, signal) => {
          const looked = await recordsByValue(
            connector,
            { filter, field: external.id, values, fields, limit: MATCH_RECORDS, description },
            signal,
          )
          return { answer: looked, credits: looked.calls }
        },
      )
      const records = found.records.map((record) => ({
        id: record.id,
        key: record.key,
        name: textOf(record, description.nameField),
        value: plainText(
          valueFieldOf(external, record),
          external.id === description.keyField ? record.key : (record.values[external.id] ?? null),
        ),
      }))
      const holders = await withRoom(connection.sheet, ({ sheet }) => holdersIn(sheet, connection.id))
      const matches = matchByText(asked, records, (id) => holders.get(id))
      const hitOf = ({ id, key, name }: (typeof records)[number]) => ({ id, key, name, linkedRow: holders.get(id) ?? null })
      return {
        matched: matches.matched.map(({ row, value, hit }) => ({ row, value, hit: hitOf(hit) })),
        ambiguous: matches.ambiguous.map(({ row, value, hits, rows }) => ({
          row,
          value,
          hits: hits.slice(0, 20).map(hitOf),
          rows: [...rows],
        })),
        taken: matches.taken.map(({ row, value, hit }) => ({ row, value, hit: hitOf(hit) })),
        unmatched: [...matches.unmatched],
        empty: matches.empty,
        records: records.length,
        isListed: found.isListed,
        isComplete: found.isComplete,
        credits: found.calls,
      }
    },

    lookAtFilter: async ({ params, body, caller }) => {
      const full = await connectionOrDraft(params.id)
      assertOn(full)
      const { connection } = full
      const description = described(full)
      const found = await ask(
        full,
        caller,
        { note: 'Looked at a filter; nothing was imported', leastPrice: 0 },
        async (connector, signal) => {
          const listed = await listUpTo(connector, [body.filter], [description.nameField], LOOK_RECORDS, signal)
          const total = listed.isComplete ? listed.records.length : ((await connector.count?.(body.filter, signal)) ?? null)
          return { answer: { ...listed, total }, credits: 0 }
        },
      )
      const holders = await withRoom(connection.sheet, ({ sheet }) => holdersIn(sheet, connection.id))
      const hits = found.records.map((record) => ({
        id: record.id,
        key: record.key,
        name: textOf(record, description.nameField),
        linkedRow: holders.get(record.id) ?? null,
      }))
      const here = hits.filter((hit) => hit.linkedRow !== null)
      const fresh = hits.filter((hit) => hit.linkedRow === null)
      return {
        total: found.total,
        isComplete: found.isComplete,
        looked: hits.length,
        here: here.length,
        fresh: fresh.length,
        sample: [...here, ...fresh].slice(0, SAMPLE),
      }
    },

    importRecords: async ({ params, body, caller }) => start(params.id, { kind: 'import', filter: body.filter }, caller),

    refreshFields: async ({ params, caller }) => start(params.id, { kind: 'refresh' }, caller),

    addConnectedField: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const externals = 'external' in body ? [body.external] : body.externals
      const { fields, ...added } = await workbooks.addConnectedFields(params.id, externals, caller.actor.id)
      parts.onConnection(full.connection)
      return { ...added, fields: [...fields] }
    },

    removeConnectedField: async ({ params }) => {
      const { connection } = await fullConnection(params.id)
      const removed = await connections.removeField(params.id, params.field)
      parts.onConnection(connection)
      return removed
    },

    restoreConnectedField: async ({ params }) => {
      const { connection } = await fullConnection(params.id)
      await connections.restoreField(params.id, params.field)
      parts.onConnection(connection)
      return {}
    },

    getCreateFields: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const needs = await ask(full, caller, { note: 'Asked what a new record needs', leastPrice: 0 }, async (connector, signal) => ({
        answer: await needsFor(connector, described(full), body.context, signal),
        credits: 0,
      }))
      return needs as unknown as AnswerOf<'getCreateFields'>
    },

    findDuplicates: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const description = described(full)
      if (description.isSearchable === false) throw notSearchable(full, description)
      const names = [...new Set(body.names.map((n) => n.name))]
      const found = await ask(
        full,
        caller,
        { note: 'Looked for records that may be the same', leastPrice: names.length },
        async (connector, signal) => {
          const hits = new Map<string, readonly SearchHit[]>()
          for (const name of names) hits.set(name, await connector.searchByName(name, DUPLICATE_LIMIT, signal))
          return { answer: hits, credits: names.length }
        },
      )
      const holders = await withRoom(full.connection.sheet, ({ sheet }) => holdersIn(sheet, full.connection.id))
      return {
        found: body.names.map(({ row, name }) => ({
          row,
          hits: (found.get(name) ?? []).map((hit) => ({ ...hit, linkedRow: holders.get(hit.id) ?? null })),
        })),
        credits: names.length,
        note: description.searchNote ?? null,
      }
    },

    previewCreate: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const rows = await plansToCreate(full, caller, body.rows as RowId[], body.common)
      const ready = rows.filter((row) => row.missing.length === 0 && row.problems.length === 0)
      const credits = ready.reduce((sum, row) => sum + createCredits(row.changes.length), 0)
      const { createBatch = 1, readBatch } = described(full)
      const calls = Math.ceil(ready.length / createBatch) + Math.ceil(ready.length / readBatch)
      return {
        rows: rows.map(({ row, changes, missing, problems }) => ({
          row,
          changes: changes.map((c) => ({ ...c })),
          missing: [...missing],
          problems: problems.map((p) => ({ ...p })),
        })),
        calls,
        totalCredits: credits,
      }
    },

    createRecords: async ({ params, body, caller }) => {
      const full = await fullConnection(params.id)
      assertOn(full)
      const rows = body.rows.map(({ row, changes }) => ({ row: row as RowId, changes }))
      await withRoom(full.connection.sheet, ({ sheet }) => {
        for (const { row } of rows) assertMayBecomeRecord(sheet, full, row)
      })
      return start(params.id, { kind: 'create', rows, duplicates: 'allow' }, caller)
    },

    duplicateWorkbook: async ({ params, body }) => duplicates.duplicate(params.id, body),
  }

  /** What each row would send, after asking the app what a record of its kind needs; one question for each kind. */
  async function plansToCreate(full: FullConnection, caller: Caller, rows: readonly RowId[], chosen: readonly FieldChange[]) {
    const setup = setupOf(full, appName(full))
    const common = new Map(chosen.map((c) => [c.field, c.value]))
    const valuesOf = await withRoom(full.connection.sheet, ({ sheet }) => {
      for (const row of rows) assertMayBecomeRecord(sheet, full, row)
      return new Map(
        rows.map((row) => [
          row,
          new Map(
            full.connection.fields.flatMap(({ field, external }) => {
              const value = field === full.connection.keyField ? null : sheet.value(row, field)
              return value === null ? [] : [[external, value] as const]
            }),
          ),
        ]),
      )
    })
    return ask(full, caller, { note: `Planned ${rows.length} new records`, leastPrice: 0 }, async (connector, signal) => {
      const answer: RowToCreate[] = []
      const known = new Map<string, CreateNeeds>()
      for (const row of rows) {
        const values = valuesOf.get(row) ?? new Map<string, CellValue>()
        const chosen = (field: string): CellValue => values.get(field) ?? common.get(field) ?? null
        const needs = await needsOfKind(connector, described(full), chosen, known, signal)
        answer.push(planCreate({ setup, row, values, common, needs }))
      }
      return { answer, credits: 0 }
    })
  }
}

const FIELD_REFRESH_CREDITS = 1
const SEARCH_LIMIT = 50
const DUPLICATE_LIMIT = 5
/** Records a look at a filter reads at most; beyond, the app's own count stands. */
const LOOK_RECORDS = 1_000
/** Records a match looks at at most: each page is a search of one credit. */
const MATCH_RECORDS = 20_000
const SAMPLE = 50

const tiesOf = (ties: readonly { readonly row: string; readonly recordId: string }[]): readonly Tie[] =>
  ties.map(({ row, recordId }) => ({ row: row as RowId, record: recordId }))

/** Why these ties cannot be made; nothing is made then. */
function linkProblem(
  sheet: Sheet,
  connection: ConnectionId,
  links: readonly { row: RowId | null; recordId: string }[],
  app: string,
): ApiProblem | undefined {
  const holders = new Map(linkedRows(sheet, connection).map((l) => [l.recordId, l.row]))
  const asked = new Map<string, RowId | null>()
  for (const { row, recordId } of links) {
    if (row !== null && !sheet.hasRow(row)) return notFound('such row')
    const holder = holders.get(recordId)
    if (row !== null && holder !== undefined && holder !== row)
      return new ApiProblem({
        status: 409,
        code: 'already-linked',
        message: 'Another row of this sheet holds this record.',
        advice: 'Nothing was linked. Go to that row, or unlink it first.',
        details: { row: holder },
      })
    const held = row === null ? undefined : sheet.recordOf(row, connection)
    if (held !== undefined && held !== recordId)
      return new ApiProblem({
        status: 409,
        code: 'row-linked',
        message: `This row is tied to another record of ${app} already.`,
        advice: 'Nothing was linked. Unlink the row first; it keeps what it shows.',
        details: { row },
      })
    if (asked.has(recordId))
      return new ApiProblem({
        status: 409,
        code: 'linked-twice',
        message: 'Two rows ask for the same record, and a record is tied to one row of a sheet.',
        advice: 'Nothing was linked. Choose one of the rows.',
        details: { row: asked.get(recordId) ?? row },
      })
    asked.set(recordId, row)
  }
  return undefined
}

/** @throws ApiProblem where the row is not there, or tied to a record that is not proven gone */
function assertMayBecomeRecord(sheet: Sheet, full: FullConnection, row: RowId): void {
  if (!sheet.hasRow(row) || sheet.isDeleted(row)) throw notFound('such row')
  const { id } = full.connection
  if (sheet.recordOf(row, id) === undefined || sheet.recordMark(row, id)?.kind === 'gone') return
  throw new ApiProblem({
    status: 409,
    code: 'row-linked',
    message: `This row is tied to a record of ${appName(full)} already.`,
    advice: 'Nothing was created. Unlink the row first; it keeps what it shows.',
    details: { row },
  })
}

const needsFor = async (
  connector: Connector,
  description: ObjectDescription,
  context: Readonly<Record<string, CellValue>>,
  signal: AbortSignal,
): Promise<CreateNeeds> => (await connector.requiredToCreate?.(context, signal)) ?? needsOf(description)

/** Fields that decide over others are asked for one after the other: at most so many (Jira: project, issue type). */
const MOST_QUESTIONS = 4

/** What a record of this kind needs: asked again while a value that was chosen changes what else is needed. */
async function needsOfKind(
  connector: Connector,
  description: ObjectDescription,
  chosen: (field: string) => CellValue,
  known: Map<string, CreateNeeds>,
  signal: AbortSignal,
): Promise<CreateNeeds> {
  let context: Readonly<Record<string, CellValue>> = {}
  for (let questions = 1; ; questions++) {
    const kind = JSON.stringify(context)
    const needs = known.get(kind) ?? (await needsFor(connector, description, context, signal))
    known.set(kind, needs)
    // Only what is chosen from a list decides over other fields; a text of its own in each row would be a kind of its own.
    const next = Object.fromEntries(
      needs.required.flatMap(({ id, options }) => {
        const value = options === undefined ? null : chosen(id)
        return value === null ? [] : [[id, value] as const]
      }),
    )
    if (connector.requiredToCreate === undefined || questions === MOST_QUESTIONS || JSON.stringify(next) === kind) return needs
    context = next
  }
}

const textOf = ({ key, values }: AppRecord, field: string): string => {
  const value = values[field]
  return value === undefined || value === null ? key : String(value)
}

/** A field of the app as values are written as text: people of the record by their names. */
function valueFieldOf({ type, options }: ExternalField, { people }: AppRecord): ValueField {
  const named = type === 'person' ? Object.entries(people ?? {}).map(([id, name]) => ({ id, name })) : (options ?? [])
  return { type, options: type === 'single-select' || type === 'multi-select' ? named.map((o) => ({ ...o, id: o.name })) : named }
}

/** Credits of one record that is made: its values as pushed cells, and its tie. */
const createCredits = (values: number): number => values + 1

const notSearchable = (full: FullConnection, { objectName, searchNote }: ObjectDescription): ApiProblem =>
  new ApiProblem({
    status: 409,
    code: 'not-searchable',
    message: searchNote ?? `${appName(full)} cannot search ${objectName} by name.`,
    advice: 'Nothing was asked, and it cost nothing. Paste the record’s key or id instead.',
  })

/** V21: what the app's own search cannot find, in the app's case. */
function nothingFound(full: FullConnection, { searchNote }: ObjectDescription, name: string): string {
  const why = searchNote ?? "Records made in the last minutes don't appear yet."
  return `${appName(full)} search returned nothing for “${name}”. ${why} Paste the record's key instead.`
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
