import * as z from 'zod'
import { FIELD_TYPES } from '../../workbook/fields.ts'

/**
 * The HTTP API as data: the server builds its routes and its OpenAPI document from it, the app its typed client.
 * Every answer that is not 2xx is `{ error }` in the shape of `apiError`.
 */

const cellValue = z.union([z.string().max(32_000), z.number(), z.boolean(), z.null()])
const id = z.string().regex(/^[0-9A-Za-z]{1,32}$/)
const ms = z.number().describe('ms since 1970')
const person = z.object({ id: z.string(), name: z.string(), color: z.string() })

/** A name as others see it: without characters that are not seen, or that turn the text around them. */
const personName = z
  .string()
  .transform((name) => name.replaceAll(/\p{C}+/gu, ' ').trim())
  .pipe(z.string().min(1).max(60))
const role = z.enum(['owner', 'editor', 'viewer'])

export const apiError = z.object({
  error: z.object({
    code: z.string(),
    /** What happened. */
    message: z.string(),
    /** What is safe, and what to do. */
    advice: z.string(),
    details: z.unknown().optional(),
  }),
})

const credits = z.object({ pushed: z.number(), pulled: z.number(), linked: z.number(), refreshed: z.number(), searched: z.number() })
const objectDirection = z.enum(['push-pull', 'push', 'pull', 'disabled'])
const fieldDirection = z.enum(['two-way', 'push', 'pull', 'off'])
const runMode = z.enum(['two-way', 'one-way'])
const runState = z.enum([
  'queued',
  'leased',
  'refreshing',
  'planning',
  'checking',
  'pushing',
  'pulling',
  'reconciling',
  'settled',
  'partial',
  'waiting',
  'cancelled',
  'failed',
])
const runKind = z.enum(['sync', 'import', 'link', 'refresh', 'fill', 'search'])

const externalField = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  writable: z.union([z.literal(true), z.object({ reason: z.string() })]),
  options: z
    .array(z.object({ id: z.string(), name: z.string(), color: z.string().optional(), retired: z.boolean().optional() }))
    .optional(),
  optionsCaseSensitive: z.boolean().optional(),
  maxLength: z.number().optional(),
  required: z.boolean().optional(),
  writtenBy: z.literal('transition').optional(),
  wire: z.string().optional(),
})

/** What `sync-engine/connectors/connector.ts` calls ObjectDescription. */
const description = z.object({
  app: z.string(),
  appName: z.string(),
  object: z.string(),
  objectName: z.string(),
  fields: z.array(externalField),
  keyField: z.string(),
  nameField: z.string(),
  readBatch: z.number(),
  updateAnswersRecord: z.boolean(),
  indexDelayMs: z.number(),
  recordUrl: z.string().optional(),
})

export const connection = z.object({
  id,
  workbook: id,
  sheet: id,
  integration: z.object({ id, app: z.string(), appName: z.string(), name: z.string(), isOn: z.boolean() }),
  object: z.object({
    id,
    name: z.string(),
    external: z.string(),
    direction: objectDirection,
    schedule: z.number().nullable().describe('minutes; null: manual only'),
  }),
  /** The connection field: it shows the record's key. */
  keyField: id,
  fields: z.array(z.object({ field: id, external: z.string(), direction: fieldDirection })),
  filter: z.string(),
  onConflict: z.enum(['hold', 'workbook-wins']),
  /** Absent until the first field refresh. */
  description: description.optional(),
  linkedRecords: z.number(),
  latestPull: z.object({ at: ms, records: z.number(), isFailed: z.boolean() }).nullable(),
  nextPull: ms.nullable(),
  /** The run that is queued or under way. */
  activeRun: id.nullable(),
})

const runHead = z.object({
  id,
  connection: id,
  kind: runKind,
  mode: runMode,
  trigger: z.enum(['person', 'schedule', 'api', 'nightly']),
  state: runState,
  by: z.string(),
  byName: z.string(),
  createdAt: ms,
  startedAt: ms.nullable(),
  endedAt: ms.nullable(),
  /** Place in the queue; 0 when under way or ended. */
  queuePlace: z.number(),
  progress: z.object({ step: z.string(), done: z.number(), total: z.number(), note: z.string().optional() }).nullable(),
  counts: z.object({
    planned: z.number(),
    pushed: z.number(),
    refused: z.number(),
    /** Moved on since the preview, held by the check, or already there. */
    skipped: z.number(),
    unknown: z.number(),
    held: z.number(),
    differs: z.number(),
    conflicts: z.number(),
    pulled: z.number(),
    changed: z.number().describe('cells the pull changed'),
    created: z.number().describe('rows an import made'),
    linked: z.number(),
  }),
  credits,
  totalCredits: z.number(),
  error: z.object({ code: z.string(), message: z.string(), advice: z.string() }).nullable(),
})

export const run = runHead.extend({
  transitions: z.array(z.object({ state: runState, at: ms, note: z.string().nullable() })),
  calls: z.array(
    z.object({
      seq: z.number(),
      kind: z.enum(['check', 'write', 'lookup', 'pull', 'refresh', 'search', 'read-back']),
      method: z.string(),
      path: z.string(),
      status: z.number().nullable(),
      ms: z.number(),
      attempt: z.number(),
      at: ms,
      requestBody: z.string().nullable(),
      note: z.string().nullable(),
    }),
  ),
  cells: z.array(
    z.object({
      row: id,
      field: id,
      recordId: z.string(),
      recordKey: z.string(),
      fieldName: z.string(),
      base: cellValue,
      value: cellValue,
      got: cellValue,
      outcome: z.enum(['pushed', 'refused', 'held', 'moved-on', 'already-there', 'unknown', 'not-landed', 'pulled']),
      note: z.string().nullable(),
      author: z.string(),
    }),
  ),
})

const holdReason = z.enum(['conflict', 'concurrent', 'refused', 'gone', 'direction', 'read-only', 'not-an-option', 'linked-twice'])
const planCell = z.object({
  row: id,
  field: id,
  recordId: z.string(),
  recordKey: z.string(),
  value: cellValue,
  base: cellValue,
  baseline: cellValue,
  author: z.string(),
  at: ms,
})
export const preview = z.object({
  /** Names exactly these cells and values; give it to `sync` to run just this. */
  planId: z.string(),
  mode: runMode,
  push: z.array(planCell.extend({ external: z.string(), sent: cellValue })),
  held: z.array(z.object({ cell: planCell, reason: holdReason, text: z.string(), nearest: z.string().optional() })),
  check: z.object({ calls: z.number(), records: z.number() }),
  calls: z.array(
    z.object({
      method: z.string(),
      path: z.string(),
      body: z.unknown(),
      lookup: z.object({ method: z.string(), path: z.string(), finds: z.string() }).optional(),
      deltas: z.array(
        z.object({ recordId: z.string(), recordKey: z.string(), changes: z.array(z.object({ field: z.string(), value: cellValue })) }),
      ),
    }),
  ),
  pull: z.object({ calls: z.number(), records: z.number() }),
  credits,
  totalCredits: z.number(),
  /** Answers of earlier pushes that are still owed; they are read first. */
  openReceipts: z.number(),
})

const sheet = z.object({
  id,
  name: z.string(),
  documents: z.object({ edits: z.string(), annotations: z.string(), base: z.array(z.string()) }),
})
const workbook = z.object({
  id,
  name: z.string(),
  createdAt: ms,
  updatedAt: ms,
  rows: z.number(),
  staged: z.number(),
  needsPerson: z.number(),
})
const integration = z.object({
  id,
  app: z.string(),
  appName: z.string(),
  name: z.string(),
  isOn: z.boolean(),
  account: z.string(),
  objects: z.array(z.object({ id, name: z.string(), external: z.string(), direction: objectDirection, schedule: z.number().nullable() })),
})
const hit = z.object({ id: z.string(), key: z.string(), name: z.string(), linkedRow: id.nullable() })
const startedRun = z.object({ run: id, joined: z.boolean().describe('a queued run of this connection took the request in') })
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

/**
 * Who may call an endpoint. A guest came by a shared link and reaches one workbook: an endpoint is open to guests only where it says so, and
 * then only for what it names of that workbook. `person`: whoever is known, about themselves; `anyone`: also who is not known yet.
 */
export type Access = 'member' | 'guest-viewer' | 'guest-editor' | 'person' | 'anyone'

export interface Endpoint {
  /** `member` where it is not said. */
  readonly access?: Access
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  /** `{name}` stands for a parameter. */
  readonly path: string
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly answer: z.ZodType
}

const sharedLink = z.object({
  id,
  workbook: id,
  role: z.enum(['viewer', 'editor']),
  name: z.string(),
  /** The last characters of its address. */
  end: z.string(),
  createdBy: z.string(),
  createdByName: z.string(),
  createdAt: ms,
  expiresAt: ms.nullable().describe('null: until it is closed'),
  state: z.enum(['open', 'expired', 'closed']),
  closedAt: ms.nullable(),
  closedByName: z.string().nullable(),
  lastUsedAt: ms.nullable(),
  uses: z.number(),
})
const linkName = z.string().trim().max(80)

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
  listWorkbooks: { method: 'get', path: '/api/workbooks', summary: 'All workbooks', answer: z.object({ workbooks: z.array(workbook) }) },
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
      connections: z.array(connection),
      people: z.array(person),
      /** What the caller may do in it. */
      role,
      creditsThisMonth: z.number(),
    }),
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
  listIntegrations: {
    method: 'get',
    path: '/api/integrations',
    summary: 'Authorised accounts of connected apps',
    answer: z.object({ integrations: z.array(integration), coming: z.array(z.string()) }),
  },
  patchIntegration: {
    method: 'patch',
    path: '/api/integrations/{id}',
    summary: 'Switch an integration on or off, or rename it',
    params: z.object({ id }),
    body: z.object({ isOn: z.boolean().optional(), name: z.string().trim().min(1).max(120).optional() }),
    answer: none,
  },
  patchObject: {
    method: 'patch',
    path: '/api/integrations/{id}/objects/{object}',
    summary: 'Set the direction of a workspace object',
    params: z.object({ id, object: id }),
    body: z.object({ direction: objectDirection }),
    answer: none,
  },
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
    params: params.connection,
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
    params: params.connection,
    body: z.object({ mode: runMode.default('two-way') }),
    answer: preview,
  },
  startSync: {
    method: 'post',
    path: '/api/connections/{id}/sync',
    summary: 'Sync a connection; with `planId` exactly the previewed cells and values',
    params: params.connection,
    body: z.object({ mode: runMode.default('two-way'), planId: z.string().optional() }),
    answer: startedRun,
  },
  search: {
    method: 'post',
    path: '/api/connections/{id}/search',
    summary: 'Find records by name (1 credit) or by keys (1 credit a read call)',
    params: params.connection,
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
    params: params.connection,
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
    params: params.connection,
    body: z.object({ filter: z.string().max(4_000) }),
    answer: startedRun,
  },
  refreshFields: {
    method: 'post',
    path: '/api/connections/{id}/refresh',
    summary: 'Fetch fields and options anew (1 credit)',
    params: params.connection,
    answer: startedRun,
  },
  addConnectedField: {
    method: 'post',
    path: '/api/connections/{id}/fields',
    summary: 'Add a synced field and fill it (1 credit a linked record)',
    params: params.connection,
    body: z.object({ external: z.string().min(1).max(120) }),
    answer: startedRun.extend({ field: id }),
  },
  listAnnotations: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/annotations',
    summary: 'Open annotations of a sheet',
    query: z.object({ sheet: id }),
    answer: z.object({
      annotations: z.array(
        z.object({ id: z.string(), row: id, field: id, kind: z.string(), annotation: z.unknown(), choices: z.array(z.string()) }),
      ),
    }),
  },
  chooseAnnotation: {
    access: 'guest-editor',
    method: 'post',
    path: '/api/annotations/{id}',
    summary: 'Answer an annotation',
    params: z.object({ id: z.string() }),
    body: z.object({
      sheet: id,
      choice: z.enum(['keep-app', 'send-again', 'accept-kind', 'send-mine', 'take-theirs', 'use-line', 'keep-shown', 'try-again']),
      item: z.string().optional(),
    }),
    answer: z.object({ outcome: z.enum(['applied', 'stale']) }),
  },
  listRuns: {
    method: 'get',
    path: '/api/runs',
    summary: 'Runs, newest first',
    query: z.object({
      connection: id.optional(),
      workbook: id.optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
      before: z.coerce.number().optional(),
    }),
    answer: z.object({ runs: z.array(runHead) }),
  },
  getRun: { method: 'get', path: '/api/runs/{id}', summary: 'One run with its calls and cells', params: params.run, answer: run },
  cancelRun: {
    method: 'post',
    path: '/api/runs/{id}/cancel',
    summary: 'Stop a run; what was sent stays in its receipt',
    params: params.run,
    answer: none,
  },
  getCredits: {
    method: 'get',
    path: '/api/credits',
    summary: 'The ledger of sync credits',
    query: z.object({ connection: id.optional(), since: z.coerce.number().default(0) }),
    answer: z.object({
      total: z.number(),
      byRule: credits,
      entries: z.array(z.object({ run: id, connection: id, at: ms, credits, total: z.number() })),
    }),
  },
  listPeople: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/workbooks/{id}/people',
    summary: 'Who has to do with a workbook, and when each was last here',
    params: params.workbook,
    answer: z.object({
      people: z.array(
        person.extend({ isGuest: z.boolean(), link: z.string().nullable().describe('for members alone'), lastSeen: ms.nullable() }),
      ),
    }),
  },
  listLinks: {
    method: 'get',
    path: '/api/links',
    summary: 'The shared links of a workbook, also those that ended, and the addresses this server is reached at',
    query: z.object({ workbook: id }),
    answer: z.object({
      links: z.array(sharedLink),
      /** Empty where the server answers this computer alone. */
      addresses: z.array(z.string()),
    }),
  },
  createLink: {
    method: 'post',
    path: '/api/links',
    summary: 'A new shared link; its token is told in this answer alone and stands behind the # of `/l#<token>`',
    body: z.object({
      workbook: id,
      role: z.enum(['viewer', 'editor']).default('viewer'),
      name: linkName.default(''),
      expiresAt: ms.int().nullable().default(null),
    }),
    answer: z.object({ link: sharedLink, token: z.string() }),
  },
  patchLink: {
    method: 'patch',
    path: '/api/links/{id}',
    summary: 'Another name or end of a shared link',
    params: z.object({ id }),
    body: z.object({ name: linkName.optional(), expiresAt: ms.int().nullable().optional() }),
    answer: sharedLink,
  },
  revokeLink: {
    method: 'delete',
    path: '/api/links/{id}',
    summary: 'Close a shared link for good; whoever is there by it is out within a second',
    params: z.object({ id }),
    answer: sharedLink,
  },
  openLink: {
    access: 'anyone',
    method: 'post',
    path: '/api/links/open',
    summary: 'Exchange the token of a shared link for a guest’s cookie; a member stays a member',
    body: z.object({ token: z.string().min(1).max(200) }),
    answer: z.object({ workbook: id, name: z.string(), role, person, isNew: z.boolean().describe('this browser was nobody here before') }),
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
              type: z.enum(FIELD_TYPES).exclude(['record-key', 'person']),
              options: z
                .array(z.object({ id, name: z.string().min(1).max(120) }))
                .max(500)
                .default([]),
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
    summary: 'All rows as a file, streamed. Texts that a spreadsheet would run as formulas get an apostrophe unless `formulas=raw`.',
    params: z.object({ id, sheet: id }),
    query: z.object({
      format: z.enum(['csv', 'json']).default('csv'),
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
