import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { bookFields, bookSheets, bookViews, sysBindings, sysSlots } from '../../workbook/documents.ts'
import type { ConnectionId, RowId, SheetId } from '../../workbook/ids.ts'
import { noteFragment, noteText } from '../../workbook/note.ts'
import { ServerOrigin } from '../../workbook/origin.ts'
import { addComment, markNote, readThreads, rowsWithNote } from '../../workbook/talk.ts'
import { copyBook, copyNote, copySys, copyTalk } from '../../workbook/workbook-copy.ts'

const ORIGIN = new ServerOrigin('copy')
const names = {
  sheets: new Map([['s1' as SheetId, 't1' as SheetId]]),
  connections: new Map([['c1' as ConnectionId, 'd1' as ConnectionId]]),
}
const editor = { by: 'ana', now: () => 1_000 }
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)

test('[CN14] names, fields and views of the copied sheets stand under the copy’s names; those of other sheets stay behind', () => {
  const [from, to] = [new Y.Doc(), new Y.Doc()]
  bookSheets(from).set('s1.name', 'Plan')
  bookSheets(from).set('s2.name', 'Deleted')
  bookFields(from).set('f1.sheet', 's1')
  bookFields(from).set('f1.name', 'Summary')
  bookFields(from).set('f2.sheet', 's2')
  bookViews(from).set('s1.rowHeight', 'tall')
  bookViews(from).set('v1.sheet', 's1')
  bookViews(from).set('v1.name', 'Mine')
  copyBook(from, to, names, 'Copy', ORIGIN)
  expect(bookSheets(to).toJSON()).toEqual({ 't1.name': 'Plan' })
  expect(bookFields(to).toJSON()).toEqual({ 'f1.sheet': 't1', 'f1.name': 'Summary' })
  expect(bookViews(to).toJSON()).toEqual({ 't1.rowHeight': 'tall', 'v1.sheet': 't1', 'v1.name': 'Mine' })
})

test('[CN14] bindings are the copied connection’s; those of a connection that is not copied are none', () => {
  const [from, to] = [new Y.Doc(), new Y.Doc()]
  sysSlots(from).set('s1:f1', 0)
  sysBindings(from).set('f1', { connection: 'c1', external: 'summary' })
  sysBindings(from).set('f2', { connection: 'gone', external: 'status' })
  copySys(from, to, names, ORIGIN)
  expect(sysSlots(to).toJSON()).toEqual({ 't1:f1': 0 })
  expect(sysBindings(to).toJSON()).toEqual({ f1: { connection: 'd1', external: 'summary' } })
})

test('[CN14] notes come along, comments only where they are wanted', () => {
  const row = 'r1' as RowId
  const [talk, note] = [new Y.Doc(), new Y.Doc()]
  addComment(talk, { place: { row, field: undefined }, text: 'Look at this' }, editor, bytes)
  markNote(talk, row, true, editor)
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText('Call them on Monday')])
  noteFragment(note).insert(0, [paragraph])
  for (const hasComments of [false, true]) {
    const copy = new Y.Doc()
    copyTalk(talk, copy, { hasComments }, ORIGIN)
    expect([...rowsWithNote(copy)]).toEqual([row])
    expect(readThreads(copy).map((thread) => thread.comments[0]?.text)).toEqual(hasComments ? ['Look at this'] : [])
  }
  const copied = new Y.Doc()
  copyNote(note, copied, ORIGIN)
  expect(noteText(copied)).toBe('Call them on Monday')
})
