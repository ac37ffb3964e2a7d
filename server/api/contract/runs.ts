import * as z from 'zod'
import { cellValue, credits, type Endpoint, id, ms, planCell, run, runHead, runKind, runMode, runState, startedRun } from './shapes.ts'

const idParams = z.object({ id })
const none = z.object({})

/** One value, or several with commas between them: `state=failed,partial`. */
const listed = z
  .string()
  .max(400)
  .transform((text) => text.split(',').filter((part) => part !== ''))

const runTrigger = z.enum(['person', 'schedule', 'api', 'nightly'])
/** `YYYY-MM-DD`, in the workspace's time zone. */
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
/** `HH:MM`, in the workspace's time zone. */
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)

/** What a list of runs may be narrowed to; everything that is given must hold. */
const runFilters = z.object({
  connection: id.optional(),
  workbook: id.optional(),
  integration: id.optional(),
  object: id.optional(),
  app: z.string().max(60).optional(),
  state: listed.pipe(z.array(runState)).optional(),
  kind: listed.pipe(z.array(runKind)).optional(),
  trigger: listed.pipe(z.array(runTrigger)).optional(),
  /** The person who started it. */
  person: z.string().max(60).optional(),
  from: z.coerce.number().optional().describe('made at or after; ms since 1970'),
  to: z.coerce.number().optional().describe('made before; ms since 1970'),
  text: z.string().trim().max(200).optional().describe('in a record key, a note, an error, a name, or the run’s id'),
})

const allowance = z.object({
  /** Credits a month; `null`: none set. */
  monthly: z.number().int().min(0).max(1_000_000_000).nullable(),
  warnAtPercent: z.number().int().min(1).max(100),
  /** What happens to a run that would cost credits once the allowance is used up. */
  whenUsed: z.enum(['warn', 'block']),
})

const settings = z.object({
  /** IANA name. */
  timeZone: z.string().max(60),
  nightlyAt: timeOfDay,
  /** Calls and cells of older runs are deleted; `null`: kept for ever. Receipts that are open and the ledger stay. */
  logRetentionDays: z.number().int().min(1).max(3_650).nullable(),
  allowance,
})

const allowanceState = allowance.extend({
  used: z.number().describe('credits of this month, in the workspace’s time zone'),
  left: z.number().nullable(),
  state: z.enum(['none', 'fine', 'warning', 'used-up']),
  resetsAt: ms,
})

export const runsEndpoints = {
  listRuns: {
    method: 'get',
    path: '/api/runs',
    summary: 'Runs, newest first, with filters; `next` is the cursor of the following page',
    query: runFilters.extend({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      cursor: z.string().max(120).optional(),
    }),
    answer: z.object({ runs: z.array(runHead), next: z.string().nullable() }),
  },
  exportRuns: {
    method: 'get',
    path: '/api/exports/runs',
    summary: 'The log as a file: runs, their calls, or their cells; the same filters as the list',
    query: runFilters.extend({ of: z.enum(['runs', 'calls', 'cells']).default('runs'), format: z.enum(['csv', 'json']).default('csv') }),
    answer: z.unknown(),
  },
  getRun: { method: 'get', path: '/api/runs/{id}', summary: 'One run with its calls and cells', params: idParams, answer: run },
  cancelRun: {
    method: 'post',
    path: '/api/runs/{id}/cancel',
    summary: 'Stop a run; what was sent stays in its receipt. Of a waiting run: drop the answers it keeps.',
    params: idParams,
    answer: none,
  },
  confirmRun: {
    method: 'post',
    path: '/api/runs/{id}/confirm',
    summary: 'Let a waiting run apply the answers it keeps; no call is made again',
    params: idParams,
    answer: none,
  },
  getWaiting: {
    method: 'get',
    path: '/api/runs/{id}/waiting',
    summary: 'What a waiting run would change: counts, and the first 200 cells',
    params: idParams,
    answer: z.object({
      linked: z.number().describe('linked rows'),
      rows: z.number().describe('rows that would change'),
      cells: z.number(),
      sample: z.array(
        z.object({
          row: id,
          field: id,
          recordId: z.string(),
          recordKey: z.string(),
          fieldName: z.string(),
          before: cellValue,
          after: cellValue,
        }),
      ),
    }),
  },
  previewUndo: {
    method: 'post',
    path: '/api/runs/{id}/undo/preview',
    summary: 'What undoing this sync would write: the values from before, where the app still holds what was written',
    params: idParams,
    answer: z.object({
      planId: z.string(),
      /** `value` is what the cell goes back to. */
      push: z.array(planCell.extend({ external: z.string(), sent: cellValue })),
      /** Cells of the sync that stay as they are, and why. */
      skipped: z.array(
        z.object({
          row: id,
          field: id,
          recordId: z.string(),
          recordKey: z.string(),
          fieldName: z.string(),
          value: cellValue.describe('what the sync wrote'),
          now: cellValue.describe('what the app holds, as far as is known'),
          text: z.string(),
        }),
      ),
      check: z.object({ calls: z.number(), records: z.number() }),
      calls: z.array(z.object({ method: z.string(), path: z.string(), body: z.unknown() })),
      pull: z.object({ calls: z.number(), records: z.number() }),
      credits,
      totalCredits: z.number(),
    }),
  },
  undoRun: {
    method: 'post',
    path: '/api/runs/{id}/undo',
    summary: 'Undo a sync as previewed: a run of its own',
    params: idParams,
    body: z.object({ planId: z.string() }),
    answer: startedRun,
  },
  decideCreate: {
    method: 'post',
    path: '/api/runs/{id}/creates/{row}',
    summary: 'A record whose creation got no answer and is not found: say that it is not there, so that it may be created again',
    params: z.object({ id, row: id }),
    body: z.object({ choice: z.literal('not-there') }),
    answer: none,
  },
  syncIntegration: {
    method: 'post',
    path: '/api/integrations/{id}/sync',
    summary: 'Sync all connections of an integration, or those of one object or workbook',
    params: idParams,
    body: z.object({ mode: runMode.default('two-way'), object: id.optional(), workbook: id.optional() }),
    answer: z.object({
      runs: z.array(startedRun.extend({ connection: id })),
      skipped: z.array(z.object({ connection: id, reason: z.string() })),
    }),
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
  getUsage: {
    method: 'get',
    path: '/api/usage',
    summary: 'Credits by day (of the workspace’s time zone), integration, rule and person',
    query: z.object({
      from: day.optional(),
      to: day.optional(),
      integration: id.optional(),
      workbook: id.optional(),
      person: z.string().max(60).optional(),
    }),
    answer: z.object({
      timeZone: z.string(),
      from: day,
      to: day.describe('the last day, itself included'),
      total: z.number(),
      byRule: credits,
      /** One line a day, integration and person, days in order. */
      lines: z.array(
        z.object({
          day,
          integration: z.string(),
          integrationName: z.string(),
          app: z.string(),
          person: z.string(),
          personName: z.string(),
          credits,
          total: z.number(),
        }),
      ),
      allowance: allowanceState,
    }),
  },
  getSettings: { method: 'get', path: '/api/settings', summary: 'Time zone, nightly sync, log, allowance', answer: settings },
  patchSettings: {
    method: 'patch',
    path: '/api/settings',
    summary: 'Set the time zone, the nightly sync’s time, how long the log is kept, the monthly allowance',
    body: z.object({
      timeZone: settings.shape.timeZone.optional(),
      nightlyAt: settings.shape.nightlyAt.optional(),
      logRetentionDays: settings.shape.logRetentionDays.optional(),
      allowance: allowance.partial().optional(),
    }),
    answer: settings,
  },
} as const satisfies Record<string, Endpoint>

export type RunsEndpoint = keyof typeof runsEndpoints
