import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { type DeviceStore, deviceName, openDeviceStore } from '../../app/collab/device-store.ts'
import { DocumentChannel } from '../../app/collab/document-channel.ts'
import { Socket } from '../../app/collab/live-socket.ts'
import { type LedgerStorage, UnsentLedger } from '../../app/collab/unsent-ledger.ts'
import { buildApp } from '../../server/app.ts'
import { makeRandom } from '../../tools/random.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { annotationsMap, type SheetDocs } from '../../workbook/documents.ts'
import { editCells } from '../../workbook/edit.ts'
import { cellKey, type FieldId, type RowId, type SheetId } from '../../workbook/ids.ts'
import { stateOf } from '../../workbook/replica.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { apiClient } from '../support/api.ts'
import { makeBigSheet } from '../support/big-sheet.ts'
import { startShell } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const EDITS = 1_000
const SHARED = 50

class MemoryStorage extends Map<string, string> implements LedgerStorage {
  get length(): number {
    return this.size
  }
  key = (index: number): string | null => [...this.keys()][index] ?? null
  getItem = (key: string): string | null => this.get(key) ?? null
  setItem = (key: string, value: string): void => void this.set(key, value)
  removeItem = (key: string): void => void this.delete(key)
}

interface Names {
  readonly book: string
  readonly sys: string
  readonly edits: string
  readonly annotations: string
  readonly base: readonly string[]
}

interface DayOptions {
  readonly person: string
  readonly window: string
  readonly cookie: string
  readonly url: string
  readonly workbook: string
  readonly sheet: string
  readonly names: Names
  readonly storage: LedgerStorage
}

/** One window of a person's browser, made of the product's own channels, store and ledger. */
class DayWindow {
  readonly docs: SheetDocs
  readonly sheet: Sheet
  readonly ledger: UnsentLedger
  readonly #store: DeviceStore
  readonly #socket: Socket
  readonly #channels: readonly DocumentChannel[]
  readonly #waiting = new Set<() => void>()

  private constructor(o: DayOptions, store: DeviceStore) {
    const cookie = o.cookie
    this.#store = store
    this.#socket = new Socket({
      url: `${o.url}/collab`,
      autoConnect: false,
      WebSocketPolyfill: class extends WebSocket {
        constructor(address: string | URL) {
          super(address, { headers: { cookie } })
        }
      },
    })
    this.ledger = new UnsentLedger(o.storage, `tidebook.unsent|${o.person}`, o.window)
    const channel = (name: string, isEdited: boolean): DocumentChannel =>
      new DocumentChannel({
        name,
        doc: new Y.Doc({ gc: !isEdited }),
        store,
        deviceName: deviceName(o.person, o.workbook, name),
        olderDatabase: `tidebook/${o.person}/${name}`,
        socket: this.#socket,
        hasAwareness: name === o.names.sys,
        ledger: isEdited ? this.ledger : undefined,
        openWindows: () => new Set(),
        onEdit: () => undefined,
        onChange: () => this.#look(),
        onMessage: () => undefined,
        onRefused: (reason) => {
          throw new Error(`Refused: ${reason}`)
        },
      })
    const [book, sys, edits, annotations] = [
      channel(o.names.book, false),
      channel(o.names.sys, false),
      channel(o.names.edits, true),
      channel(o.names.annotations, false),
    ]
    const base = o.names.base.map((name) => channel(name, false))
    this.#channels = [book, sys, edits, annotations, ...base]
    this.docs = { book: book.doc, sys: sys.doc, edits: edits.doc, annotations: annotations.doc, base: base.map((b) => b.doc) }
    this.sheet = new Sheet(o.sheet as SheetId, this.docs)
  }

  static async open(o: DayOptions): Promise<DayWindow> {
    const window = new DayWindow(o, await openDeviceStore(o.window))
    await Promise.all(window.#channels.map((channel) => channel.start()))
    return window
  }

  connect(): void {
    void this.#socket.connect()
  }

  /** Everything was exchanged, and everything written here is on the server's disk and on this device. */
  settled(): Promise<void> {
    return this.#until(() => this.#channels.every((c) => c.isSynced && c.isOnDevice) && this.ledger.total() === 0)
  }

  onDevice(): Promise<void> {
    return this.#until(() => this.#channels.every((channel) => channel.isOnDevice))
  }

  /** Ends as a closed tab does. */
  close(): void {
    for (const channel of this.#channels) channel.stop({ keeps: true })
    this.#socket.destroy()
    this.#store.close()
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}

const shows = (doc: Y.Doc, holds: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!holds()) return
      doc.off('update', look)
      resolve()
    }
    doc.on('update', look)
    look()
  })

test('[OF16] two people offline for a day, 1,000 edits each and 50 on the same cells, merge without losing a value', async () => {
  await using folder = await tempFolder()
  const { workbook, sheet } = await makeBigSheet(folder.path, 1_200, 6)
  await using server = await startShell(folder.path, { buildApp })
  const bearer = server.bearerToken
  const { call } = apiClient(server.origin, bearer)
  const info = await call('getWorkbook', { params: { id: workbook } })
  const names = info.sheets.find((s) => s.id === sheet)?.documents
  if (names === undefined) throw new Error('The sheet has no documents.')

  const enter = async (name: string) => {
    const made = await fetch(`${server.origin}/api/session/one-time`, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } })
    const { url } = (await made.json()) as { url: string }
    const entered = await fetch(url, { redirect: 'manual' })
    const cookie = entered.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const session = (await (await fetch(`${server.origin}/api/session`, { headers: { cookie } })).json()) as { person: { id: string } }
    const storage = new MemoryStorage()
    let windows = 0
    const open = (): Promise<DayWindow> =>
      DayWindow.open({
        person: session.person.id,
        window: `${name}${windows++}`,
        cookie,
        url: server.origin.replace('http', 'ws'),
        workbook,
        sheet,
        names: { ...info.documents, ...names },
        storage,
      })
    return { by: session.person.id, open, window: await open(), typed: new Map<string, CellValue>() }
  }
  const people = [await enter('ann'), await enter('ben')]
  for (const { window } of people) {
    window.connect()
    await window.settled()
  }

  // The day: every edit on its own; one of them closes the tab and opens it again at noon, the other has it open all day.
  const random = makeRandom(16)
  for (const [who, person] of people.entries()) {
    person.window.close()
    person.window = await person.open()
    const rows = person.window.sheet.rows()
    const fields = person.window.sheet.fields().filter((field) => field.type === 'text' || field.type === 'number')
    expect([rows.length, fields.length > 1]).toEqual([1_200, true])
    const places = (field: FieldId, from: number, to: number) => rows.slice(from, to).map((row): [RowId, FieldId] => [row, field])
    const [first, second] = [fields[0]?.id, fields[1]?.id]
    if (first === undefined || second === undefined) throw new Error('The sheet has too few fields.')
    const own = who === 0 ? places(first, SHARED, EDITS) : places(second, 0, EDITS - SHARED)
    const all = [...places(first, 0, SHARED), ...own]
    for (const [i, [row, field]] of all.entries()) {
      if (i === EDITS / 2 && who === 0) {
        await person.window.onDevice()
        person.window.close()
        person.window = await person.open()
        expect(person.window.ledger.total()).toBe(EDITS / 2)
      }
      const isNumber = person.window.sheet.field(field)?.type === 'number'
      const value = isNumber ? Math.floor(random() * 1e6) + who * 1e6 : `${who === 0 ? 'Ann' : 'Ben'} ${i}`
      editCells(person.window.sheet, [{ row, field, value }], { by: person.by, now: () => 1_790_000_100_000 + i })
      person.typed.set(cellKey(row, field), value)
    }
    await person.window.onDevice()
    expect(person.window.ledger.total()).toBe(EDITS)
  }

  for (const { window } of people) window.connect()
  await Promise.all(people.map(({ window }) => window.settled()))
  const [ann, ben] = people
  if (ann === undefined || ben === undefined) throw new Error('Two people are needed.')
  for (const { window } of people) await shows(window.docs.annotations, () => annotationsMap(window.docs.annotations).size === SHARED)
  const vector = (doc: Y.Doc): string => Buffer.from(Y.encodeStateVector(doc)).toString('hex')
  await shows(ann.window.docs.edits, () => vector(ann.window.docs.edits) === vector(ben.window.docs.edits))
  await shows(ben.window.docs.edits, () => vector(ann.window.docs.edits) === vector(ben.window.docs.edits))

  for (const { window } of people) {
    const both: string[] = []
    for (const { typed, by } of people) {
      for (const [key, value] of typed) {
        const [row, field] = key.split(':') as [RowId, FieldId]
        const cell = window.sheet.cell(row, field)
        const offered = cell.marks.concurrent?.lines.some((line) => line.by === by && line.value === value)
        // Each value is shown, or offered beside the one that is.
        if (cell.value !== value && offered !== true) both.push(`${key}: ${String(value)} is lost`)
      }
    }
    expect(both).toEqual([])
  }
  expect(stateOf(ann.window.docs.annotations).byteLength).toBe(stateOf(ben.window.docs.annotations).byteLength)
  for (const { window } of people) window.close()
})
