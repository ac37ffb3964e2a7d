/** What the gate looks at in a request; names in lower case as Node gives them. */
export interface RequestHead {
  readonly method: string
  readonly pathname: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
  readonly secFetchMode: string | undefined
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|::1)$/u
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', ''])

/** The `Host` values by which this server may be called: a foreign name that points here (DNS rebinding) is none of them. */
export function ownHosts(host: string, port: number, others: readonly string[] = []): ReadonlySet<string> {
  const names = ['127.0.0.1', 'localhost', '[::1]']
  if (!ANY_ADDRESS.has(host) && !names.includes(host)) names.push(host.includes(':') ? `[${host}]` : host)
  names.push(...others)
  // A browser leaves the port out where it is the scheme's own.
  return new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])))
}

/** The addresses by which other computers reach this server, as a browser writes them; none where it listens to this one alone. */
export function outsideAddresses({ host, otherHosts }: { host: string; otherHosts: readonly string[] }, port: number): readonly string[] {
  if (LOOPBACK.test(host)) return []
  const names = ANY_ADDRESS.has(host) ? otherHosts : [host.includes(':') ? `[${host}]` : host, ...otherHosts]
  return names.map((name) => new URL(`http://${name}:${port}`).origin)
}

/**
 * Why a request is turned away before anything looks at it, or `undefined`. Another page in the same browser carries this server's cookies:
 * it may link here, but neither read nor change anything.
 */
export function refusalOf(head: RequestHead, hosts: ReadonlySet<string>, isUpgrade = false): string | undefined {
  if (head.host === undefined || !hosts.has(head.host.toLowerCase()))
    return 'This server answers by its local name only. Open the address it printed.'
  const isForeignOrigin = head.origin !== undefined && head.origin !== `http://${head.host.toLowerCase()}`
  if (isForeignOrigin && (isUpgrade || !SAFE_METHODS.has(head.method))) return 'The request comes from another site.'
  const isForeignSite = head.secFetchSite === 'cross-site' || head.secFetchSite === 'same-site'
  const isFollowedLink = head.method === 'GET' && head.secFetchMode === 'navigate' && !head.pathname.startsWith('/api/')
  if (isForeignSite && (isUpgrade || !isFollowedLink)) return 'The request comes from another site.'
  return undefined
}
