import { addCredits, NO_CREDITS, totalCredits } from '../../sync-engine/credits.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { addRows, editCells } from '../../workbook/edit.ts'
import type { FieldId, RandomBytes, RowId, WorkbookId } from '../../workbook/ids.ts'
import { fileText } from '../../workbook/plain-rows.ts'
import { bookName, sysName } from '../../workbook/schema.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { Documents } from '../collab-ports.ts'
import type { RunQueue } from '../queue.ts'
import type { Caller } from '../session.ts'
import { documentsOf, type SheetHub } from '../sheets.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { RunStore } from '../storage/runs.ts'
import type { UpdateLog } from '../update-log.ts'
import type { WorkbookPeople } from '../workbook-people.ts'
import type { Workbooks } from '../workbooks.ts'
import { connectionForGuest, makeConnectionInfo } from './connections.ts'
import type { Contract } from './contract.ts'
import type { LinkEndpoint } from './links.ts'
import { makeLookup } from './lookup.ts'
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

/** The HTTP API on top of documents, tables and queue. Every answer that says something was changed comes after it is on disk. */
export function makeHandlers(parts: HandlersParts): HandlerTable {
  const { catalog, runs, documents, queue, workbooks, people, log, now, random } = parts
  const nameOf = (actor: string): string => people.nameOf(actor) ?? actor
  const { connection: fullConnection, withRoom } = makeLookup(parts)
  const infoOf = makeConnectionInfo(parts)
  const editorOf = (caller: Caller) => ({ by: caller.actor.id, now })

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
      const all = await catalog.allSheets(workbook.id)
      const listed = (isRemoved: boolean) =>
        all.flatMap((s) => (s.isRemoved === isRemoved ? [{ id: s.id, name: s.name, documents: documentsOf(sys.doc, s.id) }] : []))
      const [sheets, removedSheets] = [listed(false), listed(true)]
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
        removedSheets,
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
            staged: fields.filter((f) => f.binding !== undefined && sheet.cell(row, f.id).isStaged).map((f) => f.id as string),
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
      const edits = await runs.cellChanges(params.sheet, params.row, params.field)
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
