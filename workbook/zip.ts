import { configure, ERR_UNSUPPORTED_FORMAT, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js'

/** A file inside a zip, its text in pieces. */
export interface ZipPart {
  readonly path: string
  readonly pieces: Iterable<string>
}

// The page's policy allows no worker from a blob; and small pieces let the page draw between them.
configure({ useWebWorkers: false, chunkSize: 64 * 1024 })

/** Nothing in a zip of ours says when it was made: the same rows are the same bytes. */
const LOOKS = { lastModDate: new Date(1980, 0, 1), extendedTimestamp: false, zip64: false } as const

/**
 * A zip of texts, made piece by piece as its reader takes it: no part of it ever lies in memory as a whole.
 * @throws RangeError where it grows beyond 4 GB
 */
export const zipped = (parts: Iterable<ZipPart>): AsyncGenerator<Uint8Array<ArrayBuffer>> =>
  piecesOf(async (writable) => {
    const zip = new ZipWriter(writable)
    try {
      for (const { path, pieces } of parts) await zip.add(path, bytesOf(pieces), LOOKS)
      await zip.close()
    } catch (cause) {
      const isTooLarge = cause instanceof Error && cause.message === ERR_UNSUPPORTED_FORMAT
      throw isTooLarge ? new RangeError('This file would be larger than 4 GB.', { cause }) : cause
    }
  })

/** What `write` writes, a piece at a time as it is taken; throws what it throws. Who stops taking stops the writing. */
export async function* piecesOf(write: (into: WritableStream<Uint8Array>) => Promise<unknown>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let fail: (error: unknown) => void = () => undefined
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      fail = (error) => controller.error(error)
    },
  })
  write(writable as WritableStream<Uint8Array>).catch((error: unknown) => fail(error))
  const reader = readable.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // The writing was stopped or has failed: what it says of the rest concerns nobody.
    await reader.cancel().catch(() => undefined)
  }
}

function bytesOf(pieces: Iterable<string>): ReadableStream<Uint8Array> {
  const [encoder, rest] = [new TextEncoder(), pieces[Symbol.iterator]()]
  return new ReadableStream({
    pull: (controller) => {
      const next = rest.next()
      if (next.done === true) controller.close()
      else controller.enqueue(encoder.encode(next.value))
    },
  })
}
