/** Where someone is in a workbook. */
export interface Cursor {
  readonly sheet: string
  readonly row: string
  readonly field: string
  readonly isEditing: boolean
}

/** A selected rectangle, by the rows and fields at two opposite corners: what lies between is for each screen to tell from its own order. */
export interface PeerRange {
  readonly fromRow: string
  readonly fromField: string
  readonly toRow: string
  readonly toField: string
}

/** Another window that has this workbook open. */
export interface Peer {
  readonly client: number
  readonly id: string
  readonly name: string
  readonly color: string
  readonly device: string
  readonly cursor: Cursor | undefined
  /** The sheet they look at, where they say which. */
  readonly sheet: string | undefined
  /** All that is selected in the cursor's sheet; empty where that is the cursor's cell alone. */
  readonly ranges: readonly PeerRange[]
  /** What stands in the editor of the cursor's cell at this moment, cut to `LIVE_TEXT_LENGTH`; only while it is being edited. */
  readonly liveText: string | undefined
  /** Came by a shared link. */
  readonly isGuest: boolean
  /** Nothing was touched in that window for five minutes. */
  readonly isIdle: boolean
}

/** Longest text of an editor that is shown to others while it is typed. */
export const LIVE_TEXT_LENGTH = 300
/** Most rectangles of a selection that are shown to others. */
export const SHOWN_RANGES = 20

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const isColor = (value: unknown): value is string => typeof value === 'string' && /^#[0-9a-f]{6}$/iu.test(value)

/** Reads others' presence; the server has stamped who they are, everything else is a claim that is only shown where it makes sense. */
export function peersOf(states: Iterable<readonly [number, Readonly<Record<string, unknown>>]>, ownClient: number): readonly Peer[] {
  const peers: Peer[] = []
  for (const [client, { user, sheet, cursor, ranges, typing, isIdle }] of states) {
    if (client === ownClient || typeof user !== 'object' || user === null) continue
    const { id, name, color, device, isGuest } = user as Record<string, unknown>
    if (text(id) === '' || text(name) === '') continue
    const at = cursorOf(cursor)
    peers.push({
      client,
      id: text(id),
      name: text(name),
      color: isColor(color) ? color : '#55636f',
      device: text(device),
      cursor: at,
      sheet: at?.sheet ?? (text(sheet) || undefined),
      ranges: at === undefined ? [] : rangesOf(ranges),
      liveText: at?.isEditing && typeof typing === 'string' ? liveTextOf(typing) : undefined,
      isGuest: isGuest === true,
      isIdle: isIdle === true,
    })
  }
  return peers.sort((a, b) => a.client - b.client)
}

/** As much of a text as others are shown; no half of a character at its end. */
export function liveTextOf(typed: string): string {
  if (typed.length <= LIVE_TEXT_LENGTH) return typed
  const isSplit = /[\uD800-\uDBFF]/u.test(typed.charAt(LIVE_TEXT_LENGTH - 1))
  return `${typed.slice(0, isSplit ? LIVE_TEXT_LENGTH - 1 : LIVE_TEXT_LENGTH)}…`
}

function cursorOf(stored: unknown): Cursor | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const { sheet, row, field, isEditing } = stored as Record<string, unknown>
  if (text(sheet) === '' || text(row) === '' || text(field) === '') return undefined
  return { sheet: text(sheet), row: text(row), field: text(field), isEditing: isEditing === true }
}

function rangesOf(stored: unknown): readonly PeerRange[] {
  if (!Array.isArray(stored)) return []
  return stored.slice(0, SHOWN_RANGES).flatMap((range: unknown) => {
    if (!Array.isArray(range)) return []
    const [fromRow, fromField, toRow, toField] = range.map(text)
    return fromRow && fromField && toRow && toField ? [{ fromRow, fromField, toRow, toField }] : []
  })
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
