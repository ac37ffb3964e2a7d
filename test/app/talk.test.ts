import { describe, expect, test } from 'vitest'
import { editMentions, keepMentions, mentionAt, proposePeople, textPieces } from '../../app/drawer/mentions.ts'
import { linkAddress } from '../../app/drawer/safe-link.ts'
import { seeThreads, talkMarks, unreadIn, unreadOf } from '../../app/drawer/talk-marks.ts'
import type { Thread } from '../../workbook/talk.ts'

const people = [
  { id: 'a', name: 'Ann' },
  { id: 'b', name: 'Ann Lee' },
  { id: 'c', name: 'Ben' },
]
const nameOf = (id: string): string => people.find((p) => p.id === id)?.name ?? 'Someone'

const thread = (id: string, authors: readonly string[], more: Partial<Thread> = {}): Thread => ({
  id,
  place: { row: 'r1' as never, field: undefined },
  comments: authors.map((by, i) => ({ id: `${id}${i}`, by, at: i, text: 'x', editedAt: undefined })),
  resolved: undefined,
  ...more,
})

describe('mentions', () => {
  test('[CS29] a mention is kept by id, the longest name first, and shown by today’s name', () => {
    const kept = keepMentions('@Ann Lee and @ann, not @Annette or a@Ben.co, but @Ben', people)
    expect(kept).toBe('@[b] and @[a], not @Annette or a@[c].co, but @[c]')
    expect(editMentions('@[b] @[gone]', nameOf)).toBe('@Ann Lee @Someone')
    expect(textPieces('Hi @[c]!', nameOf)).toEqual([
      { kind: 'text', text: 'Hi ' },
      { kind: 'person', id: 'c', name: 'Ben' },
      { kind: 'text', text: '!' },
    ])
    expect(keepMentions(editMentions(kept, nameOf), people)).toBe(kept)
  })

  test('[CS29] people are proposed behind an @ at the beginning of a word', () => {
    expect(mentionAt('Hi @Be', 6)).toEqual({ from: 3, typed: 'Be' })
    expect(mentionAt('mail@be', 7)).toBeUndefined()
    expect(mentionAt('@', 1)).toEqual({ from: 0, typed: '' })
    expect(proposePeople(people, 'lee').map((p) => p.id)).toEqual(['b'])
    expect(proposePeople(people, '').length).toBe(3)
  })
})

test('[CS29] what is new is counted by thread, whatever the clocks say; one’s own is never new', () => {
  const threads = [thread('t', ['ann', 'me', 'ben']), thread('u', ['ben'])]
  expect(unreadOf(threads, {}, 'me')).toBe(3)
  const seen = seeThreads(threads, threads.slice(0, 1), {}, 'me')
  expect([unreadOf(threads, seen, 'me'), seen]).toEqual([1, { t: 2 }])
  const later = thread('t', ['ann', 'me', 'ben', 'ben'])
  expect(unreadIn(later, seen, 'me')).toBe(1)
  expect(seeThreads([], [], seen, 'me')).toEqual({})
})

test('[CS26] open threads are marked on their cells and rows, resolved ones are not', () => {
  const onCell = thread('v', ['ann'], { place: { row: 'r2' as never, field: 'f1' as never } })
  const done = thread('w', ['ann'], { resolved: { by: 'ann', at: 1 } })
  const marks = talkMarks([thread('t', ['ann']), onCell, onCell, done], new Set())
  expect([[...marks.rows], [...marks.cells]]).toEqual([[['r1', 1]], [['r2:f1', 2]]])
})

test('[CS25] only web and mail addresses are links', () => {
  const cases: [string, string | undefined][] = [
    ['https://example.com/a', 'https://example.com/a'],
    ['example.com', 'https://example.com/'],
    ['ann@example.com', 'mailto:ann@example.com'],
    ['javascript:alert(1)', undefined],
    ['data:text/html,x', undefined],
    [' ', undefined],
    ['just words', undefined],
  ]
  for (const [text, address] of cases) expect(linkAddress(text)).toBe(address)
})
