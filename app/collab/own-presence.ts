import { type Cursor, liveTextOf, type PeerRange, SHOWN_RANGES } from './presence.ts'

/** The little of y-protocols' awareness that is used. */
export interface PresenceChannel {
  getLocalState(): Readonly<Record<string, unknown>> | null
  setLocalState(state: Record<string, unknown>): void
}

/** Presence goes out at most this often. ms */
export const PRESENCE_MS = 80
/** A window in which nothing was touched this long is idle. ms */
export const IDLE_MS = 5 * 60_000

type Shown = 'sheet' | 'cursor' | 'ranges' | 'typing' | 'isIdle'

/** What others see of this window: gathered as it changes, and sent at most every 80 ms, the newest state of each part. */
export class OwnPresence {
  readonly #shown = new Map<Shown, unknown>()
  readonly #changed = new Set<Shown>()
  #channel: PresenceChannel | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #idleTimer: ReturnType<typeof setTimeout> | undefined

  /** From here on it is told to others: all of it, and then what changes. */
  join(channel: PresenceChannel): void {
    this.#channel = channel
    this.touch()
    this.sendAll()
  }

  /** The sheet that is shown here, also where no cell of it has been chosen. */
  setSheet(sheet: string): void {
    this.#set('sheet', sheet)
  }

  setCursor(cursor: Cursor | undefined): void {
    this.#set('cursor', cursor ?? null)
    if (cursor?.isEditing !== true) this.#set('typing', null)
  }

  /** Everything that is selected; one cell alone is what the cursor says already. */
  setRanges(ranges: readonly PeerRange[]): void {
    this.#set(
      'ranges',
      ranges.slice(0, SHOWN_RANGES).map(({ fromRow, fromField, toRow, toField }) => [fromRow, fromField, toRow, toField]),
    )
  }

  /** What stands in the open editor. */
  setLiveText(typed: string | undefined): void {
    this.#set('typing', typed === undefined ? null : liveTextOf(typed))
  }

  /** Something was touched in this window. */
  touch(): void {
    if (this.#shown.get('isIdle') === true) this.#set('isIdle', false)
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.#set('isIdle', true), IDLE_MS)
  }

  /** Once more, unchanged: the server stamps who this is as it passes. */
  sendAll(): void {
    for (const part of this.#shown.keys()) this.#changed.add(part)
    this.#plan()
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#idleTimer)
    this.#channel = undefined
  }

  #set(part: Shown, value: unknown): void {
    if (JSON.stringify(this.#shown.get(part)) === JSON.stringify(value)) return
    this.#shown.set(part, value)
    this.#changed.add(part)
    this.#plan()
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#send()
    }, PRESENCE_MS)
  }

  #send(): void {
    const channel = this.#channel
    if (channel === undefined) return
    const parts = [...this.#changed].map((part) => [part, this.#shown.get(part)])
    this.#changed.clear()
    channel.setLocalState({ ...channel.getLocalState(), ...Object.fromEntries(parts) })
  }
}
