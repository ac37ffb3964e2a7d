import { expect, test } from 'vitest'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { releasedAttributes, releasedValue } from '../../workbook/released-field.ts'

const field = (type: Field['type'], options: Field['options'] = []): Field => ({
  id: 'f' as FieldId,
  name: 'F',
  type,
  order: 'a0',
  width: 100,
  options,
  isHidden: false,
})
const options = [
  { id: '10', name: 'To Do', color: 'gray' },
  { id: '11', name: 'Done', retired: true },
]

test('[CN6] a released select knows its options by what its cells hold: their names; a person by their id', () => {
  const ofSelect = new Map(releasedAttributes(field('single-select', options)).map(({ key, value }) => [key, value]))
  expect(ofSelect.get('f.option.To Do')).toBe('To Do')
  expect(ofSelect.get('f.optionColor.To Do')).toBe('gray')
  expect(ofSelect.get('f.optionRemoved.Done')).toBe(true)
  expect(releasedAttributes(field('person', [{ id: 'acc-1', name: 'Ben' }]))).toContainEqual({ key: 'f.option.acc-1', value: 'Ben' })
})

test('[CN6] a record key becomes text, other types stay', () => {
  expect(releasedAttributes(field('record-key'))).toEqual([{ key: 'f.type', value: 'text' }])
  expect(releasedAttributes(field('date'))).toEqual([])
})

test('[CN6] an option that the app wrote in other capitals is held under its own name; everything else is left as it is', () => {
  const select = field('single-select', options)
  expect(releasedValue(select, 'DONE')).toBe('Done')
  for (const value of ['Done', 'Something else', null, 3]) expect(releasedValue(select, value)).toBeUndefined()
  expect(releasedValue(field('text'), 'DONE')).toBeUndefined()
})
