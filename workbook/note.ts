import * as Y from 'yjs'

/** The rich text of a note, for an editor that writes into it. */
export const noteFragment = (note: Y.Doc): Y.XmlFragment => note.getXmlFragment('note')

/** The plain words of a note, a line a paragraph. */
export function noteText(note: Y.Doc): string {
  return noteFragment(note)
    .toArray()
    .map((node) => (node instanceof Y.XmlHook ? '' : textOf(node)))
    .join('\n')
    .trim()
}

function textOf(node: Y.XmlElement | Y.XmlText): string {
  if (node instanceof Y.XmlText) {
    return (node.toDelta() as { insert?: unknown }[]).map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('')
  }
  const parts = node.toArray().map((child) => (child instanceof Y.XmlHook ? '' : textOf(child)))
  return parts.join(isInline(node.nodeName) ? '' : '\n')
}

const isInline = (name: string): boolean => name === 'paragraph' || name === 'heading' || name === 'codeBlock'

/** Whether there is anything in a note to come back for: words, or a line. */
export const isNoteEmpty = (note: Y.Doc): boolean => noteText(note) === '' && !noteFragment(note).toString().includes('horizontalrule')
