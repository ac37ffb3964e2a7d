import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Answer } from './http.ts'
import { html } from './screen/html.ts'

// What the sign-ins of all stand-ins have in common.

/** Secrets are kept and compared by their fingerprints. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
export const isSameSecret = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)))
export const makeSecret = (bytes: number): string => randomBytes(bytes).toString('base64url')

/**
 * Whether the verifier is the one whose S256 challenge came with the authorization (RFC 7636). `longest`: where the app takes longer ones
 * than the standard, because its own client makes them.
 */
export function isPkceVerifier(verifier: string | null, challenge: string, longest = 128): boolean {
  if (verifier === null || verifier.length < 43 || verifier.length > longest || !/^[\w.~-]+$/.test(verifier)) return false
  return isSameSecret(createHash('sha256').update(verifier).digest('base64url'), challenge.replace(/=+$/, ''))
}

/** A sign-in only leads back to where the sandbox itself is, or to this machine: it must not become a way to send people elsewhere. */
export function isAllowedRedirect(uri: string, base: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname, origin, hash } = new URL(uri)
  if ((protocol !== 'http:' && protocol !== 'https:') || hash !== '') return false
  return origin === new URL(base).origin || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

/** Sends the browser back to the client, with its own state. */
export function redirectBack(redirectUri: string, state: string | null, params: Readonly<Record<string, string>>): Answer {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  if (state !== null) url.searchParams.set('state', state)
  return { status: 302, headers: { Location: url.href, 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' } }
}

/** The page on which a person says whether a client may come in. Its form carries everything the client asked for. */
export function consentPage(o: {
  readonly appName: string
  readonly person: string
  /** Where the form goes. */
  readonly action: string
  /** What the client asked for, as it came. */
  readonly asked: URLSearchParams
  readonly carried: readonly string[]
  readonly scopes: readonly string[]
  /** What is asked about besides: the site, the account. */
  readonly place: string
}): Answer {
  const hidden = o.carried.flatMap((name) => {
    const value = o.asked.get(name)
    return value === null ? [] : [html`<input type="hidden" name="${name}" value="${value}">`]
  })
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Allow access? · Sandbox ${o.appName}</title><link rel="stylesheet" href="/sandbox/screen.css"></head>
<body><header class="bar"><h1>Allow access?</h1></header><main id="main" class="narrow">
<p>An app asks to use ${o.place} as <b>${o.person}</b>:</p>
<ul>${o.scopes.map((scope) => html`<li>${scope}</li>`)}</ul>
<form method="post" action="${o.action}">${hidden}
<div class="row"><button class="main" name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></div>
</form><p class="muted small">This is a stand-in: nothing outside of this machine is asked.</p></main></body></html>`
  return {
    status: 200,
    text: page.text,
    contentType: 'text/html;charset=UTF-8',
    headers: {
      'Content-Security-Policy': "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      'X-Frame-Options': 'DENY',
      // Not no-referrer: the form would then come as another site's.
      'Referrer-Policy': 'same-origin',
    },
  }
}
