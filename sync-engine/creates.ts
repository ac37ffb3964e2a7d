import type { CellValue } from '../workbook/cell-value.ts'
import type { FieldId, RowId } from '../workbook/ids.ts'
import type { AppRecord, CreatedRecord, ExternalField, FieldChange, PushOutcome } from './connectors/connector.ts'
import { filledRow } from './links.ts'
import { matchOption } from './options.ts'
import { inParts } from './parts.ts'
import { inWorkbook } from './plan.ts'
import type { CreateChange, CreateIntent, NewRecord, RunCell, Settlement, SheetView } from './ports.ts'
import type { LandedPush } from './reconcile.ts'
import { askedFields, distinct, knownFormOf, mergeWrites, peopleOf, type Run, type RunEnd, SETTLE_RECORDS } from './run-context.ts'
import { SyncError } from './sync-error.ts'
import { toApp } from './value-map.ts'

/** Hits of a search by name that are looked at for one that is there already. */
const DUPLICATE_HITS = 10
/** Longest wait for the app's index before a creation without an answer is left to a later run. ms */
const LONGEST_INDEX_WAIT_MS = 60_000

/** What a row's creation becomes before any call. */
type Verdict =
  | { readonly kind: 'send'; readonly row: RowId; readonly changes: readonly CreateChange[] }
  | {
      readonly kind: 'hold'
      readonly wanted: NewRecord
      readonly reason: string
      readonly field?: string
      /** Nothing is wrong with the row, so that nothing is said on it. */
      readonly isSilent?: boolean
    }
type Send = Extract<Verdict, { kind: 'send' }>
type Hold = Extract<Verdict, { kind: 'hold' }>

/** One run's creating: what is left to judge, and what became of the rows before. */
interface Making {
  readonly run: Run
  readonly queue: NewRecord[]
  /** Rows whose earlier creation got no answer. */
  readonly open: ReadonlySet<RowId>
  readonly duplicates: 'look-up' | 'allow'
  /** Why no second record of a name is made in this run, by the name in small letters: the app's search may not know the first one yet. */
  readonly namesTaken: Map<string, string>
  readonly made: CreateIntent[]
  isPartial: boolean
}

/**
 * Makes records of rows, as many a call as the app takes, each exactly once: the intents of a batch with their markers are on disk before its
 * call; what gets no answer is looked for by its marker, and where the app's index shows none, the creation stays unknown until a person
 * decides.
 */
export async function createRecords(run: Run, rows: readonly NewRecord[], duplicates: 'look-up' | 'allow'): Promise<RunEnd> {
  const { ports, signal } = run
  await ports.transition('planning')
  const earlier = (await ports.createsOfRun()).filter((c) => c.state !== 'not-landed')
  const open = new Set((await ports.openCreates()).map((c) => c.row))
  // A row that is asked for twice is one record.
  const asked = [...new Map(rows.map((wanted) => [wanted.row, wanted])).values()]
  const todo = asked.filter(({ row }) => !earlier.some((c) => c.row === row))
  const making: Making = { run, queue: [...todo], open, duplicates, namesTaken: new Map(), made: [], isPartial: false }
  for (const create of earlier) takeName(making, create)
  await ports.settle(() => ({ counts: { planned: todo.reduce((sum, r) => sum + r.changes.length, 0) } }))
  try {
    while (making.queue.length > 0) {
      const batch = await nextBatch(making)
      if (batch.length === 0) continue
      signal.throwIfAborted()
      await ports.transition('pushing')
      ports.progress({ step: 'pushing', done: todo.length - making.queue.length - batch.length, total: todo.length })
      await sendBatch(making, batch)
    }
  } catch (error) {
    await linkCreated(run, making.made, 'here').catch(() => undefined)
    await balance(run, error)
    throw error
  }
  await linkCreated(run, making.made, 'here')
  return making.isPartial ? 'partial' : 'settled'
}

/**
 * Judges rows until a call is full. A row of the same name as one of the batch waits for the next, where it is known what became of that.
 */
async function nextBatch(making: Making): Promise<readonly Send[]> {
  const { run, queue, duplicates, namesTaken } = making
  const { ports, signal, description } = run
  const size = description.createBatch ?? 1
  const batch: Send[] = []
  const names = new Set<string>()
  const waiting: NewRecord[] = []
  while (batch.length < size && queue.length > 0) {
    signal.throwIfAborted()
    ports.goOn()
    const page = queue.splice(0, Math.min(size - batch.length, SETTLE_RECORDS))
    const verdicts = await judge(making, page)
    const held = verdicts.filter((verdict) => verdict.kind === 'hold')
    for (const verdict of verdicts) {
      if (verdict.kind === 'hold') continue
      const name = duplicates === 'look-up' ? nameOf(run, verdict.changes) : undefined
      const wanted = page.find(({ row }) => row === verdict.row)
      if (name === undefined || wanted === undefined) batch.push(verdict)
      else if (names.has(folded(name))) waiting.push(wanted)
      else {
        const reason = namesTaken.get(folded(name)) ?? (await twinOf(run, name))
        if (reason !== undefined) held.push({ kind: 'hold', wanted, reason })
        else {
          batch.push(verdict)
          names.add(folded(name))
        }
      }
    }
    making.isPartial ||= held.length > 0
    await holdRows(run, held)
  }
  queue.unshift(...waiting)
  return batch
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
  const lost = open.filter((c) => c.record === undefined)
  const markers = lost.map((c) => c.marker)
  const records = lost.length === 0 ? new Map() : await run.ports.connector('read-back').findCreated(markers, run.signal)
  const found = open.flatMap((c): CreateIntent[] => {
    const record = c.record ?? records.get(c.marker)
    return record === undefined ? [] : [{ ...c, state: 'saved', record }]
  })
  await noteUnknown(
    run,
    lost.filter((c) => c.state === 'sent' && !records.has(c.marker)),
    'earlier',
  )
  await linkCreated(run, found, 'earlier')
}

/** What can be said of rows before any call, in their order. */
async function judge({ run, open }: Making, page: readonly NewRecord[]): Promise<readonly Verdict[]> {
  const fields = new Map(run.description.fields.map((f) => [f.id, f]))
  const fieldOf = new Map([...run.externalOf].map(([field, external]) => [external, field]))
  let verdicts: readonly Verdict[] = []
  await run.ports.settle((view) => {
    verdicts = page.map((wanted) => {
      if (open.has(wanted.row)) {
        return { kind: 'hold', wanted, reason: 'An earlier creation of this row got no answer; say first whether its record is there.' }
      }
      return judgeRow(run, view, wanted, fields, fieldOf)
    })
    return {}
  })
  return verdicts
}

function judgeRow(
  run: Run,
  view: SheetView,
  wanted: NewRecord,
  fields: ReadonlyMap<string, ExternalField>,
  fieldOf: ReadonlyMap<string, FieldId>,
): Verdict {
  const { row } = wanted
  const { appName } = run.ports.setup
  if (view.isDeleted(row)) return { kind: 'hold', wanted, reason: 'The row was deleted here.', isSilent: true }
  if (view.recordOf(row) !== undefined && !view.isGone(row))
    return { kind: 'hold', wanted, reason: 'The row is tied to a record already.', isSilent: true }
  const changes: CreateChange[] = []
  for (const { field: external, value } of wanted.changes) {
    const described = fields.get(external)
    if (described === undefined) return { kind: 'hold', wanted, reason: `${appName} has no field ${external}.` }
    const option = matchOption(inWorkbook(described, run.valueMaps.get(external)), value)
    if (option.kind === 'unknown') {
      const offer = option.nearest === undefined ? '' : ` Did you mean “${option.nearest}”?`
      return { kind: 'hold', wanted, reason: `“${String(value)}” is not an option in ${appName}.${offer}`, field: external }
    }
    changes.push(changeOf(view, run, row, { external, sent: option.value, field: fieldOf.get(external) }))
  }
  return { kind: 'send', row, changes }
}

const folded = (name: string): string => name.trim().toLowerCase()

function nameOf({ description }: Run, changes: readonly CreateChange[]): string | undefined {
  const name = changes.find((c) => c.external === description.nameField)?.sent
  return typeof name === 'string' && name.trim() !== '' ? name : undefined
}

/** Why no record of this name is made, as far as the app's search knows: there is one. */
async function twinOf({ ports, signal }: Run, name: string): Promise<string | undefined> {
  const hits = await ports.connector('search').searchByName(name, DUPLICATE_HITS, signal)
  await ports.settle(() => ({ credits: { searched: 1 } }))
  const twin = hits.find((hit) => folded(hit.name) === folded(name))
  return twin && isThere(twin.key)
}

const isThere = (key: string): string => `${key} has this name already. Link it, or create another all the same.`

/** A name that a creation of this run holds, or may hold. */
function takeName({ run, namesTaken }: Pick<Making, 'run' | 'namesTaken'>, { changes, state, record }: CreateIntent): void {
  const name = nameOf(run, changes)
  if (name === undefined || state === 'refused' || state === 'not-landed') return
  const reason = record ? isThere(record.key) : 'A record of this name was sent just now, and no answer came. Look for it first.'
  namesTaken.set(folded(name), reason)
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

async function holdRows(run: Run, held: readonly Hold[]): Promise<void> {
  if (held.length === 0) return
  await run.ports.settle((view) => ({
    counts: { skipped: held.reduce((sum, { wanted }) => sum + wanted.changes.length, 0) },
    runCells: held.flatMap(({ wanted, reason }) => {
      const values = wanted.changes.map((c) => ({ external: c.field, sent: c.value }))
      return createLines(run, wanted.row, values, 'held', reason)
    }),
    cells: held.flatMap(({ wanted, field, reason, isSilent }) => (isSilent === true ? [] : markRow(run, view, wanted.row, field, reason))),
  }))
}

/** Sends one batch and notes what became of each. @throws SyncError after all that is known is noted */
async function sendBatch(making: Making, batch: readonly Send[]): Promise<void> {
  const { run, made } = making
  const { ports } = run
  const sentAt = ports.clock.now()
  const creates = batch.map(({ row, changes }): CreateIntent => {
    const names = { key: `${ports.runId}:${row}`, run: ports.runId, row, marker: `tidebook-${ports.runId}-${row}` }
    return { ...names, changes, state: 'sent', sentAt }
  })
  await ports.recordCreates(creates)
  const outcomes = await callApp(run, creates)
  const ended = creates.map((create, index) => endOf(create, outcomes[index]))
  await noteAnswer(run, ended)
  const lost = ended.flatMap(({ create }) => (create.state === 'unknown' ? [create] : []))
  for (const { create } of ended) if (create.state === 'saved') made.push(create)
  making.isPartial ||= ended.some(({ create }) => create.state === 'refused')
  if (lost.length > 0) {
    const found = await lookFor(run, lost, ended.find(({ create }) => create.state === 'unknown')?.reason ?? '')
    await noteAnswer(
      run,
      found.map((create) => ({ create })),
    )
    made.push(...found)
    const unknown = lost.filter(({ key }) => !found.some((create) => create.key === key))
    await noteUnknown(run, unknown, 'here')
    making.isPartial ||= unknown.length > 0
    for (const create of [...found, ...unknown]) takeName(making, create)
  }
  for (const { create } of ended) if (create.state === 'saved') takeName(making, create)
  const stopped = outcomes.find((outcome) => outcome.kind === 'not-sent')
  if (stopped !== undefined) throw stopped.error
}

/** @throws SyncError after noting that nothing of this batch was saved; whatever else goes wrong leaves its intents open. */
async function callApp({ ports, signal, valueMaps }: Run, creates: readonly CreateIntent[]): Promise<readonly PushOutcome[]> {
  const records = creates.map(({ changes, marker }) => ({
    changes: changes.map(({ external, sent }): FieldChange => ({ field: external, value: toApp(valueMaps.get(external), sent) })),
    marker,
  }))
  try {
    return await ports.connector('write').createMany(records, signal)
  } catch (error) {
    if (error instanceof SyncError)
      await ports.settle(() => ({ creates: creates.map(({ key }) => ({ key, state: 'not-landed' as const })) }))
    throw error
  }
}

/** A creation after its answer; why, and on which field, where there is no record. */
interface Ended {
  readonly create: CreateIntent
  readonly reason?: string
  readonly field?: string
}

function endOf(create: CreateIntent, outcome: PushOutcome | undefined): Ended {
  switch (outcome?.kind) {
    case 'saved':
      return { create: { ...create, state: 'saved', record: { id: outcome.recordId, key: outcome.record?.key ?? outcome.recordId } } }
    case 'refused': {
      const [first] = outcome.refusals
      const reason = distinct(outcome.refusals.map((r) => r.reason)).join(' ') || 'The app did not say why.'
      return { create: { ...create, state: 'refused' }, reason, ...(first && { field: first.field }) }
    }
    case 'not-sent':
      return { create: { ...create, state: 'not-landed' } }
    case 'outcome-unknown':
      return { create: { ...create, state: 'unknown' }, reason: outcome.reason }
    default:
      return { create: { ...create, state: 'unknown' }, reason: 'no answer' }
  }
}

/** One commit for all that one answer tells; what it does not tell stays as it was sent. */
async function noteAnswer(run: Run, ended: readonly Ended[]): Promise<void> {
  const told = ended.filter(({ create }) => create.state !== 'unknown')
  if (told.length === 0) return
  const refused = told.filter(({ create }) => create.state === 'refused')
  await run.ports.settle((view) => ({
    creates: told.map(({ create: { key, state, record } }) => ({ key, state, ...(record && { record }) })),
    counts: { refused: valuesIn(refused.map(({ create }) => create)) },
    runCells: refused.flatMap(({ create, reason = '' }) => createLines(run, create.row, create.changes, 'refused', reason)),
    cells: refused.flatMap(({ create, field, reason = '' }) => markRow(run, view, create.row, field, reason)),
  }))
}

const valuesIn = (creates: readonly CreateIntent[]): number => creates.reduce((sum, { changes }) => sum + changes.length, 0)

/** Looks for creations that got no answer, at once, and again when the app's index must have them. Gives those that landed. */
async function lookFor(run: Run, lost: readonly CreateIntent[], words: string): Promise<readonly CreateIntent[]> {
  const { ports, signal, description } = run
  const note = `No answer (${words}). Looking for ${lost.length === 1 ? 'the record' : 'the records'} before anything is tried again.`
  ports.progress({ step: 'pushing', done: 0, total: 0, note })
  const connector = ports.connector('read-back')
  const found = new Map<string, CreatedRecord>()
  const look = async (): Promise<boolean> => {
    const missing = lost.flatMap(({ marker }) => (found.has(marker) ? [] : [marker]))
    for (const [marker, record] of await connector.findCreated(missing, signal)) found.set(marker, record)
    return found.size === lost.length
  }
  const waitMs = Math.max(...lost.map(({ sentAt }) => sentAt)) + description.indexDelayMs - ports.clock.now()
  if (!(await look()) && waitMs > 0) {
    await ports.clock.sleep(Math.min(waitMs, LONGEST_INDEX_WAIT_MS), signal)
    await look()
  }
  return lost.flatMap((create): CreateIntent[] => {
    const record = found.get(create.marker)
    return record === undefined ? [] : [{ ...create, state: 'saved', record }]
  })
}

/** `planned`: whether this attempt of the run has counted them already, or an earlier one had. */
async function noteUnknown(run: Run, creates: readonly CreateIntent[], planned: 'here' | 'earlier'): Promise<void> {
  const { ports } = run
  if (creates.length === 0) return
  const reason = `Sent to ${ports.setup.appName}, no answer came, and no record was found. Look there: link the record, or say that it is not there.`
  const ours = creates.filter((create) => create.run === ports.runId)
  await ports.settle((view) => ({
    creates: creates.map(({ key }) => ({ key, state: 'unknown' as const })),
    counts: { planned: planned === 'earlier' ? valuesIn(ours) : 0, unknown: valuesIn(ours) },
    runCells: ours.flatMap(({ row, changes }) => createLines(run, row, changes, 'unknown', reason)),
    cells: creates.flatMap(({ row }) => markRow(run, view, row, undefined, reason)),
  }))
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
    const byId = new Map(records.map((record) => [record.id, record]))
    for (const page of inParts(batch, SETTLE_RECORDS)) await linkPage(run, page, byId, planned)
  }
}

async function linkPage(
  run: Run,
  page: readonly CreateIntent[],
  byId: ReadonlyMap<string, AppRecord>,
  planned: 'here' | 'earlier',
): Promise<void> {
  await run.ports.settle((view) => {
    const parts: Settlement[] = []
    const runCells: RunCell[] = []
    const settled: CreateIntent[] = []
    for (const create of page) {
      const record = byId.get(create.record?.id ?? '')
      if (record === undefined) continue
      const pushes = new Map(create.changes.flatMap((c) => (c.field === undefined ? [] : [[c.field, landedOf(run, c)] as const])))
      parts.push(filledRow(run, view, create.row, record, pushes))
      runCells.push(...createLines(run, create.row, create.changes, 'created', null, record))
      settled.push(create)
    }
    const cells = valuesIn(settled)
    return {
      ...mergeWrites(parts),
      creates: settled.map((c) => ({ key: c.key, state: 'settled' as const })),
      people: peopleOf(
        run,
        settled.flatMap((c) => byId.get(c.record?.id ?? '') ?? []),
      ),
      credits: { pushed: cells, linked: settled.length },
      // What an earlier run sent was planned there; here it is counted where it ends.
      counts: { planned: planned === 'earlier' ? cells : 0, pushed: cells, created: settled.length, linked: settled.length },
      runCells,
    }
  })
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
function markRow(run: Run, view: SheetView, row: RowId, external: string | undefined, reason: string): NonNullable<Settlement['cells']> {
  const fieldOf = (wanted: string) => [...run.externalOf].find(([, e]) => e === wanted)?.[0]
  const field = (external && fieldOf(external)) || fieldOf(run.description.keyField)
  if (field === undefined || view.isDeleted(row)) return []
  const state = view.state(row, field)
  const value = state.live?.value ?? state.baseline
  const refused = view.stamp<'refused'>({ kind: 'refused', value, reason })
  return [{ row, field, entry: { kind: 'keep' }, marks: { ...state.marks, refused } }]
}

/** A run that ends early says of each value what became of it. */
async function balance({ ports }: Run, error: unknown): Promise<void> {
  if (error instanceof SyncError && (error.code === 'lease-lost' || error.code === 'commit-failed')) return
  const { planned, pushed, refused, skipped, unknown } = ports.counts
  const left = planned - pushed - refused - skipped - unknown
  const open = (await ports.createsOfRun()).filter((c) => c.state === 'sent' || c.state === 'saved')
  const owed = Math.min(left, valuesIn(open))
  await ports.settle(() => ({ counts: { unknown: owed, skipped: left - owed } }))
}
