import type { AnswerOf, RunHead } from '../../server/api/contract.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { Progress } from './delivery.ts'
import type { DeviceHealth } from './device-store.ts'
import type { LateEdits } from './late-edits.ts'
import type { LinkState } from './save-state.ts'

export type WorkbookInfo = AnswerOf<'getWorkbook'>
export type SessionInfo = AnswerOf<'getSession'>
export type SheetInfo = WorkbookInfo['sheets'][number]

/** A sheet with its documents open. */
export interface OpenSheet {
  readonly info: SheetInfo
  readonly sheet: Sheet
}

/** What a screen shows of a session; a new object after each change. */
export interface SessionState {
  readonly phase: 'opening' | 'ready' | 'missing' | 'failed' | 'forgotten'
  readonly failure: { readonly message: string; readonly advice: string } | undefined
  readonly session: SessionInfo | undefined
  /** Its sheets as they are named and placed in this window, before the server has heard of it. */
  readonly info: WorkbookInfo | undefined
  readonly open: OpenSheet | undefined
  readonly link: LinkState
  readonly isSynced: boolean
  /** What there is of the sheet can be shown: it came from this device or from the server. */
  readonly isLoaded: boolean
  /** How many of the parts of the open sheet can be shown. */
  readonly parts: Progress
  /** Changes the server has not confirmed: without a connection those of this browser's other windows too. */
  readonly unsent: number
  readonly isOnDevice: boolean
  readonly device: DeviceHealth
  /** Others' changes that the last connection brought, for a while after it did. */
  readonly caughtUp: number
  /** What was typed here into an earlier generation of the open sheet and never sent. */
  readonly late: readonly LateEdits[]
  readonly isWorkingOffline: boolean
  /** Newest run of each connection and earlier ones, newest first. */
  readonly runs: readonly RunHead[]
}
