import type { CellValue } from '../../workbook/cell-value.ts'
import { excelFile } from '../../workbook/excel-rows.ts'
import { EXCEL_TYPE } from '../../workbook/excel-values.ts'
import type { FieldId, SheetId } from '../../workbook/ids.ts'
import { fileText, PLAIN_FORMATS } from '../../workbook/plain-rows.ts'
import type { AskedColumn, Imports } from '../imports.ts'
import type { Room, SheetHub } from '../sheets.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { Contract } from './contract.ts'
import { notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export type FileEndpoint = 'startImport' | 'addImportRows' | 'commitImport' | 'getImport' | 'cancelImport' | 'undoImport' | 'exportRows'

/** Files into a sheet and out of it. */
export function fileHandlers(parts: { imports: Imports; hub: SheetHub; catalog: Catalog }): Handlers<Pick<Contract, FileEndpoint>> {
  const { imports, hub, catalog } = parts
  return {
    startImport: async ({ params, body, caller }) => {
      if ((await catalog.sheet(params.sheet))?.workbook !== params.id) throw notFound('such sheet in this workbook')
      return imports.create({
        sheet: params.sheet as SheetId,
        newSheet: body.newSheet ?? null,
        name: body.name,
        columns: body.columns as readonly AskedColumn[],
        rows: body.rows,
        actor: caller.actor.id,
      })
    },
    addImportRows: async ({ params, body }) => imports.addChunk(params.id, body.chunk, body.rows),
    commitImport: async ({ params }) => imports.commit(params.id),
    getImport: async ({ params }) => imports.status(params.id),
    cancelImport: async ({ params }) => imports.cancel(params.id),
    undoImport: async ({ params, body, caller }) => imports.undo(params.id, body.isUndone, caller.actor.id),

    exportRows: async ({ params, query }) => {
      if ((await catalog.sheet(params.sheet))?.workbook !== params.id) throw notFound('such sheet in this workbook')
      const { room, release } = await hub.open(params.sheet as SheetId)
      const wanted = query.fields?.split(',')
      const shown = room.sheet.fields().filter((field) => (wanted === undefined ? !field.isHidden : wanted.includes(field.id)))
      const fields = wanted === undefined ? shown : wanted.flatMap((id) => shown.find((field) => field.id === id) ?? [])
      const rows = room.sheet.rows()
      const cellOf = (row: Parameters<Room['sheet']['cell']>[0], field: { id: string }): CellValue =>
        room.sheet.cell(row, field.id as FieldId).value
      const { format, formulas, mark } = query
      if (format === 'xlsx') {
        const name = (await catalog.sheet(params.sheet))?.name ?? ''
        return streamed(excelFile(rows, fields, cellOf, { sheetName: name, clock: PLAIN_FORMATS }).bytes, release, format)
      }
      return streamed(encoded(fileText(rows, fields, cellOf, { format, formulas, hasMark: mark === 'yes' })), release, format)
    },
  }
}

const TYPES = { csv: 'text/csv; charset=utf-8', json: 'application/json; charset=utf-8', xlsx: EXCEL_TYPE } as const

async function* encoded(pieces: Iterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for (const piece of pieces) yield encoder.encode(piece)
}

/** A file as an answer, made as fast as the reader takes it; `release` when it is over, also where the reader goes away. */
function streamed(pieces: AsyncGenerator<Uint8Array>, release: () => Promise<void>, format: keyof typeof TYPES): Response {
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      // A turn for everybody else between two pieces.
      await new Promise((resolve) => setImmediate(resolve))
      const next = await pieces.next().catch(async (error: unknown) => {
        await release()
        throw error
      })
      if (next.done !== true) controller.enqueue(next.value)
      else {
        controller.close()
        await release()
      }
    },
    cancel: async () => {
      await pieces.return(undefined)
      await release()
    },
  })
  return new Response(body, { headers: { 'content-type': TYPES[format], 'content-disposition': `attachment; filename="rows.${format}"` } })
}
