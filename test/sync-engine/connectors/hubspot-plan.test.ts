import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExternalField, ObjectDescription, RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import { type BatchInput, blameOf, repeatsOf } from '../../../sync-engine/connectors/hubspot-batch.ts'
import { planHubSpotCalls } from '../../../sync-engine/connectors/hubspot-plan.ts'
import { hubTextOf, normaliseHubValue, readHubValue, textOfHtml } from '../../../sync-engine/connectors/hubspot-values.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'

const of = (id: string, wire: string, options?: ExternalField['options']): ExternalField => ({
  id,
  name: id,
  type: wire === 'option' ? 'single-select' : 'text',
  wire,
  writable: true,
  ...(options && { options, optionsCaseSensitive: true }),
})
const TIERS = [
  { id: 'gold', name: 'Gold' },
  { id: 'GOLD', name: 'Gold (GOLD)' },
]
const description: ObjectDescription = {
  app: 'hubspot',
  appName: 'HubSpot',
  object: 'companies',
  objectName: 'Companies',
  fields: [of('name', 'line'), of('tier', 'option', TIERS), of('regions', 'options', [{ id: 'emea', name: 'EMEA' }]), of('size', 'number')],
  keyField: 'hs_object_id',
  nameField: 'name',
  readBatch: 100,
  updateAnswersRecord: true,
  indexDelayMs: 0,
  batchUpdate: 100,
}
const delta = (recordId: string, changes: Record<string, CellValue>): RecordDelta => ({
  recordId,
  recordKey: recordId,
  changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
})

describe('the plan of a push to HubSpot', () => {
  test('[HS22] a hundred records go in one call, options as HubSpot spells them, a cleared value as nothing', () => {
    const [call] = planHubSpotCalls(
      [delta('1', { name: 'A', tier: 'Gold (GOLD)' }), delta('2', { size: null, regions: '["EMEA"]' })],
      description,
    )
    expect(call).toMatchObject({
      method: 'POST',
      path: '/crm/v3/objects/companies/batch/update',
      body: {
        inputs: [
          { id: '1', objectWriteTraceId: '1', properties: { name: 'A', tier: 'GOLD' } },
          { id: '2', objectWriteTraceId: '2', properties: { size: '', regions: 'emea' } },
        ],
      },
    })
  })

  test('[HS22] the calls are the fewest, hold every change once, and never more than a hundred records', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1200 }), (count) => {
        const deltas = Array.from({ length: count }, (_, index) => delta(String(index), { size: index }))
        const calls = planHubSpotCalls(deltas, description)
        expect(calls).toHaveLength(Math.ceil(count / 100))
        expect(calls.flatMap((call) => call.deltas)).toEqual(deltas)
        expect(Math.max(0, ...calls.map((call) => call.deltas.length))).toBeLessThanOrEqual(100)
      }),
      { seed: 8, numRuns: 40 },
    )
  })

  test('[HS22] a record of which nothing is to be written is in no call', () => {
    expect(planHubSpotCalls([delta('1', {})], description)).toEqual([])
  })
})

describe('who is to blame for a refused batch', () => {
  const input = (trace: string, properties: Record<string, string>): BatchInput => ({ id: trace, objectWriteTraceId: trace, properties })
  const fault = (name: string, message: string) => ({ name, message, error: 'INVALID' })
  const named = (...traces: string[]) => ({ isWhole: true, faults: new Map(traces.map((trace) => [trace, expect.anything()])) })
  const untold = { isWhole: false, faults: new Map() }

  test.each([
    ['a record alone', [input('a', { x: '1' })], [fault('x', 'No.')], named('a')],
    ['a record alone, nothing named', [input('a', { x: '1' })], [], named('a')],
    ['the only sender of a property', [input('a', { x: '1' }), input('b', { y: '1' })], [fault('y', 'No.')], named('b')],
    ['the sender of the quoted value', [input('a', { x: '12' }), input('b', { x: '1' })], [fault('x', '1 was not valid.')], named('b')],
    [
      'all senders of the quoted value',
      [input('a', { x: 'g' }), input('b', { x: 'g' }), input('c', { x: 'h' })],
      [fault('x', 'g was not valid.')],
      named('a', 'b'),
    ],
    [
      'two faults of two records',
      [input('a', { x: '1' }), input('b', { y: '2' }), input('c', { z: '3' })],
      [fault('x', 'No.'), fault('y', 'No.')],
      named('a', 'b'),
    ],
    ['nobody for certain', [input('a', { x: '1' }), input('b', { x: '2' })], [fault('x', 'Taken.')], untold],
    ['nobody: two values quoted', [input('a', { x: '1' }), input('b', { x: '2' })], [fault('x', 'Neither 1 nor 2.')], untold],
    ['nobody: nothing named', [input('a', { x: '1' }), input('b', { x: '2' })], [], untold],
  ])('[HS23] %s', (_, inputs, faults, expected) => expect(blameOf(inputs, faults)).toEqual(expected))

  const told = (name: string, error: string, message = 'No.') => ({ name, error, message })
  const made = (trace: string, properties: Record<string, string>): BatchInput => ({ objectWriteTraceId: trace, properties })
  const held = new Map([
    [
      'x',
      new Map([
        ['1', ['7', '6']],
        ['2', ['8']],
      ]),
    ],
  ])
  test.each([
    [
      'all who send a property that is not there',
      [input('a', { x: '1' }), input('b', { x: '2' }), input('c', { y: '' })],
      told('x', 'PROPERTY_DOESNT_EXIST'),
      named('a', 'b'),
    ],
    [
      'all who send a property that is computed',
      [input('a', { x: '1' }), input('b', { x: '2' })],
      told('x', 'READ_ONLY_VALUE'),
      named('a', 'b'),
    ],
    [
      'new records that lack what is required',
      [made('a', { y: '1' }), made('b', { x: '1' }), made('c', { x: '' })],
      told('x', 'REQUIRED_FIELD'),
      named('a', 'c'),
    ],
    [
      'updates that clear what is required',
      [input('a', { y: '1' }), input('b', { x: '1' }), input('c', { x: '' })],
      told('x', 'REQUIRED_FIELD'),
      named('c'),
    ],
    [
      'who sends a value that another record has',
      [input('a', { x: ' 1' }), input('b', { x: '3' })],
      told('x', 'CONFLICTING_UNIQUE_VALUE'),
      named('a'),
    ],
    [
      'not who has the value already, by whichever id',
      [input('7', { x: '1' }), input('6', { x: '1' }), input('b', { x: '2' })],
      told('x', 'CONFLICTING_UNIQUE_VALUE'),
      named('b'),
    ],
    [
      'the only sender of a unique value, unasked',
      [input('a', { x: '9' }), input('b', { y: '1' })],
      told('x', 'CONFLICTING_UNIQUE_VALUE'),
      named('a'),
    ],
    [
      'nobody for a unique value that nobody is seen to have',
      [input('a', { x: '9' }), input('b', { x: '3' })],
      told('x', 'CONFLICTING_UNIQUE_VALUE'),
      untold,
    ],
  ])('[HS23] %s', (_, inputs, fault, expected) => expect(blameOf(inputs, [fault], held)).toEqual(expected))

  test('[HS23] a taken value is told with whose it is, in HubSpot’s words where they name that record', () => {
    const { faults } = blameOf(
      [input('a', { x: '1' }), input('b', { x: '2' })],
      [told('x', 'CONFLICTING_UNIQUE_VALUE', 'Contact already exists. Existing ID: 8')],
      held,
    )
    expect([...faults].map(([trace, [fault]]) => [trace, fault?.message])).toEqual([
      ['a', '7 already has that value.'],
      ['b', 'Contact already exists. Existing ID: 8'],
    ])
  })

  test('[HS23] of records that share a unique value all but the first repeat it', () => {
    const inputs = [made('a', { x: 'One', y: '1' }), made('b', { x: 'two' }), made('c', { x: ' one' }), made('d', { y: '1' })]
    expect(repeatsOf(inputs, ['x']).map(({ objectWriteTraceId }) => objectWriteTraceId)).toEqual(['c'])
    expect(repeatsOf(inputs, ['x', 'y']).map(({ objectWriteTraceId }) => objectWriteTraceId)).toEqual(['c', 'd'])
  })
})

describe('values', () => {
  test.each<[string, ExternalField, CellValue, string]>([
    ['an option by its label', of('t', 'option', TIERS), 'Gold', 'gold'],
    ['an option HubSpot does not have, as it stands', of('t', 'option', TIERS), 'Platin', 'Platin'],
    ['several options', of('t', 'options', TIERS), '["Gold","Gold (GOLD)"]', 'gold;GOLD'],
    ['a duration in ms', of('t', 'ms'), 90, '90000'],
    ['a number', of('t', 'number'), 2.5, '2.5'],
    ['yes', of('t', 'bool'), true, 'true'],
    ['nothing', of('t', 'line'), null, ''],
  ])('[HS24] %s', (_, field, value, text) => {
    expect(hubTextOf(field, value)).toBe(text)
    if (value !== null && value !== 'Platin') expect(readHubValue(field, text)).toBe(value)
  })

  test.each([
    [of('t', 'number'), { surprise: true }],
    [of('t', 'number'), 'many'],
    [of('t', 'date'), 'soon'],
    [of('t', 'bool'), 'perhaps'],
  ])('[HS24] what is in no form of its property is not read', (field, json) => expect(readHubValue(field, json)).toBeUndefined())

  test('[HS24] days come as days, whether HubSpot writes them as ms or ISO', () => {
    expect(readHubValue(of('t', 'date'), '1769904000000')).toBe('2026-02-01')
    expect(readHubValue(of('t', 'date'), '2026-02-01')).toBe('2026-02-01')
    expect(readHubValue(of('t', 'instant'), '2026-02-01T08:00:00Z')).toBe('2026-02-01T08:00:00.000Z')
  })

  test('[HS24] a known form stays as it is', () => {
    const fields = ['line', 'lines', 'email', 'domain', 'phone', 'options', 'instant'].map((wire) => of(wire, wire))
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.string(), (field, text) => {
        const once = normaliseHubValue(field, text)
        return normaliseHubValue(field, once) === once
      }),
      { seed: 9, numRuns: 2000 },
    )
  })

  test('[HS24] formatted text is shown as it reads', () => {
    expect(textOfHtml('<p>One &amp; <b>two</b></p><ul><li>three</li></ul>')).toBe('One & two\nthree')
  })
})
