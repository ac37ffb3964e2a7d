import * as z from 'zod'

/** Shapes that several parts of the HTTP API's contract share. */

export const cellValue = z.union([z.string().max(32_000), z.number(), z.boolean(), z.null()])
export const id = z.string().regex(/^[0-9A-Za-z]{1,32}$/)
export const ms = z.number().describe('ms since 1970')
export const person = z.object({ id: z.string(), name: z.string(), color: z.string() })

/** A name as others see it: without characters that are not seen, or that turn the text around them. */
export const personName = z
  .string()
  .transform((name) => name.replaceAll(/\p{C}+/gu, ' ').trim())
  .pipe(z.string().min(1).max(60))
export const role = z.enum(['owner', 'editor', 'viewer'])

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

export const credits = z.object({ pushed: z.number(), pulled: z.number(), linked: z.number(), refreshed: z.number(), searched: z.number() })
export const objectDirection = z.enum(['push-pull', 'push', 'pull', 'disabled'])
export const fieldDirection = z.enum(['two-way', 'push', 'pull', 'off'])
export const runMode = z.enum(['two-way', 'one-way'])
export const runState = z.enum([
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
export const runKind = z.enum(['sync', 'import', 'link', 'refresh', 'fill', 'search', 'create', 'undo'])

export const externalField = z.object({
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
export const description = z.object({
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
  isSearchable: z.boolean().optional(),
  searchNote: z.string().optional(),
  canCreate: z.boolean().optional(),
  canDelete: z.boolean().optional(),
  batchUpdate: z.number().optional(),
  createBatch: z.number().optional(),
  hasWebhooks: z.boolean().optional(),
  filterLanguage: z.enum(['JQL', 'SOQL', 'HubSpot filters']).optional(),
  filterExample: z.string().optional(),
  listPage: z.number().optional(),
  keyExample: z.string().optional(),
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
  /** By a person, or because its workbook is a copy: nothing leaves for it until somebody resumes it. */
  isPaused: z.boolean(),
  /** Absent until the first field refresh. */
  description: description.optional(),
  linkedRecords: z.number(),
  latestPull: z.object({ at: ms, records: z.number(), isFailed: z.boolean() }).nullable(),
  nextPull: ms.nullable(),
  /** The run that is queued or under way. */
  activeRun: id.nullable(),
})

export const runHead = z.object({
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
  /** What it was about when it was made; names stay after a connection or an integration is gone. Absent on runs of older versions. */
  about: z
    .object({
      workbook: id,
      workbookName: z.string(),
      sheet: id,
      integration: id,
      integrationName: z.string(),
      app: z.string(),
      appName: z.string(),
      object: id,
      objectName: z.string(),
    })
    .optional(),
  /** Of a waiting run: what it would change. */
  waiting: z.object({ linked: z.number(), rows: z.number(), cells: z.number() }).optional(),
  /** Of an undo: the sync it undoes. */
  undoes: id.optional(),
  /** Whether it pushed anything that can be looked at for undoing. */
  canUndo: z.boolean().optional(),
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
      outcome: z.enum([
        'pushed',
        'refused',
        'not-planned',
        'held',
        'moved-on',
        'already-there',
        'unknown',
        'not-landed',
        'pulled',
        'created',
      ]),
      note: z.string().nullable(),
      author: z.string(),
      /** Of an unknown create: a person may say that it is not there. */
      canDecide: z.boolean().optional(),
    }),
  ),
})

export const holdReason = z.enum(['conflict', 'concurrent', 'refused', 'gone', 'direction', 'read-only', 'not-an-option', 'linked-twice'])
export const planCell = z.object({
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
  /** Every call group in the order it will go: reads before, lookups and writes, reads after. Absent in plans of the browser. */
  order: z
    .array(z.object({ step: z.enum(['read-back', 'check', 'lookup', 'write', 'pull']), calls: z.number(), records: z.number() }))
    .optional(),
  /** What the monthly allowance says to this plan. */
  allowance: z.object({ left: z.number().nullable(), isBlocked: z.boolean() }).optional(),
})

export const startedRun = z.object({ run: id, joined: z.boolean().describe('a queued run of this connection took the request in') })

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
