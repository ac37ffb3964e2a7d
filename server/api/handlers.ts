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
import type { Catalog, FullConnection } from '../storage/catalog.ts'
import type { RunStore } from '../storage/runs.ts'
import type { Settings } from '../storage/settings.ts'
import type { UpdateLog } from '../update-log.ts'
import type { WorkbookPeople } from '../workbook-people.ts'
import type { Workbooks } from '../workbooks.ts'
import { connectionForGuest, makeConnectionInfo } from './connections.ts'
import type { Contract } from './contract.ts'
import type { LinkEndpoint } from './links.ts'
import { makeLookup } from './lookup.ts'
import { badRequest, notFound } from './problem.ts'
import type { Handlers } from './router.ts'
import { creditsThisMonth } from './runs.ts'

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
  readonly settings: () => Settings
  readonly nextPullOf: (full: FullConnection) => number | null
}

type HandlerTable = Handlers<Omit<Contract, 'getSession' | 'patchSession' | LinkEndpoint>>

/** The HTTP API on top of documents, tables and queue. Every answer that says something was changed comes after it is on disk. */
export function makeHandlers(parts: HandlersParts): HandlerTable {
  const { catalog, runs, hub, documents, workbooks, people, log, now, random, settings } = parts
  const nameOf = (actor: string): string => people.nameOf(actor) ?? actor
  const { withRoom } = makeLookup(parts)
  const infoOf = makeConnectionInfo(parts)
  const editorOf = (caller: Caller) => ({ by: caller.actor.id, now })

  const summaryOf = async (id: string): Promise<{ rows: number; staged: number; needsPerson: number }> => {
    const sum = { rows: 0, staged: 0, needsPerson: 0 }
    for (const sheet of await catalog.sheets(id)) {
      const { rows, staged, needing } = await hub.counts(sheet.id)
      sum.rows += rows
      sum.staged += staged
      sum.needsPerson += needing
    }
    return sum
  }

  return {
    listWorkbooks: async () => ({
      workbooks: await Promise.all((await catalog.workbooks()).map(async (w) => ({ ...w, ...(await summaryOf(w.id)) }))),
      deleted: (await catalog.removedWorkbooks()).map(({ id, name, removedAt, removedBy }) => ({
        id,
        name,
        deletedAt: removedAt,
        deletedByName: nameOf(removedBy),
      })),
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
      return {
        id: workbook.id,
        name: workbook.name,
        documents: { book: bookName(workbook.id), sys: sysName(workbook.id) },
        sheets,
        // What was deleted is not part of what was shared.
        removedSheets: isGuest ? [] : removedSheets,
        connections,
        people: known.map(({ person }) => ({ ...person })),
        role: caller.kind === 'guest' ? (caller.grant?.role ?? 'viewer') : ('owner' as const),
        creditsThisMonth: isGuest
          ? 0
          : await creditsThisMonth(
              runs,
              settings(),
              now(),
              connections.map((c) => c.id),
            ),
      }
    },

    removeWorkbook: async ({ params, caller }) => {
      await workbooks.remove(params.id as WorkbookId, caller.actor.id)
      return {}
    },

    restoreWorkbook: async ({ params }) => {
      await workbooks.restore(params.id as WorkbookId)
      return {}
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
  }
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
