import type { Document } from '@hocuspocus/server'
import { isTransactionOrigin } from '@hocuspocus/server'
import * as Y from 'yjs'
import { epochOf } from '../workbook/documents.ts'
import { isServerOrigin } from '../workbook/origin.ts'
import type { DocumentName } from '../workbook/schema.ts'
import type { ActorOf, DocumentBusiness, Principal } from './collab-ports.ts'
import type { Logger } from './logger.ts'
import { type StoredDocument, saveSnapshotOp } from './storage/document-store.ts'
import type { ClientIdOwner, UpdateLog, UpdateRecord } from './update-log.ts'

/** Updates applied in one transaction when a document is loaded: one transaction for all would hold every event till the end. */
const LOAD_CHUNK = 1_000

/** A tail shorter than this is not worth a snapshot, whatever the document's size. Bytes, each update counted with its overhead. */
const SHORTEST_SNAPSHOT_TAIL = 256 * 1024
const UPDATE_OVERHEAD = 100

/**
 * A base shard's snapshot is what people fetch, and its tail comes to them update by update: a quarter of the snapshot is the most that is
 * sent twice, and so many updates the most that are merged into one where there is no snapshot yet.
 */
const SHORTEST_SHARD_TAIL = 64 * 1024
const SHARD_TAIL_UPDATES = 200

export type Owner = Omit<ClientIdOwner, 'client'>

export const SERVER_OWNER: Owner = { actor: 'server', device: '' }
const UNKNOWN_OWNER: Owner = { actor: 'unknown', device: '' }

/** An update as the log has it. */
export interface LoggedUpdate {
  /** The sequence number of the document's update before this one; 0 for the first. */
  readonly after: number
  readonly seq: number
  readonly update: Uint8Array
}

type Observed = Required<Pick<UpdateRecord, 'seq' | 'cellChanges' | 'clientIds'>>

/** What a client's connection carries through Hocuspocus. */
export interface PrincipalContext {
  principal?: Principal
}

/** One document in memory: writes each of its transactions to the log, knows who owns each client id, and keeps snapshots. */
export class LiveDocument {
  readonly doc: Document
  readonly name: DocumentName
  readonly owners: Map<number, Owner>
  readonly #log: UpdateLog
  readonly #business: DocumentBusiness
  readonly #logger: Logger
  readonly #now: () => number
  readonly #onLogged: ((logged: LoggedUpdate) => void) | undefined
  readonly #observed = new WeakMap<Y.Transaction, Observed>()
  #unsavedUntil: Promise<void> | undefined
  #seq: number
  #tailBytes = 0
  #tailUpdates = 0
  #snapshotBytes: number
  #isDetached = false

  constructor(
    doc: Document,
    name: DocumentName,
    stored: StoredDocument,
    parts: {
      log: UpdateLog
      business: DocumentBusiness
      logger: Logger
      now: () => number
      earlierOwners: ReadonlyMap<number, Owner>
      /** Told of each update in the turn in which it joins the log's batch. */
      onLogged?: (logged: LoggedUpdate) => void
    },
  ) {
    this.doc = doc
    this.name = name
    this.#log = parts.log
    this.#business = parts.business
    this.#logger = parts.logger
    this.#now = parts.now
    this.#onLogged = parts.onLogged
    this.owners = new Map(parts.earlierOwners)
    for (const { client, actor, device } of stored.owners) this.owners.set(client, { actor, device })
    this.#seq = stored.seq
    this.#snapshotBytes = stored.state?.byteLength ?? 0
    for (const update of stored.tail) this.#tailBytes += update.byteLength + UPDATE_OVERHEAD
    this.#tailUpdates = stored.tail.length
  }

  /** From here on every change is logged. */
  async attach(): Promise<void> {
    this.doc.on('afterTransaction', this.#onTransaction)
    this.doc.on('update', this.#onUpdate)
    this.doc.on('destroy', this.detach)
    await this.#business.attachDocument(this.doc.name, this.doc, { name: this.name, seq: this.#seq, actorOf: this.actorOf })
    this.keepSnapshotIfDue()
  }

  /** Nothing of the document is logged any more; idempotent. */
  readonly detach = (): void => {
    if (this.#isDetached) return
    this.#isDetached = true
    this.doc.off('afterTransaction', this.#onTransaction)
    this.doc.off('update', this.#onUpdate)
    this.#business.detachDocument(this.doc.name)
  }

  /**
   * Set while something the server itself wrote is not on disk: nobody may see it yet. A window that did, and then outlived the server, would
   * keep items that no log has, in documents it cannot send back.
   */
  get unsavedUntil(): Promise<void> | undefined {
    return this.#unsavedUntil
  }

  get isDetached(): boolean {
    return this.#isDetached
  }

  /** Whether a client's update may be applied now. */
  get isReadyToWrite(): boolean {
    return this.#business.isReadyToWrite?.(this.doc.name) ?? true
  }

  /** Resolves when a client's update may be applied. */
  async prepareToWrite(): Promise<void> {
    await this.#business.prepareToWrite?.(this.doc.name)
  }

  readonly actorOf: ActorOf = (client) => this.owners.get(client) ?? UNKNOWN_OWNER

  /**
   * Applies a client's update. An update that hangs on one we have not seen is logged as it came, so that it is as safe as any other.
   * @throws Error where the bytes are no update, or carry items in the server's own name
   */
  applyClientUpdate(update: Uint8Array, origin: { principal: Principal; transactionOrigin: unknown }): void {
    this.#refuseForgery(update)
    const { store } = this.doc
    const pendingStructs = store.pendingStructs?.update
    const pendingDeletes = store.pendingDs
    Y.applyUpdate(this.doc, update, origin.transactionOrigin)
    const hangs =
      (store.pendingStructs !== null && store.pendingStructs.update !== pendingStructs) ||
      (store.pendingDs !== null && store.pendingDs !== pendingDeletes)
    if (hangs) this.#logHanging(update, origin.principal)
  }

  /** Keeps a snapshot where the updates since the last one have grown as large as the document. */
  keepSnapshotIfDue(): void {
    const isDue =
      this.name.kind === 'base'
        ? this.#tailBytes >= Math.max(SHORTEST_SHARD_TAIL, this.#snapshotBytes / 4) || this.#tailUpdates >= SHARD_TAIL_UPDATES
        : this.#tailBytes >= Math.max(SHORTEST_SNAPSHOT_TAIL, this.#snapshotBytes)
    if (isDue) this.keepSnapshot()
  }

  /** At unload a tail of an eighth is enough: the document is read from the start next time. */
  keepSnapshotBeforeUnload(): void {
    if (this.#tailBytes > Math.max(SHORTEST_SNAPSHOT_TAIL, this.#snapshotBytes) / 8) this.keepSnapshot()
  }

  keepSnapshot(): void {
    const state = Y.encodeStateAsUpdate(this.doc)
    const at = this.#now()
    if (this.name.kind === 'base') {
      this.#log.keepSnapshot({ doc: this.doc.name, seq: this.#seq, epoch: Math.max(0, epochOf(this.doc)), state, at })
    } else this.#log.execute([saveSnapshotOp(this.doc.name, this.#seq, state, at)])
    this.#snapshotBytes = state.byteLength
    this.#tailBytes = 0
    this.#tailUpdates = 0
  }

  /** The server's entries are believed in what they claim, and nobody sees one before it is on disk: a new one from outside is made up. */
  #refuseForgery(update: Uint8Array): void {
    for (const [client, clock] of Y.parseUpdateMeta(update).to) {
      const isServers = client === this.doc.clientID || this.owners.get(client)?.actor === SERVER_OWNER.actor
      if (isServers && clock > Y.getState(this.doc.store, client)) throw new Error('new items in the name of the server')
    }
  }

  readonly #onTransaction = (transaction: Y.Transaction): void => {
    const { principal } = originOf(transaction.origin)
    const change = changedClients(transaction)
    if (!change.hasChange) return
    const seq = this.#log.takeSeq()
    if (principal === undefined) this.#hold()
    const clientIds = this.#claim(change.newClients, principal)
    try {
      const { cellChanges, ops } = this.#business.onTransaction(this.doc.name, transaction, this.actorOf, seq)
      this.#log.execute(ops)
      this.#observed.set(transaction, { seq, cellChanges, clientIds })
    } catch (error) {
      // The update itself is logged all the same: an edit is never lost to a fault in reading it.
      this.#logger.error({ err: error, document: this.doc.name }, 'a transaction could not be read')
      this.#observed.set(transaction, { seq, cellChanges: [], clientIds })
    }
  }

  #hold(): void {
    // Asked once the update of this transaction has joined the batch; Hocuspocus may send it before that.
    const saved = Promise.resolve().then(() => this.#log.durable())
    this.#unsavedUntil = saved
    const release = (): void => {
      if (this.#unsavedUntil === saved) this.#unsavedUntil = undefined
    }
    // A failed log closes every socket: what was held is never sent.
    saved.then(release, release)
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown, _doc: Y.Doc, transaction: Y.Transaction): void => {
    const { principal, kind } = originOf(origin)
    const observed = this.#observed.get(transaction) ?? { seq: this.#log.takeSeq(), cellChanges: [], clientIds: [] }
    this.#append(update, ownerOf(principal), kind, observed)
    this.keepSnapshotIfDue()
  }

  #append(update: Uint8Array, owner: Owner, origin: string, observed: Observed): void {
    const after = this.#seq
    this.#seq = observed.seq
    this.#tailBytes += update.byteLength + UPDATE_OVERHEAD
    this.#tailUpdates++
    this.#log.append({ doc: this.doc.name, update, ...owner, origin, at: this.#now(), ...observed })
    this.#onLogged?.({ after, seq: observed.seq, update })
  }

  #logHanging(update: Uint8Array, principal: Principal): void {
    const clients = new Set(Y.decodeUpdate(update).structs.map((struct) => struct.id.client))
    const clientIds = this.#claim([...clients], principal)
    this.#append(update, ownerOf(principal), 'user', { seq: this.#log.takeSeq(), cellChanges: [], clientIds })
  }

  /** The first principal who brings a client id owns it. */
  #claim(clients: readonly number[], principal: Principal | undefined): ClientIdOwner[] {
    const owner = ownerOf(principal)
    const claimed: ClientIdOwner[] = []
    for (const client of clients) {
      const known = this.owners.get(client)
      if (known === undefined) this.owners.set(client, owner)
      // Known from before a failed commit: its owner is still to be written.
      claimed.push({ client, ...(known ?? owner) })
    }
    return claimed
  }
}

/** Brings the stored document into an empty one. */
export function applyStored(doc: Y.Doc, stored: StoredDocument): void {
  if (stored.state) Y.applyUpdate(doc, stored.state)
  for (let i = 0; i < stored.tail.length; i += LOAD_CHUNK) {
    doc.transact(() => {
      for (const update of stored.tail.slice(i, i + LOAD_CHUNK)) Y.applyUpdate(doc, update)
    })
  }
}

const ownerOf = (principal: Principal | undefined): Owner =>
  principal === undefined ? SERVER_OWNER : { actor: principal.actor.id, device: principal.device }

/** Who made a transaction, and the word the log keeps for it. */
function originOf(origin: unknown): { principal?: Principal; kind: string } {
  if (isTransactionOrigin(origin) && origin.source === 'connection') {
    const { principal } = origin.connection.context as PrincipalContext
    return principal === undefined ? { kind: 'user' } : { principal, kind: 'user' }
  }
  if (isServerOrigin(origin)) return { kind: origin.kind }
  return { kind: typeof origin === 'string' ? origin : 'server' }
}

function changedClients({ beforeState, afterState, deleteSet }: Y.Transaction): { hasChange: boolean; newClients: number[] } {
  let hasChange = deleteSet.clients.size > 0
  const newClients: number[] = []
  for (const [client, clock] of afterState) {
    const before = beforeState.get(client)
    if (before === clock) continue
    hasChange = true
    if (before === undefined) newClients.push(client)
  }
  return { hasChange, newClients }
}
