import { expect, test } from 'vitest'
import { outsideAddresses, ownHosts, type RequestHead, refusalOf } from '../../server/http-gate.ts'

const hosts = ownHosts('127.0.0.1', 3000)
const head = (more: Partial<RequestHead>): RequestHead => ({
  method: 'GET',
  pathname: '/api/workbooks',
  host: '127.0.0.1:3000',
  origin: undefined,
  secFetchSite: undefined,
  secFetchMode: undefined,
  ...more,
})

test.each<[string, Partial<RequestHead>, boolean]>([
  ['a script', {}, true],
  ['localhost', { host: 'localhost:3000' }, true],
  ['capitals', { host: 'LOCALHOST:3000' }, true],
  ['IPv6', { host: '[::1]:3000' }, true],
  ['a foreign name that points here', { host: 'evil.example:3000' }, false],
  ['another port', { host: 'localhost:3001' }, false],
  ['no host', { host: undefined }, false],
  ['our page reads', { secFetchSite: 'same-origin', origin: undefined }, true],
  ['our page writes', { method: 'POST', origin: 'http://127.0.0.1:3000', secFetchSite: 'same-origin' }, true],
  ['another site writes', { method: 'POST', origin: 'https://evil.example', secFetchSite: 'cross-site' }, false],
  ['another port of this machine writes', { method: 'POST', origin: 'http://127.0.0.1:8080', secFetchSite: 'same-site' }, false],
  ['an old browser on another site writes', { method: 'PATCH', origin: 'https://evil.example' }, false],
  ['a sandboxed frame writes', { method: 'DELETE', origin: 'null' }, false],
  ['another site embeds the API', { secFetchSite: 'cross-site', secFetchMode: 'no-cors' }, false],
  ['another site links to a page', { pathname: '/w/1', secFetchSite: 'cross-site', secFetchMode: 'navigate' }, true],
  ['another site links to the API', { secFetchSite: 'cross-site', secFetchMode: 'navigate' }, false],
  ['another site frames a script', { pathname: '/_next/x.js', secFetchSite: 'cross-site', secFetchMode: 'no-cors' }, false],
  ['typed into the address bar', { pathname: '/', secFetchSite: 'none', secFetchMode: 'navigate' }, true],
])('[S10] who may ask at all: %s', (_who, more, isLetIn) => {
  expect(refusalOf(head(more), hosts) === undefined).toBe(isLetIn)
})

test.each<[string, Partial<RequestHead>, boolean]>([
  ['a script without an origin', {}, true],
  ['our own page', { origin: 'http://127.0.0.1:3000', secFetchSite: 'same-origin' }, true],
  ['a page of another port', { origin: 'http://127.0.0.1:8080' }, false],
  ['a page of another site', { origin: 'https://evil.example', secFetchSite: 'cross-site' }, false],
])('[S10] who may open a socket: %s', (_who, more, isLetIn) => {
  expect(refusalOf(head({ pathname: '/collab', ...more }), hosts, true) === undefined).toBe(isLetIn)
})

test('[S10] the address that is listened on is a name of its own', () => {
  expect([...ownHosts('192.168.1.5', 80)]).toContain('192.168.1.5')
  expect([...ownHosts('fe80::1', 3000)]).toContain('[fe80::1]:3000')
  expect([...ownHosts('0.0.0.0', 3000)]).toEqual(['127.0.0.1:3000', 'localhost:3000', '[::1]:3000'])
})

test('[SL23] further names are answered where they are given, and no others', () => {
  const hosts = ownHosts('0.0.0.0', 3000, ['tidebook.lan', '192.168.1.20'])
  expect([...hosts]).toEqual(['127.0.0.1:3000', 'localhost:3000', '[::1]:3000', 'tidebook.lan:3000', '192.168.1.20:3000'])
})

test.each([
  [{ host: '127.0.0.1', otherHosts: ['tidebook.lan'] }, []],
  [{ host: '::1', otherHosts: [] }, []],
  [{ host: '0.0.0.0', otherHosts: [] }, []],
  [{ host: '0.0.0.0', otherHosts: ['tidebook.lan'] }, ['http://tidebook.lan:3000']],
  [{ host: '192.168.1.20', otherHosts: [] }, ['http://192.168.1.20:3000']],
  [{ host: 'fd00::5', otherHosts: [] }, ['http://[fd00::5]:3000']],
])('[SL23] the addresses that others reach: %j', (config, addresses) => {
  expect(outsideAddresses(config, 3000)).toEqual(addresses)
})
