import type { z } from 'zod'
import type { SetFault } from '../faults.ts'
import type { Answer } from '../http.ts'
import type { FileProblem } from '../record-store.ts'

/** A value to choose, and how it is called. */
export interface Choice {
  readonly id: string
  readonly name: string
}

/** One kind of record of an app: its place in addresses and its words. */
export interface RecordList {
  /** `issues` in `/sandbox/jira/issues/TB-1`. */
  readonly id: string
  readonly name: string
  /** What one of them is called, for buttons and titles. */
  readonly noun: string
  /** A choice that narrows the list (Jira's project); every list has its own. */
  readonly filter?: { readonly label: string; readonly choices: readonly Choice[] }
  readonly columns: readonly Column[]
}

/** A column of a list. `key` links to the record, `main` is its name, `status` stands out, `number` is set to the right. */
export interface Column {
  readonly name: string
  readonly kind: 'key' | 'main' | 'status' | 'meta' | 'date' | 'number'
}

export interface ListQuery {
  readonly search: string
  /** The chosen filter's id; `''` for all. */
  readonly filter: string
  readonly startAt: number
  readonly maxResults: number
}

export interface ListRow {
  /** What the record's address ends in. */
  readonly id: string
  /** One text a column. */
  readonly cells: readonly string[]
  readonly isHidden: boolean
}

/** A field of a record's form. Everything is text there; `check` is `'true'` or `'false'`. */
export interface FormField {
  readonly name: string
  readonly label: string
  readonly kind: 'text' | 'long' | 'date' | 'time' | 'number' | 'url' | 'check' | 'choice'
  readonly isWide?: boolean
  readonly isRequired?: boolean
  /** For `choice`. A value shown under another spelling of a choice stays what it is until somebody chooses. */
  readonly choices?: readonly Choice[]
  readonly isEmptyAllowed?: boolean
}

/** A button under a record's form. */
export interface RecordAction {
  readonly verb: string
  readonly label: string
  readonly inputs?: Readonly<Record<string, string>>
  /** Fields asked for beside the button. */
  readonly asks?: readonly FormField[]
  /** Asked before it is done; the button looks dangerous. */
  readonly confirm?: string
}

export interface RecordPage {
  readonly id: string
  readonly title: string
  readonly values: Readonly<Record<string, string>>
  readonly fields: readonly FormField[]
  readonly actions: readonly RecordAction[]
  readonly history: readonly { readonly text: string; readonly at: string }[]
}

/** What became of a form: the record's id and the word of `SAID`, or what is wrong, by field name. */
export type FormResult =
  | { readonly kind: 'done'; readonly id: string | undefined; readonly said: Said }
  | { readonly kind: 'refused'; readonly errors: Readonly<Record<string, string>> }

/** What a page says after something was done; the address carries only the word. */
export const SAID = {
  saved: (app: string) => `Saved. ${app} has it now.`,
  unchanged: () => 'Nothing was different, so nothing was saved.',
  created: () => 'Created.',
  deleted: () => 'Deleted.',
  moved: () => 'Moved. The old key still finds it.',
  merged: () => 'Merged. Both ids lead to it now.',
  restored: () => 'Restored.',
  set: () => 'The dial is set.',
  cleared: () => 'The dial is clear.',
  settings: () => 'Settings saved.',
  hidden: () => 'The token can no longer see it.',
  shown: () => 'The token can see it again.',
} as const
export type Said = keyof typeof SAID

/** What the screen shows of an app's dial and settings. Apps add their own to what `/sandbox/control` tells. */
export interface ControlView {
  readonly app: string
  readonly faults: readonly SetFault[]
  readonly spent: readonly SetFault[]
  readonly indexDelayMs: number
  readonly hidden: readonly string[]
  readonly editor: string
  readonly problems: readonly FileProblem[]
}

/** A JSON request of a script or a test about an app's records. */
export interface RecordsRequest {
  readonly method: string
  /** What follows `/sandbox/<app>/records` in the path. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  /** The JSON body that fits, or the refusal that says what does not. */
  readonly read: <T>(shape: z.ZodType<T>) => { readonly data: T } | { readonly error: Answer }
}

/** What people and scripts see of a stand-in besides its API: its records, its fault dial, its settings. */
export interface AppFace {
  /** `jira`: its place in addresses. */
  readonly id: string
  /** `Jira`. */
  readonly name: string
  /** How much it holds, in a line. */
  summary(): string
  /** What to connect with, by label. `base` is the address up to and including `/sandbox/<app>`. */
  facts(base: string): readonly (readonly [label: string, value: string])[]
  /** The first is shown at first. */
  readonly lists: readonly [RecordList, ...RecordList[]]
  list(list: string, query: ListQuery): { readonly total: number; readonly rows: readonly ListRow[] }
  /** A record with its form; `undefined` where there is none. */
  record(list: string, id: string): RecordPage | undefined
  /** The form of a record to be made, filled with what it begins with. */
  blank(list: string): Pick<RecordPage, 'values' | 'fields'>
  /** Saves the fields that a person changed, and only those. `as` says who. */
  edit(list: string, id: string, changed: Readonly<Record<string, string>>, as: string | undefined): FormResult
  create(list: string, values: Readonly<Record<string, string>>, as: string | undefined): FormResult
  /** Carries out the action of a button. */
  act(list: string, id: string, verb: string, form: URLSearchParams): FormResult | undefined
  /** The records as JSON. */
  records(request: RecordsRequest): Answer
  /** Addresses that links of the app's own screens have (`/browse/TB-1`): where they lead here. */
  redirect?(parts: readonly string[]): string | undefined
  /** The fields a fault may be about. */
  readonly dialFields: readonly Choice[]
  /** Reasons a 429 may give; none where the app has no such thing. */
  readonly rateLimitReasons: readonly string[]
  /** The people edits may be by. */
  readonly editors: readonly string[]
  controlView(): ControlView
  /** Reads a body of `/sandbox/control` and does what it says. */
  control(read: RecordsRequest['read']): { readonly error: Answer } | undefined
  /** A request's path as the screen shows it, without what is the same in all. */
  shortPath(path: string): string
}
