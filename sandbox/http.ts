import type { IncomingMessage, ServerResponse } from 'node:http'

/** How the Java apps spell the type of JSON. */
export const JSON_TYPE = 'application/json;charset=UTF-8'

/** What a stand-in answers: decided as a value, sent by `sendAnswer`. `json` and `text` exclude each other; neither means no body. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly text?: string
  /** Default: `JSON_TYPE` for JSON, plain text for text. */
  readonly contentType?: string
}

/** A request body as it arrived: its text, or that it went over the limit. */
export type RequestBody =
  | { readonly kind: 'read'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'too-large'; readonly bytes: number }

/** Reads a request body up to a limit; the rest of a longer one is drained and dropped, so that the refusal can still be sent. */
export async function readBody(req: IncomingMessage, limitBytes: number): Promise<RequestBody> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req) {
    const buffer: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    bytes += buffer.length
    if (bytes <= limitBytes) chunks.push(buffer)
    else chunks.length = 0
  }
  return bytes > limitBytes ? { kind: 'too-large', bytes } : { kind: 'read', text: Buffer.concat(chunks).toString('utf8'), bytes }
}

/** The bytes of an answer's body and its content type. */
export function encodeAnswer(answer: Answer): { readonly body: Buffer; readonly contentType: string | undefined } {
  if (answer.text !== undefined)
    return { body: Buffer.from(answer.text, 'utf8'), contentType: answer.contentType ?? 'text/plain;charset=UTF-8' }
  if (answer.json === undefined) return { body: Buffer.alloc(0), contentType: answer.contentType }
  return { body: Buffer.from(JSON.stringify(answer.json), 'utf8'), contentType: answer.contentType ?? JSON_TYPE }
}

/** Sends an answer whose body is encoded already. Nothing happens on a connection that is gone. */
export function sendEncoded(
  res: ServerResponse,
  answer: Answer,
  encoded: { readonly body: Buffer; readonly contentType: string | undefined },
  withoutBody: boolean,
): void {
  if (res.headersSent || res.destroyed) return
  const headers: Record<string, string> = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache, no-store, no-transform' }
  if (encoded.contentType !== undefined) headers['Content-Type'] = encoded.contentType
  if (answer.status !== 204) headers['Content-Length'] = String(encoded.body.length)
  res.writeHead(answer.status, { ...headers, ...answer.headers })
  res.end(withoutBody ? undefined : encoded.body)
}

/** Encodes and sends an answer. */
export function sendAnswer(res: ServerResponse, answer: Answer, method = 'GET'): void {
  sendEncoded(res, answer, encodeAnswer(answer), method === 'HEAD')
}

/** `text` parsed as JSON, or `undefined` where it is none (JSON itself has no `undefined`). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a script is told that asked for something that cannot be. */
export function jsonError(status: number, error: string): Answer {
  return { status, json: { error } }
}
