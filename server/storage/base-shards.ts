import { gzipSync } from 'node:zlib'
import { mergeUpdates } from '../../workbook/replica.ts'
import type { Reader } from './database.ts'

/** How far the bytes of a shard go. */
export interface ShardMark {
  readonly seq: number
  readonly epoch: number
}

/** A base shard as it is delivered: one Yjs update, compressed with gzip. */
export interface StoredShard extends ShardMark {
  readonly bytes: Uint8Array
}

export interface LogRow {
  readonly seq: number
  readonly update: Uint8Array
}

/** Base shards as the log has them, without a document in memory. All of it is committed. */
export interface BaseShards {
  /** How far `read` would go; 0 for a shard that was never written. */
  markOf(docName: string): ShardMark
  read(docName: string): StoredShard
  /** The sequence number of the shard's last update; 0 where there is none. */
  lastSeq(docName: string): number
  /** The updates after `seq`, oldest first: the first one whatever its size, then as many as stay below `maxBytes` together. */
  after(docName: string, seq: number, maxBytes: number): readonly LogRow[]
  /**
   * Whether the log leads on from `seq`: it is the number of an update of this shard (not of another history of it, as after a backup was put
   * back), no epoch began since, and what follows is smaller than the whole shard.
   */
  reaches(docName: string, mark: ShardMark): boolean
}

/** An update that says nothing: a shard nobody has written yet. */
const EMPTY_UPDATE = new Uint8Array([0, 0])
/** A client this little behind gets the updates, however small the shard is. Bytes. */
const ALWAYS_REPLAYED = 64 * 1024

export function makeBaseShards(reader: Reader): BaseShards {
  const prepare = <Row>(sql: string) => {
    const statement = reader.raw.prepare(sql)
    return {
      get: (...params: (string | number)[]) => statement.get(...params) as Row | undefined,
      all: (...params: (string | number)[]) => statement.all(...params) as Row[],
      iterate: (...params: (string | number)[]) => statement.iterate(...params) as IterableIterator<Row>,
    }
  }
  const head = prepare<ShardMark & { size: number }>('SELECT seq, epoch, length(state) AS size FROM snapshots WHERE doc = ?')
  const snapshot = prepare<{ seq: number; epoch: number; encoding: string; state: Uint8Array }>(
    'SELECT seq, epoch, encoding, state FROM snapshots WHERE doc = ?',
  )
  const last = prepare<{ seq: number | null }>('SELECT max(seq) AS seq FROM update_log WHERE doc = ?')
  const row = prepare<{ seq: number }>('SELECT seq FROM update_log WHERE seq = ? AND doc = ?')
  const tail = prepare<LogRow>('SELECT seq, "update" FROM update_log WHERE doc = ? AND seq > ? ORDER BY seq')
  const tailBytes = prepare<{ bytes: number | null }>('SELECT sum(length("update")) AS bytes FROM update_log WHERE doc = ? AND seq > ?')

  const lastSeq = (docName: string): number => last.get(docName)?.seq ?? 0
  return {
    markOf: (docName) => {
      const { seq, epoch } = head.get(docName) ?? { seq: lastSeq(docName), epoch: 0 }
      return { seq, epoch }
    },
    read: (docName) => {
      const kept = snapshot.get(docName)
      if (kept !== undefined) {
        const { seq, epoch, encoding, state } = kept
        return { seq, epoch, bytes: encoding === 'gzip' ? state : gzipSync(state) }
      }
      // A shard without a snapshot is small: its updates are few enough to be merged here.
      const rows = tail.all(docName, 0)
      const [first, ...rest] = rows.map(({ update }) => update)
      return { seq: rows.at(-1)?.seq ?? 0, epoch: 0, bytes: gzipSync(first === undefined ? EMPTY_UPDATE : mergeUpdates([first, ...rest])) }
    },
    lastSeq,
    after: (docName, seq, maxBytes) => {
      const rows: LogRow[] = []
      let bytes = 0
      for (const { seq: at, update } of tail.iterate(docName, seq)) {
        bytes += update.byteLength
        if (rows.length > 0 && bytes > maxBytes) break
        rows.push({ seq: at, update })
      }
      return rows
    },
    reaches: (docName, { seq, epoch }) => {
      if (seq === 0) return true
      if (row.get(seq, docName) === undefined) return false
      const kept = head.get(docName)
      if (kept === undefined || seq >= kept.seq) return true
      return epoch === kept.epoch && (tailBytes.get(docName, seq)?.bytes ?? 0) <= Math.max(ALWAYS_REPLAYED, kept.size)
    },
  }
}
