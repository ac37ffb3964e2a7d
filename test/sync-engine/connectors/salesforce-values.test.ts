import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExternalField } from '../../../sync-engine/connectors/connector.ts'
import { salesforceApp, salesforceBaseUrl } from '../../../sync-engine/connectors/salesforce-app.ts'
import { salesforceId } from '../../../sync-engine/connectors/salesforce-ids.ts'
import {
  isReadable,
  normaliseSalesforceValue,
  readSalesforceValue,
  rounded,
  salesforceBodyOf,
  salesforceKindOf,
  shifted,
  textOfHtml,
} from '../../../sync-engine/connectors/salesforce-values.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'
import { SALESFORCE_HOSTS } from './salesforce-hosts.ts'

const field = (wire: string, more: Partial<ExternalField> = {}): ExternalField => ({
  id: 'F',
  name: 'F',
  type: 'text',
  writable: true,
  wire,
  ...more,
})
const rating = field('pick', {
  type: 'single-select',
  options: [
    { id: 'H', name: 'Hot' },
    { id: 'Warm', name: 'Warm' },
  ],
})
const regions = field('picks', { type: 'multi-select', options: ['North', 'East', 'West'].map((id) => ({ id, name: id })) })

describe('Salesforce values', () => {
  it.each([
    [field('text'), 'x', 'x'],
    [field('text'), null, null],
    [field('long'), 'a\r\nb', 'a\nb'],
    [field('number:2'), 1.25, 1.25],
    [field('percent:1'), 12.3, 0.123],
    [field('check'), null, false],
    [field('date'), '2026-02-03', '2026-02-03'],
    [field('date-time'), '2026-02-03T04:05:06.000+0000', '2026-02-03T04:05:06.000Z'],
    [field('date-time'), '2026-02-03T04:05:06.000+02:00', '2026-02-03T02:05:06.000Z'],
    [rating, 'H', 'Hot'],
    [rating, 'Elsewhere', 'Elsewhere'],
    [regions, 'West;North', '["North","West"]'],
    [field('lookup'), '001xx000003DGb1', '001xx000003DGb1AAG'],
    [field('html'), '<p>One &amp; <b>two</b></p><p>three&#33;</p>', 'One & two\nthree!'],
    [field('shown'), { street: 'A 1\r\nB', city: 'C', postalCode: '9', country: 'D', state: null }, 'A 1, B, 9, C, D'],
  ] as const)('[SF37] $0.wire is read from %j', (from, json, value) => {
    expect(readSalesforceValue(from, from.id, json)).toEqual({ value })
  })

  it.each([
    [field('number:2'), '1.25'],
    [field('check'), 'true'],
    [field('date'), '2026-02-31'],
    [field('date-time'), 'yesterday'],
    [field('text'), 5],
    [rating, { value: 'H' }],
  ] as const)('[SF37] a value in another form is not read', (from, json) => {
    expect(readSalesforceValue(from, from.id, json)).toBeUndefined()
  })

  it('[SF37] digits are moved and cut by how they are written', () => {
    expect([shifted(12.3, -2), shifted(0.123, 2), shifted(1e21, -2), shifted(-0.07, 2)]).toEqual([0.123, 12.3, 1e19, -7])
    expect([rounded(1.005, 2), rounded(2.675, 2), rounded(-1.005, 2), rounded(12.5, 0), rounded(1e300, 2)]).toEqual([
      1.01, 2.68, -1.01, 13, 1e300,
    ])
  })

  it('[SF37] the known form is a resting place, and what is sent in it reads back as it', () => {
    const kinds = [
      field('text'),
      field('long'),
      field('number:2', { type: 'number' }),
      field('percent:1', { type: 'percent' }),
      field('whole', { type: 'number' }),
      field('check', { type: 'checkbox' }),
      field('date-time', { type: 'date-time' }),
      rating,
      regions,
      field('lookup'),
    ]
    const values: fc.Arbitrary<CellValue> = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((x) => x + 0),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('hot', 'Warm', '["West","North"]', '2026-02-03T04:05:06.789Z', '001xx000003DGb1', ' x\r\ny '),
    )
    fc.assert(
      fc.property(fc.constantFrom(...kinds), values, (of, value) => {
        const known = normaliseSalesforceValue(of, value)
        expect(normaliseSalesforceValue(of, known)).toEqual(known)
        if (!isReadable(of, value) || value === '') return
        const read = readSalesforceValue(of, of.id, salesforceBodyOf(of, known))
        expect(read === undefined ? undefined : normaliseSalesforceValue(of, read.value)).toEqual(known)
      }),
      { seed: 3, numRuns: 2000 },
    )
  })

  it('[SF37] ids of 15 and 18 characters are one', () => {
    expect(salesforceId('001xx000003DGb1')).toBe('001xx000003DGb1AAG')
    expect(salesforceId('001XX000003dgB1aag')).toBe('001xx000003DGb1AAG')
    expect(salesforceId('001xx000003DGb1ZZZ')).toBeUndefined()
    expect(['', 'Acme', '001xx000003DGb', '001xx000003DG!1', '0015g0000000001AA-'].map(salesforceId)).toEqual(Array(5).fill(undefined))
  })

  it.each([
    ['string', {}, 'text', undefined],
    ['textarea', {}, 'long-text', undefined],
    ['textarea', { isHtml: true }, 'long-text', 'formatting'],
    ['picklist', {}, 'single-select', undefined],
    ['multipicklist', {}, 'multi-select', undefined],
    ['currency', { scale: 2 }, 'currency', undefined],
    ['percent', { scale: 1 }, 'percent', undefined],
    ['int', {}, 'number', undefined],
    ['boolean', {}, 'checkbox', undefined],
    ['datetime', {}, 'date-time', undefined],
    ['reference', { referenceTo: ['Group', 'User'] }, 'person', undefined],
    ['reference', { referenceTo: ['Account'] }, 'text', undefined],
    ['address', {}, 'text', 'parts'],
    ['id', {}, 'record-key', 'ids'],
    ['time', {}, 'text', 'cannot write it yet'],
  ] as const)('[SF37] %s %j is kept as %s', (type, form, kept, reason) => {
    const kind = salesforceKindOf({ type, scale: 0, length: 0, isHtml: false, referenceTo: [], ...form })
    expect(kind?.type).toBe(kept)
    expect(kind?.reason ?? '').toEqual(reason === undefined ? '' : expect.stringContaining(reason))
    expect(salesforceKindOf({ type: 'base64', scale: 0, length: 0, isHtml: false, referenceTo: [] })).toBeUndefined()
  })

  it('[SF37] rich text is read as its words, and no tag survives', () => {
    expect(textOfHtml('<ul><li>a</li><li>b &lt;c&gt;</li></ul><img src=x onerror=alert(1)>')).toBe('a\nb <c>')
    expect(textOfHtml('&#x1F600; &bogus; &#99999999;')).toBe('\u{1F600} &bogus; &#99999999;')
  })

  it.each(SALESFORCE_HOSTS)('[SF41] the address %j is %j', (input, baseUrl) => {
    const found = salesforceBaseUrl(input)
    expect('baseUrl' in found ? found.baseUrl : found.problem).toEqual(baseUrl)
  })

  it('[SF41] a sign-in leads to hosts of Salesforce alone, whatever its answer says', async () => {
    const [oauth] = salesforceApp.auth
    if (oauth?.kind !== 'oauth2') throw new Error('Salesforce is signed in to by OAuth.')
    const accounts = (instance: unknown, isSandbox = false) =>
      oauth.accountsOf({
        tokens: { accessToken: 't', extra: typeof instance === 'string' ? { instance_url: instance } : {} },
        httpAt: () => {
          throw new Error('called')
        },
        baseUrl: 'http://localhost:1/sandbox/salesforce',
        isSandbox,
        signal: new AbortController().signal,
      })
    for (const instance of [
      'https://evil.example',
      'http://acme.my.salesforce.com',
      'https://salesforce.com.evil.example',
      'https://x@acme.my.salesforce.com',
      'https://169.254.169.254',
      'https://acme.my.salesforce.com:8443',
      undefined,
    ]) {
      await expect(accounts(instance)).rejects.toMatchObject({ code: 'bad-answer' })
    }
    await expect(accounts('https://acme.my.salesforce.com')).rejects.toThrow('called')
    await expect(accounts('https://acme.my.salesforce.com', true)).rejects.toMatchObject({ code: 'bad-answer' })
    expect(oauth.endpoints('', false).token).toBe('https://login.salesforce.com/services/oauth2/token')
    expect(oauth.endpoints('https://test.salesforce.com', false).authorize).toBe('https://test.salesforce.com/services/oauth2/authorize')
  })
})
