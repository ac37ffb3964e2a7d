import * as z from 'zod'
import { annotationsEndpoints } from './contract/annotations.ts'
import { authorizeEndpoints } from './contract/authorize.ts'
import { connectionsEndpoints } from './contract/connections.ts'
import { filesEndpoints } from './contract/files.ts'
import { integrationsEndpoints } from './contract/integrations.ts'
import { linksEndpoints } from './contract/links.ts'
import { runsEndpoints } from './contract/runs.ts'
import {
  type apiError,
  cellValue,
  connection,
  type Endpoint,
  id,
  ms,
  person,
  personName,
  type preview,
  role,
  type run,
  runHead,
} from './contract/shapes.ts'
import { sheet, sheetsEndpoints } from './contract/sheets.ts'

/**
 * The HTTP API as data: the server builds its routes and its OpenAPI document from it, the app its typed client.
 * Every answer that is not 2xx is `{ error }` in the shape of `apiError`.
 */

const workbook = z.object({
  id,
  name: z.string(),
  createdAt: ms,
  updatedAt: ms,
  rows: z.number(),
  staged: z.number(),
  needsPerson: z.number(),
})
const cellInput = z.object({ row: id, field: id, value: cellValue })
const story = z.object({
  kind: z.enum(['edit', 'server', 'pushed', 'refused', 'pulled']),
  at: ms,
  by: z.string(),
  byName: z.string(),
  device: z.string().nullable(),
  value: cellValue,
  base: cellValue,
  run: id.nullable(),
  note: z.string().nullable(),
})

const params = { workbook: z.object({ id }), connection: z.object({ id }), run: z.object({ id }) }
const none = z.object({})

export const contract = {
  getSession: {
    access: 'person',
    method: 'get',
    path: '/api/session',
    summary: 'Who this browser is',
    query: z.object({ workbook: id.optional() }),
    answer: z.object({
      person,
      device: z.string(),
      mode: z.literal('local'),
      hasSandbox: z.boolean(),
      /** A guest came by a shared link. */
      kind: z.enum(['member', 'guest']),
      /** In the workbook that was asked for. */
      role: role.optional(),
    }),
  },
  patchSession: {
    access: 'person',
    method: 'patch',
    path: '/api/session',
    summary: 'Choose the name and colour others see',
    body: z.object({
      name: personName.optional(),
      color: z
        .string()
        .regex(/^#[0-9a-f]{6}$/)
        .optional(),
    }),
    answer: z.object({ person, device: z.string() }),
  },
  listWorkbooks: {
    method: 'get',
    path: '/api/workbooks',
    summary: 'All workbooks, and those that were deleted',
    answer: z.object({
      workbooks: z.array(workbook),
      deleted: z.array(z.object({ id, name: z.string(), deletedAt: ms, deletedByName: z.string() })),
    }),
  },
  createWorkbook: {
    method: 'post',
    path: '/api/workbooks',
    summary: 'A new workbook with one empty sheet',
    body: z.object({ name: z.string().trim().min(1).max(120) }),
    answer: workbook,
  },
  getWorkbook: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/workbooks/{id}',
    summary: 'A workbook, its current documents and connections',
    params: params.workbook,
    answer: z.object({
      id,
      name: z.string(),
      documents: z.object({ book: z.string(), sys: z.string() }),
      sheets: z.array(sheet),
      /** Deleted ones, which can be brought back. */
      removedSheets: z.array(sheet),
      connections: z.array(connection),
      people: z.array(person),
      /** What the caller may do in it. */
      role,
      creditsThisMonth: z.number(),
    }),
  },
  removeWorkbook: {
    method: 'delete',
    path: '/api/workbooks/{id}',
    summary: 'Delete a workbook: nobody opens it any more and its connections rest, until it is brought back',
    params: params.workbook,
    answer: none,
  },
  restoreWorkbook: {
    method: 'post',
    path: '/api/workbooks/{id}/restore',
    summary: 'Bring a deleted workbook back as it was',
    params: params.workbook,
    answer: none,
  },
  renameWorkbook: {
    method: 'patch',
    path: '/api/workbooks/{id}',
    summary: 'Rename a workbook',
    params: params.workbook,
    body: z.object({ name: z.string().trim().min(1).max(120) }),
    answer: none,
  },
  getRows: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/workbooks/{id}/sheets/{sheet}/rows',
    summary: 'Rows as shown, with the field names as keys; `format=csv` answers text/csv',
    params: z.object({ id, sheet: id }),
    query: z.object({
      format: z.enum(['json', 'csv']).default('json'),
      offset: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
    }),
    answer: z.object({
      total: z.number(),
      fields: z.array(z.object({ id, name: z.string(), type: z.string() })),
      rows: z.array(z.object({ row: id, values: z.record(z.string(), cellValue), staged: z.array(id) })),
    }),
  },
  addRows: {
    access: 'guest-editor',
    method: 'post',
    path: '/api/workbooks/{id}/sheets/{sheet}/rows',
    summary: 'Import rows; values by field id',
    params: z.object({ id, sheet: id }),
    body: z.object({ rows: z.array(z.record(z.string(), cellValue)).max(10_000) }),
    answer: z.object({ rows: z.array(id) }),
  },
  editCells: {
    access: 'guest-editor',
    method: 'patch',
    path: '/api/workbooks/{id}/sheets/{sheet}/rows',
    summary: 'Write cells, as typing does',
    params: z.object({ id, sheet: id }),
    body: z.object({ cells: z.array(cellInput).max(10_000) }),
    answer: z.object({ written: z.number(), readOnly: z.array(z.object({ row: id, field: id, reason: z.string() })) }),
  },
  getStory: {
    method: 'get',
    path: '/api/cells/{sheet}/{row}/{field}/story',
    summary: 'Everything that happened to a cell, newest first',
    params: z.object({ sheet: id, row: id, field: id }),
    answer: z.object({ story: z.array(story) }),
  },
  getBaseShard: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/sheets/{sheet}/base/{shard}',
    summary:
      'Some thousand rows of a sheet as a Yjs update of the document in Tidebook-Document, compressed; ETag "gen.epoch.seq", 304 where If-None-Match names it. What came after seq comes by the feed.',
    params: z.object({ sheet: id, shard: z.coerce.number().int().min(0).max(999_999_999) }),
    answer: z.unknown(),
  },
  ...linksEndpoints,
  ...filesEndpoints,
  ...authorizeEndpoints,
  ...integrationsEndpoints,
  ...connectionsEndpoints,
  ...runsEndpoints,
  ...annotationsEndpoints,
  ...sheetsEndpoints,
} as const satisfies Record<string, Endpoint>

export type { Access, Endpoint } from './contract/shapes.ts'
export { apiError } from './contract/shapes.ts'

export type Contract = typeof contract
export type EndpointName = keyof Contract
export type AnswerOf<Name extends EndpointName> = z.output<Contract[Name]['answer']>
export type ParamsOf<Name extends EndpointName> = Contract[Name] extends { params: infer P extends z.ZodType } ? z.input<P> : undefined
export type QueryOf<Name extends EndpointName> = Contract[Name] extends { query: infer Q extends z.ZodType } ? z.input<Q> : undefined
export type BodyOf<Name extends EndpointName> = Contract[Name] extends { body: infer B extends z.ZodType } ? z.input<B> : undefined

/** Messages the server sends on a workbook's `sys` document, beside the documents: never stored. */
export const statelessMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), run: runHead }),
  z.object({ type: z.literal('connection'), connection: id }),
  z.object({ type: z.literal('documents') }),
])
export type StatelessMessage = z.infer<typeof statelessMessage>
export type RunHead = z.infer<typeof runHead>
export type Run = z.infer<typeof run>
export type Preview = z.infer<typeof preview>
export type ConnectionInfo = z.infer<typeof connection>
export type ApiError = z.infer<typeof apiError>
