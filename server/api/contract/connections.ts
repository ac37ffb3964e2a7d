import * as z from 'zod'
import { connection, type Endpoint, fieldDirection, id, preview, runMode, startedRun } from './shapes.ts'

const hit = z.object({ id: z.string(), key: z.string(), name: z.string(), linkedRow: id.nullable() })
const idParams = z.object({ id })
const none = z.object({})

export const connectionsEndpoints = {
  listConnections: {
    method: 'get',
    path: '/api/connections',
    summary: 'All connections',
    query: z.object({ workbook: id.optional() }),
    answer: z.object({ connections: z.array(connection) }),
  },
  patchConnection: {
    method: 'patch',
    path: '/api/connections/{id}',
    summary: 'Set the filter, the directions of fields, or what a conflict does',
    params: idParams,
    body: z.object({
      filter: z.string().max(4_000).optional(),
      onConflict: z.enum(['hold', 'workbook-wins']).optional(),
      fields: z.array(z.object({ field: id, direction: fieldDirection })).optional(),
    }),
    answer: none,
  },
  previewSync: {
    method: 'post',
    path: '/api/connections/{id}/preview',
    summary: 'What a sync would do, call by call, and its price',
    params: idParams,
    body: z.object({ mode: runMode.default('two-way') }),
    answer: preview,
  },
  startSync: {
    method: 'post',
    path: '/api/connections/{id}/sync',
    summary: 'Sync a connection; with `planId` exactly the previewed cells and values',
    params: idParams,
    body: z.object({ mode: runMode.default('two-way'), planId: z.string().optional() }),
    answer: startedRun,
  },
  search: {
    method: 'post',
    path: '/api/connections/{id}/search',
    summary: 'Find records by name (1 credit) or by keys (1 credit a read call)',
    params: idParams,
    body: z.union([
      z.object({ name: z.string().trim().min(1).max(200) }),
      z.object({ keys: z.array(z.string().trim().min(1).max(80)).min(1).max(5_000) }),
    ]),
    answer: z.object({ hits: z.array(hit), missing: z.array(z.string()), credits: z.number(), note: z.string().nullable() }),
  },
  link: {
    method: 'post',
    path: '/api/connections/{id}/links',
    summary: 'Tie rows to records; `row: null` makes a row. Every connected field is filled.',
    params: idParams,
    body: z.object({
      links: z
        .array(z.object({ row: id.nullable(), recordId: z.string().min(1).max(80) }))
        .min(1)
        .max(5_000),
    }),
    answer: startedRun,
  },
  unlink: {
    method: 'delete',
    path: '/api/connections/{id}/links/{row}',
    summary: 'Untie a row; it keeps what it shows',
    params: z.object({ id, row: id }),
    answer: none,
  },
  importRecords: {
    method: 'post',
    path: '/api/connections/{id}/import',
    summary: 'Import by the app’s own query (JQL)',
    params: idParams,
    body: z.object({ filter: z.string().max(4_000) }),
    answer: startedRun,
  },
  refreshFields: {
    method: 'post',
    path: '/api/connections/{id}/refresh',
    summary: 'Fetch fields and options anew (1 credit)',
    params: idParams,
    answer: startedRun,
  },
  addConnectedField: {
    method: 'post',
    path: '/api/connections/{id}/fields',
    summary: 'Add a synced field and fill it (1 credit a linked record)',
    params: idParams,
    body: z.object({ external: z.string().min(1).max(120) }),
    answer: startedRun.extend({ field: id }),
  },
} as const satisfies Record<string, Endpoint>
