import { ERROR_POLICY, SyncError } from '../../sync-engine/sync-error.ts'
import { LogFailed } from '../update-log.ts'
import type { ApiError } from './contract.ts'

/** What the API says when it cannot do what was asked. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  /** What is safe, and what to do. */
  readonly advice: string
  readonly details: unknown

  constructor(problem: { status: number; code: string; message: string; advice: string; details?: unknown; cause?: unknown }) {
    super(problem.message, problem.cause === undefined ? {} : { cause: problem.cause })
    this.name = 'ApiProblem'
    this.status = problem.status
    this.code = problem.code
    this.advice = problem.advice
    this.details = problem.details
  }
}

export const notFound = (what: string): ApiProblem =>
  new ApiProblem({
    status: 404,
    code: 'not-found',
    message: `There is no ${what}.`,
    advice: 'Nothing was changed. Choose one that exists.',
  })

export const badRequest = (message: string, details?: unknown): ApiProblem =>
  new ApiProblem({
    status: 400,
    code: 'bad-request',
    message,
    advice: 'Nothing was changed. Correct the request; /api/openapi.json describes it.',
    ...(details !== undefined && { details }),
  })

/** The problem an error stands for; `undefined` for a fault of ours. */
export function problemOf(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error
  if (error instanceof SyncError) {
    const { status, advice } = ERROR_POLICY[error.code]
    return new ApiProblem({ status, code: error.code, message: error.message, advice, cause: error })
  }
  if (error instanceof LogFailed) {
    const { status, advice } = ERROR_POLICY['commit-failed']
    return new ApiProblem({ status, code: 'commit-failed', message: 'The disk does not take changes right now.', advice, cause: error })
  }
  return undefined
}

export const INTERNAL_PROBLEM = new ApiProblem({
  status: 500,
  code: 'internal',
  message: 'The server made a mistake.',
  advice: 'What was saved before is safe. Try again; the server’s log has the details.',
})

export const problemBody = ({ code, message, advice, details }: ApiProblem): ApiError => ({
  error: { code, message, advice, ...(details !== undefined && { details }) },
})

/** What is said of anything in a workbook that was deleted. */
export const WORKBOOK_DELETED = new ApiProblem({
  status: 404,
  code: 'workbook-deleted',
  message: 'This workbook was deleted.',
  advice: 'Nothing was changed. It can be brought back from the list of workbooks.',
})
