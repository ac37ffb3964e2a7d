import { SyncError } from '../sync-error.ts'

/** Looks up a host name; what it answers with decides whether the host may be called. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * Refuses a base address that would make the server call into its own network: anything but https, and any host that is, or resolves
 * to, a private, loopback, link-local or metadata address. Local mode (`allowPrivate`) may call anything over http or https.
 *
 * The lookup is repeated before each call; a `fetch` that connects to the looked-up address alone closes the last gap (a name that
 * changes between lookup and connection).
 */
export async function checkAddress(
  baseUrl: URL,
  { allowPrivate, resolve }: { allowPrivate: boolean; resolve?: Resolve | undefined },
): Promise<void> {
  if (baseUrl.username !== '' || baseUrl.password !== '') throw refused(baseUrl, 'it carries a password')
  const host = hostOf(baseUrl)
  if (allowPrivate) {
    if (baseUrl.protocol !== 'https:' && baseUrl.protocol !== 'http:') throw refused(baseUrl, 'it is neither https nor http')
    if (isAddress(host) && isMachineMetadata(host)) throw refused(baseUrl, 'it leads to the machine itself')
    return
  }
  if (baseUrl.protocol !== 'https:') throw refused(baseUrl, 'only https addresses may be called')
  const addresses = isAddress(host) ? [host] : await lookUp(host, resolve)
  if (addresses.length === 0 || addresses.some(isPrivateAddress)) throw refused(baseUrl, 'it leads into a private network')
}

async function lookUp(host: string, resolve: Resolve | undefined): Promise<readonly string[]> {
  if (resolve === undefined || /(^|\.)(localhost|local|internal|localdomain)\.?$/iu.test(host)) return []
  try {
    return await resolve(host)
  } catch (cause) {
    throw new SyncError('app-unavailable', `The host ${host} was not found.`, { cause })
  }
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/gu, '')
const isAddress = (host: string): boolean => parseIpv4(host) !== undefined || host.includes(':')

/**
 * Whether an address may be connected to; asked of the very address a connection goes to, so that a name cannot lead elsewhere between
 * its check and its call. Link-local addresses, where clouds keep a machine's own credentials, are called in no mode.
 */
export const mayConnect = (address: string, allowPrivate: boolean): boolean =>
  allowPrivate ? !isMachineMetadata(address) : !isPrivateAddress(address)

/** Link-local addresses, and those at which cloud machines are told their own secrets. */
function isMachineMetadata(address: string): boolean {
  const groups = parseIpv6(address)
  const ipv4 = parseIpv4(address) ?? (groups && ipv4Within(groups))
  if (ipv4) return (ipv4[0] === 169 && ipv4[1] === 254) || numberOf(ipv4) === numberOf([100, 100, 100, 200])
  if (!groups) return true
  const [first = 0, second = 0] = groups
  return (first & 0xffc0) === 0xfe80 || (first === 0xfd00 && second === 0x0ec2)
}

const refused = (url: URL, why: string): SyncError =>
  new SyncError('bad-request', `The address ${url.protocol}//${url.host} cannot be used: ${why}.`)

/** First and last address of each block that is not the public internet (IANA special-purpose registry), as numbers. */
const PRIVATE_IPV4 = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
] as const

/** Whether an IP address is anything but a public one; what cannot be parsed counts as private. */
export function isPrivateAddress(address: string): boolean {
  const ipv4 = parseIpv4(address)
  if (ipv4) return isPrivateIpv4(ipv4)
  const groups = parseIpv6(address)
  if (!groups) return true
  const [first = 0, second = 0] = groups
  const embedded = ipv4Within(groups)
  if (embedded) return isPrivateIpv4(embedded)
  // Public IPv6 is 2000::/3, less documentation, Teredo and the benchmarks' block.
  if (first < 0x2000 || first > 0x3fff) return true
  return first === 0x2001 && (second === 0x0db8 || second < 0x0200)
}

type Ipv4 = readonly [number, number, number, number]

function parseIpv4(text: string): Ipv4 | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/u.exec(text)
  if (!found) return undefined
  const [a = 256, b = 256, c = 256, d = 256] = found.slice(1).map(Number)
  return Math.max(a, b, c, d) > 255 ? undefined : [a, b, c, d]
}

const numberOf = ([a, b, c, d]: Ipv4): number => ((a * 256 + b) * 256 + c) * 256 + d

function isPrivateIpv4(address: Ipv4): boolean {
  const value = numberOf(address)
  return PRIVATE_IPV4.some(([first, last]) => {
    const from = parseIpv4(first)
    const to = parseIpv4(last)
    return from !== undefined && to !== undefined && value >= numberOf(from) && value <= numberOf(to)
  })
}

/** The eight groups of an IPv6 address, its dotted tail and zone included. */
function parseIpv6(text: string): readonly number[] | undefined {
  const [bare = ''] = text.split('%')
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/u.exec(bare)
  const tail = dotted ? parseIpv4(dotted[2] ?? '') : undefined
  if (dotted && !tail) return undefined
  const hex = dotted && tail ? `${dotted[1]}${(tail[0] * 256 + tail[1]).toString(16)}:${(tail[2] * 256 + tail[3]).toString(16)}` : bare
  const halves = hex.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = right === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...(right ?? [])]
  if (groups.length !== 8 || !groups.every((group) => /^[0-9a-f]{1,4}$/iu.test(group))) return undefined
  return groups.map((group) => Number.parseInt(group, 16))
}

/** The IPv4 address inside a mapped (`::ffff:…`), NAT64 (`64:ff9b::…`) or 6to4 (`2002:…`) one. */
function ipv4Within(groups: readonly number[]): Ipv4 | undefined {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  const isNat64 = groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0)
  const pair = isMapped || isNat64 ? groups.slice(6) : groups[0] === 0x2002 ? groups.slice(1, 3) : undefined
  if (!pair) return undefined
  const [high = 0, low = 0] = pair
  return [high >> 8, high & 255, low >> 8, low & 255]
}
