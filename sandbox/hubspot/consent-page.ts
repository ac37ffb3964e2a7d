import type { Answer } from '../http.ts'
import { html } from '../screen/html.ts'
import { page } from '../screen/pages.ts'
import { PORTAL_DOMAIN, PORTAL_ID } from './site.ts'

/** No `form-action`: agreeing sends the browser on to where it came from. */
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
const HEADERS = { 'Content-Security-Policy': POLICY, 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'same-origin' }

/** Where a person agrees that an app may act for them. `action`: what the form is sent to. */
export function consentPage(action: string, scopes: readonly string[]): Answer {
  const body = html`<main id="main" class="narrow"><h1>Connect to the sandbox's HubSpot</h1>
<p>Tidebook wants to reach the account <b>${PORTAL_DOMAIN}</b> (${PORTAL_ID}) with these scopes:</p>
<ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>
<form method="post" action="${action}"><div class="row"><button class="main" name="choice" value="connect">Connect app</button><button name="choice" value="cancel">Cancel</button></div></form>
</main>`
  return { status: 200, text: page('Connect · Sandbox', body).text, contentType: 'text/html;charset=UTF-8', headers: HEADERS }
}

/** Why nobody can be asked, said to the person and sent nowhere. */
export function refusedPage(problem: string): Answer {
  const body = html`<main id="main" class="narrow"><h1>The sandbox's HubSpot cannot connect this app</h1><p role="alert">${problem}</p></main>`
  return { status: 400, text: page('Cannot connect · Sandbox', body).text, contentType: 'text/html;charset=UTF-8', headers: HEADERS }
}
