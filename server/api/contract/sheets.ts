import * as z from 'zod'
import { type Endpoint, id } from './shapes.ts'

/** A sheet of a workbook: its name, and the names of its documents of today. */
export const sheet = z.object({
  id,
  name: z.string(),
  documents: z.object({ edits: z.string(), annotations: z.string(), base: z.array(z.string()) }),
})

const sheetParams = z.object({ id, sheet: id })
const sheetNameText = z
  .string()
  .transform((name) => name.replaceAll(/\p{C}+/gu, ' ').trim())
  .pipe(z.string().min(1).max(120))
const after = id.nullable().describe('the sheet it stands behind; null: it is the first one')

export const sheetsEndpoints = {
  createSheet: {
    access: 'guest-editor',
    method: 'post',
    path: '/api/workbooks/{id}/sheets',
    summary: 'A new sheet, or a copy of one with its fields, rows and shared views; a copy is not connected and has no notes or comments',
    params: z.object({ id }),
    body: z.object({ name: sheetNameText.optional(), after: after.optional(), copyOf: id.optional() }),
    answer: z.object({ sheet, rows: z.number() }),
  },
  patchSheet: {
    access: 'guest-editor',
    method: 'patch',
    path: '/api/workbooks/{id}/sheets/{sheet}',
    summary: 'Rename a sheet, put it elsewhere, or bring a deleted one back',
    params: sheetParams,
    body: z.object({ name: sheetNameText.optional(), after: after.optional(), isDeleted: z.boolean().optional() }),
    answer: z.object({}),
  },
  deleteSheet: {
    access: 'guest-editor',
    method: 'delete',
    path: '/api/workbooks/{id}/sheets/{sheet}',
    summary: 'Delete a sheet: it is kept with all its rows and can be brought back; its connections are not synced meanwhile',
    params: sheetParams,
    answer: z.object({}),
  },
} as const satisfies Record<string, Endpoint>
