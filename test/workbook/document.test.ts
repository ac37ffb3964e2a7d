import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { makeRandom } from '../../tools/random.ts'
import { differenceKind } from '../../workbook/cell-value.ts'
import { baseEpochs, bookFields, currentEpoch, editCellsMap, editLinksMap, editRowsMap } from '../../workbook/documents.ts'
import { addField, addRow, addRows, editCells, editField, moveRow, requestLink, setRowsDeleted, undoCells } from '../../workbook/edit.ts'
import {
  cellKey,
  cryptoRandomBytes,
  deriveRowId,
  type FieldId,
  makeFieldId,
  makeRowId,
  parseCellKey,
  type RandomBytes,
  type RowId,
  type SheetId,
  type WorkbookId,
} from '../../workbook/ids.ts'
import {
  annotationsName,
  baseName,
  bookName,
  CELLS_PER_TRANSACTION,
  editsName,
  GENERATION_LIMITS,
  isOrderKey,
  isServerWritten,
  orderKeyOf,
  packBaseRow,
  packEntry,
  parseBaseRow,
  parseDocumentName,
  parseEntry,
  SHARD_ROWS,
  sysName,
} from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { CONNECTION, CUSTOM, FIELD, makeSchema, ROW, SHEET, World } from '../support/world.ts'

const CHECK = { seed: 20261121 }
const seeded = (seed: number): RandomBytes => {
  const random = makeRandom(seed)
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256))
}
const solo = () => new World({ peers: [{ name: 'ann', client: 11 }], value: 'a' })
const pair = () =>
  new World({
    peers: [
      { name: 'ann', client: 11 },
      { name: 'bob', client: 22 },
    ],
    value: 'a',
  })
/** An empty sheet and somebody who edits it. */
const emptySheet = () => {
  const docs = { ...makeSchema(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [new Y.Doc()] }
  return { sheet: new Sheet(SHEET, docs), editor: { by: 'ann', now: () => 1 }, docs }
}

describe('names and ids', () => {
  const id = fc.stringMatching(/^[0-9A-Za-z]{1,32}$/)
  const count = fc.nat({ max: 999_999_999 })

  test("[D1] each document's name is read back as what it was made of", () => {
    fc.assert(
      fc.property(id, count, count, (made, shard, gen) => {
        const sheet = made as SheetId
        const workbook = made as WorkbookId
        expect(parseDocumentName(bookName(workbook))).toEqual({ kind: 'book', workbook })
        expect(parseDocumentName(sysName(workbook))).toEqual({ kind: 'sys', workbook })
        expect(parseDocumentName(baseName(sheet, shard, gen))).toEqual({ kind: 'base', sheet, shard, gen })
        expect(parseDocumentName(editsName(sheet, gen))).toEqual({ kind: 'edits', sheet, gen })
        expect(parseDocumentName(annotationsName(sheet, gen))).toEqual({ kind: 'annotations', sheet, gen })
        expect(parseDocumentName(`note.${sheet}.r1.${gen}`)).toEqual({ kind: 'note', sheet, row: 'r1', gen })
      }),
      { ...CHECK, numRuns: 200 },
    )
  })

  test.each([
    '',
    'book',
    'book.',
    'book.a.b',
    'edits.a',
    'edits.a.-1',
    'edits.a.1.2',
    'base.a.1',
    'note.a.1',
    'other.a',
    'book.ä',
    'edits.a.1\n',
    ' book.a',
    'book.a/../b',
  ])('[D1] "%s" is no document of ours', (name) => {
    expect(parseDocumentName(name)).toBeUndefined()
  })

  test('[D1] what the server alone writes is known by its name', () => {
    const written = ['sys.w', 'base.s.0.0', 'annotations.s.0', 'book.w', 'edits.s.0', 'talk.s.0', 'note.s.r.0'].filter((name) => {
      const parsed = parseDocumentName(name)
      return parsed !== undefined && isServerWritten(parsed)
    })
    expect(written).toEqual(['sys.w', 'base.s.0.0', 'annotations.s.0'])
  })

  test('[D12] a new generation of a document has a new name', () => {
    const sheet = 's1' as SheetId
    const names = [0, 1, 2].flatMap((gen) => [
      editsName(sheet, gen),
      annotationsName(sheet, gen),
      baseName(sheet, 0, gen),
      baseName(sheet, 1, gen),
    ])
    expect(new Set(names).size).toBe(12)
    expect(GENERATION_LIMITS).toEqual({ tombstones: 200_000, clientIds: 1_000 })
  })

  test('[D14] ids are base62 of their length, each letter as likely as another', () => {
    const counts = new Map<string, number>()
    const random = seeded(3)
    for (let i = 0; i < 2_000; i++) {
      const row = makeRowId(random)
      expect(row).toMatch(/^[0-9A-Za-z]{10}$/)
      for (const letter of row) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    expect(counts.size).toBe(62)
    // 20,000 letters over 62: 323 each, standard deviation 18.
    for (const n of counts.values()) expect(Math.abs(n - 323)).toBeLessThan(90)
    expect(makeFieldId(cryptoRandomBytes)).toMatch(/^[0-9A-Za-z]{4}$/)
  })

  test("[D14] a linked record's row id is the same on every device, and its own", () => {
    expect(deriveRowId(CONNECTION, '10001')).toBe(deriveRowId(CONNECTION, '10001'))
    const ids = Array.from({ length: 5_000 }, (_, i) => deriveRowId(CONNECTION, String(i)))
    expect(new Set(ids).size).toBe(5_000)
    expect(ids.every((row) => /^[0-9A-Za-z]{10}$/.test(row))).toBe(true)
    expect(deriveRowId('ab' as never, 'c')).not.toBe(deriveRowId('a' as never, 'bc'))
  })

  test.each(['', ':', 'a:', ':b', 'ab', 'a:b:c'])('[D14] "%s" names no cell', (key) => {
    expect(parseCellKey(key)).toBeUndefined()
  })

  test("[D14] a cell's name is read back as its row and field", () => {
    expect(parseCellKey(cellKey('r1' as RowId, 'f1' as FieldId))).toEqual({ row: 'r1', field: 'f1' })
  })
})

describe('entries and rows as stored', () => {
  const value = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null))

  test('[D2] an entry is read back from an update without the document', () => {
    const world = solo()
    world.type('ann', 'x')
    const update = world.peer('ann').made.at(-1) ?? new Uint8Array()
    const [struct] = Y.decodeUpdate(update).structs
    const content = (struct as Y.Item).content.getContent()[0]
    expect(parseEntry(content, `${ROW}:${FIELD}`)).toMatchObject({ value: 'x', base: 'a', by: 'ann' })
  })

  test('[D2] entries and base rows survive packing', () => {
    fc.assert(
      fc.property(
        value,
        value,
        fc.integer(),
        fc.string(),
        fc.option(fc.constant('12:34'), { nil: undefined }),
        (v, base, at, by, standsFor) => {
          const entry = { value: v, base, at, by, ...(standsFor !== undefined && { standsFor: standsFor as never }) }
          const key = cellKey(ROW, FIELD)
          expect(parseEntry(packEntry(key, entry), key)).toEqual(entry)
          expect(parseEntry(packEntry(key, entry), 'other:cell')).toBeUndefined()
        },
      ),
      { ...CHECK, numRuns: 300 },
    )
    const row = { ord: 7, records: { jira1: '10001' }, values: ['x', null, 3, true] }
    expect(parseBaseRow(packBaseRow(row))).toEqual(row)
  })

  test.each([
    null,
    5,
    'x',
    [],
    ['k'],
    ['k', 'x', 'a', 1],
    ['k', Number.NaN, 'a', 1, 'ann'],
    ['k', 'x', undefined, 1, 'ann'],
    ['k', 'x', 'a', '1', 'ann'],
    ['k', {}, 'a', 1, 'ann'],
    ['k', 'x', 'a', 1, 'ann', 'me'],
    ['k', 'x'.repeat(32_001), 'a', 1, 'ann'],
  ])('[D7] %j is no entry', (packed) => {
    expect(parseEntry(packed, 'k')).toBeUndefined()
  })

  test('[D16] settling what is there already writes nothing', () => {
    const world = solo()
    let updates = 0
    for (const doc of [world.base, world.edits, world.annotations]) doc.on('update', () => updates++)
    world.authority.write(
      { rows: [{ row: ROW, values: new Map([[FIELD, 'a']]) }], cells: [{ row: ROW, field: FIELD, entry: { kind: 'keep' }, marks: {} }] },
      'run',
    )
    expect(updates).toBe(0)
    world.authority.write({ rows: [{ row: ROW, values: new Map([[FIELD, 'b']]) }] }, 'run')
    expect(updates).toBe(1)
  })

  test('[D17] rows fill a shard and then need another', () => {
    const world = solo()
    const rows = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ row: `n${from + i}` as RowId, values: new Map([[FIELD, i]]) }))
    world.authority.write({ rows: rows(0, SHARD_ROWS - 1) }, 'import')
    expect(world.authority.freeRows()).toBe(0)
    expect(() => world.authority.write({ rows: rows(9_000, 1) }, 'import')).toThrow(/No base shard has room/)
    const second = new Y.Doc()
    world.sheet.addShard(second)
    world.authority.write({ rows: rows(9_000, 2) }, 'import')
    expect([currentEpoch(second)?.size, world.sheet.rows().length, world.sheet.rows().at(-1)]).toEqual([2, SHARD_ROWS + 2, 'n9001'])
  })

  test('[D17] the highest epoch of a shard is the one that is read', () => {
    const world = solo()
    const next = new Y.Map<string>()
    baseEpochs(world.base).set('1', next)
    next.set(ROW, packBaseRow({ ord: 0, records: {}, values: ['b'] }))
    expect(world.sheet.baseline(ROW, FIELD)).toBe('b')
  })
})

describe('differences', () => {
  test.each([
    ['Done', 'DONE', 'capitals'],
    ['Done', ' Done ', 'spacing'],
    ['a  b', 'a b', 'spacing'],
    ['In progress', 'in  Progress', 'capitals'],
    [1.234, 1.23, 'rounding'],
    [1.239, 1.23, 'rounding'],
    [0.4, 0, 'rounding'],
    [2.5, 3, 'rounding'],
    [-7.25, -7.3, 'rounding'],
    [1234, 1200, 'rounding'],
    [0.1 + 0.2, 0.3, 'rounding'],
    [104, 100, 'rounding'],
    [190, 100, 'other'],
    [100, 104, 'other'],
    [0.01, 0.05, 'other'],
    [1, 2, 'other'],
    [1, 0, 'other'],
    [1.23, 1.239, 'other'],
    [3.2, 5, 'other'],
    ['b, a', 'a, b', 'order'],
    ['red;blue', 'blue;red', 'order'],
    ['+44 (0)20 7946', '440207946', 'formatting'],
    ['a-b', 'a_b', 'formatting'],
    ['x', 'y', 'other'],
    ['x', null, 'other'],
    ['1', 1, 'other'],
    [true, false, 'other'],
    ['--', '++', 'other'],
    ['ß', 'SS', 'other'],
  ] as const)('[D18] %j for %j is %s', (sent, got, kind) => {
    expect(differenceKind(sent, got)).toBe(kind)
  })
})

describe('editing cells', () => {
  test('[D4] a paste of 2,500 cells is three transactions, and what changes nothing is not written', () => {
    const { sheet, editor, docs } = emptySheet()
    let updates = 0
    docs.edits.on('update', () => updates++)
    const inputs = Array.from({ length: 2_500 }, (_, i) => ({ row: `r${i}` as RowId, field: CUSTOM, value: i }))
    expect(editCells(sheet, inputs, editor)).toHaveLength(2_500)
    expect([updates, CELLS_PER_TRANSACTION]).toEqual([3, 1_000])
    expect(editCells(sheet, inputs, editor)).toEqual([])
    expect([updates, editCellsMap(docs.edits).size]).toEqual([3, 2_500])
  })

  test('[D4] read-only cells, texts beyond the limit and what is no value are left alone', () => {
    const world = solo()
    const { sheet, editor } = world.peer('ann')
    const long = 'x'.repeat(32_001)
    const odd = [long, Number.NaN, Number.POSITIVE_INFINITY, undefined, {}].map((value) => ({
      row: ROW,
      field: FIELD,
      value: value as never,
    }))
    expect(editCells(sheet, odd, editor)).toEqual([])
    expect(sheet.cell(ROW, FIELD)).toMatchObject({ value: 'a', isStaged: false })
    const bindings = sheet.docs.sys.getMap('bindings')
    bindings.set(FIELD, { ...(bindings.get(FIELD) as object), writable: false })
    expect(editCells(sheet, [{ row: ROW, field: FIELD, value: 'x' }], editor)).toEqual([])
  })

  test('[D4] half a surrogate pair is read alike on every device', () => {
    const world = pair()
    world.type('ann', 'x\ud800y')
    expect(world.lookOf('ann').shown).toBe('x\ufffdy')
    expect([world.look().shown, world.lookOf('bob').shown]).toEqual(['x\ufffdy', 'x\ufffdy'])
  })

  test('[D19] an undo writes the old value where the cell still shows the new one, and offers the rest', () => {
    const world = pair()
    const { sheet, editor } = world.peer('ann')
    const done = editCells(
      sheet,
      [
        { row: ROW, field: FIELD, value: 'x' },
        { row: ROW, field: CUSTOM, value: 'y' },
      ],
      editor,
    )
    world.exchange().type('bob', 'z', CUSTOM)
    const { redo, refused } = undoCells(sheet, done, editor)
    expect([redo, refused.map((u) => u.field)]).toEqual([[{ row: ROW, field: FIELD, before: 'x', after: 'a' }], [CUSTOM]])
    expect(world.exchange().look()).toMatchObject({ shown: 'a', isStaged: false })
    expect(world.look(CUSTOM).shown).toBe('z')
  })

  test('[D20] a link that was asked for waits for the server, and leaves the document once it is answered', () => {
    const world = pair()
    const { sheet, editor } = world.peer('ann')
    requestLink(sheet, ROW, CONNECTION, 'PROJ-1', editor)
    editLinksMap(world.peer('bob').edits).set('rubbish', { key: 5 } as never)
    editLinksMap(world.peer('bob').edits).set('r9:jira1', 'rubbish' as never)
    world.exchange()
    const [request, ...others] = world.authority.linkRequests()
    expect([request, others]).toEqual([
      { key: `${ROW}:${CONNECTION}`, row: ROW, connection: CONNECTION, recordKey: 'PROJ-1', by: 'ann' },
      [],
    ])
    world.authority.write({ answeredLinks: [`${ROW}:${CONNECTION}`] }, 'link')
    expect(world.authority.linkRequests()).toEqual([])
  })
})

describe('rows', () => {
  test('[D10] the n-th arrived row has the key the n-th appended one would have', () => {
    let last: string | null = null
    const { sheet, editor } = emptySheet()
    const rows = addRows(sheet, 5_000, undefined, editor, seeded(1))
    for (const [ord, row] of rows.entries()) {
      const key = sheet.orderKey(row)
      expect([key, isOrderKey(key)]).toEqual([orderKeyOf(ord), true])
      expect(last === null || last < key).toBe(true)
      last = key
    }
  })

  test('[D10] moves and inserts put a row directly behind another, as a list would', () => {
    const act = fc.record({ isMove: fc.boolean(), what: fc.nat(), after: fc.option(fc.nat(), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const { sheet, editor } = emptySheet()
        const random = seeded(5)
        const list = [...addRows(sheet, 4, undefined, editor, random)]
        for (const { isMove, what, after } of acts) {
          if (isMove) {
            const [row] = list.splice(what % list.length, 1)
            if (row === undefined) return
            const behind = after === undefined ? undefined : list[after % list.length]
            moveRow(sheet, row, behind, editor)
            list.splice(behind === undefined ? 0 : list.indexOf(behind) + 1, 0, row)
          } else {
            const behind = after === undefined ? undefined : list[after % list.length]
            const row = addRow(sheet, behind, editor, random)
            list.splice(behind === undefined ? list.length : list.indexOf(behind) + 1, 0, row)
          }
          expect(sheet.rows()).toEqual(list)
        }
      }),
      { ...CHECK, numRuns: 100 },
    )
  })

  test('[D10] rows that two people added at one place stay in one order, and one more goes behind them', () => {
    const world = pair()
    world.offline('ann', 'bob')
    const made = ['ann', 'bob'].map((name, i) => addRow(world.peer(name).sheet, ROW, world.peer(name).editor, seeded(i + 1)))
    world.online('ann', 'bob')
    expect(world.sheet.orderKey(made[0] as RowId)).toBe(world.sheet.orderKey(made[1] as RowId))
    for (const { sheet } of world.peers.values()) expect(sheet.rows()).toEqual([ROW, ...[...made].sort()])
    const [first] = [...made].sort()
    const third = addRow(world.peer('ann').sheet, first, world.peer('ann').editor, seeded(3))
    expect(world.exchange().sheet.rows()).toEqual([ROW, ...[...made].sort(), third])
  })

  test.each(['%%%', '', 'a', 'a0:', 'b0', 'a00', 'z'.repeat(40), 'ä0', 7, null, {}])(
    '[D10] %j orders nothing and stops nobody',
    (rubbish) => {
      const world = pair()
      world.peer('bob').edits.getMap('order').set(ROW, rubbish)
      editRowsMap(world.peer('bob').edits).set('x:y.added', 'a1')
      const row = addRow(world.exchange().peer('ann').sheet, ROW, world.peer('ann').editor, seeded(1))
      moveRow(world.peer('ann').sheet, row, undefined, world.peer('ann').editor)
      expect(world.exchange().sheet.rows()).toEqual([row, ROW])
    },
  )

  test('[D11] a row put behind one that was deleted meanwhile goes where that stood', () => {
    const { sheet, editor } = emptySheet()
    const [a, b, c] = addRows(sheet, 3, undefined, editor, seeded(1)) as [RowId, RowId, RowId]
    setRowsDeleted(sheet, [b], true, editor)
    const row = addRow(sheet, b, editor, seeded(2))
    expect(sheet.rows()).toEqual([a, row, c])
    moveRow(sheet, a, b, editor)
    expect(sheet.rows().indexOf(a)).toBeLessThan(sheet.rows().indexOf(c))
  })

  test('[D11] a deleted row is a flag: it comes back with its edits, and the server restores one as well', () => {
    const world = pair()
    const { sheet, editor } = world.peer('ann')
    world.type('ann', 'x')
    setRowsDeleted(sheet, [ROW], true, editor)
    world.exchange().type('bob', 'y')
    expect([world.sheet.rows(), world.sheet.isDeleted(ROW), world.sheet.hasRow(ROW)]).toEqual([[], true, true])
    world.authority.write({ restored: [ROW] }, 'import')
    expect([world.exchange().lookOf('ann').shown, sheet.rows()]).toEqual(['y', [ROW]])
  })

  test('[D11] what changed is told once a transaction, with its rows', () => {
    const world = pair()
    const seen: string[][] = []
    const stop = world.peer('bob').sheet.onChange(({ rows, isOrder }) => seen.push([...rows, String(isOrder)]))
    world.type('ann', 'x')
    expect(seen).toEqual([[ROW, 'false']])
    stop()
    world.type('ann', 'y')
    expect(seen).toHaveLength(1)
  })
})

describe('fields', () => {
  test('[D3] two attributes of one field that two people set unseen both win', () => {
    const books = [new Y.Doc(), new Y.Doc()] as const
    const field = addField(books[0], SHEET, { name: 'Size', type: 'text' }, 'ann', seeded(1))
    Y.applyUpdate(books[1], Y.encodeStateAsUpdate(books[0]))
    editField(books[0], field, { name: 'Weight', options: { a: 'Small' } }, 'ann')
    editField(books[1], field, { width: 300, options: { b: 'Large' } }, 'bob')
    for (const [from, to] of [books, [books[1], books[0]]] as const) Y.applyUpdate(to, Y.encodeStateAsUpdate(from))
    for (const book of books) {
      const sheet = new Sheet(SHEET, { book, sys: new Y.Doc(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [] })
      expect(sheet.field(field)).toMatchObject({ name: 'Weight', width: 300 })
      expect(
        sheet
          .field(field)
          ?.options.map((o) => o.name)
          .sort(),
      ).toEqual(['Large', 'Small'])
    }
  })

  test('[D3] fields stand in their order, a removed one is left out, and rubbish has a default', () => {
    const book = new Y.Doc()
    const random = seeded(2)
    const [a, b, c] = ['A', 'B', 'C'].map((name) => addField(book, SHEET, { name, type: 'number' }, 'ann', random)) as [
      FieldId,
      FieldId,
      FieldId,
    ]
    editField(book, b, { removed: true }, 'ann')
    for (const [key, value] of Object.entries({ width: 'wide', type: 'colour', name: 7, order: '%%' }))
      bookFields(book).set(`${c}.${key}`, value)
    const sheet = new Sheet(SHEET, { book, sys: new Y.Doc(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [] })
    expect(sheet.fields().map((f) => [f.id, f.name, f.type, f.width])).toEqual([
      [c, 'Untitled', 'text', 160],
      [a, 'A', 'number', 160],
    ])
    expect(addField(book, SHEET, { name: 'D', type: 'text' }, 'ann', random)).toMatch(/^\w{4}$/)
  })

  test('[D13] a sheet that is read while shards come in shows what it shows when they were there', () => {
    const world = solo()
    const rows = Array.from({ length: 20 }, (_, i) => ({
      row: `n${i}` as RowId,
      records: { [CONNECTION]: `rec-${i}` },
      values: new Map([[FIELD, i]]),
    }))
    world.authority.write({ rows }, 'import')
    const docs = { ...makeSchema(), edits: world.edits, annotations: world.annotations }
    const early = new Sheet(SHEET, { ...docs, base: [] })
    expect([early.rows(), early.rowsOf(CONNECTION, 'rec-3')]).toEqual([[], []])
    early.addShard(world.base)
    const late = new Sheet(SHEET, { ...docs, base: [world.base] })
    expect(early.rows()).toEqual(late.rows())
    expect([early.rowsOf(CONNECTION, 'rec-3'), late.rowsOf(CONNECTION, 'rec-3')]).toEqual([['n3'], ['n3']])
  })
})
