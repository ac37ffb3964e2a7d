import type { ReadyApp } from '../sync-engine/connectors/app.ts'
import type { CallReport, HttpClient } from '../sync-engine/connectors/http-client.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { totalCredits } from '../sync-engine/credits.ts'
import { whyOff } from '../sync-engine/direction.ts'
import type { ConnectionSetup } from '../sync-engine/plan.ts'
import { type Clock, NO_COUNTS, type RunOrder } from '../sync-engine/ports.ts'
import { runOrder } from '../sync-engine/run.ts'
import { ERROR_POLICY, SyncError } from '../sync-engine/sync-error.ts'
import { makeRunId, type RandomBytes } from '../workbook/ids.ts'
import { sysName } from '../workbook/schema.ts'
import { allowanceState, assertAffordable, blockingLeft } from './allowance.ts'
import type { RunHead, StatelessMessage } from './api/contract.ts'
import { LEASE_MS, RunPorts } from './engine-ports.ts'
import { isByClock, mayBegin, queueOrder } from './fairness.ts'
import type { Logger } from './logger.ts'
import { RecordTurns } from './record-turns.ts'
import type { SheetHub } from './sheets.ts'
import { type Catalog, type FullConnection, setupOf } from './storage/catalog.ts'
import {
  confirmOps,
  ENDED,
  endRunOp,
  heartbeatOp,
  insertRunOp,
  leaseOp,
  noteOp,
  type RunAbout,
  type RunRow,
  type RunState,
  type RunStore,
  transitionOps,
} from './storage/runs.ts'
import type { Settings } from './storage/settings.ts'
import { dropWaitingOps } from './storage/waiting.ts'
import { LogFailed, type SqlOp, type UpdateLog } from './update-log.ts'

const HEARTBEAT_MS = LEASE_MS / 4
/** How a run waits with its end for a disk that does not take it: as long as its lease lasts. */
const END_RETRY_MS = 500
const END_TRIES = LEASE_MS / END_RETRY_MS
/** How often a run is taken up again after a commit that failed. */
const MOST_ATTEMPTS = 5
/** Runs that a person started go before those a clock started. */
const PRIORITY: Record<RunRow['trigger'], number> = { person: 2, api: 2, nightly: 1, schedule: 0 }
/** A run's head is sent to its workbook at most this often while it only counts. ms */
const BROADCAST_MS = 200

export interface RunRequest {
  readonly connection: FullConnection
  readonly order: RunOrder
  readonly trigger: RunRow['trigger']
  readonly actor: string
}

export interface QueueParts {
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly hub: SheetHub
  readonly log: UpdateLog
  readonly logger: Logger
  readonly clock: Clock
  /** 0 ≤ x < 1, for backoff. */
  readonly random: () => number
  readonly randomBytes: RandomBytes
  /** The built apps by id. (Default: those of the registry) */
  readonly readyApp?: (id: string) => ReadyApp | undefined
  /** A client for the calls of an integration, at its pace and with its sign-in. */
  readonly makeHttp: (full: FullConnection, onCall: (call: CallReport) => void, goOn?: () => void) => HttpClient
  readonly broadcast: (docName: string, message: StatelessMessage) => void
  readonly nameOf: (actor: string) => string
  /** The workspace's settings now. (Default: no allowance) */
  readonly settings?: () => Settings
}

interface ActiveRun {
  readonly run: RunRow
  readonly abort: AbortController
  readonly ended: Promise<void>
  ports: RunPorts | undefined
  broadcastAt: number
  lateBroadcast: NodeJS.Timeout | undefined
}

/** The queue of runs: the table of runs itself, with leases. One run a connection at a time, several connections at once. */
export class RunQueue {
  readonly #parts: QueueParts
  readonly #active = new Map<string, ActiveRun>()
  readonly #turns = new RecordTurns()
  /** Integration → a rising number, when it was last given a run. */
  readonly #served = new Map<string, number>()
  #servings = 0
  #enqueuing: Promise<unknown> = Promise.resolve()
  #picking: Promise<void> = Promise.resolve()
  /** Resolves when a run is taken or over, and is then another. */
  #change = Promise.withResolvers<void>()
  #expiryTimer: NodeJS.Timeout | undefined
  /** Ends the waits of the queue itself. */
  readonly #stopping = new AbortController()
  #isStopped = false

  constructor(parts: QueueParts) {
    this.#parts = parts
  }

  /** Takes up what a dead process left: its runs start anew, and first settle what they had sent. */
  async start(): Promise<void> {
    const { runs, log, clock } = this.#parts
    for (const run of await runs.open()) {
      if (run.state === 'queued' || run.state === 'waiting') continue
      log.execute(
        transitionOps(
          run.id,
          'queued',
          clock.now(),
          'The server stopped in the middle; the run starts again and first reads back what was sent.',
        ),
      )
    }
    await log.durable()
    this.#pick()
    this.#expiryTimer = setInterval(() => this.#pick(), HEARTBEAT_MS)
    this.#expiryTimer.unref()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#expiryTimer)
    this.#stopping.abort()
    await this.#picking
    const active = [...this.#active.values()]
    for (const { abort } of active) abort.abort(new SyncError('cancelled', 'The server stops.'))
    await Promise.all(active.map((a) => a.ended))
  }

  /**
   * Queues a run; a queued one that does the same takes the request in (P6), and a person's sync takes the place of a scheduled one that
   * still waits. Durable when it resolves, and `along` with it, in one commit.
   * @throws SyncError `over-allowance` where the month's allowance is used up and blocks
   */
  async enqueue(request: RunRequest, along: readonly SqlOp[] = []): Promise<{ run: string; joined: boolean }> {
    // One after the other: two equal requests at one moment are one run.
    const turn = this.#enqueuing.then(() => this.#enqueue(request, along))
    this.#enqueuing = turn.catch(() => undefined)
    return turn
  }

  async #enqueue({ connection, order, trigger, actor }: RunRequest, along: readonly SqlOp[]): Promise<{ run: string; joined: boolean }> {
    const { runs, log, clock, randomBytes, nameOf } = this.#parts
    await log.durable()
    const now = clock.now()
    const id = connection.connection.id
    const queued = (await runs.open()).filter((r) => r.connection === id && r.state === 'queued' && r.isConfirmed !== true)
    const same = queued.find((r) => canJoin(r.order, order) && (isByClock({ trigger }) || !isByClock(r)))
    if (same !== undefined) {
      log.execute([noteOp(same.id, 'queued', now, `Asked for again by ${nameOf(actor)}.`), ...along])
      await log.durable()
      return { run: same.id, joined: true }
    }
    const settings = this.#parts.settings?.()
    if (settings !== undefined && !isByClock({ trigger }) && blockingLeft(allowanceState(settings, runs, now)) === 0) {
      throw new SyncError('over-allowance', 'This month’s sync credits are used up, and the allowance blocks. No call was made.')
    }
    const isPersonsSync = order.kind === 'sync' && !isByClock({ trigger })
    const replaced = isPersonsSync ? queued.filter(isByClock) : []
    const run: RunRow = {
      id: makeRunId(randomBytes),
      connection: id,
      kind: order.kind,
      mode: order.kind === 'sync' ? order.mode : order.kind === 'undo' ? 'two-way' : 'one-way',
      trigger,
      state: 'queued',
      actor,
      order,
      priority: PRIORITY[trigger],
      fence: 0,
      createdAt: now,
      startedAt: null,
      endedAt: null,
      counts: NO_COUNTS,
      error: null,
      about: await this.aboutOf(connection),
    }
    const note = `The sync that ${nameOf(actor)} started takes its place.`
    log.execute([
      ...replaced.flatMap((r) => [...transitionOps(r.id, 'cancelled', now, note), endRunOp(r.id, now, null)]),
      insertRunOp(run),
      ...transitionOps(run.id, 'queued', now, null),
      ...along,
    ])
    await log.durable()
    if (replaced.length > 0) this.#notify()
    this.#pick()
    return { run: run.id, joined: false }
  }

  /** What a run of a connection is about, with today's names. */
  async aboutOf(full: FullConnection): Promise<RunAbout> {
    const { connection, integration, object } = full
    const workbook = await this.#parts.catalog.workbook(connection.workbook)
    const app = (this.#parts.readyApp ?? readyApp)(integration.app)
    return {
      workbook: connection.workbook,
      workbookName: workbook?.name ?? '',
      sheet: connection.sheet,
      integration: integration.id,
      integrationName: integration.name,
      app: integration.app,
      appName: app?.name ?? integration.app,
      object: object.id,
      objectName: object.name,
    }
  }

  /** Stops a run in whatever state; what it sent stays in its receipts, what it kept is dropped. `false`: it is over already. */
  async cancel(id: string): Promise<boolean> {
    const { runs } = this.#parts
    const active = this.#active.get(id)
    if (active !== undefined) {
      active.abort.abort(new SyncError('cancelled', 'The run was cancelled.'))
      await active.ended
      return true
    }
    await this.#parts.log.durable()
    const run = await runs.run(id)
    if (run === undefined || (run.state !== 'queued' && run.state !== 'waiting')) return false
    await this.#drop([run], run.state === 'waiting' ? 'The answers it kept were dropped; nothing was changed.' : null)
    return true
  }

  /** Lets a waiting run apply what it keeps. `false`: it does not wait. */
  async confirm(id: string, actor: string): Promise<boolean> {
    const { runs, log, clock, nameOf } = this.#parts
    await log.durable()
    const run = await runs.run(id)
    if (run === undefined || run.state !== 'waiting') return false
    log.execute(confirmOps(id, clock.now(), PRIORITY.person, `Confirmed by ${nameOf(actor)}.`))
    await log.durable()
    this.#pick()
    await this.#announce(id)
    return true
  }

  /**
   * Configuration changed: what is paused now ends before its next call, what a clock had queued is dropped, and a run under other
   * directions than today's stops. Waiting runs keep what they have.
   */
  async reconsider(): Promise<void> {
    const { runs, catalog } = this.#parts
    const dropped: RunRow[] = []
    for (const run of await runs.open()) {
      const full = await catalog.connection(run.connection)
      if (full === undefined) continue
      const app = (this.#parts.readyApp ?? readyApp)(full.integration.app)
      const now = setupOf(full, app?.name ?? full.integration.app)
      const ports = this.#active.get(run.id)?.ports
      if (ports !== undefined) obey(ports, now)
      else if (haltOf(now) !== undefined && run.state === 'queued' && isByClock(run)) dropped.push(run)
    }
    if (dropped.length > 0) await this.#drop(dropped, 'Dropped: nothing runs while it is paused.')
  }

  async #drop(dropped: readonly RunRow[], note: string | null): Promise<void> {
    const { log, clock } = this.#parts
    const now = clock.now()
    log.execute(
      dropped.flatMap((run) => [...transitionOps(run.id, 'cancelled', now, note), endRunOp(run.id, now, null), ...dropWaitingOps(run.id)]),
    )
    await log.durable()
    this.#notify()
    for (const run of dropped) await this.#announce(run.id)
  }

  /** Resolves when the run is over, or waits for a person. */
  async ended(id: string): Promise<RunRow> {
    for (;;) {
      const change = this.#change.promise
      const run = await this.#parts.runs.run(id)
      if (run === undefined) throw new Error(`No run ${id}`)
      if ((ENDED.includes(run.state) || run.state === 'waiting') && !this.#active.has(id)) return run
      await change
    }
  }

  /** The run that is queued or under way for a connection. */
  async activeRunOf(connection: string): Promise<string | null> {
    return (await this.#parts.runs.open()).find((r) => r.connection === connection)?.id ?? null
  }

  /** What everybody may see of a run, with its progress if it is under way. */
  async headOf(run: RunRow): Promise<RunHead> {
    const { runs, nameOf } = this.#parts
    const ports = this.#active.get(run.id)?.ports
    const credits = await runs.creditsOf(run.id)
    const queue = run.state === 'queued' ? this.#order(await runs.open()) : []
    return {
      id: run.id,
      connection: run.connection,
      kind: run.kind,
      mode: run.mode,
      trigger: run.trigger,
      state: run.state,
      by: run.actor,
      byName: nameOf(run.actor),
      createdAt: run.createdAt,
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      queuePlace: queue.findIndex((r) => r.id === run.id) + 1,
      progress: ports?.lastProgress ?? null,
      counts: run.counts,
      credits,
      totalCredits: totalCredits(credits),
      error: run.error,
      ...(run.about && { about: run.about }),
      ...(run.state === 'waiting' &&
        run.waiting && { waiting: { linked: run.waiting.linked, rows: run.waiting.rows, cells: run.waiting.cells } }),
      ...(run.order.kind === 'undo' && { undoes: run.order.run }),
      ...((run.kind === 'sync' || run.kind === 'undo') && ENDED.includes(run.state) && run.counts.pushed > 0 && { canUndo: true }),
    }
  }

  /** A connector outside a run, for a search; its calls go where the caller wants them. */
  connectorFor(full: FullConnection, onCall: (call: CallReport) => void) {
    const app = this.#appOf(full)
    const http = this.#parts.makeHttp(full, onCall)
    return app.makeConnector({
      http: http.as('search'),
      object: full.object.external,
      ...(full.integration.limitedTo && { limitedTo: full.integration.limitedTo }),
      ...(full.connection.description && { description: full.connection.description }),
    })
  }

  #pick(): void {
    this.#picking = this.#picking
      .then(() => this.#pickNext())
      .catch((error: unknown) => this.#parts.logger.error({ err: error }, 'the queue could not take a run'))
  }

  #notify(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers<void>()
    resolve()
  }

  async #pickNext(): Promise<void> {
    if (this.#isStopped) return
    await this.#takeUpExpired()
    for (const run of this.#order(await this.#parts.runs.open())) {
      if (!this.#active.has(run.id) && mayBegin(run, this.#underWay())) await this.#lease(run)
    }
  }

  #underWay(): readonly RunRow[] {
    return [...this.#active.values()].map((a) => a.run)
  }

  #order(open: readonly RunRow[]): readonly RunRow[] {
    const queued = open.filter((r) => r.state === 'queued')
    return queueOrder(queued, this.#underWay(), this.#served)
  }

  /** A run whose lease ran out starts again; whoever still believes to have it finds its fencing number taken. */
  async #takeUpExpired(): Promise<void> {
    const { runs, log, clock } = this.#parts
    const now = clock.now()
    const lost = runs.expired(now).filter((id) => !this.#active.has(id))
    if (lost.length === 0) return
    const note = 'Its lease ran out; the run starts again and first reads back what was sent.'
    log.execute(lost.flatMap((id) => transitionOps(id, 'queued', now, note)))
    await log.durable()
  }

  async #lease(run: RunRow): Promise<void> {
    const { log, clock } = this.#parts
    const now = clock.now()
    const leased: RunRow = { ...run, state: 'leased', fence: run.fence + 1, startedAt: run.startedAt ?? now }
    log.execute([leaseOp(run.id, leased.fence, now + LEASE_MS, now), ...transitionOps(run.id, 'leased', now, null)])
    await log.durable()
    const abort = new AbortController()
    const active: ActiveRun = { run: leased, abort, ended: Promise.resolve(), ports: undefined, broadcastAt: 0, lateBroadcast: undefined }
    this.#active.set(run.id, active)
    if (run.about !== undefined) this.#served.set(run.about.integration, ++this.#servings)
    const ended = this.#execute(active).finally(() => {
      clearTimeout(active.lateBroadcast)
      this.#active.delete(run.id)
      this.#notify()
      this.#pick()
    })
    Object.assign(active, { ended })
  }

  async #execute(active: ActiveRun): Promise<void> {
    const { catalog, hub, logger } = this.#parts
    const { run, abort } = active
    const heartbeat = setInterval(() => this.#beat(run.id), HEARTBEAT_MS)
    let release: (() => Promise<void>) | undefined
    let state: RunState = 'failed'
    let error: RunRow['error'] = null
    try {
      const full = await catalog.connection(run.connection)
      if (full === undefined) throw new SyncError('not-found', 'The connection of this run is gone.')
      const opened = await hub.open(full.connection.sheet)
      release = opened.release
      const app = this.#appOf(full)
      active.ports = new RunPorts({
        ...this.#parts,
        run,
        fence: run.fence,
        paid: await this.#parts.runs.creditsOf(run.id),
        full,
        setup: setupOf(full, app.name),
        app,
        room: opened.room,
        random: this.#parts.randomBytes,
        turns: this.#turns,
        makeHttp: (onCall) => this.#parts.makeHttp(full, onCall, () => active.ports?.goOn()),
        onChange: () => this.#onChange(active),
      })
      // It may have been changed while the sheet was opened, when there was no run yet that could be told.
      const today = await catalog.connection(run.connection)
      if (today !== undefined) obey(active.ports, setupOf(today, app.name))
      const settings = this.#parts.settings?.()
      if (settings !== undefined) {
        await assertAffordable(run.order, active.ports, allowanceState(settings, this.#parts.runs, this.#parts.clock.now()))
      }
      state = await runOrder(run.order, active.ports, abort.signal)
    } catch (thrown) {
      const failure = failureOf(thrown, abort.signal)
      logger.warn(
        { runId: run.id, connectionId: run.connection, code: failure.code, ...(failure.code === 'internal' && { err: thrown }) },
        'a run ended early',
      )
      if (failure.code === 'lease-lost') return
      const startsAgain =
        (this.#isStopped && failure.code === 'cancelled') || (failure.code === 'commit-failed' && run.fence < MOST_ATTEMPTS)
      const isDropped = failure.code === 'cancelled' || (failure.code === 'paused' && isByClock(run))
      state = startsAgain ? 'queued' : isDropped ? 'cancelled' : 'failed'
      error = failure
    } finally {
      clearInterval(heartbeat)
      await release?.()
    }
    await this.#end(active, state, error)
  }

  /** A lease that cannot be lengthened while the disk takes nothing is no reason to end the server: its run is under way here. */
  #beat(run: string): void {
    const { log, clock } = this.#parts
    try {
      log.execute([heartbeatOp(run, clock.now() + LEASE_MS)])
    } catch (error) {
      if (!(error instanceof LogFailed)) throw error
    }
  }

  async #end(active: ActiveRun, state: RunState, error: RunRow['error']): Promise<void> {
    const { log, clock, logger, catalog } = this.#parts
    const { run } = active
    const now = clock.now()
    const failed = state === 'failed' ? [catalog.saveLatestPull(run.connection, { at: now, records: 0, isFailed: true })] : []
    const stopped = 'The server stopped; the run goes on at its next start.'
    const note = state === 'queued' && this.#isStopped ? stopped : (error?.message ?? null)
    for (let tries = 1; ; tries++) {
      try {
        const isEnd = state !== 'queued' && state !== 'waiting'
        log.execute([
          ...transitionOps(run.id, state, now, note),
          ...(isEnd ? [endRunOp(run.id, now, error), ...failed] : []),
          ...(isEnd && run.waiting !== undefined ? dropWaitingOps(run.id) : []),
        ])
        await log.durable()
        break
      } catch (thrown) {
        if (this.#isStopped || tries === END_TRIES) {
          logger.error({ err: thrown, runId: run.id }, 'the end of a run could not be saved; it starts again when its lease runs out')
          return
        }
        await clock.sleep(END_RETRY_MS, this.#stopping.signal).catch(() => undefined)
      }
    }
    active.ports = undefined
    if (pullsAll(run.order) && (state === 'settled' || state === 'partial')) await this.#dropWaiting(run)
    await this.#announce(run.id).catch((thrown: unknown) => logger.warn({ err: thrown }, 'a run could not be announced'))
  }

  /** A run that brought everything leaves nothing to confirm. */
  async #dropWaiting(by: RunRow): Promise<void> {
    const open = await this.#parts.runs.open()
    const waiting = open.filter((r) => r.connection === by.connection && r.state === 'waiting')
    if (waiting.length > 0) await this.#drop(waiting, 'A later sync has brought everything it kept.')
  }

  #onChange(active: ActiveRun): void {
    // Also where the clock was set back meanwhile.
    const since = Math.abs(this.#parts.clock.now() - active.broadcastAt)
    const send = (): void => {
      active.lateBroadcast = undefined
      active.broadcastAt = this.#parts.clock.now()
      this.#announce(active.run.id).catch((error: unknown) => this.#parts.logger.warn({ err: error }, 'a run could not be announced'))
    }
    if (since >= BROADCAST_MS) send()
    else active.lateBroadcast ??= setTimeout(send, BROADCAST_MS - since)
  }

  async #announce(id: string): Promise<void> {
    const { runs, catalog, broadcast } = this.#parts
    const run = await runs.run(id)
    const full = run && (await catalog.connection(run.connection))
    if (run === undefined || full === undefined) return
    const live = this.#active.get(id)?.ports
    const now = live === undefined ? run : { ...run, state: live.state, counts: live.counts }
    broadcast(sysName(full.connection.workbook), { type: 'run', run: await this.headOf(now) })
    if (ENDED.includes(run.state)) broadcast(sysName(full.connection.workbook), { type: 'connection', connection: run.connection })
  }

  #appOf({ integration }: FullConnection): ReadyApp {
    const app = (this.#parts.readyApp ?? readyApp)(integration.app)
    if (app === undefined) throw new SyncError('not-found', `The app ${integration.app} is not built yet.`)
    return app
  }
}

/** Tells a run under way what configuration says now: it ends before its next call where it may not go on as it began. */
function obey(ports: RunPorts, now: ConnectionSetup): void {
  const halted = haltOf(now)
  if (halted !== undefined) ports.stop(new SyncError('paused', halted))
  else if (!isStillSo(ports.setup, now)) {
    ports.stop(new SyncError('plan-changed', 'A direction or a mapping was changed while the run was under way.'))
  }
}

/** Why nothing runs for a connection, in words a person reads. */
function haltOf(setup: ConnectionSetup): string | undefined {
  const { isOn, objectDirection, appName } = setup
  if (!isOn) return whyOff(setup)
  return objectDirection === 'disabled' ? `This object does not sync with ${appName}.` : undefined
}

/** Whether a run that began under `then` may go on: its fields go as they went; others may have been added. */
function isStillSo(then: ConnectionSetup, now: ConnectionSetup): boolean {
  const today = new Map(now.fields.map((f) => [f.field, JSON.stringify(f)]))
  return then.objectDirection === now.objectDirection && then.fields.every((f) => today.get(f.field) === JSON.stringify(f))
}

/** A person's whole pull. */
const pullsAll = (order: RunOrder): boolean => order.kind === 'fill' || (order.kind === 'sync' && order.trigger === 'person')

function canJoin(waiting: RunOrder, asked: RunOrder): boolean {
  if (waiting.kind === 'sync' && asked.kind === 'sync') {
    // A scheduled run pulls only what changed: it takes in no request of a person, who wants all.
    const pullsEnough = waiting.trigger === 'person' || asked.trigger === 'schedule'
    return pullsEnough && waiting.mode === asked.mode && waiting.frozen === undefined && asked.frozen === undefined
  }
  if (waiting.kind === 'import' && asked.kind === 'import') return waiting.filter === asked.filter
  // Both read every linked record, or the fields, anew.
  if (waiting.kind === 'fill' && asked.kind === 'fill') return true
  if (waiting.kind === 'refresh' && asked.kind === 'refresh') return true
  // A link run without links of its own answers whatever requests there are by then.
  return waiting.kind === 'link' && asked.kind === 'link' && waiting.links.length === 0 && asked.links.length === 0
}

function failureOf(thrown: unknown, signal: AbortSignal): { code: string; message: string; advice: string } {
  // Whatever met the log while it took nothing: the run starts again once it does.
  const met = thrown instanceof LogFailed ? new SyncError('commit-failed', thrown.message, { cause: thrown }) : thrown
  const error = signal.aborted && signal.reason instanceof SyncError ? signal.reason : met
  if (error instanceof SyncError) return { code: error.code, message: error.message, advice: ERROR_POLICY[error.code].advice }
  return {
    code: 'internal',
    message: 'The run stopped on a fault of ours.',
    advice: 'Staged edits are kept; the next sync reads back what was sent.',
  }
}
