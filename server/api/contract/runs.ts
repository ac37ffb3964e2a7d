import * as z from 'zod'
import { credits, type Endpoint, id, ms, run, runHead } from './shapes.ts'

const idParams = z.object({ id })
const none = z.object({})

export const runsEndpoints = {
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
  getRun: { method: 'get', path: '/api/runs/{id}', summary: 'One run with its calls and cells', params: idParams, answer: run },
  cancelRun: {
    method: 'post',
    path: '/api/runs/{id}/cancel',
    summary: 'Stop a run; what was sent stays in its receipt',
    params: idParams,
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
} as const satisfies Record<string, Endpoint>
