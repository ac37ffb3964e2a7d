import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { z } from 'zod'
import { faultShape } from '../faults.ts'
import { type Answer, jsonError, parseJson, readBody } from '../http.ts'
import { isSameOrigin } from '../origin.ts'
import type { StandIn } from '../stand-in.ts'
import { type AppFace, type FormResult, type RecordList, type RecordPage, type RecordsRequest, SAID, type Said } from './face.ts'
import { readFaultForm, readRecordForm, type Values } from './forms.ts'
import type { Html } from './html.ts'
import { asideParts, homePage, recordPage } from './pages.ts'

const BODY_LIMIT_BYTES = 1024 * 1024
const PAGE_SIZE = 50
const LATEST_REQUESTS = 20

const SECURITY: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  // Not no-referrer: a form would then be sent with `Origin: null` and refused as another site's.
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
}

const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#0b7285"/></svg>\n'

/** What a person and a script see of the sandbox besides the apps' own APIs. The first app is shown at first. */
export class Screen {
  readonly #apps: readonly [StandIn, ...StandIn[]]
  readonly #css = readFileSync(join(import.meta.dirname, 'screen.css'), 'utf8')
  readonly #script = readFileSync(join(import.meta.dirname, 'screen.js'), 'utf8')

  constructor(apps: readonly [StandIn, ...StandIn[]]) {
    this.#apps = apps
  }

  /** Answers everything under `/sandbox` that is no app's API. What changes something waits until it is saved where that is asked. */
  async answer(req: IncomingMessage, url: URL, origin: string): Promise<Answer> {
    const method = req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET')
    if (method !== 'GET' && !isSameOrigin(req)) return refusal(403, 'A page of another site may not change the sandbox.')
    const text = method === 'GET' ? '' : await bodyText(req)
    if (text === undefined) return refusal(413, 'The request is too large.')
    const parts = url.pathname.split('/').filter((part) => part !== '')
    const call: Call = {
      method,
      url,
      origin,
      parts: parts.slice(1).map(decodePart),
      body: { text, type: req.headers['content-type'] ?? '' },
    }
    const app = this.#appOf(call)
    await app?.prepare()
    const answer = this.#route(call, app)
    await app?.settleSaves()
    return { ...answer, headers: { ...SECURITY, ...answer.headers } }
  }

  /** The app a request is about. */
  #appOf({ parts, url, body }: Call): StandIn | undefined {
    const [first, second] = parts
    const named = (id: string | undefined): StandIn | undefined => this.#apps.find(({ face }) => face.id === id)
    if (first === undefined) return this.#apps[0]
    if (first === 'control') return named(url.searchParams.get('app') ?? appNamed(body.text)) ?? this.#apps[0]
    return named(first === 'api' ? second : first)
  }

  #route(call: Call, app: StandIn | undefined): Answer {
    const [first = ''] = call.parts
    if (first === 'screen.css') return { status: 200, text: this.#css, contentType: 'text/css;charset=UTF-8' }
    if (first === 'screen.js') return { status: 200, text: this.#script, contentType: 'text/javascript;charset=UTF-8' }
    if (app === undefined) return refusal(404, 'There is no such page in the sandbox.')
    const inApp = call.parts.slice(first === 'api' ? 2 : 1)
    if (first === 'control') return this.#control(app.face, call)
    if (inApp[0] === 'records') return app.face.records(recordsRequest(call, inApp.slice(1)))
    if (call.method === 'POST') return this.#form(app, inApp, call)
    return call.method === 'GET' ? this.#page(app, inApp, call) : refusal(405, 'There is nothing to send here.')
  }

  #page(app: StandIn, parts: readonly string[], call: Call): Answer {
    const { face, log } = app
    const [first = '', second = ''] = parts
    if (first === '') return htmlAnswer(200, this.#home(app, call))
    if (first === 'aside') return htmlAnswer(200, asideParts(face, face.controlView(), log.latest(LATEST_REQUESTS)))
    if (first === 'avatar' || first === 'images') return { status: 200, text: ICON, contentType: 'image/svg+xml' }
    const address = face.redirect?.(parts)
    if (address !== undefined) return redirect(address)
    const list = first === 'new' ? face.lists[0] : listOf(face, first)
    if (list === undefined) return refusal(404, 'There is no such page in the sandbox.')
    if (first === 'new' || second === 'new') return htmlAnswer(200, newRecord(face, list, face.blank(list.id).values, {}))
    const record = face.record(list.id, second)
    if (record === undefined) return refusal(404, `There is no ${list.noun} ${second}.`)
    return htmlAnswer(200, oneRecord(face, list, record, record.values, {}, saidIn(face, call.url)))
  }

  #home({ face, log }: StandIn, { url, origin }: Pick<Call, 'url' | 'origin'>, error?: string): Html {
    const { searchParams } = url
    const list = listOf(face, searchParams.get('list') ?? '') ?? face.lists[0]
    const query = {
      search: searchParams.get('search') ?? '',
      filter: searchParams.get('filter') ?? '',
      startAt: Math.max(0, Number.parseInt(searchParams.get('startAt') ?? '0', 10) || 0),
      maxResults: PAGE_SIZE,
    }
    return homePage({
      faces: this.#apps.map((app) => app.face),
      face,
      list,
      base: `${origin}/sandbox/${face.id}`,
      control: face.controlView(),
      requests: log.latest(LATEST_REQUESTS),
      ...query,
      ...face.list(list.id, query),
      said: saidIn(face, url),
      error,
    })
  }

  /** The forms of the pages. After each the browser is sent on, so that reloading repeats nothing. */
  #form(app: StandIn, parts: readonly string[], call: Call): Answer {
    const { face } = app
    const [first = '', id = '', verb = ''] = parts
    const form = new URLSearchParams(call.body.text)
    if (first === 'dial') return this.#dialForm(app, id, verb, form, call.origin)
    if (first === 'settings') return this.#settingsForm(app, form, call.origin)
    const list = listOf(face, first)
    if (list === undefined) return refusal(404, 'There is no such form in the sandbox.')
    if (id === '') return createForm(face, list, form)
    const record = face.record(list.id, id)
    if (record === undefined) return refusal(404, `There is no ${list.noun} ${id}.`)
    if (verb === '') return editForm(face, list, record, form)
    const result = face.act(list.id, id, verb, form)
    if (result === undefined) return refusal(404, 'There is no such form in the sandbox.')
    return result.kind === 'done' ? sentOn(face, list, result) : refusal(400, Object.values(result.errors).join(' '))
  }

  #dialForm(app: StandIn, id: string, verb: string, form: URLSearchParams, origin: string): Answer {
    const { face, dial } = app
    if (id === 'clear') {
      dial.clear()
      return redirect(`/sandbox/${face.id}?done=cleared`)
    }
    if (verb === 'remove') {
      dial.remove(id)
      return redirect(`/sandbox/${face.id}?done=set`)
    }
    const fault = faultShape.safeParse(readFaultForm(form, face.dialFields[0]?.id ?? ''))
    if (!fault.success) return this.#refusedHome(app, origin, `The dial is as before: ${z.prettifyError(fault.error)}`)
    dial.add([fault.data])
    return redirect(`/sandbox/${face.id}?done=set`)
  }

  #settingsForm(app: StandIn, form: URLSearchParams, origin: string): Answer {
    const { face } = app
    const body = { app: face.id, editor: form.get('editor') ?? undefined, indexDelayMs: Number(form.get('indexDelayMs')) }
    const refused = face.control((shape) => fitting(shape, body))
    return refused
      ? this.#refusedHome(app, origin, `The settings are as before: ${errorIn(refused.error)}`)
      : redirect(`/sandbox/${face.id}?done=settings`)
  }

  #refusedHome(app: StandIn, origin: string, error: string): Answer {
    return htmlAnswer(400, this.#home(app, { url: new URL('http://sandbox/sandbox'), origin }, error))
  }

  /** `/sandbox/control`, for the app named in the query or the body; the first where none is. */
  #control(face: AppFace, { method, body }: Call): Answer {
    if (method === 'GET') return { status: 200, json: face.controlView() }
    if (method !== 'POST') return { ...jsonError(405, 'Use GET or POST.'), headers: { Allow: 'GET, POST' } }
    const refused = face.control((shape) => checked(shape, body))
    return refused ? refused.error : { status: 200, json: face.controlView() }
  }
}

interface Body {
  readonly text: string
  readonly type: string
}

/** A request to the screen, read. */
interface Call {
  readonly method: string
  readonly url: URL
  readonly origin: string
  /** The path behind `/sandbox`. */
  readonly parts: readonly string[]
  readonly body: Body
}

async function bodyText(req: IncomingMessage): Promise<string | undefined> {
  const read = await readBody(req, BODY_LIMIT_BYTES)
  return read.kind === 'read' ? read.text : undefined
}

const namedShape = z.object({ app: z.string() })

function appNamed(text: string): string | undefined {
  return namedShape.safeParse(parseJson(text)).data?.app
}

function listOf(face: AppFace, id: string): RecordList | undefined {
  return face.lists.find((list) => list.id === id)
}

function saidIn(face: AppFace, url: URL): string | undefined {
  const word = url.searchParams.get('done') ?? ''
  return Object.hasOwn(SAID, word) ? SAID[word as Said](face.name) : undefined
}

function oneRecord(face: AppFace, list: RecordList, record: RecordPage, values: Values, errors: Values, said?: string): Html {
  const { editor } = face.controlView()
  const { fields } = record
  return recordPage({
    face,
    list,
    record,
    fields,
    values: { as: editor, ...values },
    errors,
    editor,
    said,
    was: JSON.stringify(record.values),
  })
}

function newRecord(face: AppFace, list: RecordList, values: Values, errors: Values): Html {
  const { editor } = face.controlView()
  const { fields } = face.blank(list.id)
  return recordPage({ face, list, record: undefined, fields, values: { as: editor, ...values }, errors, editor, said: undefined, was: '' })
}

function editForm(face: AppFace, list: RecordList, record: RecordPage, form: URLSearchParams): Answer {
  const { values, changed, as } = readRecordForm(form, record.fields)
  const result = face.edit(list.id, record.id, changed, as)
  if (result.kind === 'refused') return htmlAnswer(400, oneRecord(face, list, record, values, result.errors))
  return sentOn(face, list, result)
}

function createForm(face: AppFace, list: RecordList, form: URLSearchParams): Answer {
  const { values, as } = readRecordForm(form, face.blank(list.id).fields)
  const { as: _as, ...typed } = values
  const result = face.create(list.id, typed, as)
  if (result.kind === 'refused') return htmlAnswer(400, newRecord(face, list, values, result.errors))
  return sentOn(face, list, result)
}

function sentOn(face: AppFace, list: RecordList, { id, said }: Extract<FormResult, { kind: 'done' }>): Answer {
  if (id === undefined) return redirect(`/sandbox/${face.id}?list=${list.id}&done=${said}`)
  return redirect(`/sandbox/${face.id}/${list.id}/${encodeURIComponent(id)}?done=${said}`)
}

function recordsRequest({ method, url, body }: Call, parts: readonly string[]): RecordsRequest {
  return { method, parts, query: url.searchParams, read: (shape) => checked(shape, body) }
}

function fitting<T>(shape: z.ZodType<T>, value: unknown): { readonly data: T } | { readonly error: Answer } {
  const parsed = shape.safeParse(value)
  return parsed.success ? { data: parsed.data } : { error: jsonError(400, z.prettifyError(parsed.error)) }
}

/** A JSON body that fits, or the refusal that says what does not. */
function checked<T>(shape: z.ZodType<T>, body: Body): { readonly data: T } | { readonly error: Answer } {
  // Only JSON by name: a form of another site cannot send that without being asked for permission first.
  if (body.type.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    return { error: jsonError(415, 'Send JSON, as application/json.') }
  const json = parseJson(body.text)
  return json === undefined ? { error: jsonError(400, 'The body is not JSON.') } : fitting(shape, json)
}

const errorShape = z.object({ error: z.string() })

function errorIn(answer: Answer): string {
  return errorShape.safeParse(answer.json).data?.error ?? ''
}

function htmlAnswer(status: number, page: Html): Answer {
  return { status, text: page.text, contentType: 'text/html;charset=UTF-8' }
}

function refusal(status: number, text: string): Answer {
  return { status, text: `${text}\n` }
}

function redirect(location: string): Answer {
  return { status: 303, headers: { Location: location } }
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
