/** A file inside a zip, its text in pieces. */
export interface ZipPart {
  readonly path: string
  readonly pieces: Iterable<string>
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let rest = n
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1
  return rest
})

function crcOf(bytes: Uint8Array, before: number): number {
  let crc = ~before
  for (let i = 0; i < bytes.length; i++) crc = Number(CRC_TABLE[(crc ^ Number(bytes[i])) & 255]) ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Sizes and places in a zip are of 32 bits; beyond that it would be another format. */
const MOST_BYTES = 0xffff_ffff
/** Flags: sizes follow the bytes, and paths are UTF-8. Method: deflate. Time: none (1 January 1980). */
const FLAGS = 0x0808
const DEFLATE = 8
const VERSION = 20
const NO_TIME = 0x0021_0000

interface Written {
  readonly path: Uint8Array
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

/**
 * A zip of texts, made piece by piece as its reader takes it: no part of it ever lies in memory as a whole.
 * @throws RangeError where it grows beyond 4 GB
 */
export async function* zipped(parts: Iterable<ZipPart>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const written: Written[] = []
  let at = 0
  for (const { path: name, pieces } of parts) {
    const path = new TextEncoder().encode(name)
    const offset = at
    const head = localHeader(path)
    yield head
    at += head.length
    let crc = 0
    let size = 0
    let packed = 0
    const noted = function* (): Generator<Uint8Array<ArrayBuffer>> {
      for (const piece of pieces) {
        const bytes = new TextEncoder().encode(piece)
        crc = crcOf(bytes, crc)
        size += bytes.length
        yield bytes
      }
    }
    for await (const bytes of deflated(noted())) {
      packed += bytes.length
      yield bytes
    }
    const tail = numbers([4, 0x08074b50], [4, crc], [4, packed], [4, size])
    yield tail
    at += packed + tail.length
    if (Math.max(at, size) > MOST_BYTES) throw new RangeError('This file would be larger than 4 GB.')
    written.push({ path, crc, packed, size, offset })
  }
  const directory = written.flatMap((entry) => [directoryEntry(entry), entry.path])
  const length = directory.reduce((sum, { length: part }) => sum + part, 0)
  for (const bytes of directory) yield new Uint8Array(bytes)
  const count = written.length
  yield numbers([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, length], [4, at], [2, 0])
}

async function* deflated(pieces: Iterator<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      const next = pieces.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
  })
  const reader = source.pipeThrough(new CompressionStream('deflate-raw')).getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel()
  }
}

/** Numbers one after the other, each of so many bytes, the lowest first. */
function numbers(...fields: readonly (readonly [bytes: number, value: number])[]): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0))
  let at = 0
  for (const [bytes, value] of fields) for (let i = 0; i < bytes; i++) made[at++] = Math.floor(value / 2 ** (8 * i)) & 255
  return made
}

function localHeader(path: Uint8Array): Uint8Array<ArrayBuffer> {
  const fixed = numbers(
    [4, 0x04034b50],
    [2, VERSION],
    [2, FLAGS],
    [2, DEFLATE],
    [4, NO_TIME],
    [4, 0],
    [4, 0],
    [4, 0],
    [2, path.length],
    [2, 0],
  )
  const made = new Uint8Array(fixed.length + path.length)
  made.set(fixed)
  made.set(path, fixed.length)
  return made
}

const directoryEntry = ({ path, crc, packed, size, offset }: Written): Uint8Array =>
  numbers(
    [4, 0x02014b50],
    [2, VERSION],
    [2, VERSION],
    [2, FLAGS],
    [2, DEFLATE],
    [4, NO_TIME],
    [4, crc],
    [4, packed],
    [4, size],
    [2, path.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, offset],
  )
