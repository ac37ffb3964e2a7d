import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { MAX_COMMENT_LENGTH } from '../../workbook/talk.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { editMentions, keepMentions, type Mentionable, mentionAt, proposePeople } from './mentions.ts'

export interface CommentBoxProps {
  readonly label: string
  readonly button: string
  readonly people: readonly Mentionable[]
  readonly nameOf: (person: string) => string
  /** The text to begin with, as it is kept. */
  readonly text?: string
  /** What is being written is kept under this until it is sent or given up, also while its box is closed. */
  readonly draft: string
  readonly isFocused?: boolean
  readonly onSend: (text: string) => void
  readonly onCancel?: () => void
}

/** What was begun in this window. Esc leaves it for later, *Cancel* gives it up. */
const drafts = new Map<string, string>()

/** Where a comment is written: @ proposes people, Ctrl+Enter sends. */
export function CommentBox({ label, button, people, nameOf, text: kept = '', draft, isFocused, onSend, onCancel }: CommentBoxProps) {
  const [text, showText] = useState(() => drafts.get(draft) ?? editMentions(kept, nameOf))
  const setText = (next: string): void => {
    showText(next)
    drafts.set(draft, next)
  }
  const [caret, setCaret] = useState(-1)
  const [chosen, setChosen] = useState(0)
  const area = useRef<HTMLTextAreaElement>(null)
  const list = useId()
  // With room for the people it may propose.
  useEffect(() => {
    if (isFocused) area.current?.scrollIntoView({ block: 'center' })
  }, [isFocused])
  const mention = caret < 0 ? undefined : mentionAt(text, caret)
  const proposed = mention === undefined ? [] : proposePeople(people, mention.typed)
  const current = proposed[Math.min(chosen, proposed.length - 1)]

  const take = (person: Mentionable): void => {
    if (mention === undefined) return
    const next = `${text.slice(0, mention.from)}@${person.name} ${text.slice(caret)}`
    const at = mention.from + person.name.length + 2
    setText(next)
    setCaret(-1)
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(at, at)
    })
  }

  const send = (): void => {
    if (text.trim() === '') return
    onSend(keepMentions(text.trim(), people))
    showText('')
    drafts.delete(draft)
    setCaret(-1)
  }
  const giveUp = (): void => {
    drafts.delete(draft)
    onCancel?.()
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    if (current !== undefined) {
      const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
      if (move !== 0) {
        event.preventDefault()
        setChosen((proposed.indexOf(current) + move + proposed.length) % proposed.length)
        return
      }
      if (event.key === 'Enter' || event.key === 'Tab') {
        event.preventDefault()
        take(current)
        return
      }
    }
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape' && (current !== undefined || onCancel !== undefined)) {
      event.stopPropagation()
      if (current !== undefined) setCaret(-1)
      else onCancel?.()
    }
  }

  return (
    <div className="relative grid gap-1.5">
      <textarea
        ref={area}
        // biome-ignore lint/a11y/noAutofocus: the box is opened to write in it
        autoFocus={isFocused}
        className="input resize-y"
        rows={2}
        dir="auto"
        aria-label={label}
        placeholder={TEXTS.talk.placeholder}
        maxLength={MAX_COMMENT_LENGTH}
        value={text}
        role="combobox"
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-expanded={proposed.length > 0}
        aria-controls={list}
        aria-activedescendant={current && `${list}-${current.id}`}
        onChange={(event) => {
          setText(event.target.value)
          setCaret(event.target.selectionStart)
          setChosen(0)
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setCaret(-1)}
      />
      <div
        id={list}
        role="listbox"
        aria-label={TEXTS.talk.people}
        tabIndex={-1}
        className={proposed.length > 0 ? 'popover menu absolute top-full z-10' : 'hidden'}
      >
        {proposed.map((person) => (
          <div
            key={person.id}
            id={`${list}-${person.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={person === current}
            className="menu-item"
            data-focused={person === current || undefined}
            // Before the text loses the focus.
            onPointerDown={(event) => {
              event.preventDefault()
              take(person)
            }}
          >
            {person.name}
          </div>
        ))}
      </div>
      <span className="flex gap-1.5">
        <Button isSmall look={text.trim() === '' ? 'plain' : 'primary'} isDisabled={text.trim() === ''} onPress={send}>
          {button}
        </Button>
        {onCancel !== undefined && (
          <Button isSmall look="ghost" onPress={giveUp}>
            {TEXTS.cancel}
          </Button>
        )}
      </span>
    </div>
  )
}
