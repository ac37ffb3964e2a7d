import type { Contract } from './api/contract.ts'
import type { Handlers } from './api/router.ts'
import type { DocumentBusiness, Documents, Principal } from './collab-ports.ts'
import type { Config } from './config.ts'
import type { SandboxPart } from './http.ts'
import type { Logger } from './logger.ts'
import type { Secrets } from './secrets.ts'
import type { Caller, Sessions } from './session.ts'
import type { Reader } from './storage/database.ts'
import type { UpdateLog } from './update-log.ts'

/** What the shell gives to the business. */
export interface AppParts {
  readonly config: Config
  readonly logger: Logger
  readonly log: UpdateLog
  readonly reader: Reader
  readonly documents: Documents
  readonly secrets: Secrets
  readonly sessions: Sessions
  /** `http://127.0.0.1:<port>`; known when `start` is called. */
  readonly origin: () => string
  /** ms since 1970 */
  readonly now: () => number
}

/** What the business gives to the shell. */
export interface App {
  readonly business: DocumentBusiness
  /** What a caller who is signed in may do with a document whose name is ours; the reason where nothing. */
  readonly mayOpen: (caller: Caller, docName: string) => Promise<Pick<Principal, 'canWrite'> | { readonly denied: string }>
  readonly handlers: Handlers<Omit<Contract, 'getSession' | 'patchSession'>>
  readonly sandbox?: SandboxPart
  /** Before the first request is answered. */
  start(): Promise<void>
  /** After the last request; the log still takes what is left to write. */
  stop(): Promise<void>
}

/** The place where workbooks, engine, queue and sandbox are put together. */
export function buildApp(_parts: AppParts): App {
  return {
    business: {
      attachDocument: () => undefined,
      detachDocument: () => undefined,
      onTransaction: () => ({ cellChanges: [], ops: [] }),
    },
    mayOpen: async () => ({ canWrite: true }),
    handlers: {},
    start: async () => undefined,
    stop: async () => undefined,
  }
}
