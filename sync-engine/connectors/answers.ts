import type { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { HttpAnswer, HttpCall, HttpClient } from './http-client.ts'

/** How the answers of one app are read, and what is said where one is no good. */
export interface AnswerReader {
  /** What a call's answer that is an error means to a run. */
  failureOf(call: Pick<HttpCall, 'method' | 'path'>, answer: HttpAnswer): SyncError
  badAnswer(where: string, what: string): SyncError
  /**
   * Checks an answer; what does not fit is named by its path.
   * @throws SyncError `bad-answer`
   */
  parseAnswer<T>(shape: z.ZodType<T>, answer: Pick<HttpAnswer, 'json'>, where: string): T
  /** A read. @throws SyncError where its answer's status is not one of the good ones */
  readOk(http: HttpClient, call: HttpCall, signal: AbortSignal): Promise<HttpAnswer>
}

/** `wordsOf`: the app's own words in an answer that is an error. `good`: what a read's status may be. */
export function answerReader(app: string, wordsOf: (answer: HttpAnswer) => string, good: readonly number[] = [200]): AnswerReader {
  const badAnswer = (where: string, what: string): SyncError =>
    new SyncError('bad-answer', `${app}'s answer to ${where} holds no usable ${what}.`)
  const failureOf: AnswerReader['failureOf'] = ({ method, path }, answer) => {
    switch (answer.status) {
      case 400:
        return new SyncError('bad-request', `${app} says: ${wordsOf(answer)}`)
      case 403:
        return new SyncError('not-allowed', `${app} does not allow this account to do that: ${wordsOf(answer)}`)
      case 404:
        return new SyncError('not-found', `${app} does not find it: ${wordsOf(answer)}`)
      default:
        // What is asked for stays out of the message: a query may hold values.
        return new SyncError('bad-answer', `${app} answered ${method} ${path.split('?')[0] ?? ''} with status ${answer.status}.`)
    }
  }
  return {
    failureOf,
    badAnswer,
    parseAnswer(shape, answer, where) {
      const parsed = shape.safeParse(answer.json)
      if (parsed.success) return parsed.data
      const [issue] = parsed.error.issues
      throw badAnswer(where, issue && issue.path.length > 0 ? issue.path.join('.') : 'JSON')
    },
    async readOk(http, call, signal) {
      const answer = await http.read(call, signal)
      if (good.includes(answer.status)) return answer
      throw failureOf(call, answer)
    },
  }
}
