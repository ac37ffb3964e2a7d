import { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { HttpAnswer, HttpCall, HttpClient } from './http-client.ts'

// Only what is used is checked; Jira may add what it likes.

export const issueShape = z.object({ id: z.string().min(1), key: z.string().min(1), fields: z.record(z.string(), z.unknown()).default({}) })
export type Issue = z.infer<typeof issueShape>
export const searchShape = z.object({
  issues: z.array(issueShape.extend({ properties: z.record(z.string(), z.unknown()).optional() })),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().optional(),
})
export type SearchPage = z.infer<typeof searchShape>
export const countShape = z.object({ count: z.number() })
export const bulkShape = z.object({ issues: z.array(issueShape) })
export const transitionsShape = z.object({
  transitions: z.array(z.object({ id: z.string(), to: z.object({ name: z.string() }), hasScreen: z.boolean().optional() })),
})
export const statusShape = z.object({ fields: z.object({ status: z.object({ name: z.string() }) }) })
export const serverInfoShape = z.object({ baseUrl: z.string(), serverTime: z.string() })
export const projectsShape = z.object({ values: z.array(z.object({ key: z.string() })) })
export const errorShape = z.object({
  errorMessages: z.array(z.string()).default([]),
  errors: z.record(z.string(), z.string()).default({}),
})

/** Jira's own words in an answer that is an error. */
export function wordsOf(answer: HttpAnswer): string {
  const parsed = errorShape.safeParse(answer.json)
  const words = parsed.success ? [...parsed.data.errorMessages, ...Object.values(parsed.data.errors)].join(' ') : ''
  return words || `it gave no reason (status ${answer.status})`
}

export function failureOf(call: { method: string; path: string }, answer: HttpAnswer): SyncError {
  const words = wordsOf(answer)
  if (answer.status === 400) return new SyncError('bad-request', `Jira says: ${words}`)
  if (answer.status === 403) return new SyncError('not-allowed', `Jira does not allow this account to do that: ${words}`)
  if (answer.status === 404) return new SyncError('not-found', `Jira does not find it: ${words}`)
  return new SyncError('bad-answer', `Jira answered ${call.method} ${call.path} with status ${answer.status}.`)
}

export const badAnswer = (where: string, field: string): SyncError =>
  new SyncError('bad-answer', `Jira's answer to ${where} holds no usable ${field}.`)

/** Checks an answer; what does not fit is named by its path. */
export function parseAnswer<T>(shape: z.ZodType<T>, answer: HttpAnswer, where: string): T {
  const parsed = shape.safeParse(answer.json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badAnswer(where, issue && issue.path.length > 0 ? issue.path.join('.') : 'JSON')
}

/** A read whose only good answer is 200. */
export async function readOk(http: HttpClient, call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  const answer = await http.read(call, signal)
  if (answer.status === 200) return answer
  throw failureOf(call, answer)
}
