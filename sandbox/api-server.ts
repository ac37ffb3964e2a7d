import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { CallFaults, FaultCall, FaultDial, SetFault } from './faults.ts'
import { type Answer, encodeAnswer, parseJson, readBody, sendEncoded } from './http.ts'
import type { RequestLine, RequestLog } from './request-log.ts'

/** A request as it reaches an app: its path is the app's own, its body is read. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly bodyText: string
  /** The body as JSON; `undefined` where there is none or it is not JSON. */
  readonly body: unknown
  /** The address the app is reached at, up to and including `/sandbox/<app>`. */
  readonly base: string
}

/** What was done: the answer, and whether the app's data changed. */
export interface Done {
  readonly answer: Answer
  readonly saved: boolean
}

/** What the shared server needs of a stand-in. Salesforce and HubSpot join by implementing it. */
export interface ApiApp {
  readonly bodyLimitBytes: number
  /** Before anything else: takes in what changed on disk, carries out what is due. */
  prepare(): Promise<void>
  /** The refusal of a request that may not come in at all (credential, path, body, limits), or `undefined`. */
  refuse(request: ApiRequest): Answer | undefined
  tooLarge(request: ApiRequest): Answer
  /** What the faults of the dial may match. */
  describe(request: ApiRequest): FaultCall
  /** The body as the request log may keep it, where it holds secrets (a token endpoint's form). Absent: as it is. */
  bodyForLog?(request: ApiRequest): unknown
  /** The address as the request log may keep it, where it holds secrets (a token in a path). Absent: as it is. */
  addressForLog?(request: ApiRequest): Pick<ApiRequest, 'path' | 'query'>
  carryOut(request: ApiRequest, faults: CallFaults): Promise<Done>
  /** The answer a fault makes, in the app's own words. */
  faultAnswer(fault: SetFault): Answer
  /** Puts everything on disk, where each answer waits for that. */
  settleSaves(): Promise<void>
  readonly dial: FaultDial
  readonly log: RequestLog
}

/** A fault of the stand-in itself is said as such, and takes nobody else's request down with it. */
async function carryOut(app: ApiApp, request: ApiRequest, faults: CallFaults): Promise<Done> {
  try {
    const done = await app.carryOut(request, faults)
    await app.settleSaves()
    return done
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { answer: { status: 500, json: { errorMessages: [`The sandbox itself failed: ${message}`], errors: {} } }, saved: false }
  }
}

/** How long a request without an answer is held at most. */
const HOLD_MS = 120_000

/** Serves the API of stand-ins: reads, lets the dial decide, answers or fails to, and writes the request log. */
export class ApiServer {
  readonly #now: () => number
  readonly #held = new Map<Socket, NodeJS.Timeout>()
  readonly #delays = new Set<() => void>()

  constructor(now: () => number) {
    this.#now = now
  }

  async serve(
    app: ApiApp,
    req: IncomingMessage,
    res: ServerResponse,
    at: { readonly path: string; readonly query: URLSearchParams; readonly base: string },
  ): Promise<void> {
    const startedMs = performance.now()
    const read = await readBody(req, app.bodyLimitBytes)
    const bodyText = read.kind === 'read' ? read.text : ''
    const method = req.method ?? 'GET'
    const request: ApiRequest = {
      method: method === 'HEAD' ? 'GET' : method,
      ...at,
      headers: req.headers,
      bodyText,
      body: parseJson(bodyText),
    }
    const { path, query } = app.addressForLog?.(request) ?? request
    const line = (status: number | null, responseBytes: number, saved: boolean, fault?: string): RequestLine => ({
      at: new Date(this.#now()).toISOString(),
      method,
      path,
      query: Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')])),
      status,
      ms: Math.round((performance.now() - startedMs) * 10) / 10,
      requestBytes: read.bytes,
      responseBytes,
      ...(bodyText !== '' && { body: app.bodyForLog ? app.bodyForLog(request) : (request.body ?? bodyText.slice(0, 2000)) }),
      ...(fault !== undefined && { fault }),
      saved,
    })
    const answer = (given: Answer, saved: boolean, fault?: string): void => {
      const encoded = encodeAnswer(given)
      app.log.append(line(given.status, encoded.body.length, saved, fault))
      sendEncoded(res, given, encoded, method === 'HEAD')
    }

    await app.prepare()
    const refusal = read.kind === 'too-large' ? app.tooLarge(request) : app.refuse(request)
    if (refusal) return answer(refusal, false)

    const faults = app.dial.begin(app.describe(request))
    const { delayMs, fault } = faults.transport()
    if (delayMs > 0) await this.#delay(delayMs)
    const isAfter = fault?.kind.endsWith('-after') === true
    if (fault && !isAfter) {
      if (fault.kind === 'timeout-before' || fault.kind === 'drop') {
        app.log.append(line(null, 0, false, faults.fired()))
        return this.#lose(fault, req.socket)
      }
      return answer(app.faultAnswer(fault), false, faults.fired())
    }
    const done = await carryOut(app, request, faults)
    if (fault?.kind === 'timeout-after' || fault?.kind === 'drop-after') {
      app.log.append(line(null, 0, done.saved, faults.fired()))
      return this.#lose(fault, req.socket)
    }
    answer(fault ? app.faultAnswer(fault) : done.answer, done.saved, faults.fired())
  }

  /** Ends every request that is still held or delayed. */
  stop(): void {
    for (const [socket, timer] of this.#held) {
      clearTimeout(timer)
      socket.destroy()
    }
    this.#held.clear()
    for (const end of this.#delays) end()
  }

  /** Drops the connection, or holds it without an answer until the client goes. */
  #lose(fault: SetFault, socket: Socket): void {
    if (fault.kind === 'drop' || fault.kind === 'drop-after') {
      socket.destroy()
      return
    }
    const timer = setTimeout(() => socket.destroy(), HOLD_MS)
    this.#held.set(socket, timer)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#held.delete(socket)
    })
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#delays.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#delays.add(end)
    })
  }
}
