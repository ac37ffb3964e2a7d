import type { IncomingMessage } from 'node:http'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type * as z from 'zod'
import type { Logger } from '../logger.ts'
import type { Caller } from '../session.ts'
import { apiError, type Endpoint } from './contract.ts'
import { ApiProblem, badRequest, INTERNAL_PROBLEM, problemBody, problemOf } from './problem.ts'

/** Largest body of a request: 10,000 cells of ordinary length. Bytes. */
const BODY_BYTES = 16 * 1024 * 1024

const TOO_LARGE = new ApiProblem({
  status: 413,
  code: 'too-large',
  message: `The request is larger than ${BODY_BYTES / 1024 / 1024} MiB.`,
  advice: 'Nothing was changed. Send it in several parts.',
})
const TOO_VAGUE = new ApiProblem({
  status: 411,
  code: 'length-required',
  message: 'The request does not say how long it is.',
  advice: 'Nothing was changed. Send it with a Content-Length.',
})

type Endpoints = Readonly<Record<string, Endpoint>>
type Parsed<E, Key extends string> = E extends { readonly [K in Key]: infer S extends z.ZodType } ? z.output<S> : undefined

/** What a handler is given: every part checked against the contract. */
export interface Asked<E extends Endpoint> {
  readonly params: Parsed<E, 'params'>
  readonly query: Parsed<E, 'query'>
  readonly body: Parsed<E, 'body'>
  readonly caller: Caller
  readonly request: Request
}

/** Answers an endpoint; a `Response` goes out as it is (CSV). Throws `ApiProblem` or `SyncError` where it cannot. */
export type Handler<E extends Endpoint> = (asked: Asked<E>) => Promise<z.input<E['answer']> | Response> | z.input<E['answer']> | Response

/** An endpoint without a handler answers 501. */
export type Handlers<C extends Endpoints> = { readonly [Name in keyof C]?: Handler<C[Name]> }

export interface ApiOptions<C extends Endpoints> {
  readonly contract: C
  readonly handlers: Handlers<C>
  /** Who sent this request; the session gate has let it through. */
  readonly callerOf: (request: IncomingMessage) => Caller | undefined
  readonly version: string
  readonly logger: Logger
  /** Whether answers are held to the contract too: in tests. */
  readonly checksAnswers?: boolean
}

interface Env {
  readonly Bindings: { readonly incoming: IncomingMessage }
}

type AnyHandler = (asked: Asked<Endpoint>) => unknown

/** The HTTP API: a route for each endpoint of the contract, and its OpenAPI 3.1 document at `/api/openapi.json`. */
export function makeApi<C extends Endpoints>(options: ApiOptions<C>): OpenAPIHono<Env> {
  const api = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw badRequest('The request does not fit.', result.error.issues.map(describeIssue))
    },
  })
  api.use('/api/*', async (context, next) => {
    // The length is checked by its header, and Node takes no more than that: Hono's own limit cannot read a body of unknown length here.
    if (context.req.header('transfer-encoding') !== undefined) throw TOO_VAGUE
    if (Number(context.req.header('content-length') ?? 0) > BODY_BYTES) throw TOO_LARGE
    await next()
  })
  for (const [name, endpoint] of Object.entries(options.contract)) {
    const handler = options.handlers[name] as AnyHandler | undefined
    api.openapi(routeOf(name, endpoint), (async (context: Context<Env>) => answer(context, { name, endpoint, handler, options })) as never)
  }
  api.doc31('/api/openapi.json', { openapi: '3.1.0', info: { title: 'Tidebook', version: options.version } })
  api.notFound((context) =>
    problemResponse(
      context,
      new ApiProblem({
        status: 404,
        code: 'not-found',
        message: `There is no ${context.req.method} ${context.req.path}.`,
        advice: 'Nothing was changed. /api/openapi.json lists what there is.',
      }),
    ),
  )
  api.onError((error, context) => {
    const problem = problemOf(error) ?? httpProblem(error)
    if (problem === undefined || problem.status >= 500) {
      options.logger.error({ err: error, method: context.req.method, path: context.req.path }, 'a request failed')
    }
    return problemResponse(context, problem ?? INTERNAL_PROBLEM)
  })
  return api
}

function routeOf(name: string, { method, path, summary, params, query, body, answer }: Endpoint) {
  return createRoute({
    method,
    path,
    summary,
    operationId: name,
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      200: { description: summary, content: { 'application/json': { schema: answer } } },
      default: { description: 'It could not be done', content: { 'application/json': { schema: apiError } } },
    },
  })
}

async function answer(
  context: Context<Env>,
  {
    name,
    endpoint,
    handler,
    options,
  }: { name: string; endpoint: Endpoint; handler: AnyHandler | undefined; options: ApiOptions<Endpoints> },
): Promise<Response> {
  if (handler === undefined) {
    throw new ApiProblem({
      status: 501,
      code: 'not-built',
      message: `${name} is not in this version yet.`,
      advice: 'Nothing was changed.',
    })
  }
  const caller = options.callerOf(context.env.incoming)
  if (caller === undefined) throw new Error('A request came past the session gate')
  const valid = context.req as unknown as { valid: (part: 'param' | 'query' | 'json') => unknown }
  const result = await handler({
    params: endpoint.params && valid.valid('param'),
    query: endpoint.query && valid.valid('query'),
    body: endpoint.body && valid.valid('json'),
    caller,
    request: context.req.raw,
  } as Asked<Endpoint>)
  if (result instanceof Response) return result
  return context.json((options.checksAnswers ? endpoint.answer.parse(result) : result) as object)
}

const problemResponse = (context: Context, problem: ApiProblem): Response => context.json(problemBody(problem), problem.status as 500)

/** What Hono itself refuses: a body that is no JSON. */
function httpProblem(error: Error): ApiProblem | undefined {
  if (!(error instanceof HTTPException) || error.status >= 500) return undefined
  return badRequest(error.message || 'The request does not fit.')
}

const describeIssue = (issue: { path: readonly PropertyKey[]; message: string }): { at: string; problem: string } => ({
  at: issue.path.map(String).join('.'),
  problem: issue.message,
})
