import { describe, expect, it } from 'vitest'
import { matchOption, type OptionField } from '../../sync-engine/options.ts'
import { editDistance, nearestOption } from '../../workbook/nearest-option.ts'

const status: OptionField = {
  type: 'single-select',
  options: [
    { id: '1', name: 'To Do' },
    { id: '2', name: 'In Progress' },
    { id: '3', name: 'Done' },
    { id: '4', name: 'Blocked', retired: true },
  ],
}
const strict: OptionField = { ...status, optionsCaseSensitive: true }

describe('options', () => {
  const table: readonly [string, OptionField, string | number | null, ReturnType<typeof matchOption>][] = [
    ['the same text', status, 'Done', { kind: 'match', value: 'Done' }],
    ['other capitals', status, 'DONE', { kind: 'match', value: 'Done' }],
    ['other spacing', status, ' in  progress', { kind: 'match', value: 'In Progress' }],
    ['a typing error', status, 'Dnoe', { kind: 'unknown', nearest: 'Done' }],
    ['a beginning', status, 'in p', { kind: 'unknown', nearest: 'In Progress' }],
    ['nothing like it', status, 'Waiting for customer', { kind: 'unknown' }],
    ['a retired option', status, 'Blocked', { kind: 'unknown' }],
    ['a clear', status, null, { kind: 'match', value: null }],
  ]
  it.each(table)('[K1] %s is matched without case', (_, field, value, expected) => {
    expect(matchOption(field, value)).toEqual(expected)
  })

  it('[K2] other capitals are stopped where the app tells them apart, with the exact name offered', () => {
    expect(matchOption(strict, 'done')).toEqual({ kind: 'unknown', nearest: 'Done' })
    expect(matchOption(strict, 'Done')).toEqual({ kind: 'match', value: 'Done' })
  })

  it('[K1] people and free fields take any value', () => {
    expect(matchOption({ type: 'person', options: [{ id: 'a1', name: 'Ann' }] }, 'zz')).toEqual({ kind: 'match', value: 'zz' })
    expect(matchOption({ type: 'text' }, 'x')).toEqual({ kind: 'match', value: 'x' })
    expect(matchOption({ type: 'single-select', options: [] }, 'x')).toEqual({ kind: 'match', value: 'x' })
  })

  it('[K1] distance counts swapped neighbours once', () => {
    expect(editDistance('dnoe', 'done')).toBe(1)
    expect(editDistance('', 'abc')).toBe(3)
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(nearestOption([], 'x')).toBeUndefined()
  })
})
