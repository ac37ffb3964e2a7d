import type * as Y from 'yjs'
import { sysGenerations } from './documents.ts'
import type { Editor } from './edit.ts'
import type { FieldId, RandomBytes, RowId, SheetId } from './ids.ts'
import { makeAnnotationId } from './ids.ts'
import { isServerOrigin, ServerOrigin, UserOrigin } from './origin.ts'

/** Longest comment, in UTF-16 units. */
export const MAX_COMMENT_LENGTH = 10_000

/** Where a thread hangs: on a row, or on one cell of it. */
export interface TalkPlace {
  readonly row: RowId
  readonly field: FieldId | undefined
}

export interface Comment {
  readonly id: string
  /** Made true by the server: whoever owns the client id that brought the comment. */
  readonly by: string
  /** When, as the writer claims. ms since 1970. */
  readonly at: number
  readonly text: string
  readonly editedAt: number | undefined
}

/** A first comment and its replies, oldest first. A deleted first comment with replies stands with an empty text. */
export interface Thread {
  readonly id: string
  readonly place: TalkPlace
  readonly comments: readonly Comment[]
  readonly resolved: { readonly by: string; readonly at: number } | undefined
}

// One key an attribute, so that an edit of the text and a resolve both win.
const commentsMap = (talk: Y.Doc): Y.Map<unknown> => talk.getMap('comments')
/** Row → whether it has a note: known without opening the notes. */
const notesMap = (talk: Y.Doc): Y.Map<unknown> => talk.getMap('notes')

export const talkName = (sheet: SheetId, gen: number): string => `talk.${sheet}.${gen}`
export const noteName = (sheet: SheetId, row: RowId, gen: number): string => `note.${sheet}.${row}.${gen}`

/** The names of today's documents of a sheet's comments and of a row's note. */
export const talkNameIn = (sys: Y.Doc, sheet: SheetId): string => talkName(sheet, sysGenerations(sys).get(`talk.${sheet}`) ?? 0)
export const noteNameIn = (sys: Y.Doc, sheet: SheetId, row: RowId): string =>
  noteName(sheet, row, sysGenerations(sys).get(`note.${sheet}`) ?? 0)

/** What a comment is, once and for all: `[row, field, parent, at, by]`. */
type Head = readonly [row: string, field: string | null, parent: string | null, at: number, by: string]

function parseHead(stored: unknown): Head | undefined {
  if (!Array.isArray(stored)) return undefined
  const [row, field, parent, at, by] = stored as unknown[]
  const isText = typeof row === 'string' && typeof by === 'string' && typeof at === 'number'
  const hasPlace = (field === null || typeof field === 'string') && (parent === null || typeof parent === 'string')
  return isText && hasPlace ? (stored as unknown as Head) : undefined
}

function parseResolved(stored: unknown): readonly [isResolved: boolean, at: number, by: string] | undefined {
  if (!Array.isArray(stored) || typeof stored[0] !== 'boolean' || typeof stored[1] !== 'number' || typeof stored[2] !== 'string')
    return undefined
  return [stored[0], stored[1], stored[2]]
}

const transactAs = (talk: Y.Doc, editor: Editor, write: (map: Y.Map<unknown>) => void): void =>
  talk.transact(() => write(commentsMap(talk)), new UserOrigin(editor.by))

const storable = (text: string): string => text.slice(0, MAX_COMMENT_LENGTH).toWellFormed()

/** Begins a thread on a row or cell, or replies to one. Returns the comment's id. */
export function addComment(
  talk: Y.Doc,
  comment: { readonly place: TalkPlace; readonly thread?: string | undefined; readonly text: string },
  editor: Editor,
  random: RandomBytes,
): string {
  const id = makeAnnotationId(random)
  const head: Head = [comment.place.row, comment.place.field ?? null, comment.thread ?? null, editor.now(), editor.by]
  transactAs(talk, editor, (map) => {
    map.set(`${id}.head`, head)
    map.set(`${id}.text`, storable(comment.text))
  })
  return id
}

/** Changes the text of one's own comment; the server puts back what somebody else's hand wrote. */
export function editComment(talk: Y.Doc, id: string, text: string, editor: Editor): void {
  transactAs(talk, editor, (map) => {
    map.set(`${id}.text`, storable(text))
    map.set(`${id}.edited`, editor.now())
  })
}

/** Deletes one's own comment: a flag, and nothing left of its text. */
export function deleteComment(talk: Y.Doc, id: string, editor: Editor): void {
  transactAs(talk, editor, (map) => {
    map.set(`${id}.text`, '')
    map.set(`${id}.deleted`, true)
  })
}

/** Closes a thread, or opens it again. */
export function resolveThread(talk: Y.Doc, id: string, isResolved: boolean, editor: Editor): void {
  transactAs(talk, editor, (map) => map.set(`${id}.resolved`, [isResolved, editor.now(), editor.by]))
}

/** All threads of a sheet, oldest first; what was deleted or is malformed is left out. */
export function readThreads(talk: Y.Doc): readonly Thread[] {
  const map = commentsMap(talk)
  const roots: { id: string; head: Head }[] = []
  const replies = new Map<string, Comment[]>()
  for (const [key, stored] of map.entries()) {
    if (!key.endsWith('.head')) continue
    const id = key.slice(0, -'.head'.length)
    const head = parseHead(stored)
    if (head === undefined) continue
    if (head[2] === null) roots.push({ id, head })
    else {
      const comment = readComment(map, id, head)
      if (comment.text !== '') replies.set(head[2], [...(replies.get(head[2]) ?? []), comment])
    }
  }
  const threads = roots.flatMap(({ id, head }): Thread[] => {
    const first = readComment(map, id, head)
    const later = (replies.get(id) ?? []).sort(byTime)
    if (first.text === '' && later.length === 0) return []
    const state = parseResolved(map.get(`${id}.resolved`))
    const resolved = state?.[0] === true ? { at: state[1], by: state[2] } : undefined
    const place = { row: head[0] as RowId, field: (head[1] ?? undefined) as FieldId | undefined }
    return [{ id, place, comments: [first, ...later], resolved }]
  })
  return threads.sort((a, b) => byTime(firstOf(a), firstOf(b)))
}

const firstOf = (thread: Thread): Comment => thread.comments[0] ?? { id: thread.id, by: '', at: 0, text: '', editedAt: undefined }
const byTime = (a: Comment, b: Comment): number => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

function readComment(map: Y.Map<unknown>, id: string, head: Head): Comment {
  const text = map.get(`${id}.text`)
  const editedAt = map.get(`${id}.edited`)
  return {
    id,
    by: head[4],
    at: head[3],
    text: typeof text === 'string' && map.get(`${id}.deleted`) !== true ? text : '',
    editedAt: typeof editedAt === 'number' ? editedAt : undefined,
  }
}

/** Rows that have a note. */
export function rowsWithNote(talk: Y.Doc): ReadonlySet<RowId> {
  const rows = new Set<RowId>()
  for (const [row, has] of notesMap(talk).entries()) if (has === true) rows.add(row as RowId)
  return rows
}

/** Notes whether a row has a note; what is so already is not written again. */
export function markNote(talk: Y.Doc, row: RowId, hasNote: boolean, editor: Editor): void {
  const map = notesMap(talk)
  if ((map.get(row) === true) === hasNote) return
  talk.transact(() => map.set(row, hasNote), new UserOrigin(editor.by))
}

/** Calls `listener` after each change of the comments or marks. Returns the way to stop. */
export function onTalkChange(talk: Y.Doc, listener: () => void): () => void {
  const maps = [commentsMap(talk), notesMap(talk)]
  for (const map of maps) map.observe(listener)
  return () => {
    for (const map of maps) map.unobserve(listener)
  }
}

/**
 * On the server: puts right what a client may not do, in the turn in which it arrives. Whose comment it is is said by who owns the client id
 * that brought it; a text is its author's to change; what a comment hangs on never changes; nothing is removed. Returns the way to stop.
 */
export function guardTalk(talk: Y.Doc, ownerOf: (client: number) => string, serverActor: string): () => void {
  const map = commentsMap(talk)
  let changed: { readonly key: string; readonly isRemoved: boolean; readonly before: unknown }[] = []
  const observer = (event: Y.YMapEvent<unknown>): void => {
    if (isServerOrigin(event.transaction.origin)) return
    for (const [key, { action, oldValue }] of event.changes.keys) {
      changed.push({ key, isRemoved: action === 'delete', before: action === 'add' ? undefined : oldValue })
    }
  }
  // Who owns a new client id is known once the transaction has been taken in: after its observers.
  const judge = (): void => {
    const repairs = new Map<string, unknown>()
    for (const { key, isRemoved, before } of changed.splice(0)) {
      const item = map._map.get(key)
      const owner = item === undefined ? serverActor : ownerOf(item.id.client)
      if (isRemoved) repairs.set(key, before)
      else if (owner !== serverActor) {
        const right = rightValue(map, key, { owner, before })
        if (right.isWrong) repairs.set(key, right.value)
      }
    }
    if (repairs.size === 0) return
    talk.transact(() => {
      for (const [key, value] of repairs) {
        if (value === undefined) map.delete(key)
        else map.set(key, value)
      }
    }, new ServerOrigin('talk'))
  }
  map.observe(observer)
  talk.on('afterTransaction', judge)
  return () => {
    map.unobserve(observer)
    talk.off('afterTransaction', judge)
    changed = []
  }
}

/** What should stand under a key that `owner` has just written. */
function rightValue(
  map: Y.Map<unknown>,
  key: string,
  { owner, before }: { owner: string; before: unknown },
): { readonly isWrong: boolean; readonly value?: unknown } {
  const dot = key.lastIndexOf('.')
  const [id, attribute] = [key.slice(0, dot), key.slice(dot + 1)]
  const written = map.get(key)
  switch (attribute) {
    case 'head': {
      if (before !== undefined) return { isWrong: true, value: before }
      const head = parseHead(written)
      return head === undefined || head[4] === owner ? { isWrong: false } : { isWrong: true, value: [...head.slice(0, 4), owner] }
    }
    case 'resolved': {
      const state = parseResolved(written)
      if (state === undefined) return { isWrong: true, value: before }
      return state[2] === owner ? { isWrong: false } : { isWrong: true, value: [state[0], state[1], owner] }
    }
    default: {
      // The head may be put right in this very turn: whoever brought it is its author.
      const item = map._map.get(`${id}.head`)
      const head = parseHead(map.get(`${id}.head`))
      if (head === undefined || item === undefined) return { isWrong: false }
      return { isWrong: head[4] !== owner && !(before === undefined && sameBirth(map, id, key)), value: before }
    }
  }
}

/** Whether a comment's head and this attribute were brought by one client: a new comment under a false name. */
function sameBirth(map: Y.Map<unknown>, id: string, key: string): boolean {
  return map._map.get(`${id}.head`)?.id.client === map._map.get(key)?.id.client
}
