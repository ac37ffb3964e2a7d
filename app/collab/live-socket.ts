import { HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { backoffMs } from './backoff.ts'
import type { LinkState } from './save-state.ts'

/** An attempt that has no answer after this long is given up. ms. */
const ATTEMPT_MS = 10_000

/** The library's socket, in two points otherwise. */
export class Socket extends HocuspocusProviderWebsocket {
  /** Closes as if the network had: the socket's own listeners are told, and with them the documents that stand on it. */
  lose(): void {
    this.emit('close', { event: { code: 4408, reason: 'closed here' } })
  }

  /**
   * What cannot be sent now is not kept for later: each connection begins with an exchange that covers it. The library would send every
   * edit of an absence once more before it has signed in, and the server closes a socket that sends a thousand messages before that.
   */
  override send(message: Uint8Array): void {
    if (this.webSocket?.readyState === OPEN) super.send(message)
  }
}

/** `WebSocket.OPEN`. */
const OPEN = 1

export interface LiveSocketOptions {
  readonly url: string
  readonly now: () => number
  readonly random: () => number
  readonly onChange: () => void
  /** Called after a failed attempt; answers why this browser is no longer welcome, where it is not. */
  readonly probe: () => Promise<string | undefined>
}

/**
 * The one WebSocket of a window, with its own way back: every attempt is planned here, so that the screen can say when the next one is
 * and a person can ask for it now.
 */
export class LiveSocket {
  readonly provider: Socket
  readonly #options: LiveSocketOptions
  #link: LinkState = { kind: 'connecting' }
  #attempt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #onOnline = (): void => this.#whenOnline()
  readonly #onOffline = (): void => this.#whenOffline()

  constructor(options: LiveSocketOptions) {
    this.#options = options
    this.provider = new Socket({
      url: options.url,
      autoConnect: false,
      maxAttempts: 1,
      onConnect: () => this.#whenConnected(),
      onDisconnect: () => this.#whenLost(),
      onMaxAttemptsFailed: () => this.#whenLost(),
    })
  }

  get link(): LinkState {
    return this.#link
  }

  /** Connects, unless a person has chosen to work offline. */
  start(isWorkingOffline: boolean): void {
    window.addEventListener('online', this.#onOnline)
    window.addEventListener('offline', this.#onOffline)
    if (isWorkingOffline) this.#set({ kind: 'off' })
    else this.#connect()
  }

  stop(): void {
    clearTimeout(this.#timer)
    window.removeEventListener('online', this.#onOnline)
    window.removeEventListener('offline', this.#onOffline)
    this.provider.destroy()
  }

  workOffline(isOffline: boolean): void {
    if (isOffline) {
      this.#set({ kind: 'off' })
      this.#drop()
    } else this.reconnect()
  }

  /** Connects now instead of at the planned time. */
  reconnect(): void {
    if (this.#link.kind === 'online') return
    this.#attempt = 0
    this.#connect()
  }

  /** Ends for good: the server does not let this browser in. */
  refuse(reason: string): void {
    this.#set({ kind: 'refused', reason })
    this.#drop()
  }

  #connect(): void {
    clearTimeout(this.#timer)
    this.#set({ kind: 'connecting' })
    void this.provider.connect()
    this.#timer = setTimeout(() => this.#drop(), ATTEMPT_MS)
  }

  /** Closes the socket and everything that waits on it, at once. */
  #drop(): void {
    clearTimeout(this.#timer)
    this.provider.shouldConnect = false
    // As the socket itself would tell it: the documents' providers listen too, and only then know that they must join anew.
    this.provider.lose()
  }

  #whenConnected(): void {
    clearTimeout(this.#timer)
    this.#attempt = 0
    this.#set({ kind: 'online' })
  }

  #whenLost(): void {
    // Keeps the provider from planning an attempt of its own: the next one is planned here.
    this.provider.shouldConnect = false
    clearTimeout(this.#timer)
    if (this.#link.kind === 'off' || this.#link.kind === 'refused') return
    const wait = backoffMs(this.#attempt++, this.#options.random)
    this.#set({ kind: 'waiting', retryAtMs: this.#options.now() + wait, isDeviceOffline: !navigator.onLine })
    this.#timer = setTimeout(() => this.#connect(), wait)
    if (!navigator.onLine) return
    this.#options.probe().then(
      (reason) => {
        if (reason !== undefined && this.#link.kind !== 'online') this.refuse(reason)
      },
      // No answer at all: that is being offline, and already shown.
      () => undefined,
    )
  }

  #whenOnline(): void {
    if (this.#link.kind === 'waiting' || this.#link.kind === 'connecting') this.reconnect()
  }

  #whenOffline(): void {
    if (this.#link.kind === 'off' || this.#link.kind === 'refused') return
    this.#drop()
    if (this.#link.kind === 'waiting') this.#set({ ...this.#link, isDeviceOffline: true })
  }

  #set(link: LinkState): void {
    this.#link = link
    this.#options.onChange()
  }
}
