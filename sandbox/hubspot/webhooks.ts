import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Answer } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { isOwnMachine } from '../origin.ts'
import { notFound, validation } from './errors.ts'
import { OBJECT_TYPES } from './properties.ts'
import type { HubEvent } from './records.ts'
import { APP_ID, PORTAL_ID } from './site.ts'

/** Most events of one POST. */
const MOST_EVENTS = 100
const TRIES = 3
const ANSWER_MS = 5_000

const settingsShape = z.object({
  targetUrl: z.string(),
  throttling: z.object({ maxConcurrentRequests: z.int().min(1).max(100) }).default({ maxConcurrentRequests: 10 }),
})
const subscriptionShape = z.object({
  id: z.string(),
  eventType: z.string(),
  propertyName: z.string().optional(),
  active: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string().optional(),
})
const stateShape = z.object({
  settings: settingsShape.extend({ createdAt: z.string() }).nullable(),
  subscriptions: z.array(subscriptionShape),
  nextId: z.int(),
  nextEventId: z.int(),
})
type State = z.infer<typeof stateShape>

const createShape = z.object({ eventType: z.string(), propertyName: z.string().optional(), active: z.boolean().optional() })
const patchShape = z.object({ active: z.boolean().optional() })
const KINDS = ['creation', 'deletion', 'propertyChange', 'merge', 'restore', 'associationChange'] as const
const EVENT_TYPES = [...new Set(OBJECT_TYPES.map(({ event }) => event))].flatMap((event) => KINDS.map((kind) => `${event}.${kind}`))

export interface WebhookParts {
  readonly folder: string
  readonly now: () => number
  /** What signs the deliveries: the app's client secret. */
  readonly secret: () => string
  /** How long events are gathered before they are sent. ms */
  readonly gatherMs?: number
}

/** The app's webhooks: where they go, which events are sent, and their delivery, signed as HubSpot signs them (v3). */
export class Webhooks {
  readonly #parts: WebhookParts
  readonly #state: JsonFile<State>
  #waiting: Record<string, unknown>[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> = Promise.resolve()
  readonly #stopped = new AbortController()

  constructor(parts: WebhookParts) {
    this.#parts = parts
    this.#state = JsonFile.open<State>({
      path: join(parts.folder, 'webhooks.json'),
      shape: stateShape,
      fresh: () => ({ settings: null, subscriptions: [], nextId: 1, nextEventId: 1 }),
    })
  }

  get targetUrl(): string | undefined {
    return this.#state.data.settings?.targetUrl
  }

  /** Sends every kind of event to an address of this machine, or none any more. */
  sendAllTo(targetUrl: string | null): void {
    const at = this.#at()
    const settings = targetUrl === null ? null : { targetUrl, throttling: { maxConcurrentRequests: 10 }, createdAt: at }
    const subscriptions = EVENT_TYPES.map((eventType, index) => ({ id: String(index + 1), eventType, active: true, createdAt: at }))
    const isAll = targetUrl !== null
    this.#state.write({ ...this.#state.data, settings, subscriptions: isAll ? subscriptions : [], nextId: EVENT_TYPES.length + 1 })
  }

  /** Hears of a change; those that are subscribed to are sent a moment later. */
  tell(event: HubEvent): void {
    const { settings, subscriptions, nextEventId } = this.#state.data
    if (settings === null || this.#stopped.signal.aborted) return
    const eventType = `${event.type.event}.${event.kind}`
    const subscription = subscriptions.find(
      (one) => one.active && one.eventType === eventType && (one.propertyName === undefined || one.propertyName === event.property),
    )
    if (!subscription) return
    this.#state.data.nextEventId = nextEventId + 1
    this.#waiting.push({
      eventId: nextEventId,
      subscriptionId: Number(subscription.id),
      portalId: PORTAL_ID,
      appId: APP_ID,
      occurredAt: event.atMs,
      subscriptionType: eventType,
      attemptNumber: 0,
      objectId: Number(event.objectId),
      objectTypeId: event.type.typeId,
      changeSource: event.source,
      ...(event.source === 'INTEGRATION' && { sourceId: String(APP_ID) }),
      ...(event.property !== undefined && { propertyName: event.property, propertyValue: event.value ?? '' }),
      ...(event.mergedIds && {
        primaryObjectId: Number(event.objectId),
        mergedObjectIds: event.mergedIds.map(Number),
        newObjectId: Number(event.objectId),
      }),
    })
    this.#timer ??= setTimeout(() => this.#sendWaiting(), this.#parts.gatherMs ?? 200)
  }

  /** What has to be sent is on its way and answered. */
  async settled(): Promise<void> {
    if (this.#timer !== undefined) this.#sendWaiting()
    await this.#sending
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stopped.abort()
    await this.#sending
    this.#state.write(this.#state.data)
  }

  /** `/webhooks/v3/{appId}/…`, for whoever has the developer's key. */
  answer(method: string, parts: readonly string[], body: unknown): Answer {
    const [appId = '', resource = '', id] = parts
    if (appId !== String(APP_ID)) return notFound()
    if (resource === 'settings') return this.#settings(method, body)
    if (resource === 'subscriptions') return id === undefined ? this.#subscriptions(method, body) : this.#subscription(method, id, body)
    return notFound()
  }

  #settings(method: string, body: unknown): Answer {
    const { settings } = this.#state.data
    if (method === 'GET') return settings === null ? notFound() : { status: 200, json: settings }
    if (method === 'DELETE') {
      this.#state.write({ ...this.#state.data, settings: null })
      return { status: 204 }
    }
    const given = settingsShape.safeParse(body)
    if (!given.success) return validation(z.prettifyError(given.error))
    if (!isOwnMachine(given.data.targetUrl)) return validation('targetUrl: the sandbox sends to this machine only.')
    const next = { ...given.data, createdAt: settings?.createdAt ?? this.#at() }
    this.#state.write({ ...this.#state.data, settings: next })
    return { status: 200, json: next }
  }

  #subscriptions(method: string, body: unknown): Answer {
    const { subscriptions, nextId } = this.#state.data
    if (method === 'GET') return { status: 200, json: { results: subscriptions } }
    const given = createShape.safeParse(body)
    if (!given.success) return validation(z.prettifyError(given.error))
    if (!EVENT_TYPES.includes(given.data.eventType)) return validation(`eventType: there is no ${given.data.eventType}`)
    const { active = false, eventType, propertyName } = given.data
    const made = { id: String(nextId), eventType, ...(propertyName !== undefined && { propertyName }), active, createdAt: this.#at() }
    this.#state.write({ ...this.#state.data, subscriptions: [...subscriptions, made], nextId: nextId + 1 })
    return { status: 201, json: made }
  }

  #subscription(method: string, id: string, body: unknown): Answer {
    const { subscriptions } = this.#state.data
    const found = subscriptions.find((one) => one.id === id)
    if (!found) return method === 'DELETE' ? { status: 204 } : notFound()
    if (method === 'GET') return { status: 200, json: found }
    if (method === 'DELETE') {
      this.#state.write({ ...this.#state.data, subscriptions: subscriptions.filter((one) => one !== found) })
      return { status: 204 }
    }
    const given = patchShape.safeParse(body)
    if (!given.success) return validation(z.prettifyError(given.error))
    const next = { ...found, active: given.data.active ?? found.active, updatedAt: this.#at() }
    this.#state.write({ ...this.#state.data, subscriptions: subscriptions.map((one) => (one === found ? next : one)) })
    return { status: 200, json: next }
  }

  #at(): string {
    return new Date(this.#parts.now()).toISOString()
  }

  #sendWaiting(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { settings } = this.#state.data
    const events = this.#waiting
    this.#waiting = []
    if (settings === null) return
    for (let start = 0; start < events.length; start += MOST_EVENTS) {
      const batch = events.slice(start, start + MOST_EVENTS)
      this.#sending = this.#sending.then(() => this.#send(settings.targetUrl, batch))
    }
  }

  /** Sends one POST, again where it is not taken; what is refused three times is given up, as HubSpot does after a day. */
  async #send(targetUrl: string, events: readonly Record<string, unknown>[]): Promise<void> {
    for (let attempt = 0; attempt < TRIES && !this.#stopped.signal.aborted; attempt++) {
      const body = JSON.stringify(events.map((event) => ({ ...event, attemptNumber: attempt })))
      const timestamp = String(this.#parts.now())
      const headers = { 'content-type': 'application/json', ...signed(this.#parts.secret(), 'POST', targetUrl, body, timestamp) }
      try {
        const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), this.#stopped.signal])
        const response = await fetch(targetUrl, { method: 'POST', headers, body, redirect: 'manual', signal })
        await response.body?.cancel()
        if (response.status < 300) return
      } catch (error) {
        // Nobody listens there, or too slowly: tried again, as after a refusal.
        if (!(error instanceof Error)) throw error
      }
    }
  }
}

/** The headers that show a delivery to be HubSpot's: v3 over method, address, body and time. */
export function signed(secret: string, method: string, url: string, body: string, timestamp: string): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`${method}${url}${body}${timestamp}`).digest('base64')
  return { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp }
}
