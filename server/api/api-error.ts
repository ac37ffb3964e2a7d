/** A request that cannot be answered as asked; the answer says what happened, what is safe and what to do. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly advice: string
  readonly details: unknown

  constructor(status: number, code: string, message: string, advice: string, details?: unknown) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.advice = advice
    this.details = details
  }
}

export const notFound = (what: string): ApiError =>
  new ApiError(404, 'not-found', `${what} does not exist.`, 'Nothing was changed. Check the address or the id.')
