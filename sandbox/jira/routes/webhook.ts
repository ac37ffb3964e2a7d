import { z } from 'zod'
import { isOwnMachine } from '../../origin.ts'
import type { JiraCall, Route } from '../call.ts'
import { errorCollection } from '../errors.ts'
import { hookEvent } from '../hooks.ts'
import { errorAnswer } from '../shapes.ts'

const registration = z.object({
  url: z.url(),
  webhooks: z
    .array(z.object({ events: z.array(hookEvent).min(1), jqlFilter: z.string().min(1), fieldIdsFilter: z.array(z.string()).optional() }))
    .min(1)
    .max(100),
})
const idsBody = z.object({ webhookIds: z.array(z.int()) })
const registered = z.strictObject({
  webhookRegistrationResult: z.array(z.strictObject({ createdWebhookId: z.int().optional(), errors: z.array(z.string()).optional() })),
})
const listed = z.object({
  values: z.array(
    z.strictObject({ id: z.int(), jqlFilter: z.string(), events: z.array(z.string()), url: z.string(), expirationDate: z.int() }),
  ),
})

const APPS_ONLY = errorCollection(403, ['Only Connect and OAuth 2.0 apps can use this operation.'])
const nothing = z.undefined()

/** Webhooks of the OAuth app: an API token cannot make any. */
export const WEBHOOK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/rest/api/3/webhook',
    answers: { 200: listed, 403: errorAnswer },
    handle: (call) => {
      if (!call.isApp) return APPS_ONLY
      const all = dynamic(call).map(({ id, jqlFilter, events, url, endsMs }) => ({
        id,
        jqlFilter,
        events,
        url,
        expirationDate: endsMs ?? 0,
      }))
      const startAt = Number(call.query.get('startAt') ?? 0) || 0
      const values = all.slice(startAt, startAt + 100)
      return { status: 200, json: { maxResults: 100, startAt, total: all.length, isLast: startAt + values.length >= all.length, values } }
    },
  },
  {
    method: 'POST',
    path: '/rest/api/3/webhook',
    body: registration,
    answers: { 200: registered, 400: errorAnswer, 403: errorAnswer },
    handle: (call) => {
      if (!call.isApp) return APPS_ONLY
      const { url, webhooks } = call.body as z.infer<typeof registration>
      if (!isOwnMachine(url)) return errorCollection(400, ['The URL of the webhook must lead to this machine: this is a stand-in.'])
      const [known] = dynamic(call)
      if (known !== undefined && known.url !== url)
        return errorCollection(400, ['Only a single URL per app is allowed to be registered via REST API.'])
      const made = webhooks.map(({ events, jqlFilter }) => {
        const refusal = call.site.hooks.problemOf(jqlFilter)
        if (refusal !== undefined) return { errors: [refusal] }
        return { createdWebhookId: call.site.hooks.add({ kind: 'dynamic', url, secret: null, events, jqlFilter }).id }
      })
      return { status: 200, json: { webhookRegistrationResult: made } }
    },
  },
  {
    method: 'DELETE',
    path: '/rest/api/3/webhook',
    body: idsBody,
    answers: { 202: nothing, 403: errorAnswer },
    handle: (call) => {
      if (!call.isApp) return APPS_ONLY
      call.site.hooks.remove((call.body as z.infer<typeof idsBody>).webhookIds, 'dynamic')
      return { status: 202 }
    },
  },
  {
    method: 'PUT',
    path: '/rest/api/3/webhook/refresh',
    body: idsBody,
    answers: { 200: z.strictObject({ expirationDate: z.int() }), 403: errorAnswer },
    handle: (call) => {
      if (!call.isApp) return APPS_ONLY
      return { status: 200, json: { expirationDate: call.site.hooks.refresh((call.body as z.infer<typeof idsBody>).webhookIds) } }
    },
  },
  {
    method: 'GET',
    path: '/rest/api/3/webhook/failed',
    answers: { 200: z.object({ values: z.array(z.never()) }), 403: errorAnswer },
    handle: (call) => (call.isApp ? { status: 200, json: { values: [], maxResults: 100 } } : APPS_ONLY),
  },
]

const dynamic = (call: JiraCall) => call.site.hooks.list().filter(({ kind }) => kind === 'dynamic')
