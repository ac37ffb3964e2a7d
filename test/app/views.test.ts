import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { columnActions } from '../../app/views/column-actions.ts'
import { NOTHING_KEPT, parseDeviceViews, writeDeviceViews } from '../../app/views/device-views.ts'
import { SheetViews } from '../../app/views/sheet-views.ts'
import { orderedInView, shownInView } from '../../app/views/shown-fields.ts'
import { changeView } from '../../app/views/view-part.ts'
import { bookViews } from '../../workbook/documents.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, SheetId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { type Condition, type FilterGroup, groupsOf, PLAIN_VIEW, type ViewConfig } from '../../workbook/view.ts'
import { plainViewId, readViews } from '../../workbook/view-store.ts'

const SHEET = 'sheet001' as SheetId
const NAME = 'f001' as FieldId
const fieldOf = (id: string, isHidden = false, isKey = false): Field =>
  ({
    id,
    name: id,
    type: 'text',
    order: 'a0',
    width: 100,
    options: [],
    isHidden,
    ...(isKey && { binding: { isConnectionField: true } }),
  }) as unknown as Field

class Store {
  readonly kept = new Map<string, string>()
  readonly getItem = (key: string): string | null => this.kept.get(key) ?? null
  readonly setItem = (key: string, text: string): void => {
    this.kept.set(key, text)
  }
}

function open(book = new Y.Doc(), storage = new Store(), person = 'ann') {
  const sheet = new Sheet(SHEET, { book, sys: new Y.Doc(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [] })
  return { book, storage, views: new SheetViews({ sheet, person, storage, plainName: 'All rows' }) }
}

const filled: Condition = { kind: 'condition', field: NAME, operator: 'filled', operand: null }
const FILTER: FilterGroup = { kind: 'group', join: 'and', parts: [filled] }

describe('the views of a sheet', () => {
  test('[VW14] a change of a shared view stays on the device until it is saved for everybody', () => {
    const { book, storage, views } = open()
    views.change({ filter: FILTER, rowHeight: 'tall' })
    expect(views.state().changed).toEqual(['filter', 'rowHeight'])
    expect(readViews(book, SHEET, 'All rows')[0]?.config).toEqual(PLAIN_VIEW)
    expect(open(book, storage).views.state().current.config.filter).toEqual(FILTER)
    expect(open(book, storage, 'ben').views.state().changed).toEqual([])

    views.saveForEverybody()
    expect(views.state().changed).toEqual([])
    expect(open(book, storage, 'ben').views.state().current.config).toEqual({ ...PLAIN_VIEW, filter: FILTER, rowHeight: 'tall' })
  })

  test('[VW14] an attribute that this person took away stays away on their device', () => {
    const { book, storage, views } = open()
    views.change({ layout: 'board', lanes: NAME, frozen: 2 })
    views.saveForEverybody()
    views.change({ lanes: undefined, frozen: undefined })
    const again = open(book, storage).views
    expect(again.state().changed).toEqual(['lanes', 'frozen'])
    expect(again.state().current.config).toEqual({ ...PLAIN_VIEW, layout: 'board' })
    again.reset()
    expect(again.state().current.config.lanes).toBe(NAME)
  })

  test.each(['constructor', '__proto__', 'toString'])('[VW17] a view may be called %s inside: nobody is kept out of the sheet', (id) => {
    const { book, storage, views } = open()
    for (const [attribute, value] of Object.entries({ sheet: SHEET, name: 'First', order: 'Zz' }))
      bookViews(book).set(`${id}.${attribute}`, value)
    expect(views.state().current).toMatchObject({ id, config: PLAIN_VIEW })
    expect(views.state().collapsed.size).toBe(0)
    views.toggleGroup('g')
    views.change({ rowHeight: 'tall' })
    expect([views.state().current.config.rowHeight, ...views.state().collapsed]).toEqual(['tall', 'g'])
    expect(open(book, storage).views.state().current.id).toBe(id)
    views.reset()
    expect(views.state().current.config).toEqual(PLAIN_VIEW)
  })

  test('[VW14] taking back what was done to a view that is deleted by now leaves everybody where they are', () => {
    const { book, views } = open()
    views.create('Theirs', false, PLAIN_VIEW)
    const theirs = views.state().current
    const step = changeView(views, { layout: 'board', lanes: NAME })
    views.create('Mine', true, PLAIN_VIEW)
    open(book, new Store(), 'ben').views.remove(theirs)
    expect(step?.takeBack()).toEqual({ done: 0, kept: [{}] })
    expect(views.state().current.name).toBe('Mine')
  })

  test('[VW14] resetting takes a change back, and so does changing it back by hand', () => {
    const { views } = open()
    views.change({ filter: FILTER })
    views.reset()
    expect(views.state().current.config).toEqual(PLAIN_VIEW)
    views.change({ rowHeight: 'tall' })
    views.change({ rowHeight: 'short' })
    expect(views.state().changed).toEqual([])
  })

  test('[VW14] views are made, renamed, put in another order, deleted and brought back', () => {
    const { book, views } = open()
    const other = open(book, new Store(), 'ben').views
    views.create('Shared', false, { ...PLAIN_VIEW, filter: FILTER })
    views.create('Mine', true, PLAIN_VIEW)
    views.change({ filter: FILTER })
    expect(views.state().views.map((view) => view.name)).toEqual(['All rows', 'Shared', 'Mine'])
    expect(other.state().views.map((view) => view.name)).toEqual(['All rows', 'Shared'])
    const shared = other.state().views[1]
    const plain = other.state().views[0]
    if (shared === undefined || plain === undefined) throw new Error('views')
    other.rename(shared, 'Triage')
    other.move(shared, -1)
    expect(views.state().views.map((view) => view.name)).toEqual(['Triage', 'All rows', 'Mine'])
    views.remove(shared)
    views.remove(plain)
    expect(other.state().views.map((view) => view.name)).toEqual(['All rows'])
    views.restore(shared)
    expect(other.state().views.map((view) => view.name)).toEqual(['Triage', 'All rows'])
    expect(other.state().views[0]?.config.filter).toEqual(FILTER)
  })

  test('[VW17] two people who change two attributes of a view both win; rubbish is as in a plain view', () => {
    const [left, right] = [new Y.Doc(), new Y.Doc()]
    for (const [doc, edit] of [
      [left, { filter: FILTER }],
      [right, { hidden: { [NAME]: true } }],
    ] as const) {
      const { views } = open(doc)
      views.change(edit)
      views.saveForEverybody()
    }
    Y.applyUpdate(left, Y.encodeStateAsUpdate(right))
    expect(readViews(left, SHEET, 'All rows')[0]?.config).toEqual({ ...PLAIN_VIEW, filter: FILTER, hidden: { [NAME]: true } })
    const map = bookViews(left)
    for (const [key, value] of Object.entries({ filter: 7, sorts: 'x', colors: [{}], groups: {}, order: '!', name: 3 })) {
      map.set(`${plainViewId(SHEET)}.${key}`, value)
    }
    map.set('nonsense', 1)
    expect(readViews(left, SHEET, 'All rows')).toMatchObject([{ name: 'All rows', config: { ...PLAIN_VIEW, hidden: { [NAME]: true } } }])
    for (const text of [null, '', '{', '[]', '{"current":1}']) expect(parseDeviceViews(text, SHEET)).toEqual(NOTHING_KEPT)
    const kept = { ...NOTHING_KEPT, current: 'v1', changes: { v1: { filter: FILTER } }, collapsed: { v1: ['a'] } }
    expect(parseDeviceViews(writeDeviceViews(kept), SHEET)).toEqual(kept)
  })

  test('[BD1] a layout is kept like any part of a view; one that is not known here is a grid, and stays stored as it is', () => {
    const { book, views } = open()
    views.change({ layout: 'board', lanes: NAME })
    expect(views.state().changed).toEqual(['layout', 'lanes'])
    views.saveForEverybody()
    const stored = (): ViewConfig | undefined => readViews(book, SHEET, 'All rows')[0]?.config
    expect(stored()).toEqual({ ...PLAIN_VIEW, layout: 'board', lanes: NAME })
    views.change({ layout: 'timeline', span: { start: NAME, end: undefined } })
    views.saveForEverybody()
    expect(stored()).toMatchObject({ layout: 'timeline', lanes: NAME, span: { start: NAME } })
    const map = bookViews(book)
    map.set(`${plainViewId(SHEET)}.layout`, 'globe')
    map.set(`${plainViewId(SHEET)}.lanes`, null)
    map.set(`${plainViewId(SHEET)}.span`, { start: 7 })
    expect(stored()).toEqual(PLAIN_VIEW)
    views.change({ rowHeight: 'tall' })
    views.saveForEverybody()
    expect(map.get(`${plainViewId(SHEET)}.layout`)).toBe('globe')
  })

  test('[BD1] a board is grouped by its lanes, whatever its rows are grouped by as a grid', () => {
    const groups = [{ field: NAME, direction: 'descending' }] as const
    const lanes = 'f002' as FieldId
    expect(groupsOf({ ...PLAIN_VIEW, groups, lanes })).toBe(groups)
    expect(groupsOf({ ...PLAIN_VIEW, layout: 'board', groups, lanes })).toEqual([{ field: lanes, direction: 'ascending' }])
    expect(groupsOf({ ...PLAIN_VIEW, layout: 'board', groups })).toEqual([])
  })

  test('[VW15] a view orders and hides fields: those it names first, the record’s key before all it does not name', () => {
    const fields = [fieldOf('a'), fieldOf('b', true), fieldOf('key', false, true), fieldOf('c')]
    const ids = (some: readonly Field[]): readonly string[] => some.map((field) => field.id)
    expect(ids(shownInView(fields, PLAIN_VIEW))).toEqual(['key', 'a', 'c'])
    expect(ids(shownInView(fields, { ...PLAIN_VIEW, hidden: { b: false, a: true } }))).toEqual(['key', 'b', 'c'])
    expect(ids(orderedInView(fields, { fieldOrder: ['c', 'gone', 'a'] as FieldId[] }))).toEqual(['key', 'c', 'a', 'b'])
    expect(ids(orderedInView(fields, { fieldOrder: ['c', 'key'] as FieldId[] }))).toEqual(['c', 'key', 'a', 'b'])
  })

  test('[VW13] a column’s menu sorts, filters, groups by it and hides it', () => {
    const config = { ...PLAIN_VIEW, filter: { ...FILTER, join: 'or' } as const, sorts: [{ field: NAME, direction: 'ascending' }] as const }
    const edits = Object.fromEntries(columnActions(fieldOf(NAME), config).map(({ id, edit }) => [id, edit]))
    expect(edits).toMatchObject({
      'sort-descending': { sorts: [{ field: NAME, direction: 'descending' }] },
      filter: { filter: { join: 'and', parts: [config.filter, { field: NAME, operator: 'contains' }] } },
      group: { groups: [{ field: NAME, direction: 'ascending' }] },
      hide: { hidden: { [NAME]: true } },
    })
  })
})
