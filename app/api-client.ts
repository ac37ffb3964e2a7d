import {
  type AnswerOf,
  type ApiError,
  apiError,
  type BodyOf,
  contract,
  type EndpointName,
  type ParamsOf,
  type QueryOf,
} from '../server/api/contract.ts'
import { TEXTS } from './texts.ts'

type Part<Key extends string, Value> = [Value] extends [undefined] ? unknown : { readonly [K in Key]: Value }

/** What a call takes: path parameters, query and body, each only where the contract has it. */
export type CallInput<Name extends EndpointName> = Part<'params', ParamsOf<Name>> &
  Part<'query', QueryOf<Name>> &
  Part<'body', BodyOf<Name>>

/** Why a call failed: no answer at all, an answer that says no, or an answer that does not fit the contract. */
export type FailureKind = 'network' | 'refused' | 'answer'

export class ApiFailure extends Error {
  readonly kind: FailureKind
  readonly code: string
  readonly advice: string
  readonly status: number

  constructor(failure: { kind: FailureKind; code: string; message: string; advice: string; status: number }, options?: ErrorOptions) {
    super(failure.message, options)
    this.name = 'ApiFailure'
    this.kind = failure.kind
    this.code = failure.code
    this.advice = failure.advice
    this.status = failure.status
  }
}

/** What went wrong and what to do, of any thrown thing, for a person. */
export function failureText(error: unknown): { message: string; advice: string } {
  if (error instanceof ApiFailure) return { message: error.message, advice: error.advice }
  return { message: error instanceof Error ? error.message : String(error), advice: TEXTS.failure.networkAdvice }
}

/** The address of an endpoint with its parameters filled in. */
export function pathOf(
  path: string,
  params: Readonly<Record<string, unknown>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const filled = path.replace(/\{(\w+)\}/gu, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value))
  const text = search.toString()
  return text === '' ? filled : `${filled}?${text}`
}

/** How to reach the server; `fetch` in the product, a stand-in under test. */
export interface Transport {
  readonly fetch: typeof fetch
}

const BROWSER: Transport = { fetch: (input, init) => fetch(input, init) }

/**
 * Calls one endpoint of the contract.
 * @throws ApiFailure
 */
export async function callApi<Name extends EndpointName>(
  name: Name,
  input: CallInput<Name>,
  options: { signal?: AbortSignal; transport?: Transport } = {},
): Promise<AnswerOf<Name>> {
  const endpoint = contract[name]
  const parts = input as { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown }
  const { fetch: send } = options.transport ?? BROWSER
  const init: RequestInit = {
    method: endpoint.method.toUpperCase(),
    credentials: 'same-origin',
    ...(options.signal && { signal: options.signal }),
    ...(parts.body !== undefined && { body: JSON.stringify(parts.body), headers: { 'content-type': 'application/json' } }),
  }
  let response: Response
  try {
    response = await send(pathOf(endpoint.path, parts.params, parts.query), init)
  } catch (cause) {
    throw new ApiFailure(
      { kind: 'network', code: 'no-answer', message: TEXTS.failure.network, advice: TEXTS.failure.networkAdvice, status: 0 },
      { cause },
    )
  }
  const json = await response.json().catch(() => undefined)
  if (!response.ok) throw refusalOf(response.status, json)
  const parsed = endpoint.answer.safeParse(json)
  if (!parsed.success) {
    const failure = {
      kind: 'answer',
      code: 'unexpected-answer',
      message: TEXTS.failure.answer,
      advice: TEXTS.failure.answerAdvice,
    } as const
    throw new ApiFailure({ ...failure, status: response.status }, { cause: parsed.error })
  }
  // The answer itself, not the parsed copy: a description may carry more than the contract names, and the planner uses it.
  return json as AnswerOf<Name>
}

function refusalOf(status: number, json: unknown): ApiFailure {
  const parsed = apiError.safeParse(json)
  const error: ApiError['error'] = parsed.success
    ? parsed.data.error
    : { code: `http-${status}`, message: TEXTS.failure.network, advice: TEXTS.failure.networkAdvice }
  return new ApiFailure({ kind: 'refused', code: error.code, message: error.message, advice: error.advice, status })
}
