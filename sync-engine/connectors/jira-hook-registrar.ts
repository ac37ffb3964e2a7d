import { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { HookCall, HookRegistrar } from './app.ts'
import type { HttpAnswer, HttpCall } from './http-client.ts'
import { failureOf, parseAnswer, readOk } from './jira-answers.ts'

const PATH = '/rest/api/3/webhook'
const EVENTS = ['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted']
/** How long Jira keeps a webhook that an app registered; its answer to a registration does not say. ms */
const LIFE_MS = 30 * 24 * 3_600_000
/** Projects named in one filter. */
const MOST_PROJECTS = 100
/** Pages of the app's webhooks that are looked through; Jira lets an OAuth app have a handful. */
const MOST_PAGES = 5

const listShape = z.object({
  values: z.array(
    z.object({
      id: z.number(),
      jqlFilter: z.string(),
      events: z.array(z.string()),
      url: z.string().optional(),
    }),
  ),
  isLast: z.boolean().default(true),
})
type Listed = z.infer<typeof listShape>['values'][number]
const madeShape = z.object({
  webhookRegistrationResult: z.array(z.object({ createdWebhookId: z.number().optional(), errors: z.array(z.string()).default([]) })).min(1),
})
const refreshedShape = z.object({ expirationDate: z.number() })

/** The projects a query asks for by their keys; what it excludes is none of them. */
function projectsNamed(jql: string): readonly string[] {
  return [...jql.matchAll(/\bproject\s*(?:=|in\b)\s*(\([^)]*\)|"[^"]*"|'[^']*'|[\w-]+)/giu)].flatMap(([, names = '']) =>
    names
      .replaceAll(/[()"']/gu, '')
      .split(',')
      .map((name) => name.trim()),
  )
}

/** The webhooks of Jira's dynamic kind: of the OAuth app, 30 days long, one address an app and site. */
export const jiraHookRegistrar: HookRegistrar = {
  scope: 'manage:jira-webhook',

  /** By project: filters of webhooks know no dates, texts or functions, and what lies beyond them the schedule brings. */
  filterOf: ({ limitedTo, connections }) => {
    if (connections.length === 0) return undefined
    const keys =
      limitedTo ??
      connections.flatMap(({ filter, description }) => {
        const named = projectsNamed(filter).filter(isKey)
        const seen = description?.fields.find(({ id }) => id === 'project')?.options ?? []
        return named.length > 0 ? named : seen.map(({ id }) => id)
      })
    const projects = [...new Set(keys.filter(isKey).map((key) => key.toUpperCase()))].sort().slice(0, MOST_PROJECTS)
    return projects.length === 0 ? undefined : `project IN (${projects.map((key) => `"${key}"`).join(', ')})`
  },

  ensure: async ({ url, filter, nowMs, ...call }) => {
    const known = call.hook === undefined ? undefined : (await listed(call)).find(({ id }) => String(id) === call.hook)
    if (known !== undefined) {
      const { id, events, jqlFilter } = known
      const isRight = (known.url ?? url) === url && jqlFilter === filter && EVENTS.every((event) => events.includes(event))
      if (isRight) return { hook: String(id), endsAt: await refresh(call, id) }
      // First the one that is over: an app has one address.
      await remove(call, id)
    }
    const answer = await write(call, { method: 'POST', path: PATH, body: { url, webhooks: [{ jqlFilter: filter, events: EVENTS }] } }, 200)
    const [made] = parseAnswer(madeShape, answer, `POST ${PATH}`).webhookRegistrationResult
    if (made?.createdWebhookId === undefined) throw new SyncError('bad-request', `Jira says: ${made?.errors.join(' ') ?? ''}`)
    return { hook: String(made.createdWebhookId), endsAt: nowMs + LIFE_MS }
  },

  remove: ({ hook, ...call }) => remove(call, Number(hook)),
}

const isKey = (text: string): boolean => /^[A-Za-z][A-Za-z0-9_]{0,99}$/u.test(text)

async function listed({ http, signal }: HookCall): Promise<readonly Listed[]> {
  const all: Listed[] = []
  for (let page = 0; page < MOST_PAGES; page++) {
    const path = `${PATH}?startAt=${all.length}&maxResults=100`
    const { values, isLast } = parseAnswer(listShape, await readOk(http, { method: 'GET', path }, signal), `GET ${PATH}`)
    all.push(...values)
    if (isLast || values.length === 0) break
  }
  return all
}

async function refresh(call: HookCall, id: number): Promise<number> {
  const path = `${PATH}/refresh`
  const answer = await write(call, { method: 'PUT', path, body: { webhookIds: [id] } }, 200)
  return parseAnswer(refreshedShape, answer, `PUT ${path}`).expirationDate
}

async function remove(call: HookCall, id: number): Promise<void> {
  await write(call, { method: 'DELETE', path: PATH, body: { webhookIds: [id] } }, 202)
}

async function write({ http, signal }: HookCall, call: HttpCall, good: number): Promise<HttpAnswer> {
  const answer = await http.write(call, signal)
  if (answer.kind === 'no-answer') throw new SyncError('app-unavailable', `Jira did not answer: ${answer.reason}.`)
  if (answer.status === good) return answer
  throw failureOf(call, answer)
}
