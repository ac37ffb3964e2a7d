import { describe, expect, it } from 'vitest'
import { checkAddress, isPrivateAddress } from '../../../sync-engine/connectors/address.ts'

const resolvesTo =
  (...addresses: string[]) =>
  async () =>
    addresses

describe('addresses', () => {
  const addresses: readonly [string, boolean][] = [
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.15.255.255', false],
    ['172.16.0.0', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['192.168.1.1', true],
    ['169.254.169.254', true],
    ['100.64.0.1', true],
    ['0.0.0.0', true],
    ['255.255.255.255', true],
    ['8.8.8.8', false],
    ['104.192.141.1', false],
    ['::1', true],
    ['::', true],
    ['fe80::1%eth0', true],
    ['fd00:ec2::254', true],
    ['ff02::1', true],
    ['::ffff:10.0.0.1', true],
    ['::ffff:7f00:1', true],
    ['64:ff9b::a00:1', true],
    ['2002:a00:1::', true],
    ['::ffff:8.8.8.8', false],
    ['2401:1d80:3000::1', false],
    ['2001:db8::1', true],
    ['256.1.1.1', true],
    ['nonsense', true],
    ['1::2::3', true],
  ]
  it.each(addresses)('[H1] %s is private: %s', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate)
  })

  const refused: readonly [string, string, string[]][] = [
    ['plain http', 'http://site.example', ['8.8.8.8']],
    ['a loopback address', 'https://127.0.0.1', []],
    ['a number that means one', 'https://2130706433', []],
    ['an IPv6 loopback', 'https://[::1]', []],
    ['a name that resolves to a private address', 'https://site.example', ['10.0.0.7']],
    ['a name of which one address is private', 'https://site.example', ['8.8.8.8', '192.168.0.1']],
    ['a name without addresses', 'https://site.example', []],
    ['localhost', 'https://localhost', ['8.8.8.8']],
    ['a host of the cloud network', 'https://metadata.google.internal', ['8.8.8.8']],
    ['a password in the address', 'https://ann:secret@site.example', ['8.8.8.8']],
  ]
  it.each(refused)('[H1] %s is refused outside local mode', async (_, url, found) => {
    await expect(checkAddress(new URL(url), { allowPrivate: false, resolve: resolvesTo(...found) })).rejects.toMatchObject({
      code: 'bad-request',
    })
  })

  it('[H1] a public https address is taken, and anything on the web in local mode', async () => {
    await checkAddress(new URL('https://site.example/base'), { allowPrivate: false, resolve: resolvesTo('104.192.141.1') })
    await checkAddress(new URL('http://127.0.0.1:4000/sandbox/jira'), { allowPrivate: true })
    await expect(checkAddress(new URL('file:///etc/passwd'), { allowPrivate: true })).rejects.toMatchObject({ code: 'bad-request' })
  })

  it('[H1] a name that cannot be looked up means that the app is out of reach', async () => {
    const resolve = async () => Promise.reject(new Error('queryA ENOTFOUND'))
    await expect(checkAddress(new URL('https://site.example'), { allowPrivate: false, resolve })).rejects.toMatchObject({
      code: 'app-unavailable',
    })
  })
})
