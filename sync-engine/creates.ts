import type { CellValue } from '../workbook/cell-value.ts'
import type { RowId } from '../workbook/ids.ts'
import type { FieldChange } from './connectors/connector.ts'
import { filledRow } from './links.ts'
import { matchOption } from './options.ts'
import { inWorkbook } from './plan.ts'
import type { CreateChange, CreateIntent, NewRecord, RunCell, Settlement, SheetView } from './ports.ts'
import type { LandedPush } from './reconcile.ts'
import { askedFields, distinct, knownFormOf, mergeWrites, peopleOf, type Run, type RunEnd } from './run-context.ts'
import { SyncError } from './sync-error.ts'
import { toApp } from './value-map.ts'

/** Hits of a search by name that are looked at for one that is there already. */
const DUPLICATE_HITS = 10
/** Longest wait for the app's index before a creation without an answer is left to a later run. ms */
const LONGEST_INDEX_WAIT_MS = 60_000

/** What a row's creation becomes before any call. */
type Verdict =
  | { readonly kind: 'send'; readonly changes: readonly CreateChange[] }
  | { readonly kind: 'hold'; readonly reason: string; readonly field?: string; readonly isSilent?: boolean }

/**
 * Makes records of rows, one after the other, each exactly once: its intent with a marker is on disk before the call; an answer that does
 * not come is looked for by the marker, and where the app's index shows none, the creation stays unknown until a person decides.
 */
export async function createRecords(run: Run, rows: readonly NewRecord[], duplicates: 'look-up' | 'allow'): Promise<RunEnd> {
  const { ports, signal } = run
  await ports.transition('planning')
  const earlier = await ports.createsOfRun()
  const open = await ports.openCreates()
  const todo = rows.filter(({ row }) => !earlier.some((c) => c.row === row && c.state !== 'not-landed'))
  await ports.settle(() => ({ counts: { planned: todo.reduce((sum, r) => sum + r.changes.length, 0) } }))
  const made: CreateIntent[] = []
  let isPartial = false
  try {
    for (const [done, wanted] of todo.entries()) {
      signal.throwIfAborted()
      ports.goOn()
      ports.progress({ step: 'planning', done, total: todo.length })
      const verdict = await judge(run, wanted, duplicates, open)
      if (verdict.kind === 'hold') {
        isPartial = true
        await holdRow(run, wanted, verdict)
        continue
      }
      await ports.transition('pushing')
      const create = await send(run, wanted.row, verdict.changes)
      if (create.state === 'saved') made.push(create)
      else isPartial = true
    }
  } catch (error) {
    await linkCreated(run, made, 'here').catch(() => undefined)
    await balance(run, error)
    throw error
  }
  await linkCreated(run, made, 'here')
  return isPartial ? 'partial' : 'settled'
}

/** Creations that earlier runs left open: found by their marker, they are linked; any run of the connection looks. */
export async function settleOpenCreates(run: Run): Promise<void> {
  const all = await run.ports.openCreates()
  if (all.length === 0) return
  let open: readonly CreateIntent[] = []
  await run.ports.settle((view) => {
    // Somebody tied the row by hand meanwhile: what was unknown is decided by that.
    const isTied = (c: CreateIntent): boolean => c.record === undefined && view.recordOf(c.row) !== undefined && !view.isGone(c.row)
    open = all.filter((c) => !isTied(c))
    return { creates: all.filter(isTied).map((c) => ({ key: c.key, state: 'settled' as const })) }
  })
  const found: CreateIntent[] = []
  for (const create of open) {
    if (create.record !== undefined) found.push(create)
    else {
      const record = await run.ports.connector('read-back').findCreated(create.marker, run.signal)
      if (record !== undefined) found.push({ ...create, state: 'saved', record })
      else if (create.state === 'sent') await noteUnknown(run, create, 'earlier')
    }
  }
  if (found.length > 0) await linkCreated(run, found, 'earlier')
}

async function judge(
  run: Run,
  { row, changes }: NewRecord,
  duplicates: 'look-up' | 'allow',
  open: readonly CreateIntent[],
): Promise<Verdict> {
  const { ports, description } = run
  if (open.some((c) => c.row === row)) {
    return { kind: 'hold', reason: 'An earlier creation of this row got no answer; say first whether its record is there.' }
  }
  const fields = new Map(description.fields.map((f) => [f.id, f]))
  const fieldOf = new Map([...run.externalOf].map(([field, external]) => [external, field]))
  let verdict: Verdict | undefined
  const prepared: CreateChange[] = []
  await ports.settle((view) => {
    verdict = undefined
    prepared.length = 0
    if (view.isDeleted(row)) verdict = { kind: 'hold', reason: 'The row was deleted here.', isSilent: true }
    else if (view.recordOf(row) !== undefined && !view.isGone(row))
      verdict = { kind: 'hold', reason: 'The row is tied to a record already.', isSilent: true }
    for (const { field: external, value } of changes) {
      const described = fields.get(external)
      if (described === undefined) verdict ??= { kind: 'hold', reason: `${ports.setup.appName} has no field ${external}.` }
      else {
        const option = matchOption(inWorkbook(described, run.valueMaps.get(external)), value)
        if (option.kind === 'unknown') {
          const offer = option.nearest === undefined ? '' : ` Did you mean “${option.nearest}”?`
          verdict ??= { kind: 'hold', reason: `“${String(value)}” is not an option in ${ports.setup.appName}.${offer}`, field: external }
        } else prepared.push(changeOf(view, run, row, { external, sent: option.value, field: fieldOf.get(external) }))
      }
    }
    return {}
  })
  if (verdict !== undefined) return verdict
  const name = changes.find((c) => c.field === description.nameField)?.value
  if (duplicates === 'look-up' && typeof name === 'string' && name.trim() !== '') {
    const hits = await ports.connector('search').searchByName(name, DUPLICATE_HITS, run.signal)
    await ports.settle(() => ({ credits: { searched: 1 } }))
    const twin = hits.find((hit) => sameName(hit.name, name))
    if (twin !== undefined) return { kind: 'hold', reason: `${twin.key} has this name already. Link it, or create another all the same.` }
  }
  return { kind: 'send', changes: prepared }
}

function changeOf(
  view: SheetView,
  { ports }: Run,
  row: RowId,
  { external, sent, field }: { external: string; sent: CellValue; field: CreateChange['field'] },
): CreateChange {
  const live = field && view.state(row, field).live
  return { external, sent, author: live?.author ?? ports.actor, ...(field !== undefined && { field }), ...(live && { item: live.item }) }
}

const sameName = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

async function holdRow(
  run: Run,
  { row, changes }: NewRecord,
  { reason, field, isSilent = false }: Extract<Verdict, { kind: 'hold' }>,
): Promise<void> {
  await run.ports.settle((view) => ({
    counts: { skipped: changes.length },
    runCells: createLines(
      run,
      row,
      changes.map((c) => ({ external: c.field, sent: c.value })),
      'held',
      reason,
    ),
    ...(isSilent ? {} : markRow(run, view, row, field, reason)),
  }))
}

async function send(run: Run, row: RowId, changes: readonly CreateChange[]): Promise<CreateIntent> {
  const { ports, signal } = run
  const key = `${ports.runId}:${row}`
  const create: CreateIntent = {
    key,
    run: ports.runId,
    row,
    marker: `tidebook-${ports.runId}-${row}`,
    changes,
    state: 'sent',
    sentAt: ports.clock.now(),
  }
  await ports.recordCreate(create)
  const body: FieldChange[] = changes.map(({ external, sent }) => ({ field: external, value: toApp(run.valueMaps.get(external), sent) }))
  const outcome = await ports
    .connector('write')
    .create(body, create.marker, signal)
    .catch(async (error: unknown) => {
      // Thrown before anything was saved; whatever else went wrong leaves the intent open.
      if (error instanceof SyncError) await ports.settle(() => ({ creates: [{ key, state: 'not-landed' }] }))
      throw error
    })
  if (outcome.kind === 'saved') return noteSaved(run, create, { id: outcome.recordId, key: outcome.record?.key ?? outcome.recordId })
  if (outcome.kind === 'refused') {
    const [refusal] = outcome.refusals
    const reason =
      outcome.refusals
        .map((r) => r.reason)
        .filter((r, i, all) => all.indexOf(r) === i)
        .join(' ') || 'The app did not say why.'
    await ports.settle((view) => ({
      creates: [{ key, state: 'refused' }],
      counts: { refused: changes.length },
      runCells: createLines(run, row, changes, 'refused', reason),
      ...markRow(run, view, row, refusal?.field, reason),
    }))
    return { ...create, state: 'refused' }
  }
  const words = outcome.kind === 'outcome-unknown' ? outcome.reason : 'no answer'
  ports.progress({
    step: 'pushing',
    done: 0,
    total: 0,
    note: `No answer (${words}). Looking for the record before anything is tried again.`,
  })
  const record = await lookFor(run, create)
  return record === undefined ? noteUnknown(run, create, 'here') : noteSaved(run, create, record)
}

/** Looks at once, and again when the app's index must have it. */
async function lookFor({ ports, signal, description }: Run, { marker, sentAt }: CreateIntent): Promise<CreateIntent['record']> {
  const connector = ports.connector('read-back')
  const found = await connector.findCreated(marker, signal)
  const waitMs = sentAt + description.indexDelayMs - ports.clock.now()
  if (found !== undefined || waitMs <= 0) return found
  await ports.clock.sleep(Math.min(waitMs, LONGEST_INDEX_WAIT_MS), signal)
  return connector.findCreated(marker, signal)
}

async function noteSaved({ ports }: Run, create: CreateIntent, record: { id: string; key: string }): Promise<CreateIntent> {
  await ports.settle(() => ({ creates: [{ key: create.key, state: 'saved', record }] }))
  return { ...create, state: 'saved', record }
}

/** `planned`: whether this attempt of the run has counted it already, or an earlier one had. */
async function noteUnknown(run: Run, create: CreateIntent, planned: 'here' | 'earlier'): Promise<CreateIntent> {
  const { ports } = run
  const reason = `Sent to ${ports.setup.appName}, no answer came, and no record was found. Look there: link the record, or say that it is not there.`
  const isOurs = create.run === ports.runId
  await ports.settle((view) => ({
    creates: [{ key: create.key, state: 'unknown' }],
    ...(isOurs && {
      counts: { planned: planned === 'earlier' ? create.changes.length : 0, unknown: create.changes.length },
      runCells: createLines(run, create.row, create.changes, 'unknown', reason),
    }),
    ...markRow(run, view, create.row, undefined, reason),
  }))
  return { ...create, state: 'unknown' }
}

/** Ties the rows to their new records and fills them; what was sent is judged as any push. */
async function linkCreated(run: Run, made: readonly CreateIntent[], planned: 'here' | 'earlier'): Promise<void> {
  const { ports, signal, description } = run
  if (made.length === 0) return
  await ports.transition('pulling')
  for (let start = 0; start < made.length; start += description.readBatch) {
    const batch = made.slice(start, start + description.readBatch)
    const ids = distinct(batch.flatMap((c) => c.record?.id ?? []))
    const { records } = await ports.connector('pull').read(ids, askedFields(run), signal)
    await ports.settle((view) => {
      const parts: Settlement[] = []
      const runCells: RunCell[] = []
      const settled: CreateIntent[] = []
      for (const create of batch) {
        const record = records.find((r) => r.id === create.record?.id)
        if (record === undefined) continue
        const pushes = new Map(create.changes.flatMap((c) => (c.field === undefined ? [] : [[c.field, landedOf(run, c)] as const])))
        parts.push(filledRow(run, view, create.row, record, pushes))
        runCells.push(...createLines(run, create.row, create.changes, 'created', null, record))
        settled.push(create)
      }
      const cells = settled.reduce((sum, c) => sum + c.changes.length, 0)
      return {
        ...mergeWrites(parts),
        creates: settled.map((c) => ({ key: c.key, state: 'settled' as const })),
        people: peopleOf(run, records),
        credits: { pushed: cells, linked: settled.length },
        // What an earlier run sent was planned there; here it is counted where it ends.
        counts: { planned: planned === 'earlier' ? cells : 0, pushed: cells, created: settled.length, linked: settled.length },
        runCells,
      }
    })
  }
}

function landedOf(run: Run, { external, sent, item, author }: CreateChange): LandedPush | undefined {
  return item && { value: sent, item, base: null, author, knownForms: [knownFormOf(run, external, sent)] }
}

function createLines(
  run: Run,
  row: RowId,
  changes: readonly { readonly external: string; readonly sent: CellValue; readonly author?: string }[],
  outcome: RunCell['outcome'],
  note: string | null,
  record?: { readonly id: string; readonly key: string; readonly values: Readonly<Record<string, CellValue>> },
): RunCell[] {
  const fieldOf = new Map([...run.externalOf].map(([field, external]) => [external, field]))
  return changes.map(({ external, sent, author }) => ({
    row,
    field: fieldOf.get(external) ?? (external as RunCell['field']),
    recordId: record?.id ?? '',
    recordKey: record?.key ?? '',
    base: null,
    value: sent,
    got: record?.values[external] ?? null,
    outcome,
    note,
    author: author ?? run.ports.actor,
  }))
}

/** Says on the row why there is no record yet: on the cell it hangs on, else in the connection field. */
function markRow(run: Run, view: SheetView, row: RowId, external: string | undefined, reason: string): Pick<Settlement, 'cells'> {
  const fieldOf = (wanted: string) => [...run.externalOf].find(([, e]) => e === wanted)?.[0]
  const field = (external && fieldOf(external)) || fieldOf(run.description.keyField)
  if (field === undefined || view.isDeleted(row)) return {}
  const state = view.state(row, field)
  const value = state.live?.value ?? state.baseline
  const refused = view.stamp<'refused'>({ kind: 'refused', value, reason })
  return { cells: [{ row, field, entry: { kind: 'keep' }, marks: { ...state.marks, refused } }] }
}

/** A run that ends early says of each value what became of it. */
async function balance({ ports }: Run, error: unknown): Promise<void> {
  if (error instanceof SyncError && (error.code === 'lease-lost' || error.code === 'commit-failed')) return
  const { planned, pushed, refused, skipped, unknown } = ports.counts
  const left = planned - pushed - refused - skipped - unknown
  const open = (await ports.createsOfRun()).filter((c) => c.state === 'sent' || c.state === 'saved')
  const owed = Math.min(
    left,
    open.reduce((sum, c) => sum + c.changes.length, 0),
  )
  await ports.settle(() => ({ counts: { unknown: owed, skipped: left - owed } }))
}
