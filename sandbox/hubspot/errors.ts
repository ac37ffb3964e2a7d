import { randomUUID } from 'node:crypto'
import type { Answer } from '../http.ts'

/** What is wrong with one property of a write. */
export interface PropertyFault {
  readonly name: string
  readonly error: string
  readonly message: string
}

export interface HubError {
  readonly message: string
  readonly category: string
  readonly subCategory?: string
  readonly context?: Readonly<Record<string, readonly string[]>>
  readonly errors?: readonly {
    readonly message: string
    readonly code?: string
    readonly context?: Readonly<Record<string, readonly string[]>>
  }[]
  readonly links?: Readonly<Record<string, string>>
}

/** HubSpot's form of a refusal. */
export function hubError(status: number, error: HubError, headers?: Readonly<Record<string, string>>): Answer {
  return { status, json: { status: 'error', correlationId: randomUUID(), ...error }, ...(headers && { headers }) }
}

export const validation = (message: string, more: Partial<HubError> = {}): Answer =>
  hubError(400, { message, category: 'VALIDATION_ERROR', ...more })

/** Every property that is wrong, in the one message HubSpot makes of them; a batch does not say which record it was. */
export function invalidProperties(faults: readonly PropertyFault[]): Answer {
  const list = faults.map(({ name, error, message }) => ({ isValid: false, message, error, name, localizedErrorMessage: message }))
  return validation(`Property values were not valid: ${JSON.stringify(list)}`)
}

export const notFound = (what = 'resource not found'): Answer => hubError(404, { message: what, category: 'OBJECT_NOT_FOUND' })

/** What a path that HubSpot does not have answers: a page, not JSON. */
export const NO_SUCH_PATH: Answer = {
  status: 404,
  text: '<html>\n<head><title>Error 404 Not Found</title></head>\n<body><h2>HTTP ERROR 404</h2></body>\n</html>\n',
  contentType: 'text/html;charset=iso-8859-1',
}

/** One record of a batch that was not done. */
export interface ItemError {
  readonly category: string
  readonly message: string
  readonly context: Readonly<Record<string, readonly string[]>>
}

/** The answer of a batch: 200 (201 for creates) where all of it was done, 207 where a part was not. */
export function batchAnswer(results: readonly unknown[], errors: readonly ItemError[], atMs: number, status = 200): Answer {
  const at = new Date(atMs).toISOString()
  const whole = { status: 'COMPLETE', results, startedAt: at, completedAt: at }
  if (errors.length === 0) return { status, json: whole }
  const told = errors.map((error) => ({ status: 'error', errors: [], links: {}, ...error }))
  return { status: 207, json: { ...whole, numErrors: errors.length, errors: told } }
}
