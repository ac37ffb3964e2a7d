import type { SqlOp, SqlValue } from '../update-log.ts'

/** An update within a batch; its bytes lie in the batch's one buffer. */
export interface PackedUpdate {
  readonly kind: 'update'
  readonly seq: number
  readonly doc: string
  readonly from: number
  readonly to: number
  readonly actor: string
  readonly device: string
  readonly origin: string
  readonly at: number
  /** row, field, value, base, actor, device, at, origin, item; nine a change. A flat list crosses threads cheapest. */
  readonly cells: readonly SqlValue[]
  /** client, actor, device; three an owner. */
  readonly owners: readonly SqlValue[]
}

/** A snapshot to be kept compressed, behind the commit of what it covers; its bytes lie in the batch's one buffer. */
export interface PackedSnapshot {
  readonly kind: 'snapshot'
  readonly doc: string
  readonly seq: number
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly at: number
}

export interface PackedOp extends SqlOp {
  readonly kind: 'op'
}

export const CELL_WIDTH = 9
export const OWNER_WIDTH = 3

export type ToWriter =
  /** `epoch` tells batches of before a failure, which are lost, from those after. */
  | {
      readonly kind: 'batch'
      readonly epoch: number
      readonly id: number
      readonly bytes: Uint8Array
      readonly items: readonly (PackedUpdate | PackedSnapshot | PackedOp)[]
    }
  /** Asks for one commit; when it works the writer takes batches of `epoch`. */
  | { readonly kind: 'probe'; readonly epoch: number }
  | { readonly kind: 'stop' }

export type FromWriter =
  | { readonly kind: 'ready'; readonly lastSeq: number }
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'committed'; readonly epoch: number; readonly id: number }
  | { readonly kind: 'failed'; readonly epoch: number; readonly message: string }
  | { readonly kind: 'probed'; readonly epoch: number; readonly error: string | null }
  | { readonly kind: 'stopped' }

export interface WriterOptions {
  readonly dataFolder: string
  /** How long a failing commit is tried again before the log gives up. ms */
  readonly retryMs: number
}
