import * as z from 'zod'
import {
  cellValue,
  connection,
  description,
  type Endpoint,
  externalField,
  fieldDirection,
  id,
  ms,
  preview,
  runMode,
  startedRun,
} from './shapes.ts'

const hit = z.object({ id: z.string(), key: z.string(), name: z.string(), linkedRow: id.nullable() })
const idParams = z.object({ id })
const none = z.object({})
const filter = z.string().max(4_000)
const external = z.string().min(1).max(120)
const change = z.object({ field: external, value: cellValue })
/** A row of the sheet whose cell was compared, with what stood in it. */
const matchedRow = z.object({ row: id, value: z.string() })

/** Rows with the records they are, or were, tied to. */
const ties = z
  .array(z.object({ row: id, recordId: z.string().min(1).max(80) }))
  .min(1)
  .max(5_000)

/** What an object's fields are, and what reading them anew would cost. */
const objectFields = z.object({ description: description.nullable(), describedAt: ms.nullable(), credits: z.number() })

/** One row that is to become a record: what would be sent, and what still stands in the way. */
const rowToCreate = z.object({
  row: id,
  changes: z.array(change),
  /** Required fields that have no value yet; nothing is sent for this row. */
  missing: z.array(external),
  /** Why a value cannot go out, in words a person reads. */
  problems: z.array(z.object({ field: external, text: z.string() })),
})

export const connectionsEndpoints = {
  listConnections: {
    method: 'get',
    path: '/api/connections',
    summary: 'All connections',
    query: z.object({ workbook: id.optional() }),
    answer: z.object({ connections: z.array(connection) }),
  },
  getObjectFields: {
    method: 'get',
    path: '/api/objects/{id}/fields',
    summary: 'The fields of a workspace object as they were last read; `null` before the first time',
    params: idParams,
    answer: objectFields,
  },
  draftConnection: {
    method: 'post',
    path: '/api/connections/draft',
    summary: 'Prepares a connection of an object in a sheet: nothing is shown yet, but its fields can be read and a filter tried',
    body: z.object({ workbook: id, sheet: id, object: id }),
    answer: objectFields.extend({ id }),
  },
  describeConnection: {
    method: 'post',
    path: '/api/connections/{id}/describe',
    summary: 'Reads the fields of a connection or draft anew (1 credit) and answers when they are here',
    params: idParams,
    answer: objectFields,
  },
  createConnection: {
    method: 'post',
    path: '/api/connections',
    summary: 'Connects a workspace object to a sheet: a connection field and the chosen synced fields. Rows come by import or link.',
    body: z.object({
      workbook: id,
      sheet: id,
      object: id,
      filter: filter.default(''),
      /** The app's field ids, in the order in which the columns stand. */
      fields: z.array(external).max(200).default([]),
      /** Name of the connection field. (Default: the app's name of the key) */
      name: z.string().trim().min(1).max(120).optional(),
    }),
    answer: connection,
  },
  deleteConnection: {
    method: 'delete',
    path: '/api/connections/{id}',
    summary: 'Removes a connection; its fields become fields of the workbook that show what they showed. No record is touched.',
    params: idParams,
    answer: z.object({ fields: z.array(id), staged: z.number() }),
  },
  restoreConnection: {
    method: 'post',
    path: '/api/connections/{id}/restore',
    summary: 'Takes the removal of a connection back: ties, directions and staged cells are as they were',
    params: idParams,
    body: z.object({ isPaused: z.boolean().default(false) }),
    answer: none,
  },
  patchConnection: {
    method: 'patch',
    path: '/api/connections/{id}',
    summary: 'Set the filter, the directions of fields, what a conflict does, or pause',
    params: idParams,
    body: z.object({
      filter: filter.optional(),
      onConflict: z.enum(['hold', 'workbook-wins']).optional(),
      /** Paused: no call leaves for it, by hand or by a clock, until a person resumes it. */
      isPaused: z.boolean().optional(),
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
  unlinkRows: {
    method: 'post',
    path: '/api/connections/{id}/unlink',
    summary: 'Untie rows from these records; they keep what they show. A row that is tied to another record by now is left alone.',
    params: idParams,
    body: z.object({ ties }),
    answer: z.object({ rows: z.array(id) }),
  },
  relinkRows: {
    method: 'post',
    path: '/api/connections/{id}/relink',
    summary: 'Takes unlinking back: rows are tied to the records they were cut from, with what stood there (no call, no credit)',
    params: idParams,
    body: z.object({ ties }),
    answer: z.object({
      rows: z.array(id),
      /** Rows that stay as they are, and why. */
      kept: z.array(z.object({ row: id, reason: z.string() })),
    }),
  },
  matchRows: {
    method: 'post',
    path: '/api/connections/{id}/match',
    summary: 'Which record each row would be tied to, by equal values of two fields; nothing is tied (1 credit a call)',
    params: idParams,
    body: z.object({
      /** A field of the sheet. */
      field: id,
      /** A field of the app. */
      external,
      /** Only these rows. (Default: all that are tied to nothing) */
      rows: z.array(id).max(20_000).optional(),
      /** Which records are looked through. (Default: the connection's filter) */
      filter: filter.optional(),
    }),
    answer: z.object({
      matched: z.array(matchedRow.extend({ hit })),
      /** Several records have the value, or several rows have the value of one record. */
      ambiguous: z.array(matchedRow.extend({ hits: z.array(hit), rows: z.array(id) })),
      /** The one record that fits is tied to another row. */
      taken: z.array(matchedRow.extend({ hit })),
      unmatched: z.array(matchedRow),
      /** Rows without a value to compare. */
      empty: z.number(),
      records: z.number().describe('records looked at'),
      /** The whole filter was listed, because the app cannot be asked for values of this field, or because that takes fewer calls. */
      isListed: z.boolean(),
      /** `false`: there are more records than one match looks at, and what they hold is not in this answer. */
      isComplete: z.boolean(),
      credits: z.number(),
    }),
  },
  lookAtFilter: {
    method: 'post',
    path: '/api/connections/{id}/look',
    summary: 'What an import with this filter would bring, before it brings anything (no credit): how many, which are here already',
    params: idParams,
    body: z.object({ filter }),
    answer: z.object({
      /** `null`: the app does not tell without listing them all. */
      total: z.number().nullable(),
      /** Whether all matching records were looked at: then `here` and `fresh` are exact. */
      isComplete: z.boolean(),
      looked: z.number(),
      here: z.number(),
      fresh: z.number(),
      /** Some of them, those that are here first. */
      sample: z.array(hit),
    }),
  },
  importRecords: {
    method: 'post',
    path: '/api/connections/{id}/import',
    summary: 'Import by the app’s own query (JQL, SOQL, search filters)',
    params: idParams,
    body: z.object({ filter }),
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
    summary: 'Add synced fields and fill them in one pull (1 credit a linked record, however many fields)',
    params: idParams,
    body: z.union([z.object({ external }), z.object({ externals: z.array(external).min(1).max(100) })]),
    answer: startedRun.extend({ field: id, fields: z.array(id) }),
  },
  removeConnectedField: {
    method: 'delete',
    path: '/api/connections/{id}/fields/{field}',
    summary: 'Stop syncing a field; it becomes a field of the workbook that shows what it showed',
    params: z.object({ id, field: id }),
    answer: z.object({ staged: z.number() }),
  },
  restoreConnectedField: {
    method: 'post',
    path: '/api/connections/{id}/fields/{field}/restore',
    summary: 'Takes the removal of a synced field back',
    params: z.object({ id, field: id }),
    answer: none,
  },
  getCreateFields: {
    method: 'post',
    path: '/api/connections/{id}/create/fields',
    summary: 'What a new record needs, for the values chosen so far (Jira: project, then issue type)',
    params: idParams,
    body: z.object({ context: z.record(z.string().max(120), cellValue).default({}) }),
    answer: z.object({ required: z.array(externalField), optional: z.array(externalField) }),
  },
  findDuplicates: {
    method: 'post',
    path: '/api/connections/{id}/create/duplicates',
    summary: 'Records that may be the same as rows that are to become records (1 credit a search)',
    params: idParams,
    body: z.object({
      names: z
        .array(z.object({ row: id, name: z.string().trim().min(1).max(200) }))
        .min(1)
        .max(50),
    }),
    answer: z.object({ found: z.array(z.object({ row: id, hits: z.array(hit) })), credits: z.number(), note: z.string().nullable() }),
  },
  previewCreate: {
    method: 'post',
    path: '/api/connections/{id}/create/preview',
    summary: 'What creating records from rows would send, its price, and its calls: those that create, and those that read the new records',
    params: idParams,
    body: z.object({ rows: z.array(id).min(1).max(1_000), common: z.array(change).max(100).default([]) }),
    answer: z.object({ rows: z.array(rowToCreate), calls: z.number(), totalCredits: z.number() }),
  },
  createRecords: {
    method: 'post',
    path: '/api/connections/{id}/create',
    summary: 'Make a record of each row and tie it to the row; a row whose outcome is unknown is never sent twice',
    params: idParams,
    body: z.object({
      rows: z
        .array(z.object({ row: id, changes: z.array(change).min(1).max(200) }))
        .min(1)
        .max(1_000),
    }),
    answer: startedRun,
  },
  duplicateWorkbook: {
    method: 'post',
    path: '/api/workbooks/{id}/duplicate',
    summary: 'A full copy of a workbook; its connections are paused until a person resumes them',
    params: idParams,
    body: z.object({ name: z.string().trim().min(1).max(120).optional(), hasComments: z.boolean().default(false) }),
    answer: z.object({ id, name: z.string(), sheets: z.number(), rows: z.number(), notes: z.number(), connections: z.number() }),
  },
} as const satisfies Record<string, Endpoint>

export type ConnectionEndpoint = keyof typeof connectionsEndpoints
