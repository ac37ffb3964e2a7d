import { TEXTS } from '../texts.ts'

/** How the connection to the server stands. */
export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online' }
  /** The next attempt is at `retryAtMs`; `isDeviceOffline` where the browser itself has no network. */
  | { readonly kind: 'waiting'; readonly retryAtMs: number; readonly isDeviceOffline: boolean }
  /** A person chose to work offline. */
  | { readonly kind: 'off' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface SaveFacts {
  readonly link: LinkState
  /** Every document has finished its first exchange with the server. */
  readonly isSynced: boolean
  /** Changes the server has not confirmed. */
  readonly unsent: number
  /** The last change is written on this device. */
  readonly isOnDevice: boolean
  /** This browser keeps documents at all (some private windows do not). */
  readonly keepsDocuments: boolean
  readonly nowMs: number
}

export interface SaveLine {
  readonly kind: 'saved' | 'device' | 'saving' | 'offline' | 'reconnecting' | 'connecting' | 'refused'
  readonly text: string
  /** A second, quieter sentence. */
  readonly note: string
  /** What the person can do about it. */
  readonly action?: 'reconnect'
}

const line = (kind: SaveLine['kind'], text: string, note = ''): SaveLine => ({ kind, text, note })

/** The line that is always on the screen. *Saved* is only ever said of what the server has confirmed to be on its disk. */
export function saveLine(facts: SaveFacts): SaveLine {
  const { link, unsent } = facts
  switch (link.kind) {
    case 'refused':
      return line('refused', TEXTS.save.refused(link.reason), unsent > 0 ? TEXTS.save.kept(unsent) : TEXTS.save.refusedAdvice)
    case 'off':
      return line('offline', offlineText(facts))
    case 'waiting': {
      if (link.isDeviceOffline) return { ...line('offline', offlineText(facts)), action: 'reconnect' }
      const seconds = Math.max(1, Math.ceil((link.retryAtMs - facts.nowMs) / 1000))
      const note = unsent > 0 ? TEXTS.save.kept(unsent) : ''
      return { ...line('reconnecting', TEXTS.save.reconnecting(seconds), note), action: 'reconnect' }
    }
    case 'connecting':
      return line('connecting', TEXTS.save.connecting, unsent > 0 ? TEXTS.save.kept(unsent) : '')
    case 'online':
      if (!facts.isSynced) return line('connecting', TEXTS.save.connecting, unsent > 0 ? TEXTS.save.kept(unsent) : '')
      if (unsent === 0) return line('saved', TEXTS.save.saved)
      return facts.isOnDevice && facts.keepsDocuments ? line('device', TEXTS.save.device) : line('saving', TEXTS.save.saving)
  }
}

const offlineText = ({ unsent, keepsDocuments }: SaveFacts): string =>
  keepsDocuments || unsent === 0 ? TEXTS.save.offline(unsent) : TEXTS.save.offlineWindow(unsent)
