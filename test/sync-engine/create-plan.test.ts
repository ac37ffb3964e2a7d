import { expect, test } from 'vitest'
import type { CreateNeeds, ExternalField } from '../../sync-engine/connectors/connector.ts'
import { planCreate } from '../../sync-engine/create-plan.ts'
import type { ConnectionSetup } from '../../sync-engine/plan.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'

const text = (id: string, name: string): ExternalField => ({ id, name, type: 'text', writable: true })
const stage: ExternalField = {
  id: 'stage',
  name: 'Stage',
  type: 'single-select',
  writable: true,
  options: [
    { id: '1', name: 'Open' },
    { id: '2', name: 'Won' },
  ],
}
const needs: CreateNeeds = { required: [text('name', 'Name'), stage], optional: [text('note', 'Note')] }
const setup = (fields: ConnectionSetup['fields'], objectDirection: ConnectionSetup['objectDirection'] = 'push-pull'): ConnectionSetup => ({
  id: 'c' as ConnectionId,
  app: 'salesforce',
  appName: 'Salesforce',
  isOn: true,
  objectDirection,
  fields,
  onConflict: 'hold',
})
const field = (external: string, direction: 'two-way' | 'pull' = 'two-way') => ({ field: external as FieldId, external, direction })
const plan = (o: { values?: Record<string, CellValue>; common?: Record<string, CellValue>; fields?: ConnectionSetup['fields'] }) =>
  planCreate({
    setup: setup(o.fields ?? [field('name'), field('stage'), field('note')]),
    row: 'r' as RowId,
    values: new Map(Object.entries(o.values ?? {})),
    common: new Map(Object.entries(o.common ?? {})),
    needs,
  })

test('[CN13] a row’s own value goes before what was chosen for all, and what nobody gave is missing', () => {
  expect(plan({ values: { name: 'Acme' }, common: { name: 'Other', stage: 'Open' } })).toEqual({
    row: 'r',
    changes: [
      { field: 'name', value: 'Acme' },
      { field: 'stage', value: 'Open' },
    ],
    missing: [],
    problems: [],
  })
  expect(plan({ values: { note: '' } }).missing).toEqual(['name', 'stage'])
})

test('[CN13] options go out under the app’s own names; what is none is a problem with the nearest offered, and counts as given', () => {
  expect(plan({ values: { name: 'Acme', stage: 'won' } }).changes).toContainEqual({ field: 'stage', value: 'Won' })
  const { problems, missing } = plan({ values: { name: 'Acme', stage: 'Wno' } })
  expect(problems[0]?.text).toBe('“Wno” is not an option of Stage in Salesforce. Did you mean “Won”?')
  expect(missing).toEqual([])
})

test('[CN13] what a direction does not let out is not sent from the row, and options are called as the workbook calls them', () => {
  expect(plan({ values: { name: 'Acme', note: 'kept here' }, fields: [field('name'), field('note', 'pull')] }).changes).toEqual([
    { field: 'name', value: 'Acme' },
  ])
  const mapped = [field('name'), { ...field('stage'), valueMap: [{ app: 'Open', workbook: 'New' }] }]
  expect(plan({ values: { name: 'Acme', stage: 'new' }, fields: mapped }).changes).toContainEqual({ field: 'stage', value: 'New' })
})
