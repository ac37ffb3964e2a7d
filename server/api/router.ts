import type { IncomingMessage } from 'node:http'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type * as z from 'zod'
import type { Logger } from '../logger.ts'
import { mayCall, NOT_SHARED as NOT_FOR_GUESTS } from '../rights.ts'
import { type Caller, isMember } from '../session.ts'
import { type Access, apiError, type Endpoint } from './contract.ts'
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
  /** Where the request came from. */
  readonly address: string
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
  /**
   * The caller with their right in what a request is about.
   * @throws ApiProblem where they have none
   */
  readonly admit: (
    caller: Caller,
    endpoint: Endpoint,
    parts: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
  ) => Promise<Caller>
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
    // Before anything of the request is read: what is not a guest's is not described to them either.
    const caller = options.callerOf(context.env.incoming)
    if (caller !== undefined && isMember(caller)) return next()
    const found = routes.find(({ method, pattern }) => method === context.req.method && pattern.test(context.req.path))
    if (caller === undefined || found === undefined || !mayCall(found.access, caller.kind)) throw NOT_FOR_GUESTS
    return next()
  })
  const routes = Object.values(options.contract).map(routeAccess)
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

/** Which requests an endpoint answers, and to whom. */
function routeAccess({ method, path, access = 'member' }: Endpoint): { method: string; pattern: RegExp; access: Access } {
  const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/gu, '[^/]+')}$`, 'u')
  return { method: method.toUpperCase(), pattern, access }
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
  const parts = {
    params: endpoint.params && valid.valid('param'),
    query: endpoint.query && valid.valid('query'),
    body: endpoint.body && valid.valid('json'),
  }
  const result = await handler({
    ...parts,
    caller: await options.admit(caller, endpoint, parts),
    request: context.req.raw,
    address: context.env.incoming.socket.remoteAddress ?? '',
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
