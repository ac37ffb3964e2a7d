import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { makeRandom } from '../../tools/random.ts'
import type { RowId } from '../../workbook/ids.ts'
import { isNoteEmpty, noteFragment, noteText } from '../../workbook/note.ts'
import {
  addComment,
  deleteComment,
  editComment,
  guardTalk,
  MAX_COMMENT_LENGTH,
  markNote,
  onTalkChange,
  readThreads,
  resolveThread,
  rowsWithNote,
} from '../../workbook/talk.ts'

const row = 'r1' as RowId
const place = { row, field: undefined }
const random = (seed: number) => {
  const draw = makeRandom(seed)
  return (length: number) => Uint8Array.from({ length }, () => Math.floor(draw() * 256))
}

/** A server's document with a guard, and people whose updates reach it and come back. */
function makeTalk() {
  const server = new Y.Doc()
  server.clientID = 1
  const owners = new Map<number, string>([[1, 'server']])
  // As the live document does it: a client id is somebody's from the transaction that brings it.
  server.on('afterTransaction', ({ origin, afterState }: Y.Transaction) => {
    for (const client of afterState.keys()) if (!owners.has(client)) owners.set(client, String(origin))
  })
  const stop = guardTalk(server, (client) => owners.get(client) ?? 'unknown', 'server')
  let clock = 0
  const join = (name: string, client: number) => {
    const doc = new Y.Doc()
    doc.clientID = client
    const sync = (): void => {
      Y.applyUpdate(server, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(server)), name)
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)), 'server')
    }
    return { doc, sync, editor: { by: name, now: () => ++clock }, random: random(client) }
  }
  return { server, join, stop }
}

describe('comments', () => {
  test('[CS13] a thread begins on a row or cell, is replied to, edited, deleted, resolved and opened again, for everyone', () => {
    const { join } = makeTalk()
    const [ann, ben] = [join('ann', 10), join('ben', 20)]
    const first = addComment(ann.doc, { place: { row, field: 'f1' as never }, text: 'Is this right?' }, ann.editor, ann.random)
    ann.sync()
    ben.sync()
    const reply = addComment(ben.doc, { place, thread: first, text: 'No' }, ben.editor, ben.random)
    editComment(ben.doc, reply, 'Yes', ben.editor)
    resolveThread(ben.doc, first, true, ben.editor)
    ben.sync()
    ann.sync()
    expect(readThreads(ann.doc)).toEqual([
      {
        id: first,
        place: { row, field: 'f1' },
        comments: [
          { id: first, by: 'ann', at: 1, text: 'Is this right?', editedAt: undefined },
          { id: reply, by: 'ben', at: 2, text: 'Yes', editedAt: 3 },
        ],
        resolved: { by: 'ben', at: 4 },
      },
    ])
    resolveThread(ann.doc, first, false, ann.editor)
    deleteComment(ann.doc, first, ann.editor)
    const [thread] = readThreads(ann.doc)
    expect([thread?.resolved, thread?.comments.map((c) => c.text)]).toEqual([undefined, ['', 'Yes']])
    ann.sync()
    ben.sync()
    deleteComment(ben.doc, reply, ben.editor)
    expect(readThreads(ben.doc)).toEqual([])
  })

  test('[CS13] comments made offline by two people on one row are both there, in the order of their times', () => {
    const { join } = makeTalk()
    const [ann, ben] = [join('ann', 30), join('ben', 20)]
    addComment(ann.doc, { place, text: 'first' }, ann.editor, ann.random)
    addComment(ben.doc, { place, text: 'second' }, ben.editor, ben.random)
    for (const person of [ann, ben, ann]) person.sync()
    expect(readThreads(ann.doc).map((t) => t.comments[0]?.text)).toEqual(['first', 'second'])
    expect(readThreads(ben.doc)).toEqual(readThreads(ann.doc))
  })

  test('[CS14] whose comment it is is said by the server, whatever it claims', () => {
    const { join } = makeTalk()
    const [ann, eve] = [join('ann', 10), join('eve', 20)]
    const forged = addComment(eve.doc, { place, text: 'I, Ann, agree' }, { ...eve.editor, by: 'ann' }, eve.random)
    resolveThread(eve.doc, forged, true, { ...eve.editor, by: 'ann' })
    eve.sync()
    ann.sync()
    expect(readThreads(ann.doc)).toMatchObject([{ comments: [{ by: 'eve', text: 'I, Ann, agree' }], resolved: { by: 'eve' } }])
    editComment(eve.doc, forged, 'still mine', eve.editor)
    eve.sync()
    expect(readThreads(eve.doc)[0]?.comments[0]?.text).toBe('still mine')
  })

  test('[CS14] nobody edits, deletes or removes the comment of another', () => {
    const { join, server } = makeTalk()
    const [ann, eve] = [join('ann', 10), join('eve', 20)]
    const id = addComment(ann.doc, { place, text: 'mine' }, ann.editor, ann.random)
    ann.sync()
    eve.sync()
    const attacks: (() => void)[] = [
      () => editComment(eve.doc, id, 'not mine', eve.editor),
      () => deleteComment(eve.doc, id, eve.editor),
      () => eve.doc.getMap('comments').delete(`${id}.text`),
      () => eve.doc.getMap('comments').delete(`${id}.head`),
      () => eve.doc.getMap('comments').set(`${id}.head`, ['r2', null, null, 1, 'eve']),
      () => eve.doc.getMap('comments').set(`${id}.resolved`, 'rubbish'),
    ]
    const before = readThreads(server)
    for (const attack of attacks) {
      attack()
      eve.sync()
      expect(readThreads(server)).toEqual(before)
      expect(readThreads(eve.doc)).toEqual(before)
    }
    ann.sync()
    editComment(ann.doc, id, 'mine, and newer', ann.editor)
    ann.sync()
    expect(readThreads(server)[0]?.comments[0]?.text).toBe('mine, and newer')
  })

  test('[CS14] a person who comes back with another client id is still the author', () => {
    const { join } = makeTalk()
    const ann = join('ann', 10)
    const id = addComment(ann.doc, { place, text: 'one' }, ann.editor, ann.random)
    ann.sync()
    const again = join('ann', 11)
    again.sync()
    editComment(again.doc, id, 'two', again.editor)
    again.sync()
    expect(readThreads(again.doc)[0]?.comments[0]?.text).toBe('two')
  })

  test('[CS13] what is malformed or too long does no harm, and a listener hears of changes', () => {
    const talk = new Y.Doc()
    let heard = 0
    const stop = onTalkChange(talk, () => heard++)
    const map = talk.getMap('comments')
    for (const [key, value] of Object.entries({
      'a.head': 1,
      'b.head': ['r', 1, 2],
      '.head': null,
      'c.text': 'x',
      'd.head': ['r', null, null, 1, 'x'],
      'd.text': 4,
    }))
      map.set(key, value)
    expect(readThreads(talk)).toEqual([])
    addComment(talk, { place, text: 'x'.repeat(MAX_COMMENT_LENGTH + 5) }, { by: 'ann', now: () => 1 }, random(1))
    expect(readThreads(talk)[0]?.comments[0]?.text.length).toBe(MAX_COMMENT_LENGTH)
    expect(heard).toBe(7)
    stop()
  })
})

describe('notes', () => {
  test('[CS15] whether a row has a note is known without opening it', () => {
    const talk = new Y.Doc()
    const editor = { by: 'ann', now: () => 1 }
    markNote(talk, row, true, editor)
    expect([...rowsWithNote(talk)]).toEqual([row])
    const before = Y.encodeStateVector(talk)
    markNote(talk, row, true, editor)
    expect(Y.encodeStateVector(talk)).toEqual(before)
    markNote(talk, row, false, editor)
    expect([...rowsWithNote(talk)]).toEqual([])
  })

  test('[CS15] a note of empty paragraphs is none', () => {
    const note = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    noteFragment(note).insert(0, [paragraph])
    expect(isNoteEmpty(note)).toBe(true)
    paragraph.insert(0, [new Y.XmlText('Hello')])
    expect([isNoteEmpty(note), noteText(note)]).toEqual([false, 'Hello'])
  })
})
