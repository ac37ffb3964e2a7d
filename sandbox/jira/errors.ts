import type { Answer } from '../http.ts'

/** Jira's ErrorCollection. */
export function errorCollection(status: number, messages: readonly string[], errors: Readonly<Record<string, string>> = {}): Answer {
  return { status, json: { errorMessages: messages, errors } }
}

/** The answer to a query whose fields or values do not exist: with `warningMessages` where other errors have `errors`. */
export function jqlRefused(messages: readonly string[]): Answer {
  return { status: 400, json: { errorMessages: messages, warningMessages: [] } }
}

/** What a deleted issue, one that never was, and one that may not be seen have in common. */
export function issueNotFound(): Answer {
  return errorCollection(404, ['Issue does not exist or you do not have permission to see it.'])
}

export function projectNotFound(idOrKey: string): Answer {
  return errorCollection(404, [`No project could be found with key '${idOrKey}'.`])
}

/** The errors of the bulk operations. */
export function bulkError(status: number, ...messages: readonly string[]): Answer {
  return { status, json: { errors: messages.map((message) => ({ message })) } }
}

/** An RFC 7807 body: what Jira's framework answers before an operation is reached. */
export function problem(status: number, title: string, detail: string, path: string, headers?: Readonly<Record<string, string>>): Answer {
  return {
    status,
    json: { type: 'about:blank', title, status, detail, instance: path },
    contentType: 'application/problem+json;charset=UTF-8',
    ...(headers && { headers }),
  }
}

/** Not JSON at all, in Jira's words: bodies that do not read answer with messages alone. */
export const BODY_EMPTY: Answer = { status: 400, json: { errorMessages: ['No content to map to Object due to end of input'] } }
export const BODY_UNPARSEABLE: Answer = {
  status: 400,
  json: { errorMessages: ['There was an error parsing JSON. Check that your request body is valid.'] },
}
export const BODY_DOES_NOT_FIT: Answer = {
  status: 400,
  json: { errorMessages: ['Invalid request payload. Refer to the REST API documentation and try again.'] },
}
