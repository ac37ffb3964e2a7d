import type { WorkbookTrouble } from './excel/unreadable.ts'

/** The encodings a file may be read in. */
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** What the first bytes of a file say: how to read it, or why it is no text. */
export type Guess =
  | { readonly kind: 'text'; readonly encoding: Encoding; readonly isCertain: boolean }
  | { readonly kind: 'empty' }
  | { readonly kind: 'binary'; readonly what: 'pdf' | 'other' }

/** Why a file cannot be imported at all. */
export type Refusal = Exclude<Guess, { kind: 'text' }> | { readonly kind: 'workbook'; readonly trouble: WorkbookTrouble }

/** Bytes that are looked at to guess. */
export const SAMPLE_BYTES = 64 * 1024
const SLICE_BYTES = 256 * 1024

const startsWith = (bytes: Uint8Array, ...head: readonly number[]): boolean => head.every((byte, i) => bytes[i] === byte)

/** Guesses from the beginning of a file; `isWhole`: these are all its bytes. */
export function guessEncoding(bytes: Uint8Array, isWhole: boolean): Guess {
  if (bytes.length === 0) return { kind: 'empty' }
  if (startsWith(bytes, 0xef, 0xbb, 0xbf)) return bytes.length === 3 ? { kind: 'empty' } : text('utf-8', true)
  if (startsWith(bytes, 0xff, 0xfe)) return text('utf-16le', true)
  if (startsWith(bytes, 0xfe, 0xff)) return text('utf-16be', true)
  if (startsWith(bytes, 0x25, 0x50, 0x44, 0x46)) return { kind: 'binary', what: 'pdf' }
  const wide = guessWide(bytes)
  if (wide !== undefined) return text(wide, false)
  if (bytes.includes(0)) return { kind: 'binary', what: 'other' }
  let odd = 0
  for (const byte of bytes) if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12) odd++
  if (odd > bytes.length / 20) return { kind: 'binary', what: 'other' }
  return text(isUtf8(bytes, isWhole) ? 'utf-8' : 'windows-1252', false)
}

const text = (encoding: Encoding, isCertain: boolean): Guess => ({ kind: 'text', encoding, isCertain })

/** UTF-16 without its mark: in most texts every second byte of it is zero. */
function guessWide(bytes: Uint8Array): Encoding | undefined {
  const zeros = [0, 0]
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const half = bytes.length / 2
  if (odd > half * 0.7 && even < half * 0.05) return 'utf-16le'
  return even > half * 0.7 && odd < half * 0.05 ? 'utf-16be' : undefined
}

function isUtf8(bytes: Uint8Array, isWhole: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !isWhole })
    return true
  } catch {
    return false
  }
}

/** The bytes are not what the encoding says. */
export class WrongEncoding extends Error {
  override readonly name = 'WrongEncoding'
}

/**
 * A file's text, a slice at a time: never more of it in memory than one slice.
 * @throws WrongEncoding where `isStrict` and the bytes are no such text
 */
export async function* textOf(file: Blob, encoding: Encoding, isStrict: boolean): AsyncGenerator<{ text: string; bytes: number }> {
  const decoder = new TextDecoder(encoding, { fatal: isStrict })
  for (let from = 0; from < file.size; from += SLICE_BYTES) {
    const slice = await file.slice(from, from + SLICE_BYTES).arrayBuffer()
    yield { text: decode(decoder, slice, from + SLICE_BYTES < file.size), bytes: Math.min(file.size, from + SLICE_BYTES) }
  }
}

function decode(decoder: TextDecoder, slice: ArrayBuffer, stream: boolean): string {
  try {
    return decoder.decode(slice, { stream })
  } catch (cause) {
    throw new WrongEncoding('The bytes of this file are not text in this encoding.', { cause })
  }
}
