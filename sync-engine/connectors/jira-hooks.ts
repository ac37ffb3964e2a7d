import { z } from 'zod'
import type { HookCrypto, HookHint, HookVerdict, HookVerifier } from './app.ts'

const payloadShape = z.object({
  timestamp: z.number().optional(),
  matchedWebhookIds: z.array(z.number()).max(1_000).optional(),
  issue: z.object({ id: z.union([z.string(), z.number()]).transform(String) }).optional(),
})
const claimsShape = z.object({ iat: z.number().optional(), exp: z.number().optional(), nbf: z.number().optional() })
/** Clocks of two machines may differ this much. s */
const LEEWAY_S = 120

/**
 * Jira's two kinds of webhooks: those an administrator makes are signed over their body with a secret made for them
 * (`X-Hub-Signature: sha256=…`), those an OAuth app registers carry a JWT signed with the client's secret (HS256).
 */
export const jiraHooks: HookVerifier = {
  secret: 'own-or-client',
  verify: ({ request, secrets, crypto, nowMs }) => {
    const payload = payloadOf(request.body)
    const signature = /^sha256=([0-9a-f]{64})$/iu.exec(request.headers['x-hub-signature']?.trim() ?? '')?.[1]
    if (signature !== undefined) {
      const isSigned = secrets.some((secret) => crypto.isEqual(bytesOfHex(signature), crypto.hmac('sha256', secret, request.body)))
      if (!isSigned) return refused('the signature does not fit')
      if (payload === undefined) return refused('the body is no event of Jira')
      // The body is signed, the headers are not: so the body tells one delivery from another.
      return {
        kind: 'authentic',
        deliveryId: hex(crypto.sha256(request.body)),
        ...(payload.timestamp !== undefined && { sentAt: payload.timestamp }),
        hints: hintsOf(payload),
      }
    }
    const jwt = /^(?:Bearer|JWT) ([\w-]+\.[\w-]+\.[\w-]+)$/iu.exec(request.headers.authorization ?? '')?.[1]
    if (jwt === undefined) return refused('it carries no signature')
    const claims = claimsOf(jwt, secrets, crypto)
    if (claims === undefined) return refused('the signature does not fit')
    const nowS = nowMs / 1000
    if (claims.exp === undefined || claims.exp + LEEWAY_S < nowS) return refused('its token is over')
    if ((claims.nbf ?? claims.iat ?? 0) - LEEWAY_S > nowS) return refused('its token is from the future')
    if (payload === undefined) return refused('the body is no event of Jira')
    return {
      kind: 'authentic',
      deliveryId: hex(crypto.sha256(jwt)),
      ...(claims.iat !== undefined && { sentAt: claims.iat * 1000 }),
      hints: hintsOf(payload),
      ...(payload.matchedWebhookIds && { hooks: payload.matchedWebhookIds.map(String) }),
    }
  },
}

const refused = (reason: string): HookVerdict => ({ kind: 'refused', reason })

const hintsOf = ({ issue }: z.infer<typeof payloadShape>): readonly HookHint[] => [
  { object: 'issues', recordIds: issue === undefined ? [] : [issue.id] },
]

function payloadOf(body: Uint8Array): z.infer<typeof payloadShape> | undefined {
  return parsed(new TextDecoder().decode(body), payloadShape)
}

/** What a JWT says that one of the secrets signed with HS256; any other algorithm, and none above all, is refused. */
function claimsOf(jwt: string, secrets: readonly string[], crypto: HookCrypto): z.infer<typeof claimsShape> | undefined {
  const [head = '', claims = '', signature = ''] = jwt.split('.')
  const header = parsed(textOfBase64Url(head), z.object({ alg: z.literal('HS256') }))
  if (header === undefined) return undefined
  const given = bytesOfBase64Url(signature)
  const isSigned = secrets.some((secret) => crypto.isEqual(given, crypto.hmac('sha256', secret, `${head}.${claims}`)))
  return isSigned ? parsed(textOfBase64Url(claims), claimsShape) : undefined
}

function parsed<T>(text: string, shape: z.ZodType<T>): T | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function bytesOfBase64Url(text: string): Uint8Array {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  const binary = atob(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='))
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
}

const textOfBase64Url = (text: string): string => new TextDecoder().decode(bytesOfBase64Url(text))
const bytesOfHex = (text: string): Uint8Array => Uint8Array.from(text.match(/../gu) ?? [], (pair) => Number.parseInt(pair, 16))
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
