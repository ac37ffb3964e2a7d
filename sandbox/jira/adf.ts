import type { AdfNode } from './model.ts'

/** Jira's limit for a text field, counted over the plain text here. */
export const MAX_TEXT_LENGTH = 32_767

const BLOCKS = new Set([
  'paragraph',
  'heading',
  'bulletList',
  'orderedList',
  'listItem',
  'taskList',
  'taskItem',
  'decisionList',
  'decisionItem',
  'codeBlock',
  'blockquote',
  'panel',
  'rule',
  'expand',
  'nestedExpand',
  'table',
  'tableRow',
  'tableHeader',
  'tableCell',
  'mediaSingle',
  'mediaGroup',
  'media',
  'blockCard',
])
const INLINES = new Set(['text', 'hardBreak', 'mention', 'emoji', 'date', 'status', 'inlineCard', 'placeholder', 'mediaInline'])
const LEAF_TEXT = new Set(['paragraph', 'heading', 'codeBlock', 'taskItem', 'decisionItem'])

export type AdfParse =
  | { readonly kind: 'document'; readonly value: AdfNode | null }
  | { readonly kind: 'no-document' }
  | { readonly kind: 'invalid' }

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads a document as Jira stores it: `version` set, empty text nodes dropped, neighbouring texts with the same marks joined, marks
 * in one order, a `localId` on every block that has none. A document without any content is no description at all.
 */
export function parseAdf(value: unknown, makeLocalId: () => string): AdfParse {
  if (!isRecord(value) || value.type !== 'doc') return { kind: 'no-document' }
  if ((value.version !== undefined && value.version !== 1) || !Array.isArray(value.content)) return { kind: 'invalid' }
  const content = parseNodes(value.content, makeLocalId)
  if (content === undefined || content.some((node) => INLINES.has(node.type))) return { kind: 'invalid' }
  const document: AdfNode = { type: 'doc', version: 1, content }
  return { kind: 'document', value: content.length === 0 || isBlank(document) ? null : document }
}

function isBlank(document: AdfNode): boolean {
  return (document.content ?? []).every((node) => node.type === 'paragraph' && (node.content ?? []).length === 0)
}

function parseNodes(values: readonly unknown[], makeLocalId: () => string): AdfNode[] | undefined {
  const nodes: AdfNode[] = []
  for (const value of values) {
    const node = parseNode(value, makeLocalId)
    if (node === undefined) return undefined
    if (node === 'empty') continue
    const last = nodes.at(-1)
    if (last?.type === 'text' && node.type === 'text' && JSON.stringify(last.marks) === JSON.stringify(node.marks)) {
      nodes[nodes.length - 1] = { ...last, text: `${last.text ?? ''}${node.text ?? ''}` }
    } else nodes.push(node)
  }
  return nodes
}

function parseNode(value: unknown, makeLocalId: () => string): AdfNode | 'empty' | undefined {
  if (!isRecord(value) || typeof value.type !== 'string') return undefined
  const { type, text, attrs, marks, content } = value
  if (!BLOCKS.has(type) && !INLINES.has(type)) return undefined
  if (attrs !== undefined && !isRecord(attrs)) return undefined
  if (type === 'text') {
    if (typeof text !== 'string') return undefined
    const parsedMarks = parseMarks(marks)
    if (parsedMarks === undefined) return undefined
    return text === '' ? 'empty' : { type, text, ...(parsedMarks.length > 0 && { marks: parsedMarks }) }
  }
  if (content !== undefined && !Array.isArray(content)) return undefined
  const children = content === undefined ? undefined : parseNodes(content, makeLocalId)
  if (content !== undefined && children === undefined) return undefined
  const isLocal = BLOCKS.has(type) && type !== 'media' && type !== 'mediaGroup'
  const allAttrs = isLocal ? { localId: makeLocalId(), ...attrs } : attrs
  return { type, ...(allAttrs && { attrs: allAttrs }), ...(children && { content: children }) }
}

function parseMarks(value: unknown): AdfNode[] | undefined {
  if (value === undefined) return []
  if (!Array.isArray(value)) return undefined
  const marks: AdfNode[] = []
  for (const mark of value) {
    if (!isRecord(mark) || typeof mark.type !== 'string') return undefined
    marks.push({ type: mark.type, ...(isRecord(mark.attrs) && { attrs: mark.attrs }) })
  }
  return marks.sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0))
}

/** Whether two documents say the same: everything but the local ids. */
export function isSameAdf(a: AdfNode | null, b: AdfNode | null): boolean {
  return JSON.stringify(withoutLocalIds(a)) === JSON.stringify(withoutLocalIds(b))
}

function withoutLocalIds(node: AdfNode | null): unknown {
  if (node === null) return null
  const { localId: _dropped, ...attrs } = node.attrs ?? {}
  return {
    type: node.type,
    text: node.text,
    attrs: Object.keys(attrs).length === 0 ? undefined : attrs,
    marks: node.marks,
    content: node.content?.map(withoutLocalIds),
  }
}

/** A document with every text replaced. */
export function mapText(node: AdfNode, change: (text: string) => string): AdfNode {
  return {
    ...node,
    ...(node.text !== undefined && { text: change(node.text) }),
    ...(node.content && { content: node.content.map((child) => mapText(child, change)) }),
  }
}

/** The plain text of a document: a line a block. */
export function adfText(node: AdfNode | null): string {
  if (node === null) return ''
  const lines: string[] = []
  collectLines(node, lines)
  return lines.join('\n')
}

function collectLines(node: AdfNode, lines: string[]): void {
  if (LEAF_TEXT.has(node.type)) {
    lines.push((node.content ?? []).map(inlineText).join(''))
    return
  }
  for (const child of node.content ?? []) {
    if (INLINES.has(child.type)) lines.push(inlineText(child))
    else collectLines(child, lines)
  }
}

function inlineText(node: AdfNode): string {
  if (node.type === 'hardBreak') return '\n'
  if (node.text !== undefined) return node.text
  const { text, shortName, url } = node.attrs ?? {}
  return [text, shortName, url].find((value): value is string => typeof value === 'string') ?? ''
}

/** A document of plain paragraphs, a line each, as a person types it on the screen. */
export function adfOfText(text: string, makeLocalId: () => string): AdfNode | null {
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n')
  const content = lines.map((line): AdfNode => ({ type: 'paragraph', ...(line !== '' && { content: [{ type: 'text', text: line }] }) }))
  const parsed = parseAdf({ type: 'doc', version: 1, content }, makeLocalId)
  return parsed.kind === 'document' ? parsed.value : null
}
