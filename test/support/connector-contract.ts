import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type {
  AppRecord,
  Connector,
  ExternalField,
  FieldChange,
  ObjectDescription,
  PlanCalls,
  PushOutcome,
  RecordDelta,
} from '../../sync-engine/connectors/connector.ts'
import type { CallReport } from '../../sync-engine/connectors/http-client.ts'
import type { CellValue } from '../../workbook/cell-value.ts'

/** A fault of the stand-ins' dial. */
export interface DialFault {
  readonly kind: string
  readonly next?: number
  readonly probability?: number
  readonly match?: { readonly method?: string; readonly path?: string; readonly field?: string; readonly writes?: boolean }
  readonly delayMs?: number
  readonly retryAfterS?: number
  readonly refuse?: { readonly field: string; readonly message: string }
}

/** One request as the stand-in itself saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly status: number | null
  readonly body?: unknown
  readonly fault?: string
  readonly saved: boolean
}

/** What one write of the stand-in's log asked for. */
export interface SeenWrite {
  readonly recordId: string
  readonly fields: readonly string[]
}

/** A connector against its stand-in, and the other side's hands: what a person or an administrator does in the app. */
export interface ConnectorWorld {
  readonly connector: Connector
  /** The same app, asked with a credential it does not know. */
  readonly stranger: Connector
  readonly planCalls: PlanCalls
  /** Every attempt the clients reported, newest last. */
  readonly calls: readonly CallReport[]
  /** Ids of seeded records, in no order: forty at least, and more than a page of a list. */
  readonly ids: readonly string[]
  /** A writable field of each kind. */
  readonly fields: { readonly text: string; readonly number: string; readonly select: string; readonly date: string }
  /** Two options of the select field that a push may choose in any order. */
  readonly options: readonly [string, string]
  /** An id no record ever had. */
  readonly unknownId: string
  /** Further ids no record ever had, where they are not `unknownId` with a number behind it. */
  readonly unknownIdAt?: (index: number) => string
  /** The filter that takes in every seeded record, and one the app does not understand. */
  readonly filters: { readonly all: string; readonly bad: string; readonly badWords: RegExp }
  /** Values of fields to push, for the law of `normalise`. */
  readonly samples: readonly { readonly field: string; readonly values: fc.Arbitrary<CellValue> }[]
  /** Why the stand-in cannot hold a create's marker, where it cannot. */
  readonly noMarker?: string
  /** Whether a create is looked for where nothing lags. */
  readonly findsCreatedAtOnce?: boolean
  /** `true`: the app's limit says nothing of when calls are welcome again, so the run ends instead of waiting. */
  readonly throttlingEndsRun?: boolean
  /** A create that the app takes. */
  readonly newRecord: readonly FieldChange[]
  /** One of several such, where the app wants them to differ. */
  readonly newRecordAt?: (index: number) => readonly FieldChange[]
  /** How many calls more a batch costs where the app refuses some of its records for values of their own. */
  readonly callsForRefused: number
  /** Whether the app's API takes a record without what its own screens require. */
  readonly takesIncomplete?: boolean
  /** Most records with values of their own that one update call takes. (Default: the description's `batchUpdate`) */
  readonly distinctBatch?: number
  foreignEdit(recordId: string, field: string, value: CellValue): Promise<void>
  deleteRecord(recordId: string): Promise<void>
  /** Gives a record another key, as the app does (a move); the new key. `undefined`: keys never change there. */
  changeKey(recordId: string): Promise<string | undefined>
  setFaults(faults: readonly DialFault[]): Promise<void>
  requests(): Promise<readonly SeenRequest[]>
  /** What a request would have written, `undefined` for reads. */
  writeOf(request: SeenRequest): SeenWrite | readonly SeenWrite[] | undefined
  /** Changes the JSON of answers to paths that hold `part` until it is called without one. */
  tamper(part?: string, change?: (json: unknown) => unknown): void
  /** What of the calls so far the app's published contract does not allow; a reason where no contract is at hand. */
  contractFaults():
    | { readonly kind: 'faults'; readonly faults: readonly string[] }
    | { readonly kind: 'no-contract'; readonly reason: string }
  /** How long the stand-in's search lags behind a write; at most what the description reckons with. */
  readonly searchLagMs: number
  /** Moves the app's clock, for the index delay and for stamps. */
  advance(ms: number): void
  stop(): Promise<void>
}

const signal = new AbortController().signal
const byId = (records: readonly AppRecord[]) => new Map(records.map((record) => [record.id, record]))

/** The suite every connector passes (rules K…). Each test leaves the stand-in without faults. */
export function connectorContract(name: string, makeWorld: () => Promise<ConnectorWorld>): void {
  describe(`connector contract: ${name}`, () => {
    let world: ConnectorWorld
    let description: ObjectDescription
    let used = 0
    let made = 0

    beforeAll(async () => {
      world = await makeWorld()
      description = await world.connector.describe(signal)
    })
    afterEach(async () => {
      world.tamper()
      await world.setFaults([])
    })
    afterAll(() => world.stop())

    /** A record no other test uses. */
    const takeId = (): string => {
      const id = world.ids[used++]
      if (id === undefined) throw new Error('The world has too few records for this suite.')
      return id
    }
    const readOne = async (id: string, ...fields: string[]): Promise<AppRecord> => {
      const record = byId((await world.connector.read([id], fields, signal)).records).get(id)
      if (record === undefined) throw new Error(`No record ${id}.`)
      return record
    }
    const delta = (recordId: string, changes: Record<string, CellValue>): RecordDelta => ({
      recordId,
      recordKey: recordId,
      changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
    })
    const push = async (...deltas: RecordDelta[]): Promise<readonly PushOutcome[]> => {
      const outcomes: PushOutcome[] = []
      for (const call of world.planCalls(deltas, description)) outcomes.push(...(await world.connector.update(call, signal)))
      return outcomes
    }
    const createOne = async (changes: readonly FieldChange[], marker: string): Promise<PushOutcome> => {
      const [outcome] = await world.connector.createMany([{ changes, marker }], signal)
      if (outcome === undefined) throw new Error('A create without an outcome.')
      return outcome
    }
    /** The stand-in's own log of what happens meanwhile. */
    const watch = async <T>(act: () => Promise<T>): Promise<{ result: T; requests: readonly SeenRequest[] }> => {
      const before = (await world.requests()).length
      const result = await act()
      return { result, requests: (await world.requests()).slice(before) }
    }
    const writesOf = (requests: readonly SeenRequest[]) => requests.flatMap((request) => world.writeOf(request) ?? [])

    it('[K5] a description says of each field what it is and whether it can be written', () => {
      const fields = new Map(description.fields.map((field) => [field.id, field]))
      expect(fields.size).toBe(description.fields.length)
      const { text, number, select, date } = world.fields
      expect([text, number, select, date].map((id) => fields.get(id)?.writable)).toEqual([true, true, true, true])
      expect([number, select, date].map((id) => fields.get(id)?.type)).toEqual(['number', 'single-select', 'date'])
      expect(fields.get(description.keyField)?.writable).toMatchObject({ reason: expect.any(String) })
      expect(fields.has(description.nameField)).toBe(true)
      for (const option of world.options) expect(fields.get(select)?.options?.map(({ name: offered }) => offered)).toContain(option)
      for (const field of description.fields) if (field.writable !== true) expect(field.writable.reason).toMatch(/\.$/u)
    })

    it('[K6] a push sends exactly the changed fields, and nothing of an unchanged record', async () => {
      const { text, number, date, select } = world.fields
      const [first, second, untouched] = [takeId(), takeId(), takeId()]
      const before = await readOne(untouched, text, number, date, select)
      await world.foreignEdit(first, select, world.options[0])
      const { requests, result } = await watch(() =>
        push(delta(first, { [text]: 'Exactly this', [number]: 7 }), delta(second, { [date]: '2026-05-04' }), delta(untouched, {})),
      )
      expect(result.every(({ kind }) => kind === 'saved')).toBe(true)
      const writes = writesOf(requests)
      expect(writes.flatMap(({ fields }) => fields).sort()).toEqual([date, number, text].sort())
      expect(new Set(writes.map(({ recordId }) => recordId))).toEqual(new Set([first, second]))
      expect((await readOne(first, text, number)).values).toEqual({ [text]: 'Exactly this', [number]: 7 })
      expect((await readOne(second, date)).values).toEqual({ [date]: '2026-05-04' })
      expect(await readOne(untouched, text, number, date, select)).toEqual(before)
    })

    it('[K6] a select that is not a plain field is written as well, with one call more', async () => {
      const id = takeId()
      const { select, number } = world.fields
      await world.foreignEdit(id, select, world.options[0])
      const { result, requests } = await watch(() => push(delta(id, { [select]: world.options[1], [number]: 3 })))
      expect(result.every(({ kind }) => kind === 'saved')).toBe(true)
      expect(
        writesOf(requests)
          .flatMap(({ fields }) => fields)
          .sort(),
      ).toEqual([number, select].sort())
      expect((await readOne(id, select, number)).values).toEqual({ [select]: world.options[1], [number]: 3 })
    })

    it('[K7] what an update answers is what a read finds', async () => {
      const id = takeId()
      const { text } = world.fields
      const [outcome] = await push(delta(id, { [text]: 'Answered' }))
      expect(outcome?.kind).toBe('saved')
      const read = await readOne(id, text)
      // Who changed it need not be in the answer: it was this very account.
      if (outcome?.kind === 'saved' && outcome.record) expect({ updatedBy: read.updatedBy, ...outcome.record }).toEqual(read)
      expect(description.updateAnswersRecord).toBe(outcome?.kind === 'saved' && outcome.record !== undefined)
    })

    it('[K7] a cleared value is empty in the app', async () => {
      const id = takeId()
      const { date, number } = world.fields
      await push(delta(id, { [date]: '2026-05-04', [number]: 1 }))
      await push(delta(id, { [date]: null, [number]: null }))
      expect((await readOne(id, date, number)).values).toEqual({ [date]: null, [number]: null })
    })

    it('[K8] reads go out in the largest batches, ask for the fields wanted, and name what was not answered', async () => {
      const { text, number } = world.fields
      const missing = Array.from({ length: description.readBatch * 2 }, (_, index) =>
        world.unknownIdAt ? world.unknownIdAt(index) : `${world.unknownId}${index}`,
      )
      const asked = [...world.ids, ...missing]
      const { result, requests } = await watch(() => world.connector.read([...asked, ...world.ids], [text, number], signal))
      expect(requests).toHaveLength(Math.ceil(asked.length / description.readBatch))
      expect(new Set(result.records.map(({ id }) => id))).toEqual(new Set(world.ids))
      expect(new Set(result.absent)).toEqual(new Set(missing))
      for (const record of result.records) expect(Object.keys(record.values).sort()).toEqual([number, text].sort())
      expect((await watch(() => world.connector.read([], [text], signal))).requests).toEqual([])
    })

    it('[K9] a refusal is told for its field in the words of the app, and the other records are saved', async () => {
      const { text, number, select } = world.fields
      const [first, bad, last] = [takeId(), takeId(), takeId()]
      const before = await readOne(bad, text, select)
      await world.setFaults([
        { kind: 'partial', next: 1, match: { path: bad, writes: true }, refuse: { field: text, message: 'Not this text.' } },
      ])
      const outcomes = await push(
        delta(first, { [number]: 11 }),
        delta(bad, { [text]: 'Refused', [number]: 11 }),
        delta(last, { [number]: 11 }),
      )
      expect(outcomes.map(({ kind, recordId }) => [kind, recordId])).toEqual([
        ['saved', first],
        ['refused', bad],
        ['saved', last],
      ])
      expect(outcomes[1]).toMatchObject({ refusals: [{ field: text, reason: 'Not this text.' }] })
      expect(await readOne(bad, text, select)).toEqual(before)
      expect((await readOne(last, number)).values[number]).toBe(11)
    })

    it('[K10] a throttled call is waited out and then sent, once in all', async () => {
      const id = takeId()
      const { number } = world.fields
      await world.setFaults([{ kind: '429', next: 2, retryAfterS: 2, match: { path: id } }])
      if (world.throttlingEndsRun) {
        await expect(push(delta(id, { [number]: 21 }))).rejects.toMatchObject({ code: 'rate-limited' })
        await expect(readOne(id, number)).rejects.toMatchObject({ code: 'rate-limited' })
        await world.setFaults([])
        expect((await push(delta(id, { [number]: 21 }))).map(({ kind }) => kind)).toEqual(['saved'])
        expect((await readOne(id, number)).values[number]).toBe(21)
        return
      }
      const reported = world.calls.length
      const { result, requests } = await watch(() => push(delta(id, { [number]: 21 })))
      expect(result.map(({ kind }) => kind)).toEqual(['saved'])
      expect(requests.filter(({ saved }) => saved)).toHaveLength(1)
      expect(world.calls.slice(reported).filter(({ waitMs = 0 }) => waitMs >= 2000)).toHaveLength(2)
      await world.setFaults([{ kind: '429', next: 1, retryAfterS: 1 }])
      expect((await readOne(id, number)).values[number]).toBe(21)
    })

    const lost = [
      ['before it was saved', 'drop', false],
      ['after it was saved', 'drop-after', true],
      ['before it was saved, with an error', '500', false],
      ['after it was saved, with an error', '500-after', true],
      ['before it was saved, in time', 'timeout-before', false],
      ['after it was saved, in time', 'timeout-after', true],
    ] as const
    it.each(lost)('[K11] an answer lost %s is unknown, and the write is not repeated', async (_, kind, isSaved) => {
      const id = takeId()
      const { number } = world.fields
      await push(delta(id, { [number]: 1 }))
      await world.setFaults([{ kind, next: 1, match: { path: id, writes: true } }])
      const { result, requests } = await watch(() => push(delta(id, { [number]: 2 })))
      expect(result).toMatchObject([{ kind: 'outcome-unknown', recordId: id, reason: expect.stringMatching(/\S/u) }])
      expect(requests.filter((request) => world.writeOf(request))).toHaveLength(1)
      await world.setFaults([])
      expect((await readOne(id, number)).values[number]).toBe(isSaved ? 2 : 1)
    })

    it('[K12] a record whose key changed is still read by its id, and found by its old key', async () => {
      const id = takeId()
      const { key: oldKey } = await readOne(id, world.fields.text)
      const newKey = await world.changeKey(id)
      if (newKey === undefined) return
      expect((await readOne(id, description.keyField)).values[description.keyField]).toBe(newKey)
      expect((await readOne(id, world.fields.text)).key).toBe(newKey)
      for (const key of [oldKey, newKey]) expect(await world.connector.findByKeys([key], signal)).toMatchObject([{ id, key: newKey }])
      expect((await push(delta(id, { [world.fields.number]: 5 }))).map(({ kind }) => kind)).toEqual(['saved'])
    })

    it('[K12] keys are read directly, many at once, unknown ones left out', async () => {
      const ids = [takeId(), takeId()]
      const keys = (await world.connector.read(ids, [], signal)).records.map(({ key }) => key)
      const { result, requests } = await watch(() => world.connector.findByKeys([...keys, ` ${keys[0]} `, 'nonsense', ''], signal))
      expect(new Set(result.map(({ id }) => id))).toEqual(new Set(ids))
      expect(requests).toHaveLength(1)
      expect((await watch(() => world.connector.findByKeys([], signal))).requests).toEqual([])
    })

    it('[K13] a deleted record is absent, proven gone, and refused as gone; others are not', async () => {
      const [id, alive] = [takeId(), takeId()]
      await world.deleteRecord(id)
      expect((await world.connector.read([id, alive], [world.fields.text], signal)).absent).toEqual([id])
      expect(await world.connector.proveGone([id, alive], signal)).toEqual([id])
      expect(await push(delta(id, { [world.fields.number]: 1 }))).toEqual([{ kind: 'gone', recordId: id }])
      expect(await world.connector.proveGone([], signal)).toEqual([])
    })

    it('[K13] nothing is gone while the app fails or knows the credential no more', async () => {
      const id = takeId()
      await expect(world.stranger.proveGone([id], signal)).rejects.toMatchObject({ code: 'auth-expired' })
      await expect(world.stranger.read([id], [world.fields.text], signal)).rejects.toMatchObject({ code: 'auth-expired' })
      const [call] = world.planCalls([delta(id, { [world.fields.number]: 1 })], description)
      if (call) await expect(world.stranger.update(call, signal)).rejects.toMatchObject({ code: 'auth-expired' })
      await world.setFaults([{ kind: '500', match: { path: id } }])
      await expect(world.connector.proveGone([id], signal)).rejects.toMatchObject({ code: 'app-unavailable' })
      await world.setFaults([{ kind: '403', match: { path: id } }])
      expect(await world.connector.proveGone([id], signal)).toEqual([])
    })

    it('[K14] the pages of a list hold every record once, with the asked fields only', async () => {
      const seen: string[] = []
      let cursor: string | null = null
      let pages = 0
      for (; pages < 100; pages++) {
        const answer = await world.connector.list(world.filters.all, [world.fields.text], cursor, signal)
        seen.push(...answer.records.map(({ id }) => id))
        for (const record of answer.records) expect(Object.keys(record.values)).toEqual([world.fields.text])
        cursor = answer.next
        if (cursor === null) break
      }
      expect(cursor).toBeNull()
      expect(pages, 'the world must hold more than a page').toBeGreaterThan(0)
      expect(new Set(seen).size).toBe(seen.length)
      for (const id of (await world.connector.read(world.ids, [], signal)).records.map((record) => record.id)) expect(seen).toContain(id)
    })

    it('[K15] a filter the app does not understand is told in its words', async () => {
      const failing = world.connector.list(world.filters.bad, [world.fields.text], null, signal)
      await expect(failing).rejects.toMatchObject({ code: 'bad-request', message: expect.stringMatching(world.filters.badWords) })
    })

    it('[K16] changed-since misses nothing, though its search lags behind', async () => {
      const { connector } = world
      const { text, number } = world.fields
      const start = await connector.changedSince(null, world.filters.all, [number], signal)
      expect(start.records).toEqual([])
      let cursor = start.next
      const found = new Map<string, CellValue>()
      const ask = async (): Promise<void> => {
        const answer = await connector.changedSince(cursor, world.filters.all, [number], signal)
        for (const record of answer.records) found.set(record.id, record.values[number] ?? null)
        cursor = answer.next
      }
      const ids = [takeId(), takeId(), takeId(), takeId()]
      for (const [index, id] of ids.entries()) {
        await world.foreignEdit(id, number, 100 + index)
        // Asked while the search still shows what was before, then again after whole and broken minutes.
        world.advance(world.searchLagMs * 0.6)
        await ask()
        world.advance([60_000, 120_000, 59_000, 240_500][index] ?? 0)
        await ask()
        expect(found.get(id), `edit ${index}`).toBe(100 + index)
      }
      const last = { next: cursor }
      world.advance(3_600_000)
      const later = await connector.changedSince(last.next, world.filters.all, [text], signal)
      world.advance(3_600_000)
      expect((await connector.changedSince(later.next, world.filters.all, [text], signal)).records).toEqual([])
      await expect(connector.changedSince('nonsense', world.filters.all, [text], signal)).rejects.toMatchObject({ code: 'bad-request' })
    })

    it('[K17] what comes back after a push is the form the value was known to take', async () => {
      const id = takeId()
      const wrong: unknown[] = []
      for (const { field, values } of world.samples) {
        for (const value of fc.sample(values, { seed: 11, numRuns: 12 })) {
          const outcomes = await push(delta(id, { [field]: value }))
          expect(outcomes, `${field} = ${JSON.stringify(value)}`).toMatchObject([{ kind: 'saved' }])
          const got = (await readOne(id, field)).values[field]
          const known = world.connector.normalise(field, value)
          if (got !== known) wrong.push({ field, value, known, got })
          expect(world.connector.normalise(field, known)).toBe(known)
        }
      }
      expect(wrong).toEqual([])
    })

    it('[K18] an answer in another form stops the run and names what does not fit', async () => {
      const id = takeId()
      const { number } = world.fields
      const bent = (change: (value: unknown) => unknown) => (json: unknown) => mapKey(json, number, change)
      world.tamper(
        '',
        bent(() => ({ surprise: true })),
      )
      await expect(world.connector.read([id], [number], signal)).rejects.toMatchObject({
        code: 'bad-answer',
        message: expect.stringContaining(number),
      })
      world.tamper('', () => 'a page of HTML')
      await expect(world.connector.read([id], [number], signal)).rejects.toMatchObject({ code: 'bad-answer' })
      await expect(world.connector.list(world.filters.all, [number], null, signal)).rejects.toMatchObject({ code: 'bad-answer' })
      await expect(world.connector.describe(signal)).rejects.toMatchObject({ code: 'bad-answer' })
      // Another record is no answer for the one that was asked for.
      const other = takeId()
      world.tamper('', (json) => JSON.parse(JSON.stringify(json).replaceAll(id, other)))
      const answer = await world.connector.read([id], [number], signal).catch((error: { code?: string }) => error.code)
      expect([{ records: [], absent: [id] }, 'bad-answer']).toContainEqual(answer)
      // A record that comes without any of its values is not one that is empty.
      world.tamper('', withoutValues)
      await expect(world.connector.read([id], [number], signal)).rejects.toMatchObject({ code: 'bad-answer' })
      await expect(world.connector.list(world.filters.all, [number], null, signal)).rejects.toMatchObject({ code: 'bad-answer' })
      world.tamper('', () => 'a page of HTML')
      expect((await push(delta(id, { [number]: 9 }))).map(({ kind }) => kind)).toEqual(['outcome-unknown'])
      world.tamper()
      expect((await readOne(id, number)).values[number]).toBe(9)
    })

    it('[K19] a search by name finds what the index knows, a read by key what is there now', async () => {
      const id = takeId()
      const { text } = world.fields
      await push(delta(id, { [description.nameField]: 'Quokka lantern parade' }))
      expect(await world.connector.searchByName('quokka', 10, signal)).toEqual([])
      const { key } = await readOne(id, text)
      expect(await world.connector.findByKeys([key], signal)).toEqual([{ id, key, name: 'Quokka lantern parade' }])
      world.advance(description.indexDelayMs)
      for (const part of ['Quokka lantern parade', 'lantern quok', 'parad']) {
        expect(await world.connector.searchByName(part, 10, signal)).toEqual([{ id, key, name: 'Quokka lantern parade' }])
      }
      expect(await world.connector.searchByName('no such quokka anywhere', 10, signal)).toEqual([])
      expect((await watch(() => world.connector.searchByName(' "?* ', 10, signal))).requests).toEqual([])
    })

    it('[K20] creates whose answer was lost are found by their markers once the index knows them, never before, all by one look', async ({
      skip,
    }) => {
      if (world.noMarker !== undefined) return skip(world.noMarker)
      await world.setFaults([{ kind: 'drop-after', next: 1, match: { writes: true } }])
      const markers = ['marker-of-one', 'marker-of-two', 'marker-of-three']
      const records = markers.map((marker, index) => ({ changes: world.newRecordAt?.(30_000 + index) ?? world.newRecord, marker }))
      const { result, requests } = await watch(() => world.connector.createMany(records, signal))
      expect(result.map(({ kind }) => kind)).toEqual(markers.map(() => 'outcome-unknown'))
      expect(requests.filter(({ saved }) => saved)).toHaveLength(1)
      await world.setFaults([])
      if (!world.findsCreatedAtOnce) expect(await world.connector.findCreated(markers, signal)).toEqual(new Map())
      world.advance(description.indexDelayMs)
      const nothing = await watch(() => world.connector.findCreated(['another-marker'], signal))
      expect(nothing.result).toEqual(new Map())
      const look = await watch(() => world.connector.findCreated([...markers, 'another-marker'], signal))
      expect([...look.result.keys()].sort()).toEqual([...markers].sort())
      expect(look.requests.length).toBe(nothing.requests.length)
      expect((await watch(() => world.connector.findCreated([], signal))).requests).toEqual([])
      for (const { changes, marker } of records) {
        const fields = changes.map(({ field }) => field)
        expect((await readOne(look.result.get(marker)?.id ?? '', ...fields)).values).toEqual(
          Object.fromEntries(changes.map(({ field, value }) => [field, value])),
        )
      }
    })

    it('[K20] a create that is answered tells the new id', async () => {
      const outcome = await createOne(world.newRecord, 'marker-of-another')
      expect(outcome).toMatchObject({ kind: 'saved' })
      expect((await world.connector.read([outcome.recordId], [], signal)).records).toMatchObject([{ id: outcome.recordId }])
    })

    const newRecords = (count: number) =>
      Array.from({ length: count }, () => {
        made++
        return { changes: world.newRecordAt?.(made) ?? world.newRecord, marker: `many-${made}` }
      })
    /** As a run creates them: as many a call as the app takes. */
    const create = async (count: number): Promise<readonly string[]> => {
      const records = newRecords(count)
      const outcomes: PushOutcome[] = []
      const { createBatch = 1 } = description
      for (let start = 0; start < count; start += createBatch)
        outcomes.push(...(await world.connector.createMany(records.slice(start, start + createBatch), signal)))
      expect(outcomes.map(({ kind }) => kind)).toEqual(records.map(() => 'saved'))
      return outcomes.map(({ recordId }) => recordId)
    }

    it('[K23] many records are created in as few calls as the app has, and each is told by itself', async () => {
      const { createBatch = 1 } = description
      const { result: ids, requests } = await watch(() => create(createBatch))
      expect(requests.map(({ saved }) => saved)).toEqual([true])
      expect(new Set(ids).size).toBe(createBatch)
      const { records } = await world.connector.read(ids, [], signal)
      expect(new Set(records.map(({ id }) => id))).toEqual(new Set(ids))
      expect(await world.connector.createMany([], signal)).toEqual([])
    })

    it('[K23] an answer to many creates that was lost leaves each of them unknown, and none is sent again', async () => {
      await world.setFaults([{ kind: 'drop-after', next: 1, match: { writes: true } }])
      const { result, requests } = await watch(() => world.connector.createMany(newRecords(3), signal))
      expect(result.map(({ kind }) => kind)).toEqual(['outcome-unknown', 'outcome-unknown', 'outcome-unknown'])
      expect(requests.filter(({ saved }) => saved)).toHaveLength(1)
    })

    /** Every fourth of a batch holds a day that is none, each another. */
    const isBad = (index: number): boolean => index % 4 === 1
    const notADay = (index: number): FieldChange => ({ field: world.fields.date, value: `soon ${index}` })

    it('[K27] refused records of a batch cost no call where the app tells each apart, and one more where it refuses them all', async () => {
      const records = newRecords(40).map((one, index) => (isBad(index) ? { ...one, changes: [...one.changes, notADay(index)] } : one))
      const wanted = records.map((_, index) => (isBad(index) ? 'refused' : 'saved'))
      const made = await watch(() => world.connector.createMany(records, signal))
      expect(made.result.map(({ kind }) => kind)).toEqual(wanted)
      expect(made.requests).toHaveLength(1 + world.callsForRefused)
      for (const [index, outcome] of made.result.entries())
        if (isBad(index)) expect(outcome).toMatchObject({ refusals: [{ field: world.fields.date, reason: expect.stringMatching(/\S/u) }] })

      const ids = await create(40)
      const deltas = ids.map((id, index) => {
        const { field, value } = notADay(index)
        return delta(id, isBad(index) ? { [field]: value } : { [world.fields.number]: index })
      })
      const planned = world.planCalls(deltas, description).length
      const pushed = await watch(() => push(...deltas))
      expect(new Map(pushed.result.map(({ recordId, kind }) => [recordId, kind]))).toEqual(
        new Map(ids.map((id, index) => [id, wanted[index]])),
      )
      expect(pushed.requests).toHaveLength(planned + world.callsForRefused)
    })

    it('[K24] N changed and M read records cost what the app’s batches allow at least, by the stand-in’s own count', async () => {
      const { number } = world.fields
      const { batchUpdate = 1, readBatch } = description
      const distinct = world.distinctBatch ?? batchUpdate
      const ids = await create(Math.max(distinct + 1, 23))
      const least = Math.ceil(ids.length / distinct)
      const values = new Map(ids.map((id, index) => [id, 1000 + index]))
      const different = await watch(() => push(...ids.map((id) => delta(id, { [number]: values.get(id) ?? null }))))
      expect(new Set(different.result.map(({ kind }) => kind))).toEqual(new Set(['saved']))
      expect(different.requests).toHaveLength(least)
      const read = await watch(() => world.connector.read(ids, [number], signal))
      expect(read.requests).toHaveLength(Math.ceil(ids.length / readBatch))
      for (const record of read.result.records) expect(record.values[number]).toBe(values.get(record.id))
      // The same value for all is never dearer, polls and verifying reads included.
      const equal = await watch(() => push(...ids.map((id) => delta(id, { [number]: 7 }))))
      expect(new Set(equal.result.map(({ kind }) => kind))).toEqual(new Set(['saved']))
      const isVerified = equal.result.every((outcome) => outcome.kind === 'saved' && outcome.record !== undefined)
      const verifying = isVerified || !description.updateAnswersRecord ? 0 : Math.ceil(ids.length / readBatch)
      expect(equal.requests.length + verifying).toBeLessThanOrEqual(least)
      for (const record of (await world.connector.read(ids, [number], signal)).records) expect(record.values[number]).toBe(7)
    })

    it('[K25] a deleted record is gone, and deleting it again says so', async ({ skip }) => {
      const { connector } = world
      if (connector.delete === undefined) return skip('nothing is deleted there')
      const outcome = await createOne(world.newRecordAt?.(20_000) ?? world.newRecord, 'to-be-deleted')
      expect(await connector.delete(outcome.recordId, signal)).toEqual({ kind: 'saved', recordId: outcome.recordId })
      expect(await connector.proveGone([outcome.recordId], signal)).toEqual([outcome.recordId])
      expect(await connector.delete(outcome.recordId, signal)).toEqual({ kind: 'gone', recordId: outcome.recordId })
    })

    it('[K26] what a create needs is told step by step; with all of it the app takes the record, without one it names that', async () => {
      const { connector } = world
      const chosen = new Map<string, CellValue>()
      let required: readonly ExternalField[] = []
      for (let step = 0; step < 5; step++) {
        const needs = await connector.requiredToCreate?.(Object.fromEntries(chosen), signal)
        required = needs?.required ?? description.fields.filter((field) => field.required && field.writable === true)
        const open = required.filter(({ id }) => !chosen.has(id))
        if (open.length === 0) break
        for (const field of open) chosen.set(field.id, anyValueOf(field))
      }
      const changes = [...chosen].map(([field, value]) => ({ field, value }))
      const outcome = await createOne(changes, 'step-by-step')
      expect(outcome).toMatchObject({ kind: 'saved' })
      const last = required.at(-1)
      if (last === undefined || world.takesIncomplete === true) return
      const without = await createOne(
        changes.filter(({ field }) => field !== last.id),
        'one-missing',
      )
      expect(without).toMatchObject({ kind: 'refused', refusals: [{ field: last.id, reason: expect.stringMatching(/\S/u) }] })
    })

    it.each([1, 10, 50, 200, 1000])('[K28] %i creates cost the app’s least calls, and ask for nothing besides', async (count) => {
      const { requests } = await watch(() => create(count))
      expect(requests).toHaveLength(Math.ceil(count / (description.createBatch ?? 1)))
    })

    it("[K22] every call and answer fits the app's published contract", ({ skip }) => {
      const checked = world.contractFaults()
      if (checked.kind === 'no-contract') return skip(checked.reason)
      expect(checked.faults).toEqual([])
    })

    it('[K21] no call says more than it is for, and none carries a secret', () => {
      expect(world.calls.length).toBeGreaterThan(50)
      const kinds = new Set(world.calls.map(({ kind }) => kind))
      // A lookup before a write is not every app's way.
      kinds.delete('lookup')
      expect([...kinds].sort()).toEqual(['pull', 'refresh', 'search', 'write'])
      for (const call of world.calls) {
        if (call.kind === 'write') expect(call.method).not.toBe('GET')
        expect(JSON.stringify(call)).not.toMatch(/authorization|Basic |Bearer /iu)
      }
    })
  })
}

/** A value that a field takes. */
function anyValueOf({ type, options = [] }: ExternalField): CellValue {
  const [first] = options
  if (type === 'person') return first?.id ?? null
  if (first !== undefined) return first.name
  const values: Partial<Record<ExternalField['type'], CellValue>> = {
    number: 1,
    currency: 1,
    percent: 0.5,
    checkbox: true,
    date: '2026-05-04',
    'date-time': '2026-05-04T10:00:00.000Z',
    email: 'somebody@example.com',
  }
  return values[type] ?? 'Made step by step'
}

/** A JSON value with every value under `key` changed. */
/** The same answer with records that say who they are and nothing else. */
function withoutValues(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutValues)
  if (typeof json !== 'object' || json === null) return json
  if ('attributes' in json && 'Id' in json) return { attributes: json.attributes, Id: json.Id }
  const entries = Object.entries(json).map(([name, value]) => [
    name,
    name === 'fields' || name === 'properties' ? {} : withoutValues(value),
  ])
  return Object.fromEntries(entries)
}

function mapKey(json: unknown, key: string, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(json)) return json.map((item) => mapKey(item, key, change))
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, name === key ? change(value) : mapKey(value, key, change)]))
}
