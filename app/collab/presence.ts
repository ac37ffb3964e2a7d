/** Where someone is in a workbook. */
export interface Cursor {
  readonly sheet: string
  readonly row: string
  readonly field: string
  readonly isEditing: boolean
}

/** Another window that has this workbook open. */
export interface Peer {
  readonly client: number
  readonly id: string
  readonly name: string
  readonly color: string
  readonly device: string
  readonly cursor: Cursor | undefined
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const isColor = (value: unknown): value is string => typeof value === 'string' && /^#[0-9a-f]{6}$/iu.test(value)

/** Reads others' presence; the server has stamped who they are, everything else is a claim that is only shown where it makes sense. */
export function peersOf(states: Iterable<readonly [number, Readonly<Record<string, unknown>>]>, ownClient: number): readonly Peer[] {
  const peers: Peer[] = []
  for (const [client, { user, cursor }] of states) {
    if (client === ownClient || typeof user !== 'object' || user === null) continue
    const { id, name, color, device } = user as Record<string, unknown>
    if (text(id) === '' || text(name) === '') continue
    const peer = { client, id: text(id), name: text(name), color: isColor(color) ? color : '#55636f', device: text(device) }
    peers.push({ ...peer, cursor: cursorOf(cursor) })
  }
  return peers.sort((a, b) => a.client - b.client)
}

function cursorOf(stored: unknown): Cursor | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const { sheet, row, field, isEditing } = stored as Record<string, unknown>
  if (text(sheet) === '' || text(row) === '' || text(field) === '') return undefined
  return { sheet: text(sheet), row: text(row), field: text(field), isEditing: isEditing === true }
}

/** One entry a person, however many windows they have open: for the faces in the header. */
export function peopleOf(peers: readonly Peer[]): readonly Peer[] {
  const people = new Map<string, Peer>()
  for (const peer of peers) {
    const key = `${peer.id}\u0000${peer.device}`
    if (!people.has(key)) people.set(key, peer)
  }
  return [...people.values()]
}

/** Two letters for a face. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean)
  const first = [...(words[0] ?? '?')][0] ?? '?'
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}

/** Ink that can be read on a face of this colour. */
export function inkOn(color: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255).map(linear)
  const light = 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0)
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? '#000000' : '#ffffff'
}

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
