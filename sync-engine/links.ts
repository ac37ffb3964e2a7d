import type { CellValue } from '../workbook/cell-value.ts'
import type { FieldId, RowId } from '../workbook/ids.ts'
import type { AppRecord } from './connectors/connector.ts'
import { inParts } from './parts.ts'
import type { Settlement, SheetView } from './ports.ts'
import { pull } from './pull.ts'
import type { LandedPush } from './reconcile.ts'
import { appValue, askedFields, distinct, mergeWrites, peopleOf, type Run, type RunEnd, reconciled, SETTLE_RECORDS } from './run-context.ts'

/** Ties rows to records and fills them (V17); entries that stood there already are judged like any other (CELLS 27). */
export async function link(run: Run, links: readonly { row: RowId | null; recordId: string }[]): Promise<RunEnd> {
  const { ports, signal, description } = run
  await ports.transition('pulling')
  let isPartial = false
  for (let start = 0; start < links.length; start += description.readBatch) {
    const batch = links.slice(start, start + description.readBatch)
    const { records } = await ports.connector('pull').read(distinct(batch.map((l) => l.recordId)), askedFields(run), signal)
    isPartial ||= records.length < distinct(batch.map((l) => l.recordId)).length
    await settleLinks(run, batch, records)
  }
  return isPartial ? 'partial' : 'settled'
}

interface WantedLink {
  readonly row: RowId | null
  readonly recordId: string
  readonly request?: string
}

async function settleLinks(run: Run, links: readonly WantedLink[], records: readonly AppRecord[]): Promise<void> {
  const byId = new Map(records.map((r) => [r.id, r]))
  for (const page of inParts(links, SETTLE_RECORDS)) await settlePage(run, page, byId)
}

async function settlePage(run: Run, links: readonly WantedLink[], byId: ReadonlyMap<string, AppRecord>): Promise<void> {
  const { ports } = run
  await ports.settle((view) => {
    const writes: Settlement[] = []
    const newlyLinked: AppRecord[] = []
    let created = 0
    for (const { row: asked, recordId, request } of links) {
      const record = byId.get(recordId)
      if (record === undefined) continue
      const holders = view.rowsOf(recordId)
      // A request made offline may tie a second row to a record (CELLS 28, 29); here, with the sheet before us, the row there is keeps it.
      if (holders.length > 0 && (asked === null || holders.includes(asked) || request === undefined)) {
        writes.push({ restored: holders.filter((row) => view.isDeleted(row)) })
        continue
      }
      const row = asked ?? view.newRowFor(recordId)
      if (asked === null) created++
      writes.push(filledRow(run, view, row, record))
      newlyLinked.push(record)
    }
    return {
      ...mergeWrites(writes),
      answeredLinks: links.flatMap((l) => (l.request === undefined ? [] : [l.request])),
      people: peopleOf(run, newlyLinked),
      credits: { linked: newlyLinked.length },
      counts: { linked: newlyLinked.length, created },
    }
  })
}

/** A row newly tied to a record: the tie and every connected field, whatever the field's direction, in one packed row. */
export function filledRow(
  run: Run,
  view: SheetView,
  row: RowId,
  record: AppRecord,
  pushes: ReadonlyMap<FieldId, LandedPush | undefined> = new Map(),
): Settlement {
  const values = new Map<FieldId, CellValue>()
  const parts: Settlement[] = []
  for (const [field, external] of run.externalOf) {
    const found = external === run.description.keyField ? record.key : appValue(run, record, external)
    values.set(field, found)
    const { cells = [], settled = [] } = reconciled(view, { row, field }, found, pushes.get(field), record)
    parts.push({ cells, settled })
  }
  return {
    ...mergeWrites(parts),
    rows: [{ row, records: { [run.ports.setup.id]: record.id }, values }],
    recordMarks: [{ row, connection: run.ports.setup.id, mark: undefined }],
  }
}

/** Link requests that people wrote, perhaps offline: one search run a read call, then as any link. */
export async function answerLinkRequests(run: Run): Promise<void> {
  const { ports, signal, description } = run
  const requests = await ports.linkRequests()
  if (requests.length === 0) return
  const unlink = requests.filter((r) => r.recordKey === null)
  if (unlink.length > 0) {
    await ports.settle(() => ({
      rows: unlink.map(({ row }) => ({ row, records: { [ports.setup.id]: null }, values: new Map() })),
      answeredLinks: unlink.map((r) => r.key),
    }))
  }
  const keys = distinct(requests.flatMap((r) => (r.recordKey === null ? [] : [r.recordKey])))
  for (let start = 0; start < keys.length; start += description.readBatch) {
    const batch = keys.slice(start, start + description.readBatch)
    const hits = await ports.connector('search').findByKeys(batch, signal)
    const found = new Set(hits.map((hit) => hit.key.toUpperCase()))
    const missing = requests.filter((r) => r.recordKey !== null && batch.includes(r.recordKey) && !found.has(r.recordKey.toUpperCase()))
    await ports.settle((view) => ({ credits: { searched: 1 }, ...unknownKeys(run, view, missing) }))
    const links = requests.flatMap((r) => {
      const found = hits.find((h) => h.key.toUpperCase() === r.recordKey?.toUpperCase())
      return found ? [{ row: r.row, recordId: found.id, request: r.key }] : []
    })
    if (links.length === 0) continue
    const { records } = await ports.connector('pull').read(distinct(links.map((l) => l.recordId)), askedFields(run), signal)
    await settleLinks(run, links, records)
  }
}

/** A key that no record has: said on the row's connection field, once, instead of being searched for (and paid) at every sync. */
function unknownKeys(run: Run, view: SheetView, requests: readonly { key: string; row: RowId; recordKey: string | null }[]): Settlement {
  const keyField = [...run.externalOf].find(([, external]) => external === run.description.keyField)?.[0]
  if (keyField === undefined || requests.length === 0) return {}
  return {
    answeredLinks: requests.map((r) => r.key),
    cells: requests.map(({ row, recordKey }) => {
      const reason = `There is no ${recordKey} in ${run.ports.setup.appName}, or this account may not see it.`
      const refused = view.stamp<'refused'>({ kind: 'refused', value: recordKey, reason })
      return { row, field: keyField, entry: { kind: 'keep' as const }, marks: { refused } }
    }),
  }
}

/** Brings in what the app's own query finds; a record that is here already is not made twice, its deleted row comes back. */
export async function importRecords(run: Run, filter: string): Promise<RunEnd> {
  const { ports, signal } = run
  await ports.transition('pulling')
  let cursor: string | null = null
  let done = 0
  do {
    signal.throwIfAborted()
    ports.goOn()
    const page = await ports.connector('pull').list(filter, askedFields(run), cursor, signal)
    await settleLinks(
      run,
      page.records.map((r) => ({ row: null, recordId: r.id })),
      page.records,
    )
    done += page.records.length
    ports.progress({ step: 'pulling', done, total: done })
    cursor = page.next
  } while (cursor !== null)
  const at = ports.clock.now()
  await ports.settle(() => ({ latestPull: { at, records: done } }))
  return 'settled'
}

/** Fills fields that were added to a connection: a pull of every linked record (V12–V16). */
export async function fill(run: Run): Promise<RunEnd> {
  await pull(run, 'all', [])
  return 'settled'
}
