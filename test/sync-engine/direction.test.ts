import { describe, expect, test } from 'vitest'
import { effectiveDirection, type FieldDirection, heldByDirection, type ObjectDirection } from '../../sync-engine/direction.ts'

type Cell = readonly [may: string, decidedBy: string]

/** Rows: object direction; columns: field direction. `⇅` both ways, `→` push, `←` pull, `–` neither. */
const ON: Record<ObjectDirection, Record<FieldDirection, Cell>> = {
  'push-pull': { 'two-way': ['⇅', 'none'], push: ['→', 'field'], pull: ['←', 'field'], off: ['–', 'field'] },
  push: { 'two-way': ['→', 'object'], push: ['→', 'object'], pull: ['–', 'object'], off: ['–', 'object'] },
  pull: { 'two-way': ['←', 'object'], push: ['–', 'object'], pull: ['←', 'object'], off: ['–', 'object'] },
  disabled: { 'two-way': ['–', 'object'], push: ['–', 'object'], pull: ['–', 'object'], off: ['–', 'object'] },
}
const rows = Object.entries(ON).flatMap(([object, fields]) =>
  Object.entries(fields).map(([field, [may, by]]) => ({ object: object as ObjectDirection, field: field as FieldDirection, may, by })),
)
const signOf = ({ canPush, canPull }: { canPush: boolean; canPull: boolean }): string =>
  canPush ? (canPull ? '⇅' : '→') : canPull ? '←' : '–'

describe('effective direction', () => {
  test.each(rows)('[DIR1] switched on, object $object, field $field: $may', ({ object, field, may, by }) => {
    const effective = effectiveDirection(true, object, field)
    expect([signOf(effective), effective.decidedBy]).toEqual([may, by])
  })

  test.each(rows)('[DIR2] switched off, object $object, field $field: nothing', ({ object, field }) => {
    const effective = effectiveDirection(false, object, field)
    expect([signOf(effective), effective.decidedBy]).toEqual(['–', 'toggle'])
  })

  test.each(rows)('[DIR3] a push that may not be names the level, object $object, field $field', ({ object, field }) => {
    for (const isOn of [true, false]) {
      const effective = effectiveDirection(isOn, object, field)
      const text = heldByDirection(effective, object, field, 'Jira')
      expect(text === undefined).toBe(effective.canPush)
      if (text !== undefined) expect(text).toMatch(isOn ? /^this (object|field) / : /^Jira is switched off\.$/)
    }
  })

  test('[DIR3] the words are those of the level that takes the push away', () => {
    const said = (object: ObjectDirection, field: FieldDirection) =>
      heldByDirection(effectiveDirection(true, object, field), object, field, 'Jira')
    expect(said('pull', 'push')).toBe('this object only pulls from Jira.')
    expect(said('disabled', 'two-way')).toBe('this object does not sync with Jira.')
    expect(said('push', 'pull')).toBe('this field only pulls from Jira.')
    expect(said('push-pull', 'off')).toBe('this field does not sync.')
  })
})
