'use client'

import './note.css'
import { Collaboration } from '@tiptap/extension-collaboration'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Placeholder } from '@tiptap/extension-placeholder'
import { type Editor, EditorContent, useEditor, useEditorState } from '@tiptap/react'
import { StarterKit } from '@tiptap/starter-kit'
import {
  Bold,
  Code,
  Heading2,
  Heading3,
  Italic,
  Link2,
  List,
  ListChecks,
  ListOrdered,
  type LucideIcon,
  Quote,
  Redo2,
  SquareCode,
  Strikethrough,
  Undo2,
} from 'lucide-react'
import { type FormEvent, useEffect, useState } from 'react'
import { ToggleButton, Toolbar } from 'react-aria-components'
import { safeUrl } from '../../workbook/field-values.ts'
import { isNoteEmpty, noteFragment } from '../../workbook/note.ts'
import type { ExtraDocument } from '../collab/workbook-session.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { linkAddress } from './safe-link.ts'

const T = TEXTS.drawer

export interface NoteEditorProps {
  readonly doc: ExtraDocument['doc']
  readonly isReadOnly: boolean
  /** Whether the note says something now; called after each change made here. */
  readonly onWritten: (hasNote: boolean) => void
}

/** A note that several people write at once: headings, lists, checklists, links, code, quotes. What is pasted keeps only these. */
export default function NoteEditor({ doc, isReadOnly, onWritten }: NoteEditorProps) {
  const editor = useEditor(
    {
      // The page is drawn on the server first, where there is no editor.
      immediatelyRender: false,
      editable: !isReadOnly,
      extensions: [
        StarterKit.configure({
          // Undo is the document's own: it never takes back what somebody else wrote.
          undoRedo: false,
          link: { openOnClick: false, autolink: true, protocols: ['mailto'], isAllowedUri: (url) => safeUrl(url) !== undefined },
        }),
        TaskList,
        TaskItem.configure({ nested: true }),
        Placeholder.configure({ placeholder: T.noteEmpty }),
        Collaboration.configure({ fragment: noteFragment(doc) }),
      ],
      editorProps: { attributes: { 'aria-label': T.note, role: 'textbox', 'aria-multiline': 'true', dir: 'auto' } },
    },
    [doc],
  )
  useEffect(() => {
    editor?.setEditable(!isReadOnly, false)
  }, [editor, isReadOnly])
  useEffect(() => {
    if (editor === null) return
    const onUpdate = (): void => {
      if (!isReadOnly) onWritten(!isNoteEmpty(doc))
    }
    editor.on('update', onUpdate)
    return () => {
      editor.off('update', onUpdate)
    }
  }, [editor, doc, isReadOnly, onWritten])
  return (
    <div className="grid gap-1.5">
      {editor !== null && !isReadOnly && <Tools editor={editor} />}
      <div className="note">
        <EditorContent editor={editor} />
      </div>
    </div>
  )
}

interface Tool {
  readonly id: keyof typeof T.tool
  readonly icon: LucideIcon
  readonly isOn: (editor: Editor) => boolean
  readonly toggle: (editor: Editor) => void
}

const TOOLS: readonly Tool[] = [
  { id: 'bold', icon: Bold, isOn: (e) => e.isActive('bold'), toggle: (e) => e.chain().focus().toggleBold().run() },
  { id: 'italic', icon: Italic, isOn: (e) => e.isActive('italic'), toggle: (e) => e.chain().focus().toggleItalic().run() },
  { id: 'strike', icon: Strikethrough, isOn: (e) => e.isActive('strike'), toggle: (e) => e.chain().focus().toggleStrike().run() },
  { id: 'code', icon: Code, isOn: (e) => e.isActive('code'), toggle: (e) => e.chain().focus().toggleCode().run() },
  {
    id: 'h2',
    icon: Heading2,
    isOn: (e) => e.isActive('heading', { level: 2 }),
    toggle: (e) => e.chain().focus().toggleHeading({ level: 2 }).run(),
  },
  {
    id: 'h3',
    icon: Heading3,
    isOn: (e) => e.isActive('heading', { level: 3 }),
    toggle: (e) => e.chain().focus().toggleHeading({ level: 3 }).run(),
  },
  { id: 'bullets', icon: List, isOn: (e) => e.isActive('bulletList'), toggle: (e) => e.chain().focus().toggleBulletList().run() },
  { id: 'numbers', icon: ListOrdered, isOn: (e) => e.isActive('orderedList'), toggle: (e) => e.chain().focus().toggleOrderedList().run() },
  { id: 'tasks', icon: ListChecks, isOn: (e) => e.isActive('taskList'), toggle: (e) => e.chain().focus().toggleTaskList().run() },
  { id: 'quote', icon: Quote, isOn: (e) => e.isActive('blockquote'), toggle: (e) => e.chain().focus().toggleBlockquote().run() },
  { id: 'codeBlock', icon: SquareCode, isOn: (e) => e.isActive('codeBlock'), toggle: (e) => e.chain().focus().toggleCodeBlock().run() },
]

/** One stop for the Tab key; arrows go from tool to tool. */
function Tools({ editor }: { editor: Editor }) {
  const [isLinking, setLinking] = useState(false)
  const on = useEditorState({
    editor,
    selector: ({ editor: now }) => ({
      tools: TOOLS.filter((tool) => tool.isOn(now)).map((tool) => tool.id),
      link: now.isActive('link'),
      canUndo: now.can().undo(),
      canRedo: now.can().redo(),
    }),
  })
  return (
    <>
      <Toolbar aria-label={T.tools} className="flex flex-wrap gap-0.5">
        {TOOLS.map(({ id, icon: Icon, toggle }) => (
          <ToggleButton
            key={id}
            aria-label={T.tool[id]}
            isSelected={on.tools.includes(id)}
            onChange={() => toggle(editor)}
            className="button ghost icon small data-selected:bg-tide-wash data-selected:text-tide-ink"
          >
            <Icon size={14} aria-hidden />
          </ToggleButton>
        ))}
        <ToggleButton
          aria-label={T.tool.link}
          isSelected={on.link}
          onChange={() => setLinking(!isLinking)}
          className="button ghost icon small data-selected:bg-tide-wash data-selected:text-tide-ink"
        >
          <Link2 size={14} aria-hidden />
        </ToggleButton>
        <IconButton isSmall label={T.tool.undo} isDisabled={!on.canUndo} onPress={() => editor.chain().focus().undo().run()}>
          <Undo2 size={14} aria-hidden />
        </IconButton>
        <IconButton isSmall label={T.tool.redo} isDisabled={!on.canRedo} onPress={() => editor.chain().focus().redo().run()}>
          <Redo2 size={14} aria-hidden />
        </IconButton>
      </Toolbar>
      {isLinking && <LinkForm editor={editor} onDone={() => setLinking(false)} />}
    </>
  )
}

function LinkForm({ editor, onDone }: { editor: Editor; onDone: () => void }) {
  const before: unknown = editor.getAttributes('link').href
  const [text, setText] = useState(typeof before === 'string' ? before : '')
  const [isBad, setBad] = useState(false)
  const set = (event: FormEvent): void => {
    event.preventDefault()
    const href = linkAddress(text)
    if (href === undefined) {
      setBad(true)
      return
    }
    const chain = editor.chain().focus().extendMarkRange('link')
    // Without a selection the address itself is written.
    if (editor.state.selection.empty && !editor.isActive('link'))
      chain.insertContent({ type: 'text', text: text.trim(), marks: [{ type: 'link', attrs: { href } }] }).run()
    else chain.setLink({ href }).run()
    onDone()
  }
  return (
    <form onSubmit={set} className="flex flex-wrap items-center gap-1.5">
      <input
        // biome-ignore lint/a11y/noAutofocus: the form is opened to type here
        autoFocus
        className="input max-w-64"
        aria-label={T.linkLabel}
        aria-invalid={isBad}
        placeholder="https://"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setBad(false)
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          onDone()
        }}
      />
      <Button isSmall type="submit">
        {T.linkSet}
      </Button>
      {typeof before === 'string' && (
        <Button
          isSmall
          look="ghost"
          onPress={() => {
            editor.chain().focus().extendMarkRange('link').unsetLink().run()
            onDone()
          }}
        >
          {T.linkRemove}
        </Button>
      )}
      {isBad && (
        <span role="alert" className="error">
          {T.linkBad}
        </span>
      )}
    </form>
  )
}
