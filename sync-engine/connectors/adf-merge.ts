import { type AdfNode, linesOfBlock, paragraphOf, plainText, textNodes, textOfAdf, textOfAtom, textOfInline } from './adf.ts'

export type AdfMerge =
  | { readonly kind: 'merged'; readonly document: AdfNode | null }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Puts an edited plain text into the rich document it was read from: blocks whose text was left alone stay as they are, a changed
 * paragraph keeps the formatting around the change, and new lines become paragraphs (or items, within a list).
 *
 * Refused where part of a block was changed that plain text cannot show (a table, a panel): writing it would lose what it holds.
 * Law: the text of what is merged is the text that was asked for.
 */
export function mergeText(current: AdfNode, text: string): AdfMerge {
  const wanted = plainText(text)
  if (wanted === '') return { kind: 'merged', document: null }
  if (wanted === textOfAdf(current)) return { kind: 'merged', document: current }
  const lines = wanted.split('\n')
  const pieces: Piece[] = []
  for (const gap of gapsOf(unitsOf(current), lines)) {
    if (gap.kind === 'kept') pieces.push(gap.unit)
    else {
      const filled = fillGap(gap)
      if (filled === undefined) return { kind: 'refused', reason: REFUSED }
      pieces.push(...filled)
    }
  }
  return { kind: 'merged', document: { ...current, content: blocksOf(pieces) } }
}

const REFUSED = 'This part of the text holds formatting that can only be changed in Jira (a table, a panel, a picture). Edit it there.'

/** A piece of the document that is kept, edited or dropped as one: a top-level block, or an item of a plain list. */
interface Unit {
  readonly lines: readonly string[]
  readonly block: AdfNode
  /** Whether its text can be edited in place. */
  readonly isTextBlock: boolean
  /** Whether plain paragraphs could not say the same. */
  readonly isRich: boolean
  /** Of an item: the lists it stands in, outermost first, and the item itself. `block` is then its paragraph. */
  readonly list?: { readonly chain: readonly AdfNode[]; readonly item: AdfNode }
}
interface NewLine {
  readonly line: string
}
type Piece = Unit | NewLine

interface Gap {
  readonly kind: 'gap'
  readonly units: readonly Unit[]
  readonly lines: readonly string[]
}

function unitsOf(document: AdfNode): readonly Unit[] {
  return (document.content ?? []).flatMap((block) => (isPlainList(block) ? unitsOfList(block, []) : [unitOfBlock(block)]))
}

function unitOfBlock(block: AdfNode): Unit {
  const isTextBlock = block.type === 'paragraph' || block.type === 'heading' || block.type === 'codeBlock'
  const isRich = block.type !== 'paragraph' || (block.content ?? []).some((node) => node.type !== 'hardBreak' && !isBareText(node))
  return { lines: trimmed(linesOfBlock(block)), block, isTextBlock, isRich }
}

const isBareText = (node: AdfNode): boolean => node.type === 'text' && (node.marks ?? []).length === 0
const trimmed = (lines: readonly string[]): readonly string[] => lines.map((line) => line.trimEnd())
const isList = (node: AdfNode): boolean => node.type === 'bulletList' || node.type === 'orderedList'

/** A list whose every item is one line of text, with at most one such list below it: it can be edited item by item. */
function isPlainList(node: AdfNode): boolean {
  const items = node.content ?? []
  return isList(node) && items.length > 0 && items.every(isPlainItem)
}

function isPlainItem(item: AdfNode): boolean {
  const [paragraph, below, ...more] = item.content ?? []
  if (item.type !== 'listItem' || paragraph?.type !== 'paragraph' || more.length > 0) return false
  return !textOfInline(paragraph.content ?? []).includes('\n') && (below === undefined || isPlainList(below))
}

function unitsOfList(list: AdfNode, outer: readonly AdfNode[]): readonly Unit[] {
  const chain = [...outer, list]
  return (list.content ?? []).flatMap((item) => {
    const [paragraph, below] = item.content ?? []
    if (paragraph === undefined) return []
    const line = bulletOf(chain.length) + textOfInline(paragraph.content ?? [])
    const unit: Unit = { lines: trimmed([line]), block: paragraph, isTextBlock: true, isRich: true, list: { chain, item } }
    return below === undefined ? [unit] : [unit, ...unitsOfList(below, chain)]
  })
}

const bulletOf = (depth: number): string => `${'  '.repeat(depth - 1)}- `

/** Above this many comparisons (a rewritten novel) only what begins and ends alike is kept. */
const MAX_COMPARISONS = 4_000_000

/** Walks document and text together: units whose lines stand unchanged in the text, and the gaps between them. */
function gapsOf(units: readonly Unit[], lines: readonly string[]): readonly (Gap | { kind: 'kept'; unit: Unit })[] {
  let head = 0
  let headLines = 0
  for (; head < units.length; head++) {
    const unit = units[head]
    if (unit === undefined || !standsAt(unit, lines, headLines)) break
    headLines += unit.lines.length
  }
  let tail = units.length
  let tailLines = lines.length
  for (; tail > head; tail--) {
    const unit = units[tail - 1]
    if (unit === undefined || tailLines - unit.lines.length < headLines || !standsAt(unit, lines, tailLines - unit.lines.length)) break
    tailLines -= unit.lines.length
  }
  const kept = (unit: Unit) => ({ kind: 'kept', unit }) as const
  return [
    ...units.slice(0, head).map(kept),
    ...middleGaps(units.slice(head, tail), lines.slice(headLines, tailLines)),
    ...units.slice(tail).map(kept),
  ]
}

function middleGaps(units: readonly Unit[], lines: readonly string[]): readonly (Gap | { kind: 'kept'; unit: Unit })[] {
  if (units.length * lines.length > MAX_COMPARISONS) return [{ kind: 'gap', units, lines }]
  const pairs = bestPairs(units, lines, (unit, at) => (standsAt(unit, lines, at) ? 1 + unit.lines.join('').length : 0))
  const found: (Gap | { kind: 'kept'; unit: Unit })[] = []
  let line = 0
  let missing: Unit[] = []
  const close = (end: number) => {
    if (missing.length > 0 || end > line) found.push({ kind: 'gap', units: missing, lines: lines.slice(line, end) })
    missing = []
  }
  for (const [index, unit] of units.entries()) {
    const at = pairs[index]
    if (at === undefined) missing.push(unit)
    else {
      close(at)
      found.push({ kind: 'kept', unit })
      line = at + unit.lines.length
    }
  }
  close(lines.length)
  return found
}

const standsAt = (unit: Unit, lines: readonly string[], at: number): boolean => unit.lines.every((line, i) => line === lines[at + i])

/** For each unit the line it is best paired with, in order and without overlap; `score` 0 means never. */
function bestPairs(
  units: readonly Unit[],
  lines: readonly string[],
  score: (unit: Unit, at: number) => number,
): readonly (number | undefined)[] {
  const width = lines.length + 1
  const best = new Float64Array((units.length + 1) * width)
  const valueAt = (unit: number, line: number): number => best[unit * width + line] ?? 0
  const paired = (unit: Unit, index: number, line: number): number => {
    if (line + unit.lines.length > lines.length) return 0
    const own = score(unit, line)
    return own === 0 ? 0 : own + valueAt(index + 1, line + unit.lines.length)
  }
  for (const [back, unit] of units.toReversed().entries()) {
    const index = units.length - 1 - back
    for (let line = lines.length; line >= 0; line--) {
      const skipped = Math.max(valueAt(index + 1, line), line < lines.length ? valueAt(index, line + 1) : 0)
      best[index * width + line] = Math.max(skipped, paired(unit, index, line))
    }
  }
  const pairs: (number | undefined)[] = []
  let line = 0
  for (const [index, unit] of units.entries()) {
    while (line < lines.length && valueAt(index, line) === valueAt(index, line + 1)) line++
    const isPaired = valueAt(index, line) > valueAt(index + 1, line) && paired(unit, index, line) === valueAt(index, line)
    pairs.push(isPaired ? line : undefined)
    if (isPaired) line += unit.lines.length
  }
  return pairs
}

/** What stands where lines were changed; `undefined` where that would lose something a person did not mean to remove. */
function fillGap({ units, lines }: Gap): readonly Piece[] | undefined {
  const [only] = units
  if (units.length === 1 && only?.isTextBlock && only.lines.length > 1 && lines.length > 0) return [edited(only, lines)]
  const isLarge = units.length * lines.length > MAX_COMPARISONS
  const pairs = isLarge ? [] : bestPairs(units, lines, (unit, at) => similarity(unit, lines, at))
  const pieces: Piece[] = []
  const lost: Unit[] = []
  let line = 0
  let newLines = 0
  const insertUpTo = (end: number) => {
    for (; line < end; line++, newLines++) pieces.push({ line: lines[line] ?? '' })
  }
  for (const [index, unit] of units.entries()) {
    const at = pairs[index]
    if (at === undefined) {
      if (unit.isRich) lost.push(unit)
      continue
    }
    insertUpTo(at)
    pieces.push(edited(unit, lines.slice(at, at + unit.lines.length)))
    line = at + unit.lines.length
  }
  insertUpTo(lines.length)
  // A formatted block that vanished with nothing new in its place was removed on purpose; anything else may be an edit of it.
  const isEditOfLost = lost.some((unit) => newLines > 0 || unit.lines.some((was) => lines.some((now) => isLike(was, now))))
  return isEditOfLost ? undefined : pieces
}

/** At least 1, so that a line written anew in the place of a heading stays a heading; 0 where the unit cannot be edited as text. */
function similarity(unit: Unit, lines: readonly string[], at: number): number {
  if (!unit.isTextBlock) return 0
  const now = lines.slice(at, at + unit.lines.length).join('\n')
  if (unit.list && itemText(now, unit.list.chain.length) === undefined) return 0
  return 1 + affixLength(unit.lines.join('\n'), now)
}

function affixLength(a: string, b: string): number {
  const { prefix, suffix } = commonAffixes(a, b)
  return prefix + suffix
}

const isLike = (was: string, now: string): boolean => was !== '' && affixLength(was, now) * 2 >= Math.max(was.length, now.length)

function commonAffixes(a: string, b: string): { prefix: number; suffix: number } {
  const longest = Math.min(a.length, b.length)
  let prefix = 0
  while (prefix < longest && a[prefix] === b[prefix]) prefix++
  if (prefix > 0 && isHighSurrogate(a.charCodeAt(prefix - 1))) prefix--
  let suffix = 0
  while (suffix < longest - prefix && a[a.length - 1 - suffix] === b[b.length - 1 - suffix]) suffix++
  if (suffix > 0 && isLowSurrogate(a.charCodeAt(a.length - suffix))) suffix--
  return { prefix, suffix }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** The unit with new text, its formatting kept outside the change. */
function edited(unit: Unit, lines: readonly string[]): Unit {
  const joined = lines.join('\n')
  const text = unit.list ? (itemText(joined, unit.list.chain.length) ?? joined) : joined
  const content = unit.block.type === 'codeBlock' ? codeNodes(text) : spliceInline(unit.block.content ?? [], text)
  return { ...unit, lines, block: { ...unit.block, content } }
}

const codeNodes = (text: string): readonly AdfNode[] => (text === '' ? [] : [{ type: 'text', text }])

/** The text of an item's line without its bullet; `undefined` where the line is no item of that depth. */
function itemText(line: string, depth: number): string | undefined {
  const bullet = bulletOf(depth)
  if (line === bullet.trimEnd()) return ''
  return line.startsWith(bullet) ? line.slice(bullet.length) : undefined
}

/** Replaces the text of inline nodes; what lies before and after the change keeps its nodes, marks and mentions. */
export function spliceInline(nodes: readonly AdfNode[], text: string): readonly AdfNode[] {
  const pieces = nodes.map((node) => ({ node, text: textOfAtom(node) }))
  const before = pieces.map((piece) => piece.text).join('')
  if (before === text) return nodes
  const { prefix, suffix } = commonAffixes(before, text)
  let start = prefix
  let end = before.length - suffix
  // A mention or a link card is one thing: a change within it replaces all of it.
  let offset = 0
  for (const { node, text: own } of pieces) {
    const stop = offset + own.length
    if (node.type !== 'text' && own.length > 0) {
      if (start > offset && start < stop) start = offset
      if (end > offset && end < stop) end = stop
    }
    offset = stop
  }
  const inserted = text.slice(start, text.length - (before.length - end))
  const left: AdfNode[] = []
  const right: AdfNode[] = []
  let marks: readonly unknown[] | undefined
  offset = 0
  for (const { node, text: own } of pieces) {
    const stop = offset + own.length
    if (stop <= start) left.push(node)
    else if (offset >= end) right.push(node)
    else {
      if (offset < start) left.push({ ...node, text: own.slice(0, start - offset) })
      if (stop > end) right.push({ ...node, text: own.slice(end - offset) })
      if (offset < start && stop > end) marks = node.marks
    }
    offset = stop
  }
  return [...left, ...textNodes(inserted, marks), ...right]
}

/** Puts units and new lines together again, items into their lists. */
function blocksOf(pieces: readonly Piece[]): readonly AdfNode[] {
  const blocks: AdfNode[] = []
  let items: ListPiece[] = []
  const closeList = () => {
    if (items.length > 0) blocks.push(...listsOf(items))
    items = []
  }
  for (const [index, piece] of pieces.entries()) {
    const item = asListPiece(piece, items.at(-1), pieces[index + 1])
    if (item !== undefined && (items.length === 0 || items[0]?.chain[0] === item.chain[0])) items.push(item)
    else {
      closeList()
      if (item !== undefined && item.chain.length === 1) items.push(item)
      else blocks.push('line' in piece ? paragraphOf(piece.line) : piece.list ? paragraphOf(piece.lines.join('\n')) : piece.block)
    }
  }
  closeList()
  return blocks
}

interface ListPiece {
  readonly chain: readonly AdfNode[]
  readonly item: AdfNode
}

/** The piece as an item, where it is one and has a place: below its list's start no item may stand deeper than its predecessor's child. */
function asListPiece(piece: Piece, previous: ListPiece | undefined, next: Piece | undefined): ListPiece | undefined {
  const deepest = (previous?.chain.length ?? 0) + 1
  if (!('line' in piece)) {
    if (!piece.list || piece.list.chain.length > deepest) return undefined
    const isSameParent = previous === undefined || piece.list.chain.slice(0, -1).every((list, depth) => list === previous.chain[depth])
    if (!isSameParent && piece.list.chain.length > 1) return undefined
    return { chain: piece.list.chain, item: { ...piece.list.item, content: [piece.block] } }
  }
  const found = /^((?: {2})*)- (.*)$/u.exec(piece.line)
  if (!found) return undefined
  const depth = (found[1] ?? '').length / 2 + 1
  const item: AdfNode = { type: 'listItem', content: [paragraphOf(found[2] ?? '')] }
  if (previous) {
    if (depth > deepest) return undefined
    const chain = previous.chain.slice(0, depth)
    return { chain: chain.length === depth ? chain : [...chain, { type: previous.chain.at(-1)?.type ?? 'bulletList' }], item }
  }
  const following = next && !('line' in next) ? next.list : undefined
  return depth === 1 && following?.chain.length === 1 ? { chain: following.chain, item } : undefined
}

/** Items in reading order → nested lists, each list with its own attributes. */
function listsOf(items: readonly ListPiece[]): readonly AdfNode[] {
  return groupAt(items, 0)
}

function groupAt(items: readonly ListPiece[], depth: number): readonly AdfNode[] {
  const lists: { list: AdfNode; items: AdfNode[] }[] = []
  for (let index = 0; index < items.length; ) {
    const piece = items[index]
    if (piece === undefined) break
    let stop = index + 1
    while ((items[stop]?.chain.length ?? 0) > depth + 1) stop++
    const below = groupAt(items.slice(index + 1, stop), depth + 1)
    const item = { ...piece.item, content: [...(piece.item.content ?? []), ...below] }
    const list = piece.chain[depth] ?? { type: 'bulletList' }
    const open = lists.at(-1)
    if (open?.list === list) open.items.push(item)
    else lists.push({ list, items: [item] })
    index = stop
  }
  return lists.map(({ list, items: content }) => ({ ...list, content }))
}
