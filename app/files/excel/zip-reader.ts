import { BlobReader, type FileEntry, ZipReader } from '@zip.js/zip.js/lib/zip-core-native.js'
import { piecesOf } from '../../../workbook/zip.ts'
import { UnreadableWorkbook } from './unreadable.ts'

/** A file inside a zip, by the zip's directory. */
export interface ZipEntry {
  readonly path: string
  /** Bytes once unpacked, by what the zip says; never more are unpacked. */
  readonly size: number
  readonly file: FileEntry
}

/** A workbook has some files a sheet. */
const MOST_ENTRIES = 50_000

const broken = (message: string, options?: ErrorOptions): UnreadableWorkbook => new UnreadableWorkbook('broken', message, options)

/** What the library says, as what it means for a workbook. */
const troubleOf = (cause: unknown): UnreadableWorkbook =>
  cause instanceof UnreadableWorkbook ? cause : broken('The zip cannot be unpacked.', { cause })

/**
 * What a zip holds, by its directory alone: nothing is unpacked.
 * @throws UnreadableWorkbook where it is cut off or broken
 */
export async function readDirectory(file: Blob): Promise<readonly ZipEntry[]> {
  const entries: ZipEntry[] = []
  try {
    for await (const entry of new ZipReader(new BlobReader(file)).getEntriesGenerator()) {
      if (entry.directory) continue
      entries.push({ path: entry.filename.replaceAll('\\', '/'), size: entry.uncompressedSize, file: entry })
      if (entries.length > MOST_ENTRIES) throw new UnreadableWorkbook('huge', 'The zip has too many files.')
    }
  } catch (cause) {
    throw troubleOf(cause)
  }
  if (entries.length === 0) throw broken('The zip is empty.')
  return entries
}

/**
 * The bytes of one file in a zip, as they are unpacked: never more than the directory says.
 * @throws UnreadableWorkbook
 */
async function* bytesOf({ file, size }: ZipEntry): AsyncGenerator<Uint8Array> {
  if (file.encrypted) throw new UnreadableWorkbook('locked', 'The zip is encrypted.')
  let unpacked = 0
  try {
    for await (const bytes of piecesOf((writable) => file.getData(writable))) {
      unpacked += bytes.length
      if (unpacked > size) throw broken('There is more in the zip than it says.')
      yield bytes
    }
  } catch (cause) {
    throw troubleOf(cause)
  }
  if (unpacked < size) throw broken('There is less in the zip than it says.')
}

/** Text of one file in a zip, a piece at a time; UTF-8, or UTF-16 where it begins with its mark. */
export async function* textIn(entry: ZipEntry): AsyncGenerator<{ text: string; bytes: number }> {
  let decoder: TextDecoder | undefined
  let done = 0
  for await (const bytes of bytesOf(entry)) {
    const mark = bytes.length < 2 ? '' : `${bytes[0]} ${bytes[1]}`
    decoder ??= new TextDecoder(mark === '255 254' ? 'utf-16le' : mark === '254 255' ? 'utf-16be' : 'utf-8')
    done += bytes.length
    yield { text: decoder.decode(bytes, { stream: true }), bytes: done }
  }
  const rest = decoder?.decode() ?? ''
  if (rest !== '') yield { text: rest, bytes: done }
}
