import { UnreadableWorkbook } from './unreadable.ts'

/** A file inside a zip, by the zip's directory. */
export interface ZipEntry {
  readonly path: string
  readonly method: number
  readonly isLocked: boolean
  /** Bytes in the zip. */
  readonly packed: number
  /** Bytes once unpacked, by what the zip says; never more are unpacked. */
  readonly size: number
  readonly offset: number
}

const END = 0x06054b50
const END_64 = 0x06064b50
const END_64_LOCATOR = 0x07064b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const LONGEST_COMMENT = 0xffff
const LARGEST_DIRECTORY = 16 * 1024 * 1024
const IN_64_BITS = 0xffff_ffff

const broken = (message: string, options?: ErrorOptions): UnreadableWorkbook => new UnreadableWorkbook('broken', message, options)

async function bytesAt(file: Blob, from: number, length: number): Promise<DataView> {
  if (from < 0 || from + length > file.size) throw broken('The zip points beyond its end.')
  return new DataView(await file.slice(from, from + length).arrayBuffer())
}

const large = (view: DataView, at: number): number => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32

/**
 * What a zip holds, by its directory alone: nothing is unpacked.
 * @throws UnreadableWorkbook where it is cut off or broken
 */
export async function readDirectory(file: Blob): Promise<readonly ZipEntry[]> {
  const tailLength = Math.min(file.size, END_BYTES + LONGEST_COMMENT)
  const tailAt = file.size - tailLength
  const tail = await bytesAt(file, tailAt, tailLength)
  let end = tailLength - END_BYTES
  while (end >= 0 && tail.getUint32(end, true) !== END) end--
  if (end < 0) throw broken('The zip has no end.')
  let length = tail.getUint32(end + 12, true)
  let from = tail.getUint32(end + 16, true)
  if (end >= 20 && tail.getUint32(end - 20, true) === END_64_LOCATOR) {
    const wide = await bytesAt(file, large(tail, end - 12), 56)
    if (wide.getUint32(0, true) !== END_64) throw broken('The zip has no directory.')
    length = large(wide, 40)
    from = large(wide, 48)
  }
  if (length > LARGEST_DIRECTORY) throw new UnreadableWorkbook('huge', 'The zip has too many files.')
  const view = await bytesAt(file, from, length)
  const entries: ZipEntry[] = []
  for (let at = 0; at + 46 <= length && view.getUint32(at, true) === ENTRY; ) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ]
    if (at + 46 + nameLength + extraLength + commentLength > length) throw broken('The directory of the zip is cut off.')
    entries.push(entryAt(view, at, nameLength, extraLength))
    at += 46 + nameLength + extraLength + commentLength
  }
  if (entries.length === 0) throw broken('The zip is empty.')
  return entries
}

function entryAt(view: DataView, at: number, nameLength: number, extraLength: number): ZipEntry {
  const name = new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength)
  const fields = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true), offset: view.getUint32(at + 42, true) }
  // What does not fit into 32 bits stands in an extra field, in this order.
  const extraEnd = at + 46 + nameLength + extraLength
  for (let extra = at + 46 + nameLength; extra + 4 <= extraEnd; extra += 4 + view.getUint16(extra + 2, true)) {
    if (view.getUint16(extra, true) !== 1) continue
    let value = extra + 4
    for (const key of ['size', 'packed', 'offset'] as const) {
      if (fields[key] !== IN_64_BITS || value + 8 > extraEnd) continue
      fields[key] = large(view, value)
      value += 8
    }
  }
  return {
    ...fields,
    path: new TextDecoder().decode(name).replaceAll('\\', '/'),
    method: view.getUint16(at + 10, true),
    isLocked: (view.getUint16(at + 8, true) & 1) === 1,
  }
}

/**
 * The bytes of one file in a zip, as they are unpacked: never more than the directory says.
 * @throws UnreadableWorkbook
 */
async function* bytesOf(file: Blob, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  if (entry.isLocked) throw new UnreadableWorkbook('locked', 'The zip is encrypted.')
  if (entry.method !== 0 && entry.method !== 8) throw broken(`Method ${entry.method} is not known.`)
  const head = await bytesAt(file, entry.offset, 30)
  if (head.getUint32(0, true) !== LOCAL) throw broken('The zip points to no file.')
  const from = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true)
  if (from + entry.packed > file.size) throw broken('The zip is cut off.')
  const packed: ReadableStream<Uint8Array<ArrayBuffer>> = file.slice(from, from + entry.packed).stream()
  const reader = (entry.method === 0 ? packed : packed.pipeThrough(new DecompressionStream('deflate-raw'))).getReader()
  let unpacked = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      unpacked += value.length
      if (unpacked > entry.size) throw broken('There is more in the zip than it says.')
      yield value
    }
  } catch (cause) {
    throw cause instanceof UnreadableWorkbook ? cause : broken('The zip cannot be unpacked.', { cause })
  } finally {
    // Who stops in the middle stops the unpacking too; what it would still say of the rest concerns nobody.
    await reader.cancel().catch(() => undefined)
  }
  if (unpacked < entry.size) throw broken('There is less in the zip than it says.')
}

/** Text of one file in a zip, a piece at a time; UTF-8, or UTF-16 where it begins with its mark. */
export async function* textIn(file: Blob, entry: ZipEntry): AsyncGenerator<{ text: string; bytes: number }> {
  let decoder: TextDecoder | undefined
  let done = 0
  for await (const bytes of bytesOf(file, entry)) {
    const mark = bytes.length < 2 ? '' : `${bytes[0]} ${bytes[1]}`
    decoder ??= new TextDecoder(mark === '255 254' ? 'utf-16le' : mark === '254 255' ? 'utf-16be' : 'utf-8')
    done += bytes.length
    yield { text: decoder.decode(bytes, { stream: true }), bytes: done }
  }
  const rest = decoder?.decode() ?? ''
  if (rest !== '') yield { text: rest, bytes: done }
}
