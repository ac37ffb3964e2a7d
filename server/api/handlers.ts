import type { ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import { APPS, readyApp } from '../../sync-engine/connectors/registry.ts'
import { addCredits, NO_CREDITS, totalCredits } from '../../sync-engine/credits.ts'
import { planSync } from '../../sync-engine/plan.ts'
import { NO_COUNTS } from '../../sync-engine/ports.ts'
import { setupFingerprint } from '../../sync-engine/run-plan.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import { CHOICES, type Choice } from '../../workbook/annotations.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editResolutionsMap } from '../../workbook/documents.ts'
import { addRows, chooseOn, editCells } from '../../workbook/edit.ts'
import { type FieldId, makeRunId, type RandomBytes, type RowId, type SheetId, type WorkbookId } from '../../workbook/ids.ts'
import { fileText } from '../../workbook/plain-rows.ts'
import { bookName, sysName } from '../../workbook/schema.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { Documents } from '../collab-ports.ts'
import { deltaOf, linkedRows } from '../engine-ports.ts'
import type { RunQueue } from '../queue.ts'
import type { Caller } from '../session.ts'
import { documentsOf, type Room, type SheetHub } from '../sheets.ts'
import { type Catalog, type ConnectionRow, type FullConnection, setupOf } from '../storage/catalog.ts'
import { callOp, creditsOp, insertRunOp, previewOps, type RunRow, type RunStore, transitionOps } from '../storage/runs.ts'
import type { UpdateLog } from '../update-log.ts'
import type { WorkbookPeople } from '../workbook-people.ts'
import { appName, type Workbooks } from '../workbooks.ts'
import type { ConnectionInfo, Contract } from './contract.ts'
import type { LinkEndpoint } from './links.ts'
import { ApiProblem, badRequest, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export interface HandlersParts {
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly hub: SheetHub
  readonly documents: Documents
  readonly queue: RunQueue
  readonly workbooks: Workbooks
  readonly people: WorkbookPeople
  readonly log: UpdateLog
  readonly now: () => number
  readonly random: RandomBytes
}

type HandlerTable = Handlers<Omit<Contract, 'getSession' | 'patchSession' | LinkEndpoint>>

const SEARCH_LIMIT = 50

/** The HTTP API on top of documents, tables and queue. Every answer that says something was changed comes after it is on disk. */
export function makeHandlers(parts: HandlersParts): HandlerTable {
  const { catalog, runs, hub, documents, queue, workbooks, people, log, now, random } = parts
  const nameOf = (actor: string): string => people.nameOf(actor) ?? actor
  const fullConnection = async (id: string): Promise<FullConnection> => {
    const full = await catalog.connection(id)
    if (full === undefined) throw notFound('such connection')
    return full
  }
  const described = (full: FullConnection): ObjectDescription => {
    const { description } = full.connection
    if (description !== undefined) return description
    throw new ApiProblem({
      status: 409,
      code: 'not-described',
      message: 'The fields of this connection are not known yet.',
      advice: 'Refresh the fields first.',
    })
  }
  const withRoom = async <T>(sheet: string, use: (room: Room) => Promise<T> | T): Promise<T> => {
    if ((await catalog.sheet(sheet)) === undefined) throw notFound('such sheet')
    const { room, release } = await hub.open(sheet as SheetId)
    try {
      return await use(room)
    } finally {
      await release()
    }
  }
  const editorOf = (caller: Caller) => ({ by: caller.actor.id, now })

  const infoOf = async (connection: ConnectionRow): Promise<ConnectionInfo> => {
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
      ...(connection.description && { description: connection.description as unknown as NonNullable<ConnectionInfo['description']> }),
      linkedRecords: new Set(linkedRows(sheet, connection.id).map((l) => l.recordId)).size,
      latestPull: connection.latestPull,
      // Pulls by a clock come with the schedules; until then every pull is a person's.
      nextPull: null,
      activeRun: await queue.activeRunOf(connection.id),
    }))
  }

  const summaryOf = async (id: string): Promise<{ rows: number; staged: number; needsPerson: number }> => {
    const sum = { rows: 0, staged: 0, needsPerson: 0 }
    for (const { id: sheetId } of await catalog.sheets(id)) {
      await withRoom(sheetId, ({ sheet, authority }) => {
        sum.rows += sheet.rows().length
        sum.needsPerson += [...sheet.annotations()].length
        const connections = new Set(sheet.fields().flatMap((f) => f.binding?.connection ?? []))
        for (const connection of connections) sum.staged += [...authority.staged(connection)].length
      })
    }
    return sum
  }

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
    listWorkbooks: async () => ({
      workbooks: await Promise.all((await catalog.workbooks()).map(async (w) => ({ ...w, ...(await summaryOf(w.id)) }))),
    }),

    createWorkbook: async ({ body }) => {
      const { workbook } = await workbooks.create(body.name, 'first')
      return { ...workbook, rows: 0, staged: 0, needsPerson: 0 }
    },

    getWorkbook: async ({ params, caller }) => {
      const workbook = await catalog.workbook(params.id)
      if (workbook === undefined) throw notFound('such workbook')
      const sys = await documents.openDocument(sysName(workbook.id))
      const sheets = (await catalog.sheets(workbook.id)).map((s) => ({ id: s.id, name: s.name, documents: documentsOf(sys.doc, s.id) }))
      await sys.release()
      const isGuest = caller.kind === 'guest'
      const found = await Promise.all((await catalog.connections({ workbook: workbook.id })).map(infoOf))
      const connections = isGuest ? found.map(connectionForGuest) : found
      const known = await (isGuest ? people.forGuests(workbook.id) : people.ofWorkbook(workbook.id))
      const ledger = await runs.ledger(
        monthStart(now()),
        connections.map((c) => c.id),
      )
      return {
        id: workbook.id,
        name: workbook.name,
        documents: { book: bookName(workbook.id), sys: sysName(workbook.id) },
        sheets,
        connections,
        people: known.map(({ person }) => ({ ...person })),
        role: caller.kind === 'guest' ? (caller.grant?.role ?? 'viewer') : ('owner' as const),
        creditsThisMonth: isGuest ? 0 : ledger.reduce((sum, entry) => sum + totalCredits(entry), 0),
      }
    },

    renameWorkbook: async ({ params, body }) => {
      await workbooks.rename(params.id as WorkbookId, body.name)
      return {}
    },

    getRows: async ({ params, query }) =>
      withRoom(params.sheet, ({ sheet }) => {
        const fields = sheet.fields().filter((f) => !f.isHidden)
        const rows = sheet.rows()
        const page = rows.slice(query.offset, query.offset + query.limit)
        if (query.format === 'csv') return csvOf(sheet, page)
        return {
          total: rows.length,
          fields: fields.map((f) => ({ id: f.id, name: f.name, type: f.type })),
          rows: page.map((row) => ({
            row,
            values: Object.fromEntries(fields.map((f) => [f.id, sheet.cell(row, f.id).value])),
            staged: fields.filter((f) => sheet.cell(row, f.id).isStaged).map((f) => f.id as string),
          })),
        }
      }),

    addRows: async ({ params, body, caller }) =>
      withRoom(params.sheet, async ({ sheet }) => {
        const editor = editorOf(caller)
        const made = addRows(sheet, body.rows.length, undefined, editor, random)
        const cells = body.rows.flatMap((values, i) => {
          const row = made[i]
          return row === undefined ? [] : Object.entries(values).map(([field, value]) => ({ row, field: field as FieldId, value }))
        })
        editCells(sheet, cells, editor)
        await log.durable()
        return { rows: [...made] }
      }),

    editCells: async ({ params, body, caller }) =>
      withRoom(params.sheet, async ({ sheet }) => {
        const cells = body.cells as { row: RowId; field: FieldId; value: CellValue }[]
        for (const { row, field } of cells) {
          if (!sheet.hasRow(row) || sheet.field(field) === undefined) throw badRequest(`There is no cell ${row}:${field} in this sheet.`)
        }
        const readOnly = cells.flatMap(({ row, field }) => {
          const binding = sheet.field(field)?.binding
          return binding?.writable === false ? [{ row, field, reason: binding.reason ?? 'Read-only.' }] : []
        })
        const done = editCells(sheet, cells, editorOf(caller))
        await log.durable()
        return { written: done.length, readOnly }
      }),

    getStory: async ({ params }) => {
      const edits = await runs.cellChanges(params.row, params.field)
      const pushes = await runs.cellStory(params.sheet, params.row, params.field)
      const story = [
        ...edits.map((e) => ({
          kind: e.origin === 'user' ? ('edit' as const) : ('server' as const),
          at: e.at,
          by: e.actor,
          byName: nameOf(e.actor),
          device: e.device || null,
          value: JSON.parse(e.value) as CellValue,
          base: JSON.parse(e.base) as CellValue,
          run: null,
          note: e.origin === 'user' ? null : e.origin,
        })),
        ...pushes.map((c) => ({
          kind:
            c.outcome === 'pulled'
              ? ('pulled' as const)
              : c.outcome === 'refused'
                ? ('refused' as const)
                : c.outcome === 'pushed'
                  ? ('pushed' as const)
                  : ('server' as const),
          at: c.at,
          by: c.author,
          byName: nameOf(c.author),
          device: null,
          value: JSON.parse(c.outcome === 'pulled' ? c.got : c.value) as CellValue,
          base: JSON.parse(c.base) as CellValue,
          run: c.run,
          note: c.note,
        })),
      ]
      return { story: story.sort((a, b) => b.at - a.at) }
    },

    listIntegrations: async () => {
      const integrations = await Promise.all(
        (await catalog.integrations()).map(async ({ id, app, name, isOn, account }) => ({
          id,
          app,
          appName: readyApp(app)?.name ?? app,
          name,
          isOn,
          account,
          objects: (await catalog.objects(id)).map(({ integration: _integration, ...object }) => object),
        })),
      )
      return { integrations, coming: APPS.flatMap((app) => (app.kind === 'coming' ? [app.name] : [])) }
    },

    patchIntegration: async ({ params, body }) => {
      const integration = (await catalog.integrations()).find((i) => i.id === params.id)
      if (integration === undefined) throw notFound('such integration')
      const changed = { ...integration, isOn: body.isOn ?? integration.isOn, name: body.name ?? integration.name }
      log.execute([catalog.saveIntegration(changed, now())])
      await log.durable()
      await workbooks.rewriteBindings(await connectionsOf(catalog, integration.id))
      return {}
    },

    patchObject: async ({ params, body }) => {
      const object = (await catalog.objects(params.id)).find((o) => o.id === params.object)
      if (object === undefined) throw notFound('such object')
      log.execute([catalog.saveObject({ ...object, direction: body.direction })])
      await log.durable()
      await workbooks.rewriteBindings(await catalog.connections({ object: object.id }))
      return {}
    },

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

    listAnnotations: async ({ query }) =>
      withRoom(query.sheet, ({ sheet }) => ({
        annotations: [...sheet.annotations()].map(({ row, place, annotation }) => ({
          id: annotation.id,
          row,
          field: place,
          kind: annotation.kind,
          annotation,
          choices: [...CHOICES[annotation.kind]],
        })),
      })),

    chooseAnnotation: async ({ params, body, caller }) =>
      withRoom(body.sheet, async ({ sheet }) => {
        const found = [...sheet.annotations()].find((a) => a.annotation.id === params.id)
        if (found === undefined) return { outcome: 'stale' as const }
        if (body.choice === 'use-line' && body.item === undefined) throw badRequest('The choice use-line needs the item of the line.')
        const answer = (body.choice === 'use-line' ? { choice: body.choice, item: body.item } : { choice: body.choice }) as Choice
        chooseOn(sheet, { row: found.row, field: found.place as FieldId }, found.annotation, answer, editorOf(caller))
        const stored = editResolutionsMap(sheet.docs.edits).get(params.id) as { outcome?: 'applied' | 'stale' } | undefined
        await log.durable()
        return { outcome: stored?.outcome ?? 'stale' }
      }),

    listRuns: async ({ query }) => {
      const ofWorkbook =
        query.workbook === undefined ? undefined : (await catalog.connections({ workbook: query.workbook })).map((c) => c.id as string)
      const connections = query.connection === undefined ? ofWorkbook : [query.connection]
      const found = await runs.runs({
        limit: query.limit,
        ...(connections && { connections }),
        ...(query.to !== undefined && { before: query.to }),
      })
      return { runs: await Promise.all(found.map((run) => queue.headOf(run))), next: null }
    },

    getRun: async ({ params }) => {
      await log.durable()
      const run = await runs.run(params.id)
      if (run === undefined) throw notFound('such run')
      const full = await fullConnection(run.connection)
      const names = await withRoom(full.connection.sheet, ({ sheet }) => new Map(sheet.fields().map((f) => [f.id as string, f.name])))
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
        })) as never,
      }
    },

    cancelRun: async ({ params }) => {
      if (!(await queue.cancel(params.id))) {
        throw new ApiProblem({
          status: 409,
          code: 'over',
          message: 'This run is over.',
          advice: 'Nothing was changed; its receipt says what was sent.',
        })
      }
      return {}
    },

    getCredits: async ({ query }) => {
      const entries = await runs.ledger(query.since, query.connection === undefined ? undefined : [query.connection])
      const byRule = entries.reduce((sum, entry) => addCredits(sum, entry), NO_CREDITS)
      return {
        total: totalCredits(byRule),
        byRule,
        entries: entries.map(({ run, connection, at, pushed, pulled, linked, refreshed, searched }) => {
          const credits = { pushed, pulled, linked, refreshed, searched }
          return { run, connection, at, credits, total: totalCredits(credits) }
        }),
      }
    },
  }
}

async function connectionsOf(catalog: Catalog, integration: string): Promise<readonly ConnectionRow[]> {
  const objects = await catalog.objects(integration)
  return (await Promise.all(objects.map((o) => catalog.connections({ object: o.id })))).flat()
}

/** What a guest sees of a connection: what stands over its columns, and which way its values go. */
function connectionForGuest(connection: ConnectionInfo): ConnectionInfo {
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
    linkedRecords: 0,
    latestPull: null,
    nextPull: null,
    activeRun: null,
  }
}

/** The first instant of the current month, UTC. */
function monthStart(now: number): number {
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

/** Rows as CSV; what a spreadsheet would run as a formula is defused. */
function csvOf(sheet: Sheet, rows: readonly RowId[]): Response {
  const fields = sheet.fields().filter((f) => !f.isHidden)
  const options = { format: 'csv', formulas: 'defuse', hasMark: false } as const
  const text = [...fileText(rows, fields, (row, field) => sheet.cell(row, field.id as FieldId).value, options)].join('')
  return new Response(text, {
    headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="rows.csv"' },
  })
}
