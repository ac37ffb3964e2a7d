import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { ApiProblem, problemBody } from './api/problem.ts'
import { type RequestHead, refusalOf } from './http-gate.ts'
import type { Logger } from './logger.ts'
import { mayLoad, NOT_SHARED } from './rights.ts'
import {
  type Caller,
  cookieName,
  guestCookie,
  guestCookieName,
  isMember,
  NOBODY,
  readBearer,
  readCookie,
  type Sessions,
  sessionCookie,
} from './session.ts'
import type { SharedLinks } from './shared-links.ts'

/** The stand-ins of the connected apps. */
export interface SandboxPart {
  readonly handle: RequestListener
  /** Paths below which a stand-in answers as its app does, with the app's own authorisation and without our session. */
  readonly isVendorApi: (pathname: string) => boolean
}

export interface HttpParts {
  readonly sessions: Sessions
  readonly links: SharedLinks
  /** Whether a call of the API is open to whoever is not known yet. */
  readonly isOpenCall: (method: string, pathname: string) => boolean
  /** The port that is listened on; known once it is. */
  readonly port: () => number
  readonly hosts: () => ReadonlySet<string>
  readonly api: RequestListener
  readonly sandbox?: SandboxPart | undefined
  /** Webhooks of apps: they come without a session and are known by their signature. */
  readonly hooks?:
    | {
        readonly isHook: (pathname: string) => boolean
        /** A name of this server by which webhooks come, and nothing else. */
        readonly host?: string
        readonly handle: RequestListener
      }
    | undefined
  /** Takes a browser that an app sends back from its sign-in page; where it goes on to. */
  readonly signInReturn?:
    | { readonly path: string; readonly finish: (answer: URLSearchParams, caller: Caller) => Promise<string> }
    | undefined
  readonly pages?: RequestListener | undefined
  readonly isDev: boolean
  readonly logger: Logger
}

export interface HttpFront {
  readonly handle: RequestListener
  /** Who sent a request that was let through. */
  readonly callerOf: (request: IncomingMessage) => Caller | undefined
  /** Why an upgrade is turned away, or `undefined`. */
  readonly upgradeRefusal: (request: IncomingMessage) => string | undefined
}

const API_POLICY = "default-src 'none'; frame-ancestors 'none'"

/** What pages may load: our own server alone. Next puts its data into inline scripts, and in development evaluates code. */
function pagePolicy(host: string, isDev: boolean): string {
  const scripts = isDev ? "'self' 'unsafe-inline' 'unsafe-eval'" : "'self' 'unsafe-inline'"
  return [
    "default-src 'self'",
    `script-src ${scripts}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    `connect-src 'self' ws://${host}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The order in which a request is looked at: health, gate, session, sandbox, API, pages. */
export function makeHttpFront(parts: HttpParts): HttpFront {
  const callers = new WeakMap<IncomingMessage, Caller>()

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    setHeaders(response, pagePolicy(request.headers.host ?? 'localhost', parts.isDev))
    if (url.pathname === '/api/health') {
      sendJson(response, 200, { status: 'ok' })
      return
    }
    const host = parts.hooks?.isHook(url.pathname) ? parts.hooks.host : undefined
    const refused = refusalOf(headOf(request, url.pathname), host === undefined ? parts.hosts() : new Set([...parts.hosts(), host]))
    if (refused !== undefined) {
      sendProblem(response, new ApiProblem({ status: 403, code: 'not-allowed', message: refused, advice: 'Nothing was changed.' }))
      return
    }
    if (parts.sandbox?.isVendorApi(url.pathname)) {
      parts.sandbox.handle(request, response)
      return
    }
    if (parts.hooks?.isHook(url.pathname)) {
      parts.hooks.handle(request, response)
      return
    }
    if (redeemOneTime(request, response, url)) return
    const caller = identify(request, response)
    if (caller === undefined || !isLetIn(caller, request, url.pathname)) {
      refuseStranger(request, response, url.pathname, caller?.kind === 'guest')
      return
    }
    callers.set(request, caller)
    if (url.pathname === parts.signInReturn?.path && isMember(caller)) finishSignIn(request, response, url, caller)
    else route(request, response, url.pathname)
  }

  /** The address holds a code: it is left at once, is kept nowhere and is told to nobody. */
  const finishSignIn = (request: IncomingMessage, response: ServerResponse, url: URL, caller: Caller): void => {
    const headers = { 'Cache-Control': 'no-store', 'Content-Security-Policy': API_POLICY }
    if (request.method !== 'GET') {
      response.writeHead(405, { ...headers, Allow: 'GET' }).end()
      return
    }
    parts.signInReturn
      ?.finish(url.searchParams, caller)
      .then((next) => response.writeHead(303, { ...headers, Location: next }).end())
      .catch((error: unknown) => {
        parts.logger.error({ err: error }, 'a sign-in could not be finished')
        response.writeHead(303, { ...headers, Location: '/settings/integrations' }).end()
      })
  }

  /** A page asked for with a one-time token: a session, and the same page without the token in its address. */
  const redeemOneTime = (request: IncomingMessage, response: ServerResponse, url: URL): boolean => {
    const oneTime = url.searchParams.get('once')
    if (oneTime === null || request.method !== 'GET' || url.pathname.startsWith('/api/')) return false
    const known = readCookie(request.headers.cookie, cookieName(parts.port()))
    const token = parts.sessions.redeem(oneTime, known)
    // A used address in a browser that is in already (a reload, a bookmark) is no reason to send it away.
    if (token === undefined && (known === undefined || parts.sessions.bySession(known) === undefined)) return false
    url.searchParams.delete('once')
    if (token !== undefined) response.setHeader('Set-Cookie', sessionCookie(parts.port(), token))
    response.writeHead(303, { Location: `${url.pathname}${url.search}`, 'Cache-Control': 'no-store' }).end()
    return true
  }

  const identify = (request: IncomingMessage, response: ServerResponse): Caller | undefined => {
    const bearer = readBearer(request.headers.authorization)
    if (bearer !== undefined) return parts.sessions.byBearer(bearer)
    const token = readCookie(request.headers.cookie, cookieName(parts.port()))
    const caller = token === undefined ? undefined : parts.sessions.bySession(token)
    if (token !== undefined && caller !== undefined && parts.sessions.touch(token)) {
      response.setHeader('Set-Cookie', sessionCookie(parts.port(), token))
    }
    return caller ?? identifyGuest(request, response)
  }

  const identifyGuest = (request: IncomingMessage, response: ServerResponse): Caller => {
    const cookie = readCookie(request.headers.cookie, guestCookieName(parts.port()))
    const person = cookie === undefined ? undefined : parts.links.byCookie(cookie)
    if (cookie === undefined || person === undefined) return NOBODY
    if (parts.links.touch(cookie)) response.setHeader('Set-Cookie', guestCookie(parts.port(), cookie))
    return { kind: 'guest', actor: person, device: person.id }
  }

  /** Whether somebody who is no member may go on to what they ask for; what of it, the API decides. */
  const isLetIn = (caller: Caller, request: IncomingMessage, pathname: string): boolean => {
    if (isMember(caller)) return true
    if (pathname === '/api' || pathname.startsWith('/api/'))
      return caller.kind === 'guest' || parts.isOpenCall(request.method ?? 'GET', pathname)
    return parts.pages !== undefined && mayLoad(caller.kind, pathname, parts.isDev)
  }

  const route = (request: IncomingMessage, response: ServerResponse, pathname: string): void => {
    if (pathname === '/api' || pathname.startsWith('/api/')) {
      response.setHeader('Content-Security-Policy', API_POLICY)
      response.setHeader('Cache-Control', 'no-store')
      parts.api(request, response)
    } else if (parts.sandbox !== undefined && (pathname === '/sandbox' || pathname.startsWith('/sandbox/')))
      parts.sandbox.handle(request, response)
    else if (parts.pages !== undefined) parts.pages(request, response)
    else
      sendProblem(
        response,
        new ApiProblem({ status: 404, code: 'not-found', message: 'There are no pages here.', advice: 'Nothing was changed.' }),
      )
  }

  return {
    handle: (request, response) => {
      try {
        handle(request, response)
      } catch (error) {
        parts.logger.error({ err: error }, 'a request failed')
        if (response.headersSent) response.destroy()
        else
          sendProblem(
            response,
            new ApiProblem({ status: 503, code: 'internal', message: 'The server cannot answer right now.', advice: 'Try again.' }),
          )
      }
    },
    callerOf: (request) => callers.get(request),
    upgradeRefusal: (request) => refusalOf(headOf(request, new URL(request.url ?? '/', 'http://localhost').pathname), parts.hosts(), true),
  }
}

function headOf(request: IncomingMessage, pathname: string): RequestHead {
  const { host, origin } = request.headers
  const text = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)
  return {
    method: request.method ?? 'GET',
    pathname,
    host,
    origin,
    secFetchSite: text(request.headers['sec-fetch-site']),
    secFetchMode: text(request.headers['sec-fetch-mode']),
  }
}

function setHeaders(response: ServerResponse, policy: string): void {
  response.setHeader('Content-Security-Policy', policy)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }).end(JSON.stringify(body))
}

const sendProblem = (response: ServerResponse, problem: ApiProblem): void => sendJson(response, problem.status, problemBody(problem))

function refuseStranger(request: IncomingMessage, response: ServerResponse, pathname: string, isGuest: boolean): void {
  const wantsPage = !pathname.startsWith('/api/') && (request.headers.accept ?? '').includes('text/html')
  if (wantsPage) {
    response
      .writeHead(isGuest ? 403 : 401, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' })
      .end(isGuest ? GUEST_PAGE : STRANGER_PAGE)
    return
  }
  if (isGuest) {
    sendProblem(response, NOT_SHARED)
    return
  }
  sendProblem(
    response,
    new ApiProblem({
      status: 401,
      code: 'not-signed-in',
      message: 'This browser or script is not signed in.',
      advice:
        'Nothing was changed. Open a fresh address from "npm run url", or send the token in <data>/token as "Authorization: Bearer …".',
    }),
  )
}

const plainPage = (title: string, ...paragraphs: readonly string[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidebook</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem }
  code { font-size: 1.05em; padding: .15em .4em; border-radius: .3em; background: color-mix(in srgb, currentColor 10%, transparent) }
</style>
<h1>${title}</h1>
${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}
</html>
`

const STRANGER_PAGE = plainPage(
  'This browser is not signed in',
  'Tidebook lets in the browser that opens a one-time address. The address you used is missing its token, was used before, or is older than 15 minutes.',
  'On the machine where Tidebook runs, type <code>npm run url</code> in its folder and open the address it prints. Your workbooks are safe.',
)

const GUEST_PAGE = plainPage(
  'This is not part of what was shared with you',
  'A shared link opens one workbook. Open the link again to go to it; nothing was changed.',
)
