import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExternalField } from '../../../sync-engine/connectors/connector.ts'
import {
  instantOf,
  jiraBodyOf,
  jiraKindOf,
  normaliseJiraValue,
  readJiraValue,
  type Wire,
  wireOf,
} from '../../../sync-engine/connectors/jira-values.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'
import type { FieldType } from '../../../workbook/fields.ts'
import fieldList from '../../fixtures/jira/field.json' with { type: 'json' }
import issue from '../../fixtures/jira/issue.json' with { type: 'json' }

const field = (wire: Wire, type: FieldType, more: Partial<ExternalField> = {}): ExternalField => ({
  id: 'f',
  name: 'F',
  type,
  wire,
  writable: true,
  ...more,
})
const north = {
  options: [
    { id: '31', name: 'North' },
    { id: '32', name: 'South' },
  ],
  optionsCaseSensitive: false,
}

describe('Jira values', () => {
  it('[J6] each kind of field has its form', () => {
    const kinds = Object.fromEntries(
      fieldList.map(({ id, schema }) => {
        const { type, wire, reason } = jiraKindOf(id, schema)
        return [id, [type, wire, reason === undefined]]
      }),
    )
    expect(kinds).toEqual({
      issuekey: ['record-key', 'key', false],
      summary: ['text', 'text', true],
      status: ['single-select', 'named', true],
      priority: ['single-select', 'named', true],
      assignee: ['person', 'account', true],
      reporter: ['person', 'account', true],
      labels: ['text', 'words', true],
      duedate: ['date', 'date', true],
      description: ['long-text', 'adf', true],
      created: ['date-time', 'date-time', false],
      aggregatetimespent: ['number', 'number', false],
      comment: ['text', 'shown', false],
      fixVersions: ['multi-select', 'choices', true],
      customfield_20001: ['number', 'number', true],
      customfield_20002: ['single-select', 'option', true],
      customfield_20003: ['url', 'url', true],
      customfield_20004: ['checkbox', 'check', true],
      customfield_20005: ['date-time', 'date-time', true],
      customfield_20006: ['multi-select', 'choices', true],
      customfield_20007: ['text', 'shown', false],
    })
  })

  it('[J6] an issue reads as cells', () => {
    const schemas = new Map(fieldList.map(({ id, schema }) => [id, schema]))
    const values = Object.entries(issue.fields).map(([id, json]) => [id, readJiraValue(jiraKindOf(id, schemas.get(id)).wire, json)?.value])
    expect(Object.fromEntries(values)).toEqual({
      summary: 'Order the new seed trays',
      status: 'In Progress',
      priority: 'High',
      assignee: '712020:aa11',
      labels: 'garden spring',
      duedate: '2026-03-09',
      description: 'Two hundred trays, peat free\n- ask Ola',
      resolution: null,
      created: '2026-01-31T09:15:00.000Z',
      updated: '2026-02-01T08:00:12.345Z',
      customfield_20001: 2.5,
      customfield_20002: 'North',
      customfield_20003: 'https://trays.example/200',
      customfield_20004: true,
      customfield_20005: '2026-02-28T16:30:00.000Z',
      customfield_20006: '["51","52"]',
    })
    expect(readJiraValue('account', issue.fields.assignee)?.people).toEqual([{ id: '712020:aa11', name: 'Ida Berg' }])
  })

  const bodies: readonly [string, ExternalField, CellValue, unknown][] = [
    ['text', field('text', 'text'), 'a', 'a'],
    ['a cleared text', field('text', 'text'), null, null],
    ['labels', field('words', 'text'), ' b a  b', ['a', 'b']],
    ['cleared labels', field('words', 'text'), null, []],
    ['a number', field('number', 'number'), 0, 0],
    ['a date', field('date', 'date'), '2026-03-09', '2026-03-09'],
    ['a date-time', field('date-time', 'date-time'), '2026-02-28T16:30:00.000Z', '2026-02-28T16:30:00.000+0000'],
    ['a priority', field('named', 'single-select', north), 'nOrth', { name: 'North' }],
    ['an option', field('option', 'single-select', north), 'South', { value: 'South' }],
    ['an option nobody knows', field('option', 'single-select', north), 'Up', { value: 'Up' }],
    ['a cleared option', field('option', 'single-select', north), null, null],
    ['a person', field('account', 'person'), '712020:aa11', { accountId: '712020:aa11' }],
    ['nobody', field('account', 'person'), null, null],
    ['a ticked box', field('check', 'checkbox', { options: [{ id: '41', name: 'Yes' }] }), true, [{ id: '41' }]],
    ['an empty box', field('check', 'checkbox', { options: [{ id: '41', name: 'Yes' }] }), false, []],
    [
      'rich text',
      field('adf', 'long-text'),
      'a\n\nb',
      {
        type: 'doc',
        version: 1,
        content: [
          { type: 'paragraph', content: [{ type: 'text', text: 'a' }] },
          { type: 'paragraph', content: [] },
          { type: 'paragraph', content: [{ type: 'text', text: 'b' }] },
        ],
      },
    ],
    ['cleared rich text', field('adf', 'long-text'), null, null],
  ]
  it.each(bodies)('[J7] %s is written in the form Jira takes', (_, written, value, expected) => {
    expect(jiraBodyOf(written, value)).toEqual(expected)
  })

  const bad: readonly [Wire, unknown][] = [
    ['text', 3],
    ['number', '3'],
    ['date', '31.01.2026'],
    ['date-time', '2026-01-31'],
    ['words', ['a', 1]],
    ['words', 'a'],
    ['named', 'Done'],
    ['option', { name: 'North' }],
    ['account', { displayName: 'Ida' }],
    ['check', 'yes'],
    ['adf', { type: 'paragraph' }],
  ]
  it.each(bad)('[J8] %s is not read from %j', (wire, json) => {
    expect(readJiraValue(wire, json)).toBeUndefined()
  })

  it('[J8] a date-time is read with any offset', () => {
    expect(instantOf('2024-01-31T09:15:00.000+0000')).toBe('2024-01-31T09:15:00.000Z')
    expect(instantOf('2024-01-31T09:15:00.000-0530')).toBe('2024-01-31T14:45:00.000Z')
    expect(instantOf('2024-01-31T09:15Z')).toBe('2024-01-31T09:15:00.000Z')
    expect(instantOf('2024-01-31T29:15:00.000+0000')).toBeUndefined()
  })

  const fields: readonly ExternalField[] = bodies.map(([, described]) => described)
  const values = fc.oneof(
    fc.string(),
    fc.constantFrom<CellValue>(null, true, false, 0, 1.5, '2026-03-09', 'North', ' south ', 'b  a', '2026-02-28T16:30:00.000Z'),
  )
  it('[J9] the form a value is known to take is stable', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields), values, (described, value) => {
        const known = normaliseJiraValue(described, value)
        expect(normaliseJiraValue(described, known)).toEqual(known)
      }),
      { seed: 5, numRuns: 2000 },
    )
  })

  it('[J9] what is written of a value reads back as its known form', () => {
    const readable: readonly [ExternalField, fc.Arbitrary<CellValue>][] = [
      [field('words', 'text'), fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'C') })],
      [field('adf', 'long-text'), fc.string({ unit: fc.constantFrom('a', '-', ' ', '\n') })],
      [field('number', 'number'), fc.double({ noNaN: true, noDefaultInfinity: true })],
      [
        field('date-time', 'date-time'),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }).map((date) => date.toISOString()),
      ],
    ]
    for (const [described, arbitrary] of readable) {
      fc.assert(
        fc.property(arbitrary, (value) => {
          const wire = wireOf(described, described.id)
          expect(readJiraValue(wire, jiraBodyOf(described, value))?.value).toEqual(normaliseJiraValue(described, value))
        }),
        { seed: 6 },
      )
    }
  })
})
