import { UnreadableWorkbook } from './unreadable.ts'

/** What is told of XML as it is read. Names come without their prefix. */
export interface XmlEvents {
  /** `attributes`: as they are written; see `attribute`. */
  open(name: string, attributes: string): void
  close(name: string): void
  text(text: string): void
}

/** A tag, a comment or the like of this length was never meant to be one. UTF-16 units. */
const LONGEST_TAG = 8 * 1024 * 1024
const QUOTE = 34
const APOSTROPHE = 39
const GREATER = 62

/** Reads XML that comes in pieces: tags and texts as they come. Nothing outside the file is ever looked up, and no entity is made of others. */
export class XmlScanner {
  readonly #events: XmlEvents
  #rest = ''
  /** Tags that are open. */
  #depth = 0

  constructor(events: XmlEvents) {
    this.#events = events
  }

  push(piece: string): void {
    const text = this.#rest === '' ? piece : this.#rest + piece
    let at = 0
    while (at < text.length) {
      const tag = text.indexOf('<', at)
      if (tag < 0) {
        // An entity may be cut in two at the end of a piece.
        const cut = text.lastIndexOf('&')
        const end = cut >= at && !text.includes(';', cut) ? cut : text.length
        if (end > at) this.#events.text(decoded(text.slice(at, end)))
        at = end
        break
      }
      if (tag > at) this.#events.text(decoded(text.slice(at, tag)))
      at = tag
      const next = this.#tag(text, tag)
      if (next < 0) break
      at = next
    }
    this.#rest = text.slice(at)
    if (this.#rest.length > LONGEST_TAG) throw new UnreadableWorkbook('broken', 'A tag of the XML never ends.')
  }

  /** @throws UnreadableWorkbook where the text ends within a tag, or before all of them are closed */
  end(): void {
    if (this.#rest.startsWith('<') || this.#depth !== 0) throw new UnreadableWorkbook('broken', 'The XML is cut off.')
    if (this.#rest !== '') this.#events.text(decoded(this.#rest))
    this.#rest = ''
  }

  /** Reads what begins at a `<`; answers where it ends, −1 where more text is needed. */
  #tag(text: string, at: number): number {
    if (text.startsWith('<!--', at)) return after(text, '-->', at + 4)
    if (text.startsWith('<![CDATA[', at)) {
      const end = text.indexOf(']]>', at)
      if (end < 0) return -1
      this.#events.text(text.slice(at + 9, end))
      return end + 3
    }
    if (text.length - at < 9 && '<![CDATA['.startsWith(text.slice(at))) return -1
    if (text.startsWith('<?', at)) return after(text, '?>', at + 2)
    const end = endOfTag(text, at + 1)
    if (end < 0) return -1
    if (text.startsWith('<!', at)) return end + 1
    if (text.startsWith('</', at)) {
      this.#depth--
      this.#events.close(nameIn(text, at + 2, end))
      return end + 1
    }
    const isEmpty = text[end - 1] === '/'
    const inner = isEmpty ? end - 1 : end
    let nameEnd = at + 1
    while (nameEnd < inner && text.charCodeAt(nameEnd) > 32) nameEnd++
    const name = nameIn(text, at + 1, nameEnd)
    this.#events.open(name, text.slice(nameEnd, inner))
    if (isEmpty) this.#events.close(name)
    else this.#depth++
    return end + 1
  }
}

const after = (text: string, mark: string, from: number): number => {
  const found = text.indexOf(mark, from)
  return found < 0 ? -1 : found + mark.length
}

/** Where the tag ends; a `>` within quotes does not end it. */
function endOfTag(text: string, from: number): number {
  let quote = 0
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (quote !== 0) {
      if (code === quote) quote = 0
    } else if (code === QUOTE || code === APOSTROPHE) quote = code
    else if (code === GREATER) return at
  }
  return -1
}

function nameIn(text: string, from: number, to: number): string {
  const name = text.slice(from, to)
  const colon = name.indexOf(':')
  return (colon < 0 ? name : name.slice(colon + 1)).trimEnd()
}

/** The value of an attribute, with or without a prefix; `undefined` where there is none. */
export function attribute(attributes: string, name: string): string | undefined {
  // Most tags are written like this, and there are millions of them.
  const plain = attributes.indexOf(` ${name}="`)
  if (plain >= 0) {
    const from = plain + name.length + 3
    return decoded(attributes.slice(from, attributes.indexOf('"', from)))
  }
  if (!attributes.includes(`${name}=`) && !attributes.includes(`${name} `)) return undefined
  const match = new RegExp(`\\s(?:[\\w.-]+:)?${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'u').exec(attributes)
  return match === null ? undefined : decoded(match[1] ?? match[2] ?? '')
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decoded(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{2,4}));/gu, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
