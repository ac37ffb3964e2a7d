import * as z from 'zod'
import { FIELD_TYPES } from '../../../workbook/fields.ts'
import { cellValue, type Endpoint, id } from './shapes.ts'

const importStatus = z.object({
  id,
  sheet: id,
  state: z.enum(['uploading', 'writing', 'done', 'undoing', 'cancelled', 'undone']),
  rows: z.number().describe('announced'),
  chunks: z.array(z.number()).describe('uploaded and not yet in the sheet'),
  written: z.number().describe('rows in the sheet'),
  fields: z.array(id).describe('of the columns, in their order'),
  firstRow: id.nullable(),
})

export const filesEndpoints = {
  startImport: {
    method: 'post',
    path: '/api/workbooks/{id}/sheets/{sheet}/imports',
    summary: 'Begin to import a file: its columns and how many rows will come. Nothing is in the sheet before it is committed.',
    params: z.object({ id, sheet: id }),
    body: z.object({
      name: z.string().max(300),
      /** Makes a sheet of this name and puts the rows there; every column then makes a field. */
      newSheet: z.string().trim().min(1).max(120).optional(),
      columns: z
        .array(
          z.union([
            z.object({ field: id }),
            z.object({
              name: z.string().trim().min(1).max(120),
              type: z.enum(FIELD_TYPES).exclude(['record-key']),
              options: z
                .array(z.object({ id, name: z.string().min(1).max(120) }))
                .max(500)
                .default([]),
              currency: z
                .string()
                .regex(/^[A-Z]{3}$/)
                .optional()
                .describe('ISO 4217, of a field of amounts'),
            }),
          ]),
        )
        .min(1)
        .max(500),
      rows: z.number().int().min(1).max(200_000),
    }),
    answer: importStatus,
  },
  addImportRows: {
    method: 'post',
    path: '/api/imports/{id}/rows',
    summary: 'One chunk of the rows, values in the order of the columns; sent again it replaces itself',
    params: z.object({ id }),
    body: z.object({ chunk: z.number().int().min(0).max(10_000), rows: z.array(z.array(cellValue).max(500)).min(1).max(1_000) }),
    answer: importStatus,
  },
  commitImport: {
    method: 'post',
    path: '/api/imports/{id}/commit',
    summary: 'Write the uploaded rows into the sheet; goes on after a restart',
    params: z.object({ id }),
    answer: importStatus,
  },
  getImport: { method: 'get', path: '/api/imports/{id}', summary: 'How far an import is', params: z.object({ id }), answer: importStatus },
  cancelImport: {
    method: 'post',
    path: '/api/imports/{id}/cancel',
    summary: 'End an import that is not done; what it wrote is taken out',
    params: z.object({ id }),
    answer: importStatus,
  },
  undoImport: {
    method: 'post',
    path: '/api/imports/{id}/undo',
    summary: 'Take a finished import back, or bring it in again',
    params: z.object({ id }),
    body: z.object({ isUndone: z.boolean() }),
    answer: importStatus,
  },
  exportRows: {
    method: 'get',
    path: '/api/workbooks/{id}/sheets/{sheet}/export',
    summary:
      'All rows as a file, streamed. In CSV, texts that a spreadsheet would run as formulas get an apostrophe unless `formulas=raw`; in xlsx every text is a text, and moments are in UTC.',
    params: z.object({ id, sheet: id }),
    query: z.object({
      format: z.enum(['csv', 'json', 'xlsx']).default('csv'),
      formulas: z.enum(['defuse', 'raw']).default('defuse'),
      mark: z.enum(['yes', 'no']).default('no').describe('begin with a byte order mark, for Excel'),
      fields: z
        .string()
        .regex(/^[0-9A-Za-z]+(?:,[0-9A-Za-z]+)*$/)
        .optional()
        .describe('ids, separated by commas; absent: all fields that are not hidden'),
    }),
    answer: z.unknown(),
  },
} as const satisfies Record<string, Endpoint>
