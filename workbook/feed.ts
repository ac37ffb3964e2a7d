import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { SheetId } from './ids.ts'

// The feed of a sheet: the server's later updates of its base shards, on the same socket as the documents. One codec for both ends.

/** The kind of a frame whose address is a feed; none of the collaboration protocol's own. */
export const FEED_FRAME = 16

const ADDRESS = /^feed\.([0-9A-Za-z]{1,32})$/

export const feedAddress = (sheet: SheetId): string => `feed.${sheet}`

/** The sheet whose feed an address names; `undefined` for every other address. */
export const feedOfAddress = (address: string): SheetId | undefined => ADDRESS.exec(address)?.[1] as SheetId | undefined

/** How far somebody's copy of a shard goes. */
export interface BaseMark {
  readonly shard: number
  readonly gen: number
  readonly epoch: number
  /** The sequence number of the last update in it. */
  readonly seq: number
}

/** The mark of one shard as a text: the ETag of its bytes, and the note beside the copy on a device. */
export const markText = ({ gen, epoch, seq }: Omit<BaseMark, 'shard'>): string => `${gen}.${epoch}.${seq}`

/** Reads `"gen.epoch.seq"`; `undefined` where the text is no mark. */
export function parseMark(text: string): Omit<BaseMark, 'shard'> | undefined {
  const parts = /^(\d{1,9})\.(\d{1,9})\.(\d{1,15})$/.exec(text)
  return parts === null ? undefined : { gen: Number(parts[1]), epoch: Number(parts[2]), seq: Number(parts[3]) }
}

/** One update of one shard. It follows the one with the number `after`: whoever has not got that one has a gap. */
export interface BaseChange {
  readonly shard: number
  readonly gen: number
  readonly after: number
  readonly seq: number
  readonly update: Uint8Array
}

/** What a client says on a feed. */
export type FeedAsk =
  | {
      readonly kind: 'subscribe'
      /** Numbers the questions; `current` answers one. */
      readonly ask: number
      readonly token: string
      /** Shards from this one on are news to the client: it gets them from their first update. */
      readonly known: number
      readonly marks: readonly BaseMark[]
    }
  | { readonly kind: 'leave' }

/** What the server says on a feed. */
export type FeedNews =
  | { readonly kind: 'changes'; readonly changes: readonly BaseChange[] }
  /** The log does not lead on from the copies of these shards: fetch them whole. */
  | { readonly kind: 'reset'; readonly shards: readonly number[] }
  /** Everything that was on disk when the question `ask` was answered has been sent. */
  | { readonly kind: 'current'; readonly ask: number }
  | { readonly kind: 'denied'; readonly reason: string }

const ASK = { subscribe: 0, leave: 1 } as const
const NEWS = { changes: 0, reset: 1, current: 2, denied: 3 } as const

export function encodeAsk(sheet: SheetId, ask: FeedAsk): Uint8Array {
  const encoder = frameOf(sheet, ASK[ask.kind])
  if (ask.kind === 'subscribe') {
    encoding.writeVarUint(encoder, ask.ask)
    encoding.writeVarString(encoder, ask.token)
    encoding.writeVarUint(encoder, ask.known)
    encoding.writeVarUint(encoder, ask.marks.length)
    for (const { shard, gen, epoch, seq } of ask.marks) for (const n of [shard, gen, epoch, seq]) encoding.writeVarUint(encoder, n)
  }
  return encoding.toUint8Array(encoder)
}

/** Reads what stands behind address and kind. @throws Error where the bytes are no question. */
export function decodeAsk(decoder: decoding.Decoder): FeedAsk {
  const kind = decoding.readVarUint(decoder)
  if (kind === ASK.leave) return { kind: 'leave' }
  if (kind !== ASK.subscribe) throw new Error(`unknown question ${kind} to a feed`)
  const ask = decoding.readVarUint(decoder)
  const token = decoding.readVarString(decoder)
  const known = decoding.readVarUint(decoder)
  const marks: BaseMark[] = []
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const [shard, gen, epoch, seq] = [uint(decoder), uint(decoder), uint(decoder), uint(decoder)]
    marks.push({ shard, gen, epoch, seq })
  }
  return { kind: 'subscribe', ask, token, known, marks }
}

export function encodeNews(sheet: SheetId, news: FeedNews): Uint8Array {
  const encoder = frameOf(sheet, NEWS[news.kind])
  switch (news.kind) {
    case 'changes':
      encoding.writeVarUint(encoder, news.changes.length)
      for (const { shard, gen, after, seq, update } of news.changes) {
        for (const n of [shard, gen, after, seq]) encoding.writeVarUint(encoder, n)
        encoding.writeVarUint8Array(encoder, update)
      }
      break
    case 'reset':
      encoding.writeVarUint(encoder, news.shards.length)
      for (const shard of news.shards) encoding.writeVarUint(encoder, shard)
      break
    case 'current':
      encoding.writeVarUint(encoder, news.ask)
      break
    case 'denied':
      encoding.writeVarString(encoder, news.reason)
  }
  return encoding.toUint8Array(encoder)
}

/** Reads a whole frame from the server; `undefined` where it is not one of this sheet's feed. @throws Error where it is broken. */
export function decodeNews(sheet: SheetId, bytes: Uint8Array): FeedNews | undefined {
  const decoder = decoding.createDecoder(bytes)
  if (decoding.readVarString(decoder) !== feedAddress(sheet) || decoding.readVarUint(decoder) !== FEED_FRAME) return undefined
  const kind = decoding.readVarUint(decoder)
  switch (kind) {
    case NEWS.changes: {
      const changes: BaseChange[] = []
      for (let left = decoding.readVarUint(decoder); left > 0; left--) {
        const [shard, gen, after, seq] = [uint(decoder), uint(decoder), uint(decoder), uint(decoder)]
        changes.push({ shard, gen, after, seq, update: decoding.readVarUint8Array(decoder) })
      }
      return { kind: 'changes', changes }
    }
    case NEWS.reset:
      return { kind: 'reset', shards: Array.from({ length: decoding.readVarUint(decoder) }, () => uint(decoder)) }
    case NEWS.current:
      return { kind: 'current', ask: uint(decoder) }
    case NEWS.denied:
      return { kind: 'denied', reason: decoding.readVarString(decoder) }
    default:
      throw new Error(`unknown news ${kind} of a feed`)
  }
}

const uint = decoding.readVarUint

function frameOf(sheet: SheetId, kind: number): encoding.Encoder {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, feedAddress(sheet))
  encoding.writeVarUint(encoder, FEED_FRAME)
  encoding.writeVarUint(encoder, kind)
  return encoder
}
