import { expect, test } from 'vitest'
import { fieldsShown, isAllowed } from '../../app/settings/integrations/field-filter.ts'
import { nextPullText } from '../../app/settings/integrations/next-pull.ts'
import { fieldsPath, integrationPath, placeOf } from '../../app/settings/integrations/place.ts'
import { clashOf, suggestPairs, unknownValues } from '../../app/settings/integrations/value-suggestions.ts'

test('[CF5] every page of integrations has an address, and no other address is one', () => {
  expect(placeOf('/settings/integrations')).toEqual({ kind: 'list' })
  expect(placeOf(integrationPath('abc'))).toEqual({ kind: 'integration', id: 'abc' })
  expect(placeOf(`${fieldsPath('abc', 'def')}/`)).toEqual({ kind: 'fields', id: 'abc', object: 'def' })
  for (const path of ['/settings/integrations/abc/fields', '/settings/integrations/a-b', '/settings/integrations/abc/fields/x/y']) {
    expect(placeOf(path)).toEqual({ kind: 'nowhere' })
  }
})

const AT = Date.UTC(2026, 10, 21, 12)
const object = { direction: 'push-pull', schedule: 15, isNightly: false, nextPull: AT } as const

test.each([
  { rule: 'C18', isOn: true, object, said: 'at 12:00' },
  { rule: 'C18', isOn: false, object, said: 'none: paused' },
  { rule: 'C18', isOn: true, object: { ...object, schedule: null, nextPull: null }, said: 'none: manual only' },
  { rule: 'C18', isOn: true, object: { ...object, schedule: null, isNightly: true }, said: 'at 12:00' },
  { rule: 'C18', isOn: true, object: { ...object, direction: 'disabled' as const }, said: 'none: disabled' },
  { rule: 'C18', isOn: true, object: { ...object, direction: 'push' as const }, said: 'none: only pushes' },
  { rule: 'C18', isOn: true, object: { ...object, nextPull: null }, said: 'none: no sheet yet' },
])('[$rule] the next pull is told, or why there is none: $said', ({ isOn, object: asked, said }) => {
  expect(nextPullText(asked, isOn, (at) => `at ${new Date(at).toISOString().slice(11, 16)}`)).toBe(said)
})

const field = (id: string, name: string, more: { isOwn?: boolean; column?: string; by?: string } = {}) => ({
  external: { id, name, type: 'text' },
  isOwn: more.isOwn ?? false,
  places: more.column === undefined ? [] : [{ fieldName: more.column }],
  effective: { decidedBy: more.by ?? 'none' },
})
const fields = [
  field('summary', 'Summary', { column: 'Title' }),
  field('customfield_10016', 'Story points', { isOwn: true }),
  field('created', 'Created', { by: 'object', column: 'Made' }),
]

test('[CF6] fields are found by name, id, type and column, and filtered by use, by who set them, by what holds them', () => {
  const ids = (search: string, filter: 'all' | 'used' | 'changed' | 'held') => fieldsShown(fields, search, filter).map((f) => f.external.id)
  expect(ids('', 'all')).toEqual(['summary', 'customfield_10016', 'created'])
  expect(ids('points story', 'all')).toEqual(['customfield_10016'])
  expect(ids('10016', 'all')).toEqual(['customfield_10016'])
  expect(ids('title', 'all')).toEqual(['summary'])
  expect(ids('', 'used')).toEqual(['summary', 'created'])
  expect(ids('', 'changed')).toEqual(['customfield_10016'])
  expect(ids('', 'held')).toEqual(['created'])
  expect(ids('nothing like it', 'all')).toEqual([])
})

test('[CF6] what the app does not take can be pulled or left out, and nothing else', () => {
  const closed = { writable: { reason: 'Computed.' } }
  expect(['two-way', 'push', 'pull', 'off'].filter((way) => isAllowed(closed, way))).toEqual(['pull', 'off'])
  expect(['two-way', 'push', 'pull', 'off'].filter((way) => isAllowed({ writable: true }, way))).toHaveLength(4)
})

const options = [{ name: 'To Do' }, { name: 'In Progress' }, { name: 'Done' }, { name: 'Dropped', retired: true }]

test('[CF7] values nobody knows are named, and the option each probably means is suggested once', () => {
  const used = ['Done', 'todo', 'In Progres', 'Dropped', 'Shipped', 'Doing']
  const map = [{ app: 'In Progress', workbook: 'Doing' }]
  expect(unknownValues(used, options, map)).toEqual(['todo', 'In Progres', 'Shipped'])
  // In Progress is called Doing already, and nothing is near to Shipped.
  expect(suggestPairs(used, options, map)).toEqual([{ app: 'To Do', workbook: 'todo' }])
  expect(suggestPairs(['To-Do', 'todo'], options, [])).toEqual([{ app: 'To Do', workbook: 'To-Do' }])
})

test('[CF3] a map that could not be read back says which name is in the way', () => {
  const twice = [
    { app: 'To Do', workbook: 'Open' },
    { app: 'In Progress', workbook: 'Open' },
  ]
  expect(clashOf(twice, options)).toEqual({ kind: 'twice', name: 'Open' })
  expect(clashOf([{ app: 'To Do', workbook: 'Done' }], options)).toEqual({ kind: 'taken', name: 'Done' })
  const swapped = [
    { app: 'To Do', workbook: 'Done' },
    { app: 'Done', workbook: 'To Do' },
  ]
  expect(clashOf(swapped, options)).toBeUndefined()
})
