import { z } from 'zod'
import { answerReader } from './answers.ts'
import type { HttpAnswer } from './http-client.ts'

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

export const { failureOf, badAnswer, parseAnswer, readOk } = answerReader('Jira', wordsOf)
