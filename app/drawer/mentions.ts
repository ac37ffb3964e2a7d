/** Somebody who can be mentioned. */
export interface Mentionable {
  readonly id: string
  readonly name: string
}

/** A comment's text in pieces: words, and people. */
export type TextPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'person'; readonly id: string; readonly name: string }

const TOKEN = /@\[([0-9A-Za-z]{1,40})\]/gu

/** Text as it is kept: `@Heron` becomes `@[id]`, so that another name later is shown by its new one. Longer names go first. */
export function keepMentions(text: string, people: readonly Mentionable[]): string {
  const byLength = [...people].sort((a, b) => b.name.length - a.name.length)
  let kept = ''
  for (let at = 0; at < text.length; ) {
    const found = text[at] === '@' ? byLength.find(({ name }) => isNamedAt(text, at + 1, name)) : undefined
    if (found === undefined) kept += text[at++]
    else {
      kept += `@[${found.id}]`
      at += found.name.length + 1
    }
  }
  return kept
}

function isNamedAt(text: string, at: number, name: string): boolean {
  const end = at + name.length
  return name !== '' && text.slice(at, end).toLowerCase() === name.toLowerCase() && !/[\p{L}\p{N}]/u.test(text[end] ?? ' ')
}

/** Text as it is edited: people by their names of today. */
export const editMentions = (kept: string, nameOf: (id: string) => string): string =>
  kept.replaceAll(TOKEN, (_, id: string) => `@${nameOf(id)}`)

/** Text as it is shown. */
export function textPieces(kept: string, nameOf: (id: string) => string): readonly TextPiece[] {
  const pieces: TextPiece[] = []
  let from = 0
  for (const match of kept.matchAll(TOKEN)) {
    if (match.index > from) pieces.push({ kind: 'text', text: kept.slice(from, match.index) })
    const id = match[1] ?? ''
    pieces.push({ kind: 'person', id, name: nameOf(id) })
    from = match.index + match[0].length
  }
  if (from < kept.length) pieces.push({ kind: 'text', text: kept.slice(from) })
  return pieces
}

/** What is being typed behind an @ up to the caret; `undefined` where nobody is being mentioned. */
export function mentionAt(text: string, caret: number): { readonly from: number; readonly typed: string } | undefined {
  const match = /(?:^|[\s(])@([\p{L}\p{N}]*(?: [\p{L}\p{N}]*)?)$/u.exec(text.slice(0, caret))
  if (match === null) return undefined
  const typed = match[1] ?? ''
  return { from: caret - typed.length - 1, typed }
}

const MOST_PROPOSED = 6

/** People whose name, or a word of it, begins so. */
export function proposePeople(people: readonly Mentionable[], typed: string): readonly Mentionable[] {
  const start = typed.trim().toLowerCase()
  const isMatch = (name: string): boolean => {
    const lower = name.toLowerCase()
    return lower.startsWith(start) || lower.split(/\s+/u).some((word) => word.startsWith(start))
  }
  return people.filter(({ name }) => isMatch(name)).slice(0, MOST_PROPOSED)
}
