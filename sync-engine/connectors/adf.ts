/** One node of the Atlassian Document Format: Jira's rich text as JSON. Only what is read is named; the rest is carried along. */
export interface AdfNode {
  readonly type: string
  readonly text?: string
  readonly attrs?: Readonly<Record<string, unknown>>
  readonly marks?: readonly unknown[]
  readonly content?: readonly AdfNode[]
  readonly version?: number
}

/** Whether a value is a document of this format, as deep as reading it relies on. */
export function isAdfDocument(value: unknown): value is AdfNode {
  return isAdfNode(value) && value.type === 'doc'
}

function isAdfNode(value: unknown): value is AdfNode {
  if (typeof value !== 'object' || value === null) return false
  const { type, text, attrs, marks, content } = value as Record<string, unknown>
  if (typeof type !== 'string' || (text !== undefined && typeof text !== 'string')) return false
  if (attrs !== undefined && (typeof attrs !== 'object' || attrs === null)) return false
  if (marks !== undefined && !Array.isArray(marks)) return false
  return content === undefined || (Array.isArray(content) && content.every(isAdfNode))
}

/** The one form of plain text that documents are compared in: `\n` line ends, nothing blank at the end of a line or of the whole. */
export function plainText(text: string): string {
  const lines = text.split(/\r\n|\r|\n/u).map((line) => line.trimEnd())
  while (lines.at(-1) === '') lines.pop()
  return lines.join('\n')
}

/** What a document says as plain text: a paragraph a line, lists with `- `, table cells apart by ` | `, a name in brackets for a picture. */
export function textOfAdf(document: AdfNode): string {
  return plainText(linesOfBlocks(document.content ?? []).join('\n'))
}

/** A document of plain paragraphs, one a line; empty text is no document (`null`: Jira's empty field). */
export function adfOfText(text: string): AdfNode | null {
  const plain = plainText(text)
  return plain === '' ? null : { type: 'doc', version: 1, content: plain.split('\n').map(paragraphOf) }
}

/** A paragraph of unformatted text; Jira refuses empty text nodes, so an empty line has no content. */
export const paragraphOf = (line: string): AdfNode => ({ type: 'paragraph', content: textNodes(line) })

/** Text as inline nodes, line ends as hard breaks. */
export function textNodes(text: string, marks?: readonly unknown[]): readonly AdfNode[] {
  const nodes: AdfNode[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (index > 0) nodes.push({ type: 'hardBreak' })
    if (line !== '') nodes.push({ type: 'text', text: line, ...(marks && marks.length > 0 && { marks }) })
  }
  return nodes
}

export const linesOfBlocks = (blocks: readonly AdfNode[]): readonly string[] => blocks.flatMap((block) => linesOfBlock(block))

/** The lines one block shows as; at least one, so that no block is invisible in the text a person edits. */
export function linesOfBlock(block: AdfNode): readonly string[] {
  const content = block.content ?? []
  switch (block.type) {
    case 'paragraph':
    case 'heading':
    case 'caption':
    case 'codeBlock':
      return textOfInline(content).split('\n')
    case 'bulletList':
    case 'orderedList':
    case 'decisionList':
      return content.flatMap((item) => linesOfItem(item, '- '))
    case 'taskList':
      return content.flatMap((item) => (item.type === 'taskList' ? indent(linesOfBlock(item)) : linesOfItem(item, taskBox(item))))
    case 'table':
      return content.map((row) => (row.content ?? []).map((cell) => linesOfBlocks(cell.content ?? []).join(' ')).join(' | '))
    case 'rule':
      return ['---']
    case 'media':
    case 'mediaInline':
      return [typeof block.attrs?.alt === 'string' && block.attrs.alt !== '' ? `[picture: ${block.attrs.alt}]` : '[picture]']
    case 'blockCard':
    case 'embedCard':
      return [textOfAtom(block)]
    default:
      return content.length > 0 ? linesOfBlocks(content) : [block.text ?? `[${block.type}]`]
  }
}

const taskBox = (item: AdfNode): string => (item.attrs?.state === 'DONE' ? '[x] ' : '[ ] ')
const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

/** An item's first line carries the bullet, whatever follows stands two spaces in. Task and decision items hold inline nodes directly. */
function linesOfItem(item: AdfNode, bullet: string): readonly string[] {
  const content = item.content ?? []
  const isInline = item.type === 'taskItem' || item.type === 'decisionItem'
  const [first = '', ...rest] = isInline ? textOfInline(content).split('\n') : linesOfBlocks(content)
  return [bullet + first, ...indent(rest)]
}

export const textOfInline = (nodes: readonly AdfNode[]): string => nodes.map(textOfAtom).join('')

/** The text one inline node shows as. */
export function textOfAtom(node: AdfNode): string {
  const attrs = node.attrs ?? {}
  const asText = (value: unknown): string => (typeof value === 'string' ? value : '')
  switch (node.type) {
    case 'text':
      return node.text ?? ''
    case 'hardBreak':
      return '\n'
    case 'mention':
      return asText(attrs.text) || `@${asText(attrs.id)}`
    case 'emoji':
      return asText(attrs.text) || asText(attrs.shortName)
    case 'date':
      return dateOf(attrs.timestamp)
    case 'inlineCard':
    case 'blockCard':
    case 'embedCard':
      return asText(attrs.url) || '[link]'
    case 'mediaInline':
      return linesOfBlock(node).join(' ')
    default:
      return asText(attrs.text) || (node.content ? textOfInline(node.content) : `[${node.type}]`)
  }
}

/** Jira gives a date node's day as milliseconds in a string. */
function dateOf(timestamp: unknown): string {
  const date = new Date(Number(timestamp))
  return Number.isNaN(date.getTime()) ? '[date]' : date.toISOString().slice(0, 10)
}
