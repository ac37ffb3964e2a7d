import { Cron } from 'croner'
import { effectiveDirection, type ObjectDirection } from '../sync-engine/direction.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import type { Logger } from './logger.ts'
import type { RunQueue } from './queue.ts'
import { type Catalog, type FullConnection, setupOf } from './storage/catalog.ts'
import type { RunStore } from './storage/runs.ts'
import { type ScheduleState, type ScheduleStore, scheduleStateOp } from './storage/schedules.ts'
import type { Settings } from './storage/settings.ts'
import type { UpdateLog } from './update-log.ts'

/** How often the clock is looked at. ms */
const TICK_MS = 15_000
/** A hint of the app brings the next pull this near; hints that follow each other are one pull. ms */
const HINT_MS = 10_000
/** A timer may run a step ahead of the clock. ms */
const CLOCK_STEP_MS = 20
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export interface SchedulesParts {
  readonly catalog: Catalog
  readonly runs: Pick<RunStore, 'open'>
  readonly queue: Pick<RunQueue, 'enqueue'>
  readonly states: ScheduleStore
  readonly settings: () => Settings
  readonly log: UpdateLog
  readonly logger: Logger
  /** ms since 1970 */
  readonly now: () => number
}

/** The first moment after `after` at which it is `time` (`HH:MM`) in a time zone: once a day, also where a clock change takes the time away or brings it twice. */
export function nextNight(timeZone: string, time: string, after: number): number {
  const [hour = '2', minute = '0'] = time.split(':')
  const next = new Cron(`${Number(minute)} ${Number(hour)} * * *`, { timezone: timeZone, paused: true }).nextRun(new Date(after))
  // A cron line of one time a day always comes again.
  return next?.getTime() ?? after + DAY_MS
}

/** When a connection is pulled by the clock next; `undefined`: never as things are (C16, C18). */
export interface NextPulls {
  /** By its object's schedule; in the past where it is due. ms since 1970 */
  readonly interval?: number
  readonly night?: number
}

export function nextPulls(full: FullConnection, state: ScheduleState | undefined, settings: Settings, now: number): NextPulls {
  const { connection, object } = full
  const setup = setupOf(full, '')
  if (!setup.isOn || setup.objectDirection === 'disabled') return {}
  // What lies ahead was noted by a clock that has been set back since: nobody waits until that comes again.
  const last = Math.max(0, ...[connection.latestPull?.at ?? 0, state?.scheduledAt ?? 0].filter((at) => at <= now))
  const interval =
    object.schedule === null || !mayPull(setup.objectDirection) ? undefined : last === 0 ? now : last + object.schedule * MINUTE_MS
  const night = object.isNightly ? nextNight(settings.timeZone, settings.nightlyAt, state?.nightlyAt ?? now) : undefined
  return { ...(interval !== undefined && { interval }), ...(night !== undefined && { night }) }
}

const mayPull = (direction: ObjectDirection): boolean => effectiveDirection(true, direction, 'two-way').canPull

/** Enqueues what the clock wants: pulls every few minutes, a sync every night. Timers only look at the clock; what is due stands on disk. */
export class Schedules {
  readonly #parts: SchedulesParts
  /** Connection → when a hint wants it pulled. */
  readonly #hints = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  readonly #hintTimers = new Set<NodeJS.Timeout>()
  #ticking: Promise<void> = Promise.resolve()

  constructor(parts: SchedulesParts) {
    this.#parts = parts
  }

  /** A night that was missed while the server was away runs now, once. */
  async start(): Promise<void> {
    await this.tick()
    this.#timer = setInterval(() => void this.tick(), TICK_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const timer of this.#hintTimers) clearTimeout(timer)
    await this.#ticking
  }

  /** Looks at the clock and enqueues what is due. Never throws. */
  tick(): Promise<void> {
    this.#ticking = this.#ticking
      .then(() => this.#tick())
      .catch((error: unknown) => this.#parts.logger.error({ err: error }, 'a schedule could not be looked at'))
    return this.#ticking
  }

  /** When the clock pulls this connection next; `null` where it never does, as things are, and where the object only pushes. */
  nextPull(full: FullConnection): number | null {
    const { states, settings, now } = this.#parts
    const { interval, night } = nextPulls(full, states.of(full.connection.id), settings(), now())
    const nights = mayPull(full.object.direction) && night !== undefined ? [night] : []
    const hint = interval === undefined ? undefined : this.#hints.get(full.connection.id)
    const all = [...(interval === undefined ? [] : [interval]), ...nights, ...(hint === undefined ? [] : [hint])]
    return all.length === 0 ? null : Math.max(now(), Math.min(...all))
  }

  /**
   * The app says that something changed (a webhook): the next scheduled pull comes sooner. Objects that are pulled by hand alone stay so.
   * `object`: the workspace object, or the app's own name for it; all of the integration's where the app does not say.
   */
  async onHint(integration: string, object?: string): Promise<void> {
    await this.#hint(integration, object).catch((error: unknown) => this.#parts.logger.warn({ err: error }, 'a hint of an app was lost'))
  }

  async #hint(integration: string, object: string | undefined): Promise<void> {
    const { catalog, now } = this.#parts
    const at = now() + HINT_MS
    for (const { id, external } of await catalog.objects(integration)) {
      if (object !== undefined && id !== object && external !== object) continue
      for (const connection of await catalog.connections({ object: id })) {
        if (this.#hints.has(connection.id)) continue
        this.#hints.set(connection.id, at)
        this.#wakeForHint()
      }
    }
  }

  /** The clock's own ticks are too far apart for what shall come soon. */
  #wakeForHint(): void {
    if (this.#timer === undefined) return
    const timer = setTimeout(() => {
      this.#hintTimers.delete(timer)
      void this.tick()
    }, HINT_MS + CLOCK_STEP_MS)
    this.#hintTimers.add(timer.unref())
  }

  async #tick(): Promise<void> {
    const { catalog, runs, states, settings, log, now } = this.#parts
    await log.durable()
    const busy = new Set((await runs.open()).map((r) => r.connection as string))
    const at = now()
    for (const { id } of await catalog.connections()) {
      const full = await catalog.connection(id)
      if (full === undefined) continue
      const known = states.of(id)
      const state = this.#kept(full, known, at)
      const { interval, night } = nextPulls(full, state, settings(), at)
      const hint = interval === undefined ? undefined : this.#hints.get(id)
      if (hint === undefined || hint <= at) this.#hints.delete(id)
      const isNight = night !== undefined && night <= at
      const isDue = isNight || (interval !== undefined && Math.min(interval, hint ?? interval) <= at)
      // A run that is open already brings what this one would; one that waits for a person is not asked over.
      const isOwed = isDue && !busy.has(id)
      const next: ScheduleState = {
        scheduledAt: isOwed ? at : state.scheduledAt,
        nightlyAt: isNight && !busy.has(id) ? at : state.nightlyAt,
      }
      // In the run's own commit: what is noted as done is never lost with the process, nor done twice.
      if (isOwed) await this.#enqueue(full, isNight ? 'nightly' : 'schedule', next)
      else if (next.scheduledAt !== known?.scheduledAt || next.nightlyAt !== known?.nightlyAt) log.execute([scheduleStateOp(id, next)])
    }
    await log.durable()
  }

  /** Nights count from when they were switched on, and those of a pause are not made up for. */
  #kept(full: FullConnection, known: ScheduleState | undefined, at: number): ScheduleState {
    const setup = setupOf(full, '')
    const isRunning = setup.isOn && setup.objectDirection !== 'disabled'
    const scheduledAt = known?.scheduledAt ?? null
    if (!full.object.isNightly) return { scheduledAt, nightlyAt: null }
    // A clock that was set back by less than a day does not bring the same night twice.
    const nightlyAt = known?.nightlyAt == null || known.nightlyAt > at + DAY_MS ? at : known.nightlyAt
    const { timeZone, nightlyAt: time } = this.#parts.settings()
    return { scheduledAt, nightlyAt: !isRunning && nextNight(timeZone, time, nightlyAt) <= at ? at : nightlyAt }
  }

  async #enqueue(connection: FullConnection, trigger: 'schedule' | 'nightly', state: ScheduleState): Promise<void> {
    const { queue, log, logger } = this.#parts
    const mode = connection.object.direction === 'pull' ? 'one-way' : 'two-way'
    const noted = scheduleStateOp(connection.connection.id, state)
    try {
      await queue.enqueue({ connection, order: { kind: 'sync', mode, trigger: 'schedule' }, trigger, actor: 'server' }, [noted])
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      log.execute([noted])
      logger.warn({ connectionId: connection.connection.id, code: error.code }, 'a scheduled run was not queued')
    }
  }
}
