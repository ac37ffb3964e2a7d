import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { z } from 'zod'
import { faultShape } from '../faults.ts'
import { type Answer, parseJson, readBody } from '../http.ts'
import { controlShape } from '../jira/control.ts'
import type { JiraApp } from '../jira/jira.ts'
import type { Issue } from '../jira/model.ts'
import { type Edited, JiraRecords, recordCreateShape, recordEditShape, recordMoveShape } from '../jira/records.ts'
import { isSameOrigin } from '../origin.ts'
import { readFaultForm, readIssueForm, valuesOf, writeIssueForm } from './forms.ts'
import type { Html } from './html.ts'
import { asideParts, homePage, issuePage } from './pages.ts'

const BODY_LIMIT_BYTES = 1024 * 1024
const PAGE_SIZE = 50
const LATEST_REQUESTS = 20

/** What a page says after something was done; the address carries only the word. */
const SAID: Readonly<Record<string, string>> = {
  saved: 'Saved. Jira has it now.',
  unchanged: 'Nothing was different, so nothing was saved.',
  created: 'Created.',
  deleted: 'Deleted.',
  moved: 'Moved. The old key still finds it.',
  set: 'The dial is set.',
  cleared: 'The dial is clear.',
  settings: 'Settings saved.',
  hidden: 'The token can no longer see it.',
  shown: 'The token can see it again.',
}

const SECURITY: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  // Not no-referrer: a form would then be sent with `Origin: null` and refused as another site's.
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
}

const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#0b7285"/></svg>\n'

/** What a person and a script see of the sandbox besides the apps' own APIs. */
export class Screen {
  readonly #jira: JiraApp
  readonly #records: JiraRecords
  readonly #css = readFileSync(join(import.meta.dirname, 'screen.css'), 'utf8')
  readonly #script = readFileSync(join(import.meta.dirname, 'screen.js'), 'utf8')

  constructor(jira: JiraApp) {
    this.#jira = jira
    this.#records = new JiraRecords({ site: jira.site, nowMs: () => jira.nowMs(), editor: () => jira.editor })
  }

  /** Answers everything under `/sandbox` that is no app's API. What changes something waits until it is saved where that is asked. */
  async answer(req: IncomingMessage, url: URL, origin: string): Promise<Answer> {
    const method = req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET')
    if (method !== 'GET' && !isSameOrigin(req)) return refusal(403, 'A page of another site may not change the sandbox.')
    const body = method === 'GET' ? '' : await this.#body(req)
    if (body === undefined) return refusal(413, 'The request is too large.')
    await this.#jira.prepare()
    const parts = url.pathname.split('/').filter((part) => part !== '')
    const answer = this.#route(method, parts.slice(1).map(decodePart), url, origin, { text: body, type: req.headers['content-type'] ?? '' })
    await this.#jira.settleSaves()
    return { ...answer, headers: { ...SECURITY, ...answer.headers } }
  }

  async #body(req: IncomingMessage): Promise<string | undefined> {
    const read = await readBody(req, BODY_LIMIT_BYTES)
    return read.kind === 'read' ? read.text : undefined
  }

  #route(method: string, parts: readonly string[], url: URL, origin: string, body: Body): Answer {
    const [first = '', second = '', third = ''] = parts
    if (first === 'control') return this.#control(method, body)
    if (first === 'jira' && second === 'records') return this.#json(method, parts.slice(2), url, body)
    if (first === 'api' && second === 'jira' && third === 'records') return this.#json(method, parts.slice(3), url, body)
    return method === 'POST' ? this.#form(parts, origin, new URLSearchParams(body.text)) : this.#page(method, parts, url, origin)
  }

  #page(method: string, parts: readonly string[], url: URL, origin: string): Answer {
    const [first = '', second = '', third = ''] = parts
    if (method !== 'GET') return refusal(405, 'There is nothing to send here.')
    if (parts.length === 0 || (first === 'jira' && second === '')) return htmlAnswer(200, this.#home(url, origin))
    if (first === 'aside') return htmlAnswer(200, asideParts(this.#jira.controlView(), this.#jira.log.latest(LATEST_REQUESTS)))
    if (first === 'screen.css') return { status: 200, text: this.#css, contentType: 'text/css;charset=UTF-8' }
    if (first === 'screen.js') return { status: 200, text: this.#script, contentType: 'text/javascript;charset=UTF-8' }
    if (first === 'jira' && (second === 'avatar' || second === 'images')) return { status: 200, text: ICON, contentType: 'image/svg+xml' }
    if (first === 'jira' && second === 'browse') return redirect(`/sandbox/jira/issues/${encodeURIComponent(third)}`)
    if (first === 'jira' && second === 'new')
      return htmlAnswer(200, this.#newIssue({ project: 'TB', type: 'Task', priority: 'Medium' }, {}))
    if (first === 'jira' && second === 'issues') return this.#issue(third, SAID[url.searchParams.get('done') ?? ''])
    return refusal(404, 'There is no such page in the sandbox.')
  }

  #home(url: URL, origin: string, error?: string): Html {
    const { searchParams } = url
    const filter = {
      search: searchParams.get('search') ?? '',
      project: searchParams.get('project') ?? '',
      startAt: Math.max(0, Number.parseInt(searchParams.get('startAt') ?? '0', 10) || 0),
      maxResults: PAGE_SIZE,
    }
    return homePage({
      base: `${origin}/sandbox/jira`,
      ...this.#jira.credentials,
      issueCount: this.#jira.issues.size,
      control: this.#jira.controlView(),
      requests: this.#jira.log.latest(LATEST_REQUESTS),
      ...filter,
      ...this.#records.list(filter),
      said: SAID[searchParams.get('done') ?? ''],
      error,
    })
  }

  #issue(idOrKey: string, said: string | undefined): Answer {
    const issue = this.#records.find(idOrKey)
    if (!issue) return refusal(404, `There is no issue ${idOrKey}.`)
    return htmlAnswer(200, this.#issueForm(issue, valuesOf(this.#records.view(issue)), {}, said))
  }

  #issueForm(issue: Issue, values: Readonly<Record<string, string>>, errors: Readonly<Record<string, string>>, said?: string): Html {
    const view = this.#records.view(issue)
    return issuePage({
      issue,
      values: { as: this.#jira.editor, ...values },
      errors,
      editor: this.#jira.editor,
      isHidden: view.isHidden,
      said,
      was: writeIssueForm(valuesOf(view)),
    })
  }

  #newIssue(values: Readonly<Record<string, string>>, errors: Readonly<Record<string, string>>): Html {
    const { editor } = this.#jira
    return issuePage({ issue: undefined, values: { as: editor, ...values }, errors, editor, isHidden: false, said: undefined, was: '' })
  }

  /** The forms of the pages. After each the browser is sent on, so that reloading repeats nothing. */
  #form(parts: readonly string[], origin: string, form: URLSearchParams): Answer {
    const [first = '', second = '', third = '', fourth = ''] = parts
    if (first === 'dial') return this.#dialForm(second, third, form, origin)
    if (first === 'settings') return this.#settingsForm(form, origin)
    if (first !== 'jira' || second !== 'issues') return refusal(404, 'There is no such form in the sandbox.')
    if (third === '') return this.#createForm(form)
    const issue = this.#records.find(third)
    if (!issue) return refusal(404, `There is no issue ${third}.`)
    switch (fourth) {
      case '':
        return this.#editForm(issue, form)
      case 'delete':
        this.#records.remove(issue)
        return redirect('/sandbox?done=deleted')
      case 'move': {
        const moved = this.#records.move(issue, { project: form.get('project') ?? '' })
        return moved.kind === 'saved' ? redirect(`/sandbox/jira/issues/${moved.issue.key}?done=moved`) : refusal(400, firstError(moved))
      }
      case 'hide':
      case 'show':
        this.#jira.control({ app: 'jira', [fourth]: [issue.id] })
        return redirect(`/sandbox/jira/issues/${issue.key}?done=${fourth === 'hide' ? 'hidden' : 'shown'}`)
      default:
        return refusal(404, 'There is no such form in the sandbox.')
    }
  }

  #editForm(issue: Issue, form: URLSearchParams): Answer {
    const { values, edit } = readIssueForm(form)
    const edited = this.#records.edit(issue, edit)
    if (edited.kind === 'refused') return htmlAnswer(400, this.#issueForm(issue, values, edited.errors))
    return redirect(`/sandbox/jira/issues/${edited.issue.key}?done=${edited.issue === issue ? 'unchanged' : 'saved'}`)
  }

  #createForm(form: URLSearchParams): Answer {
    const { values, edit } = readIssueForm(form)
    const { status: _status, ...rest } = edit
    const created = this.#records.create({ ...rest, summary: edit.summary ?? '', project: form.get('project') ?? 'TB' })
    if (created.kind === 'refused') return htmlAnswer(400, this.#newIssue(values, created.errors))
    return redirect(`/sandbox/jira/issues/${created.issue.key}?done=created`)
  }

  #dialForm(id: string, verb: string, form: URLSearchParams, origin: string): Answer {
    if (id === 'clear') {
      this.#jira.dial.clear()
      return redirect('/sandbox?done=cleared')
    }
    if (verb === 'remove') {
      this.#jira.dial.remove(id)
      return redirect('/sandbox?done=set')
    }
    const fault = faultShape.safeParse(readFaultForm(form))
    if (!fault.success)
      return htmlAnswer(
        400,
        this.#home(new URL('http://sandbox/sandbox'), origin, `The dial is as before: ${z.prettifyError(fault.error)}`),
      )
    this.#jira.dial.add([fault.data])
    return redirect('/sandbox?done=set')
  }

  #settingsForm(form: URLSearchParams, origin: string): Answer {
    const control = controlShape.safeParse({
      app: 'jira',
      editor: form.get('editor') ?? undefined,
      indexDelayMs: Number(form.get('indexDelayMs')),
    })
    if (!control.success) {
      return htmlAnswer(
        400,
        this.#home(new URL('http://sandbox/sandbox'), origin, `The settings are as before: ${z.prettifyError(control.error)}`),
      )
    }
    this.#jira.control(control.data)
    return redirect('/sandbox?done=settings')
  }

  /** `/sandbox/control`. */
  #control(method: string, body: Body): Answer {
    if (method === 'GET') return { status: 200, json: this.#jira.controlView() }
    if (method !== 'POST') return { ...jsonError(405, 'Use GET or POST.'), headers: { Allow: 'GET, POST' } }
    const control = checked(controlShape, body)
    if ('error' in control) return control.error
    this.#jira.control(control.data)
    return { status: 200, json: this.#jira.controlView() }
  }

  /** `/sandbox/jira/records`: the same records for scripts and tests. */
  #json(method: string, parts: readonly string[], url: URL, body: Body): Answer {
    const [idOrKey = '', verb = ''] = parts
    if (idOrKey === '') return method === 'GET' ? this.#jsonList(url) : this.#jsonCreate(method, body)
    const issue = this.#records.find(idOrKey)
    if (!issue) return jsonError(404, `There is no issue ${idOrKey}.`)
    if (method === 'POST' && verb === 'move') {
      const move = checked(recordMoveShape, body)
      return 'error' in move ? move.error : this.#jsonEdited(this.#records.move(issue, move.data), 200)
    }
    if (verb !== '') return jsonError(404, 'There is no such address.')
    switch (method) {
      case 'GET':
        return { status: 200, json: this.#records.view(issue) }
      case 'DELETE':
        this.#records.remove(issue)
        return { status: 204 }
      case 'PATCH': {
        const edit = checked(recordEditShape, body)
        return 'error' in edit ? edit.error : this.#jsonEdited(this.#records.edit(issue, edit.data), 200)
      }
      default:
        return { ...jsonError(405, 'Use GET, PATCH or DELETE.'), headers: { Allow: 'GET, PATCH, DELETE' } }
    }
  }

  #jsonList(url: URL): Answer {
    const number = (name: string, fallback: number): number => {
      const value = Number.parseInt(url.searchParams.get(name) ?? '', 10)
      return Number.isNaN(value) || value < 0 ? fallback : value
    }
    const filter = {
      search: url.searchParams.get('search') ?? '',
      project: url.searchParams.get('project') ?? '',
      startAt: number('startAt', 0),
      maxResults: Math.min(1000, number('maxResults', PAGE_SIZE)),
    }
    return { status: 200, json: { startAt: filter.startAt, maxResults: filter.maxResults, ...this.#records.list(filter) } }
  }

  #jsonCreate(method: string, body: Body): Answer {
    if (method !== 'POST') return { ...jsonError(405, 'Use GET or POST.'), headers: { Allow: 'GET, POST' } }
    const create = checked(recordCreateShape, body)
    return 'error' in create ? create.error : this.#jsonEdited(this.#records.create(create.data), 201)
  }

  #jsonEdited(edited: Edited, status: number): Answer {
    if (edited.kind === 'refused') return { status: 400, json: { error: firstError(edited), errors: edited.errors } }
    return { status, json: this.#records.view(edited.issue) }
  }
}

interface Body {
  readonly text: string
  readonly type: string
}

/** A JSON body that fits, or the refusal that says what does not. */
function checked<T>(shape: z.ZodType<T>, body: Body): { readonly data: T } | { readonly error: Answer } {
  // Only JSON by name: a form of another site cannot send that without being asked for permission first.
  if (body.type.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    return { error: jsonError(415, 'Send JSON, as application/json.') }
  const json = parseJson(body.text)
  if (json === undefined) return { error: jsonError(400, 'The body is not JSON.') }
  const parsed = shape.safeParse(json)
  return parsed.success ? { data: parsed.data } : { error: jsonError(400, z.prettifyError(parsed.error)) }
}

function firstError(edited: Extract<Edited, { kind: 'refused' }>): string {
  return Object.entries(edited.errors)
    .map(([field, message]) => `${field}: ${message}`)
    .join(' ')
}

function htmlAnswer(status: number, page: Html): Answer {
  return { status, text: page.text, contentType: 'text/html;charset=UTF-8' }
}

function refusal(status: number, text: string): Answer {
  return { status, text: `${text}\n` }
}

function jsonError(status: number, error: string): Answer {
  return { status, json: { error } }
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
