import { TEXTS } from '../texts.ts'
import type { DeviceHealth } from './device-store.ts'

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
  /** Every change is written on this device. */
  readonly isOnDevice: boolean
  /** How this browser's storage stands. */
  readonly device: DeviceHealth
  /** Others' changes that the last connection brought. */
  readonly caughtUp: number
  readonly nowMs: number
}

export interface SaveLine {
  readonly kind: 'saved' | 'device' | 'saving' | 'offline' | 'reconnecting' | 'connecting' | 'refused'
  readonly text: string
  /** The same where there is little room. */
  readonly short: string
  /** A second, quieter sentence. */
  readonly note: string
  /** What the person can do about it. */
  readonly action?: 'reconnect'
}

type Words = readonly [text: string, short: string]
const line = (kind: SaveLine['kind'], [text, short]: Words, note = ''): SaveLine => ({ kind, text, short, note })
const same = (text: string): Words => [text, text]

/**
 * The line that is always on the screen. *Saved* is only ever said of what the server has confirmed to be on its disk, *on this device*
 * only of what this browser has finished writing.
 */
export function saveLine(facts: SaveFacts): SaveLine {
  const { link, unsent } = facts
  switch (link.kind) {
    case 'refused':
      return line('refused', [TEXTS.save.refused(link.reason), TEXTS.device.short.refused], whereIs(facts) || TEXTS.save.refusedAdvice)
    case 'off':
      return line('offline', offlineWords(facts), storageNote(facts))
    case 'waiting': {
      if (link.isDeviceOffline) return { ...line('offline', offlineWords(facts), storageNote(facts)), action: 'reconnect' }
      const seconds = Math.max(1, Math.ceil((link.retryAtMs - facts.nowMs) / 1000))
      const words: Words = [TEXTS.save.reconnecting(seconds), TEXTS.device.short.reconnecting(seconds)]
      return { ...line('reconnecting', words, whereIs(facts)), action: 'reconnect' }
    }
    case 'connecting':
      return line('connecting', same(TEXTS.save.connecting), whereIs(facts))
    case 'online':
      if (!facts.isSynced) return line('connecting', same(TEXTS.save.connecting), whereIs(facts))
      if (unsent === 0) return line('saved', same(TEXTS.save.saved), savedNote(facts))
      if (facts.isOnDevice && facts.device === 'kept') return line('device', [TEXTS.save.device, TEXTS.device.short.device])
      return line('saving', same(TEXTS.save.saving), storageNote(facts))
  }
}

const savedNote = (facts: SaveFacts): string => (facts.caughtUp > 0 ? TEXTS.device.caughtUp(facts.caughtUp) : storageNote(facts))

/** Why this browser keeps nothing; nothing to say where it does. */
const storageNote = ({ device }: SaveFacts): string => TEXTS.device.notKept[device]

function offlineWords({ unsent, device, isOnDevice }: SaveFacts): Words {
  if (unsent === 0) return [TEXTS.save.offline(0), TEXTS.device.short.offline]
  if (device !== 'kept') return [TEXTS.save.offlineWindow(unsent), TEXTS.device.short.window(unsent)]
  return isOnDevice ? [TEXTS.save.offline(unsent), TEXTS.device.short.kept(unsent)] : same(TEXTS.device.keeping(unsent))
}

function whereIs({ unsent, device, isOnDevice }: SaveFacts): string {
  if (unsent === 0) return TEXTS.device.notKept[device]
  if (device !== 'kept') return `${TEXTS.device.onlyHere(unsent)} ${TEXTS.device.notKept[device]}`.trim()
  return isOnDevice ? TEXTS.save.kept(unsent) : TEXTS.device.keeping(unsent)
}
