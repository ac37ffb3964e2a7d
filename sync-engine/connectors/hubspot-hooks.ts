import { z } from 'zod'
import type { HookHint, HookVerdict, HookVerifier } from './app.ts'

const eventsShape = z.array(
  z.object({
    subscriptionType: z.string(),
    objectId: z.union([z.string(), z.number()]).transform(String).optional(),
    objectTypeId: z.string().optional(),
    mergedObjectIds: z.array(z.union([z.string(), z.number()]).transform(String)).optional(),
  }),
)

/** The object of an event's first word. */
const OBJECTS: Readonly<Record<string, string>> = { company: 'companies', contact: 'contacts', deal: 'deals', ticket: 'tickets' }
/** HubSpot's own rule: a request older than this is not to be taken. */
const MOST_AGE_MS = 5 * 60_000

/** HubSpot signs its webhooks over method, address, body and time (v3), with the app's client secret. */
export const hubSpotHooks: HookVerifier = {
  secret: 'own-or-client',
  verify: ({ request, secrets, crypto, nowMs }) => {
    const signature = bytesOfBase64(request.headers['x-hubspot-signature-v3']?.trim() ?? '')
    const timestamp = request.headers['x-hubspot-request-timestamp']?.trim() ?? ''
    if (signature === undefined || signature.length === 0) return refused('it carries no signature')
    if (!/^\d{12,14}$/u.test(timestamp)) return refused('it does not say when it was sent')
    const sentAt = Number(timestamp)
    if (Math.abs(nowMs - sentAt) > MOST_AGE_MS) return refused('it was sent too long ago')
    const signed = joined(request.method.toUpperCase() + addressOf(request.url), request.body, timestamp)
    if (!secrets.some((secret) => crypto.isEqual(signature, crypto.hmac('sha256', secret, signed))))
      return refused('the signature does not fit')
    const events = eventsOf(request.body)
    if (events === undefined) return refused('the body holds no events of HubSpot')
    return { kind: 'authentic', deliveryId: hex(crypto.sha256(signed)), sentAt, hints: hintsOf(events) }
  },
}

const refused = (reason: string): HookVerdict => ({ kind: 'refused', reason })

/** HubSpot signs some signs of an address in their plain form. */
const DECODED: readonly (readonly [RegExp, string])[] = [
  [/%3A/giu, ':'],
  [/%2F/giu, '/'],
  [/%3F/giu, '?'],
  [/%40/giu, '@'],
  [/%21/giu, '!'],
  [/%24/giu, '$'],
  [/%27/giu, "'"],
  [/%28/giu, '('],
  [/%29/giu, ')'],
  [/%2A/giu, '*'],
  [/%2C/giu, ','],
  [/%3B/giu, ';'],
]
const addressOf = (url: string): string => DECODED.reduce((text, [sign, plain]) => text.replace(sign, plain), url)

function hintsOf(events: z.infer<typeof eventsShape>): readonly HookHint[] {
  const byObject = new Map<string, Set<string>>()
  for (const { subscriptionType, objectId, objectTypeId, mergedObjectIds = [] } of events) {
    const object = OBJECTS[subscriptionType.split('.', 1)[0] ?? ''] ?? objectTypeId ?? ''
    const ids = byObject.get(object) ?? new Set()
    for (const id of [...(objectId === undefined ? [] : [objectId]), ...mergedObjectIds]) ids.add(id)
    byObject.set(object, ids)
  }
  return [...byObject].map(([object, ids]) => ({ ...(object !== '' && { object }), recordIds: [...ids] }))
}

function eventsOf(body: Uint8Array): z.infer<typeof eventsShape> | undefined {
  try {
    return eventsShape.safeParse(JSON.parse(new TextDecoder().decode(body))).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function joined(start: string, body: Uint8Array, end: string): Uint8Array {
  const encoder = new TextEncoder()
  const [first, last] = [encoder.encode(start), encoder.encode(end)]
  const bytes = new Uint8Array(first.length + body.length + last.length)
  bytes.set(first)
  bytes.set(body, first.length)
  bytes.set(last, first.length + body.length)
  return bytes
}

function bytesOfBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(text) || text.length % 4 !== 0) return undefined
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
