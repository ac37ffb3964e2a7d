import * as z from 'zod'

/** What the windows of one browser that have a workbook open tell each other. */
const windowMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), window: z.string() }),
  z.object({ kind: z.literal('edit'), document: z.string(), update: z.custom<Uint8Array>((value) => value instanceof Uint8Array) }),
  z.object({ kind: z.literal('forgotten') }),
])
export type WindowMessage = z.infer<typeof windowMessage>

export interface OpenWindowsOptions {
  /** This window's own id. */
  readonly window: string
  /** Names the workbook and the person: only windows with the same scope know each other. */
  readonly scope: string
  readonly onMessage: (message: WindowMessage) => void
  /** A window was closed, or its process has ended. */
  readonly onClosed: (window: string) => void
}

/**
 * The windows of this browser that have the same workbook open. Each holds a lock in its own name for as long as it lives, whatever ends
 * it; who waits for that lock learns of the end. Where the browser has no locks every other window counts as closed.
 */
export class OpenWindows {
  readonly #options: OpenWindowsOptions
  readonly #channel: BroadcastChannel | undefined
  readonly #open = new Set<string>()
  readonly #end = new AbortController()
  #letGo: () => void = () => undefined

  constructor(options: OpenWindowsOptions) {
    this.#options = options
    this.#channel = channelOf(options.scope)
    if (this.#channel === undefined) return
    this.#channel.onmessage = ({ data }) => this.#receive(data)
  }

  /** The others that are open now. */
  get others(): ReadonlySet<string> {
    return this.#open
  }

  /** Resolves once this window is known to the others and they to it. */
  async join(): Promise<void> {
    const locks = lockManager()
    if (locks === undefined) return
    const { window, scope } = this.#options
    const lead = lockLead(scope)
    await new Promise<void>((resolve) => {
      const held = (): Promise<void> => {
        resolve()
        return new Promise((letGo) => {
          this.#letGo = letGo
        })
      }
      locks.request(lead + window, held).catch(resolve)
    })
    this.post({ kind: 'hello', window })
    const { held = [] } = await locks.query()
    for (const { name } of held) if (name?.startsWith(lead) && name !== lead + window) this.#watch(name.slice(lead.length))
  }

  post(message: WindowMessage): void {
    if (!this.#end.signal.aborted) this.#channel?.postMessage(message)
  }

  leave(): void {
    this.#end.abort()
    this.#letGo()
    this.#channel?.close()
  }

  #receive(data: unknown): void {
    const message = windowMessage.safeParse(data)
    if (!message.success) return
    if (message.data.kind === 'hello') this.#watch(message.data.window)
    else this.#options.onMessage(message.data)
  }

  #watch(window: string): void {
    const locks = lockManager()
    if (locks === undefined || this.#open.has(window) || this.#end.signal.aborted) return
    this.#open.add(window)
    const ended = (): void => {
      this.#open.delete(window)
      if (!this.#end.signal.aborted) this.#options.onClosed(window)
    }
    // Granted when the other window has let go of it; refused when this one ends first.
    const waiting = locks.request(lockLead(this.#options.scope) + window, { signal: this.#end.signal, mode: 'shared' }, ended)
    void Promise.allSettled([waiting])
  }
}

/** Who a window belongs to: windows of one person on one workbook know each other. */
export const windowScope = (person: string, workbook: string): string => `${person}|${workbook}`

/** How long other windows may take to stop writing. ms. */
const STOP_MS = 1_000

/** Tells every window of a scope, this one's own session too, that its workbook is forgotten, and waits until they have stopped. */
export async function tellForgotten(scope: string): Promise<void> {
  const channel = channelOf(scope)
  channel?.postMessage({ kind: 'forgotten' } satisfies WindowMessage)
  const locks = lockManager()
  const { held = [] } = (await locks?.query()) ?? {}
  const signal = AbortSignal.timeout(STOP_MS)
  const waits = held.map(({ name = '' }) =>
    name.startsWith(lockLead(scope)) ? locks?.request(name, { signal }, () => undefined) : undefined,
  )
  // A window that does not stop in time writes only what it had begun.
  await Promise.allSettled(waits)
  channel?.close()
}

const lockLead = (scope: string): string => `tidebook.window|${scope}|`

const channelOf = (scope: string): BroadcastChannel | undefined =>
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(`tidebook.windows|${scope}`)

const lockManager = (): LockManager | undefined =>
  typeof navigator === 'undefined' ? undefined : (navigator.locks as LockManager | undefined)
