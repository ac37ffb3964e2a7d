import { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { PlannedCall, PushOutcome, RecordDelta } from './connector.ts'
import type { HttpAnswer, HttpClient } from './http-client.ts'
import { failureOf, parseAnswer, readOk, wordsOf } from './jira-answers.ts'

const taskShape = z.object({ taskId: z.string().min(1) })
const progressShape = z.object({
  status: z.string(),
  processedAccessibleIssues: z.array(z.union([z.string(), z.number()]).transform(String)).default([]),
  failedAccessibleIssues: z.record(z.string(), z.array(z.string())).default({}),
})
export type BulkProgress = z.infer<typeof progressShape>

/** A task that is over, whatever became of it. */
const isOver = ({ status }: BulkProgress): boolean => !['ENQUEUED', 'RUNNING', 'CANCEL_REQUESTED'].includes(status)

const availableShape = z.object({
  availableTransitions: z.array(
    z.object({
      issues: z.array(z.string()),
      transitions: z.array(
        z.object({ transitionId: z.union([z.string(), z.number()]).transform(String), to: z.object({ statusName: z.string() }) }),
      ),
    }),
  ),
  endingBefore: z.string().nullish(),
  startingAfter: z.string().nullish(),
})

/** Waits between looks at a task; the last one goes on. ms */
const LOOKS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000]
/** A task that is not over by then is left to the reads that verify it. */
const MOST_LOOKS = 30

/** How a bulk operation ended. */
export type BulkEnd =
  | { readonly kind: 'ended'; readonly progress: BulkProgress }
  /** The account may not change many at once: nothing was done. */
  | { readonly kind: 'not-allowed' }
  /** Jira said no to the whole of it: nothing was done. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/**
 * Sends one bulk operation and looks at its task until that is over.
 * @throws SyncError before anything was done
 */
export async function runBulk(
  http: HttpClient,
  call: Pick<PlannedCall, 'method' | 'path'>,
  body: unknown,
  signal: AbortSignal,
): Promise<BulkEnd> {
  const answer = await http.write({ method: call.method, path: call.path, body, kind: 'write' }, signal)
  if (answer.kind === 'no-answer') return { kind: 'unknown', reason: answer.reason }
  if (answer.status === 403) return { kind: 'not-allowed' }
  if (answer.status >= 500) return { kind: 'unknown', reason: `Jira answered ${answer.status}: ${wordsOf(answer)}` }
  if (answer.status >= 400) return { kind: 'refused', reason: wordsOf(answer) }
  const task = taskShape.safeParse(answer.json)
  if (!task.success) return { kind: 'unknown', reason: 'Jira did not say which task it made of it.' }
  return follow(http, task.data.taskId, signal)
}

async function follow(http: HttpClient, taskId: string, signal: AbortSignal): Promise<BulkEnd> {
  const path = `/rest/api/3/bulk/queue/${encodeURIComponent(taskId)}`
  try {
    for (let look = 0; look < MOST_LOOKS; look++) {
      await http.wait(LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)] ?? 0, signal)
      const progress = parseAnswer(progressShape, await readOk(http, { method: 'GET', path, kind: 'lookup' }, signal), `GET ${path}`)
      if (isOver(progress)) return { kind: 'ended', progress }
    }
  } catch (error) {
    // The task goes on without us: what it did is read back.
    if (error instanceof SyncError) return { kind: 'unknown', reason: error.message }
    throw error
  }
  return { kind: 'unknown', reason: 'Jira is not through with this bulk operation yet.' }
}

/** What became of each issue; `undefined` for those Jira says nothing of. */
export function bulkOutcome(
  { status, processedAccessibleIssues, failedAccessibleIssues }: BulkProgress,
  delta: RecordDelta,
): PushOutcome | undefined {
  const { recordId, changes } = delta
  const reasons = failedAccessibleIssues[recordId]
  if (reasons !== undefined) {
    const reason = reasons.join(' ') || 'Jira gave no reason.'
    return { kind: 'refused', recordId, refusals: changes.map(({ field }) => ({ field, reason })) }
  }
  if (processedAccessibleIssues.includes(recordId)) return { kind: 'saved', recordId }
  return status === 'COMPLETE' ? undefined : { kind: 'outcome-unknown', recordId, reason: `Jira ended the bulk operation as ${status}.` }
}

/** For each issue the transition that leads to a status, from where the issue is now. */
export async function bulkTransitions(
  http: HttpClient,
  lookupPath: string,
  status: string,
  signal: AbortSignal,
): Promise<{ readonly transitionOf: ReadonlyMap<string, string>; readonly offered: ReadonlyMap<string, readonly string[]> }> {
  const transitionOf = new Map<string, string>()
  const offered = new Map<string, readonly string[]>()
  let after: string | undefined
  for (let page = 0; page < 100; page++) {
    const path = after === undefined ? lookupPath : `${lookupPath}&startingAfter=${encodeURIComponent(after)}`
    const answer: HttpAnswer = await http.read({ method: 'GET', path, kind: 'lookup' }, signal)
    if (answer.status !== 200) throw failureOf({ method: 'GET', path }, answer)
    const { availableTransitions, startingAfter } = parseAnswer(availableShape, answer, `GET ${lookupPath.split('?')[0]}`)
    for (const { issues, transitions } of availableTransitions) {
      const leading = transitions.find(({ to }) => to.statusName.trim().toLowerCase() === status.trim().toLowerCase())
      for (const key of issues) {
        offered.set(key, [...new Set(transitions.map(({ to }) => to.statusName))])
        if (leading !== undefined) transitionOf.set(key, leading.transitionId)
      }
    }
    if (!startingAfter || startingAfter === after) break
    after = startingAfter
  }
  return { transitionOf, offered }
}
