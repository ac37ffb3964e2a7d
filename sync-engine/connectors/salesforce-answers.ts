import { z } from 'zod'
import { answerReader } from './answers.ts'
import type { HttpAnswer } from './http-client.ts'
import { API } from './salesforce-ids.ts'

// Only what is used is checked; Salesforce may add what it likes.

export const recordShape = z.record(z.string(), z.unknown())
export type SalesforceRecord = z.infer<typeof recordShape>
export const queryShape = z.object({
  totalSize: z.number(),
  done: z.boolean(),
  nextRecordsUrl: z.string().optional(),
  records: z.array(recordShape),
})
export type QueryPage = z.infer<typeof queryShape>
export const retrievedShape = z.array(recordShape.nullable())
export const searchShape = z.object({ searchRecords: z.array(recordShape) })
export const savedShape = z.array(
  z.object({
    id: z.string().nullish(),
    success: z.boolean(),
    created: z.boolean().optional(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string(), fields: z.array(z.string()).default([]) })).default([]),
  }),
)
export type Saved = z.infer<typeof savedShape>[number]
export const compositeShape = z.object({
  compositeResponse: z.array(z.object({ body: z.unknown(), httpStatusCode: z.number(), referenceId: z.string() })),
})
export const errorsShape = z.array(z.object({ message: z.string(), errorCode: z.string(), fields: z.array(z.string()).default([]) })).min(1)
export type SalesforceError = z.infer<typeof errorsShape>[number]
export const createdShape = z.object({ id: z.string().min(1), success: z.literal(true) })

/** What Salesforce has against a call; nothing where its answer is in no form of an error. */
export const errorsOf = (json: unknown): readonly SalesforceError[] => errorsShape.catch([]).parse(json)

/** Salesforce's own words in an answer that is an error, on one line. */
export function wordsOf(answer: Pick<HttpAnswer, 'json' | 'status'>): string {
  const words = errorsOf(answer.json).map(({ message }) => saidIn(message))
  return words.join(' ') || `it gave no reason (status ${answer.status})`
}

/** The words of an error about a query: the part of the query it shows first is left out. */
const saidIn = (message: string): string => {
  const found = /ERROR at Row:\d+:Column:\d+\s+([\s\S]+)$/u.exec(message)
  return (found?.[1] ?? message).replace(/\s+/gu, ' ').trim()
}

export const { failureOf, badAnswer, parseAnswer, readOk } = answerReader('Salesforce', wordsOf)

export const queryPath = (soql: string, all = false): string => `${API}/${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`

/** The next page of a query, where the answer's address is one: nothing else may be called with the credential. */
export function nextPageOf(page: QueryPage): string | null {
  if (page.done || page.nextRecordsUrl === undefined) return null
  if (!isNextPage(page.nextRecordsUrl)) throw badAnswer('GET /query', 'nextRecordsUrl')
  return page.nextRecordsUrl
}

export const isNextPage = (path: string): boolean => /^\/services\/data\/v\d+\.\d\/query(All)?\/[\w-]+$/u.test(path)
