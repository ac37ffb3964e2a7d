import type * as Y from 'yjs'
import type { DocumentName } from '../workbook/schema.ts'
import type { CellChangeRow, SqlOp } from './update-log.ts'

/** Who is at the other end of a socket, and what they may do with one document. */
export interface Principal {
  readonly actor: { readonly id: string; readonly name: string; readonly color: string }
  /** The browser profile or script the edits come from. */
  readonly device: string
  readonly canWrite: boolean
  /** What they may do in the workbook; whoever may only look announces no typing. */
  readonly role?: 'owner' | 'editor' | 'viewer'
  /** The workbook the document is part of: when that is deleted, the socket ends. */
  readonly workbook?: string
  /** The shared link a guest is here by; absent for members. */
  readonly link?: string
}

/** Why a document is not opened for someone; shown to them. */
export interface Denied {
  readonly denied: string
}

export const isDenied = (answer: Principal | Denied): answer is Denied => 'denied' in answer

/** Decides on one document for one socket. `request` is the upgrade request, with its cookies. */
export type Authorize = (token: string, docName: string, request: Request) => Promise<Principal | Denied>

/** The owner of a Yjs client id within a document; `server` for the server's own. */
export type ActorOf = (client: number) => { readonly actor: string; readonly device: string }

export interface DocumentMeta {
  readonly name: DocumentName
  /** The last sequence number folded into `doc`; 0 for a document that was never written. */
  readonly seq: number
  /** Stays true while the document lives. */
  readonly actorOf: ActorOf
}

/** What the business makes of live documents. Everything here is called on the main thread, in the order of the document's changes. */
export interface DocumentBusiness {
  /** After `doc` was loaded from the log and before any client's update; edits made here are logged like any other. */
  attachDocument(docName: string, doc: Y.Doc, meta: DocumentMeta): void | Promise<void>
  /** Whether somebody's edit of this document can be judged now; absent: always. Reading the document never waits for it. */
  isReadyToWrite?(docName: string): boolean
  /** Resolves when it can be. */
  prepareToWrite?(docName: string): Promise<void>
  /** The document leaves memory (idle, or the log failed): forget `doc`. */
  detachDocument(docName: string): void
  /**
   * One transaction, called before Yjs collects the garbage of it. What it returns is committed with the transaction's update; edits
   * made in it (`doc.transact` with a server origin) become updates of their own in the same batch.
   */
  onTransaction(
    docName: string,
    transaction: Y.Transaction,
    actorOf: ActorOf,
    /** The sequence number under which the transaction's update will stand in the log. */
    seq: number,
  ): { readonly cellChanges: readonly CellChangeRow[]; readonly ops: readonly SqlOp[] }
}

/** A document held open by the server itself. Write with `doc.transact(fn, origin)`: logged and broadcast like a client's update. */
export interface OpenDocument {
  readonly doc: Y.Doc
  release(): Promise<void>
}

/** What the rest of the server asks of the collaboration part. */
export interface Documents {
  /** Loads the document or shares the live one. After a failed commit the document is destroyed: open it again. */
  openDocument(docName: string): Promise<OpenDocument>
  /** A message to every client that has the document open now, or to those of members alone; not kept. */
  broadcastStateless(docName: string, payload: string, to?: 'members' | 'everyone'): void
  /** Ends every socket that was let into anything of a workbook, with all that travels on it. */
  dismiss(workbook: string, reason: string): void
}
