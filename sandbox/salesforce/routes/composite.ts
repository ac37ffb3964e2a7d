import type { Answer } from '../../http.ts'
import { bodyOf, isObject, type SfCall, type SfRoute } from '../call.ts'
import { SfRefusal } from '../errors.ts'

const MAX_SUBREQUESTS = 25
/** Collections and queries among them. */
const MAX_COLLECTIONS = 5

interface Subrequest {
  readonly method: string
  readonly url: string
  readonly referenceId: string
  readonly body: unknown
}

function subrequestsOf(call: SfCall): readonly Subrequest[] {
  const { compositeRequest } = bodyOf(call)
  if (!Array.isArray(compositeRequest) || compositeRequest.length === 0) {
    throw new SfRefusal(400, 'JSON_PARSER_ERROR', 'compositeRequest must be an array of subrequests')
  }
  if (compositeRequest.length > MAX_SUBREQUESTS) {
    throw new SfRefusal(400, 'LIMIT_EXCEEDED', `The request cannot have more than ${MAX_SUBREQUESTS} subrequests.`)
  }
  const subrequests = compositeRequest.map((given): Subrequest => {
    const { method, url, referenceId, body } = isObject(given) ? given : {}
    if (typeof method !== 'string' || typeof url !== 'string' || typeof referenceId !== 'string') {
      throw new SfRefusal(400, 'JSON_PARSER_ERROR', 'Each subrequest needs method, url and referenceId.')
    }
    return { method, url, referenceId, body }
  })
  if (subrequests.some(({ url }) => !/^\/services\/data\/v\d+\.\d\//.test(url))) {
    throw new SfRefusal(400, 'INVALID_INPUT', 'The url of a subrequest begins with /services/data/.')
  }
  if (new Set(subrequests.map(({ referenceId }) => referenceId)).size < subrequests.length) {
    throw new SfRefusal(400, 'INVALID_INPUT', 'Each referenceId may be used once.')
  }
  const collections = subrequests.filter(({ url }) => /\/(composite\/sobjects|query|queryAll)([/?]|$)/.test(url)).length
  if (collections > MAX_COLLECTIONS) {
    throw new SfRefusal(400, 'LIMIT_EXCEEDED', `The request cannot have more than ${MAX_COLLECTIONS} sObject collections or queries.`)
  }
  return subrequests
}

/** Puts what earlier subrequests answered where `@{reference.path}` stands. */
function withReferences(value: unknown, answers: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === 'string') {
    return value.replace(/@\{(\w+)((?:\.\w+|\[\d+\])*)\}/g, (whole, reference: string, path: string) => {
      let at = answers.get(reference)
      for (const [, name, index] of path.matchAll(/\.(\w+)|\[(\d+)\]/g)) {
        if (Array.isArray(at) && index !== undefined) at = at[Number(index)]
        else if (isObject(at) && name !== undefined) at = at[name]
        else at = undefined
      }
      return at === undefined || at === null ? whole : String(at)
    })
  }
  if (Array.isArray(value)) return value.map((one) => withReferences(one, answers))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withReferences(inner, answers)]))
}

function composite(call: SfCall): Answer {
  const subrequests = subrequestsOf(call)
  const isAllOrNone = bodyOf(call).allOrNone === true
  const mark = call.site.records.mark()
  const answers = new Map<string, unknown>()
  const responses: { body: unknown; httpHeaders: object; httpStatusCode: number; referenceId: string }[] = []
  let hasFailed = false
  for (const { method, url, referenceId, body } of subrequests) {
    if (hasFailed && isAllOrNone) {
      responses.push(halted(referenceId))
      continue
    }
    const answer = call.inner({ method, url: String(withReferences(url, answers)), body: withReferences(body, answers) })
    hasFailed ||= answer.status >= 400
    answers.set(referenceId, answer.json)
    responses.push({ body: answer.json ?? null, httpHeaders: {}, httpStatusCode: answer.status, referenceId })
  }
  if (!hasFailed || !isAllOrNone) return { status: 200, json: { compositeResponse: responses } }
  call.site.records.rollback(mark)
  const rolledBack = responses.map((one) => (one.httpStatusCode < 400 ? halted(one.referenceId) : one))
  return { status: 200, json: { compositeResponse: rolledBack } }
}

function halted(referenceId: string): { body: unknown; httpHeaders: object; httpStatusCode: number; referenceId: string } {
  const message = 'The transaction was rolled back since another operation in the same transaction failed.'
  return { body: [{ errorCode: 'PROCESSING_HALTED', message }], httpHeaders: {}, httpStatusCode: 400, referenceId }
}

/** Requests that know nothing of each other. */
function batch(call: SfCall): Answer {
  const { batchRequests, haltOnError } = bodyOf(call)
  if (!Array.isArray(batchRequests) || batchRequests.length === 0 || batchRequests.length > MAX_SUBREQUESTS) {
    throw new SfRefusal(400, 'INVALID_INPUT', `batchRequests must hold 1 to ${MAX_SUBREQUESTS} requests.`)
  }
  let hasErrors = false
  const results = batchRequests.map((given) => {
    const { method, url, richInput } = isObject(given) ? given : {}
    if (hasErrors && haltOnError === true)
      return { statusCode: 412, result: [{ errorCode: 'BATCH_PROCESSING_HALTED', message: 'Batch processing halted per request' }] }
    const answer = call.inner({ method: String(method), url: `/services/data/${String(url).replace(/^\/+/, '')}`, body: richInput })
    hasErrors ||= answer.status >= 400
    return { statusCode: answer.status, result: answer.json ?? null }
  })
  return { status: 200, json: { hasErrors, results } }
}

export const COMPOSITE_ROUTES: readonly SfRoute[] = [
  { method: 'POST', path: '/composite', writes: true, takesBody: true, handle: composite },
  { method: 'POST', path: '/composite/batch', writes: true, takesBody: true, handle: batch },
]
