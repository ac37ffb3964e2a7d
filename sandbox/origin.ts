import type { IncomingMessage } from 'node:http'

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}

/**
 * Whether a request that changes something comes from our own pages or from no page at all.
 *
 * A browser always names the page behind a POST (`Origin`, `Sec-Fetch-Site`); scripts and tests send neither and are let in: what
 * they could do here they could do without a browser.
 */
export function isSameOrigin(req: Pick<IncomingMessage, 'headers'>): boolean {
  const site = req.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const origin = req.headers.origin
  return origin === undefined || (origin !== 'null' && hostOf(origin) === req.headers.host)
}

/** Whether the `Host` of a request is one of this machine's own names at `port`: another name means DNS rebinding. */
export function isLoopbackHost(host: string | undefined, port: number): boolean {
  return host !== undefined && [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host.toLowerCase())
}

/** Whether an address leads to this machine: the sandbox sends nothing anywhere else. */
export function isOwnMachine(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return (protocol === 'http:' || protocol === 'https:') && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
}
