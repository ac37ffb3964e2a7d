import type { ApiApp } from './api-server.ts'
import type { AppFace } from './screen/face.ts'

/** What every stand-in is opened with. */
export interface StandInOptions {
  /** `<data>/sandbox/<app>`. */
  readonly folder: string
  readonly now: () => number
  readonly random: () => number
  /** Absent: as it was set before, the app's own lag in a fresh sandbox. */
  readonly indexDelayMs?: number
  /** How long changes are gathered before they are written. 0: each answer waits until its changes are on disk. */
  readonly saveDelayMs: number
  /** How many records a fresh one is filled with. */
  readonly firstRecordCount: number
  /** Numbers for the first records: the same in every fresh sandbox. */
  readonly firstRandom: () => number
}

/** A stand-in of a connected app: its API, what people see of it, and its end. */
export interface StandIn extends ApiApp {
  /** What an integration signs in with. Made at the first start. */
  readonly credentials: unknown
  readonly face: AppFace
  /** Puts every change on disk. */
  flush(): Promise<void>
  /** Saves and closes. Nothing may be asked after it. */
  stop(): Promise<void>
}

/** An app of the sandbox, before it runs. */
export interface StandInApp<S extends StandIn = StandIn> {
  /** Whether a path after `/sandbox/<app>` belongs to the vendor's API (guarded by the app's own credential) and not to the screen. */
  readonly isVendorPath: (path: string) => boolean
  /** Opens it on its folder, with its first records where that is fresh. */
  readonly open: (options: StandInOptions) => Promise<S>
}
