import { createHmac, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { JsonFile } from '../json-file.ts'
import { makeSecret } from '../oauth-pages.ts'
import { FIELDS } from './fields.ts'
import { type Issue, issueShape } from './model.ts'
import { API_USER, USERS, withName } from './site.ts'
import { Wire } from './wire.ts'

const EVENTS = ['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted'] as const
export const hookEvent = z.enum(EVENTS)
type HookEvent = z.infer<typeof hookEvent>

/** A webhook as it is registered. `admin`: made by an administrator, signed with a secret. `dynamic`: registered by the OAuth app. */
export const hookShape = z.object({
  id: z.int(),
  kind: z.enum(['admin', 'dynamic']),
  url: z.url(),
  /** Of an administrator's; a dynamic one is signed with the client's secret. */
  secret: z.string().nullable(),
  events: z.array(hookEvent),
  jqlFilter: z.string(),
  /** ms; `null`: it does not end. */
  endsMs: z.number().nullable(),
})
export type Hook = z.infer<typeof hookShape>

const stateShape = z.object({ nextId: z.int(), hooks: z.array(hookShape) })

/** How a delivery went; the newest are shown. */
export interface HookDelivery {
  readonly at: string
  readonly hook: number
  readonly event: HookEvent
  readonly key: string
  /** `null`: nobody answered. */
  readonly status: number | null
}

const KEPT_DELIVERIES = 50
const ANSWER_MS = 5_000
const LIFE_MS = 30 * 24 * 3_600_000
const TOKEN_S = 180

export interface HooksOptions {
  readonly folder: string
  readonly nowMs: () => number
  readonly clientId: string
  readonly clientSecret: string
  /** Whether an issue fits a query now; what is wrong with the query where it is none. */
  readonly fits: (jql: string, issue: Issue) => boolean | string
}

/** An issue that every query can be asked of. */
const PROBE: Issue = issueShape.parse({
  id: '1',
  key: 'TB-1',
  summary: 'Probe',
  created: '2026-01-01T00:00:00.000Z',
  updated: '2026-01-01T00:00:00.000Z',
  statusChanged: '2026-01-01T00:00:00.000Z',
})

/** What happened to one issue. */
export interface IssueEvent {
  readonly before: Issue | undefined
  readonly after: Issue | undefined
}

/** Sends webhooks as Jira does: after the change, in no order, at least once; whoever does not answer is not waited for. */
export class JiraHooks {
  readonly #options: HooksOptions
  readonly #state: JsonFile<z.infer<typeof stateShape>>
  readonly #sending = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #deliveries: HookDelivery[] = []

  constructor(options: HooksOptions) {
    this.#options = options
    this.#state = JsonFile.open({
      path: join(options.folder, 'webhooks.json'),
      shape: stateShape,
      fresh: () => ({ nextId: 10_000, hooks: [] }),
      mode: 0o600,
    })
  }

  /** Those that hold. */
  list(): readonly Hook[] {
    return this.#state.data.hooks.filter(({ endsMs }) => endsMs === null || endsMs > this.#options.nowMs())
  }

  deliveries(): readonly HookDelivery[] {
    return this.#deliveries
  }

  add(hook: Pick<Hook, 'kind' | 'url' | 'secret' | 'events' | 'jqlFilter'>): Hook {
    const { nextId, hooks } = this.#state.data
    const made: Hook = { ...hook, id: nextId, endsMs: hook.kind === 'admin' ? null : this.#options.nowMs() + LIFE_MS }
    this.#state.write({ nextId: nextId + 1, hooks: [...hooks, made] })
    return made
  }

  remove(ids: readonly number[], kind: Hook['kind']): void {
    const { nextId, hooks } = this.#state.data
    this.#state.write({ nextId, hooks: hooks.filter((hook) => hook.kind !== kind || !ids.includes(hook.id)) })
  }

  /** What is wrong with a filter, in Jira's words. */
  problemOf(jqlFilter: string): string | undefined {
    const fits = this.#options.fits(jqlFilter, PROBE)
    return typeof fits === 'string' ? fits : undefined
  }

  /** Replaces what the administrator made. */
  setAdmin(hooks: readonly { readonly url: string; readonly secret: string }[]): void {
    this.remove(
      this.list().map(({ id }) => id),
      'admin',
    )
    for (const hook of hooks) this.add({ ...hook, kind: 'admin', events: [...EVENTS], jqlFilter: '' })
  }

  /** Gives dynamic ones another 30 days; when they end now. */
  refresh(ids: readonly number[]): number {
    const endsMs = this.#options.nowMs() + LIFE_MS
    const { nextId, hooks } = this.#state.data
    this.#state.write({
      nextId,
      hooks: hooks.map((hook) => (hook.kind === 'dynamic' && ids.includes(hook.id) ? { ...hook, endsMs } : hook)),
    })
    return endsMs
  }

  /** An issue changed: everybody who asked to know is told. */
  tell({ before, after }: IssueEvent): void {
    const issue = after ?? before
    if (issue === undefined) return
    const event: HookEvent = before === undefined ? 'jira:issue_created' : after === undefined ? 'jira:issue_deleted' : 'jira:issue_updated'
    for (const hook of this.list()) {
      if (!hook.events.includes(event) || !this.#isWanted(hook, issue)) continue
      const sending = this.#send(hook, event, issue).finally(() => this.#sending.delete(sending))
      this.#sending.add(sending)
    }
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.settled()
  }

  #isWanted({ jqlFilter }: Hook, issue: Issue): boolean {
    return jqlFilter === '' || this.#options.fits(jqlFilter, issue) === true
  }

  async #send(hook: Hook, event: HookEvent, issue: Issue): Promise<void> {
    const nowMs = this.#options.nowMs()
    const wire = new Wire(new URL('/', hook.url).href.replace(/\/$/, ''))
    const ids = FIELDS.filter((field) => field.isNavigable).map(({ id }) => id)
    const body = JSON.stringify({
      timestamp: nowMs,
      webhookEvent: event,
      issue_event_type_name: event === 'jira:issue_created' ? 'issue_created' : 'issue_generic',
      user: wire.userNamed(withName(USERS, issue.changes.at(-1)?.by ?? '')?.name ?? API_USER),
      issue: wire.issue(issue, { kind: 'fields', ids }),
      ...(event === 'jira:issue_updated' && {
        changelog: { id: issue.changes.at(-1)?.id ?? '0', items: issue.changes.at(-1)?.items ?? [] },
      }),
      ...(hook.kind === 'dynamic' && { matchedWebhookIds: [hook.id] }),
    })
    const headers = {
      'content-type': 'application/json;charset=UTF-8',
      'user-agent': 'Atlassian Webhook HTTP Client',
      'x-atlassian-webhook-identifier': randomUUID(),
      ...(hook.secret !== null && { 'x-hub-signature': `sha256=${createHmac('sha256', hook.secret).update(body).digest('hex')}` }),
      ...(hook.kind === 'dynamic' && { authorization: `Bearer ${this.#jwt(nowMs)}` }),
    }
    let status: number | null = null
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_MS)])
      const response = await fetch(hook.url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await response.body?.cancel()
      status = response.status
    } catch {
      // Whoever is not there misses it; the next scheduled pull finds the change all the same.
      status = null
    }
    const delivery = { at: new Date(nowMs).toISOString(), hook: hook.id, event, key: issue.key, status }
    this.#deliveries = [delivery, ...this.#deliveries].slice(0, KEPT_DELIVERIES)
  }

  #jwt(nowMs: number): string {
    const { clientId, clientSecret } = this.#options
    const part = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url')
    const iat = Math.floor(nowMs / 1000)
    const head = part({ alg: 'HS256', typ: 'JWT' })
    const claims = part({ iss: clientId, iat, exp: iat + TOKEN_S, jti: makeSecret(12), context: {} })
    const signature = createHmac('sha256', clientSecret).update(`${head}.${claims}`).digest('base64url')
    return `${head}.${claims}.${signature}`
  }
}
