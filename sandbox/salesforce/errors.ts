import type { Answer } from '../http.ts'

/** One thing Salesforce has against a request: an element of its array of errors. */
export interface SfError {
  readonly errorCode: string
  readonly message: string
  readonly fields?: readonly string[]
}

/** The error answer of the REST API: always an array. */
export function refused(status: number, errorCode: string, message: string, fields?: readonly string[]): Answer {
  return { status, json: [{ message, errorCode, ...(fields && { fields }) }] }
}

/** Thrown where a request as a whole cannot be carried out; becomes the answer. */
export class SfRefusal extends Error {
  readonly status: number
  readonly code: string
  readonly fields: readonly string[] | undefined

  constructor(status: number, code: string, message: string, fields?: readonly string[]) {
    super(message)
    this.name = 'SfRefusal'
    this.status = status
    this.code = code
    this.fields = fields
  }

  get answer(): Answer {
    return refused(this.status, this.code, this.message, this.fields)
  }
}

export const notFound = (): Answer => refused(404, 'NOT_FOUND', 'The requested resource does not exist')
export const unauthorised = (): Answer => refused(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
export const noSuchColumn = (name: string, object: string): SfRefusal =>
  new SfRefusal(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object}`)
