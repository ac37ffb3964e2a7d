import { SaxesParser } from 'saxes'
import { UnreadableWorkbook } from './unreadable.ts'

export type XmlAttributes = Readonly<Record<string, string>>

/** What is told of XML as it is read. Names of tags come without their prefix. */
export interface XmlEvents {
  open(name: string, attributes: XmlAttributes): void
  close(name: string): void
  text(text: string): void
}

/** A tag or a text of this length was never meant to be one. UTF-16 units. */
const LONGEST_PART = 8 * 1024 * 1024
/** The files of a workbook nest a dozen tags. Those that are open are kept, however small the zip is that they come from. */
const DEEPEST = 256

/** Reads XML that comes in pieces. Nothing outside the file is ever looked up, and no entity is made of others. */
export class XmlReader {
  readonly #parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false })
  /** Read since anything was told. */
  #quiet = 0
  #depth = 0

  constructor(events: XmlEvents) {
    const tell = <Told>(told: (what: Told) => void) => {
      return (what: Told): void => {
        this.#quiet = 0
        told(what)
      }
    }
    const text = tell((piece: string) => events.text(piece))
    this.#parser.on(
      'opentag',
      tell(({ name, attributes }) => {
        if (++this.#depth > DEEPEST) throw new UnreadableWorkbook('broken', 'The XML is nested too deep.')
        events.open(localName(name), attributes)
      }),
    )
    this.#parser.on(
      'closetag',
      tell(({ name }) => {
        this.#depth--
        events.close(localName(name))
      }),
    )
    this.#parser.on('text', text)
    this.#parser.on('cdata', text)
    this.#parser.on('error', (cause) => {
      throw new UnreadableWorkbook('broken', 'The XML is broken.', { cause })
    })
  }

  /** @throws UnreadableWorkbook */
  push(piece: string): void {
    this.#quiet += piece.length
    this.#parser.write(piece)
    if (this.#quiet > LONGEST_PART) throw new UnreadableWorkbook('broken', 'A part of the XML never ends.')
  }

  /** @throws UnreadableWorkbook where the text ends within a tag, or before all of them are closed */
  end(): void {
    this.#parser.close()
  }
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

/** The value of an attribute, with or without a prefix; `undefined` where there is none. */
export function attribute(attributes: XmlAttributes, name: string): string | undefined {
  const plain = attributes[name]
  if (plain !== undefined) return plain
  for (const key in attributes) if (key.endsWith(name) && localName(key) === name) return attributes[key]
  return undefined
}
