import { type CalendarDate, getLocalTimeZone, parseDate, today } from '@internationalized/date'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import {
  Autocomplete,
  Button,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  Heading,
  I18nProvider,
  Input,
  ListBox,
  ListBoxItem,
  Popover,
  SearchField,
  useFilter,
} from 'react-aria-components'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editTextOf, optionOf, parseTyped, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field, Option } from '../../workbook/fields.ts'
import { chipColor } from '../kit/app-colors.ts'
import { TEXTS } from '../texts.ts'
import type { Move } from './grid-model.ts'

export interface EditorProps {
  readonly field: Field
  readonly value: CellValue
  /** What the person typed to begin, which replaces the value; absent where they asked to edit it. */
  readonly typed: string | undefined
  readonly formats: ValueFormats
  readonly onCommit: (value: CellValue, then: Move | undefined) => void
  readonly onCancel: () => void
  /** How the grid asks an open editor to finish before the focus goes elsewhere; answers whether it could. */
  readonly commitRef: RefObject<(() => boolean) | undefined>
}

const DOWN: Move = { kind: 'step', rows: 1, columns: 0 }
const UP: Move = { kind: 'step', rows: -1, columns: 0 }

/** The editor of a cell, by the type of its field. */
export function CellEditor(props: EditorProps) {
  switch (props.field.type) {
    case 'single-select':
    case 'person':
      return <OptionEditor {...props} />
    case 'date':
    case 'date-time':
      return <DateEditor {...props} />
    case 'long-text':
      return <LongTextEditor {...props} />
    case 'text':
    case 'number':
    case 'url':
    case 'currency':
    case 'percent':
    case 'duration':
    case 'rating':
    case 'multi-select':
    case 'email':
    case 'phone':
    case 'checkbox':
    case 'record-key':
      return <TextEditor {...props} />
  }
}

/** Text as it is typed, and what is wrong with it once the person tries to leave. */
function useTyped({ field, value, typed, formats, onCommit, commitRef }: EditorProps) {
  const before = useMemo(() => editTextOf(field, value, formats), [field, value, formats])
  const [text, setText] = useState(typed ?? before)
  const [error, setError] = useState<string>()
  const commit = (then: Move | undefined, from = text): boolean => {
    // Untouched text is the value as it was, whatever it would be read as.
    const parsed = from === before ? ({ ok: true, value } as const) : parseTyped(field, from, formats)
    if (!parsed.ok) {
      setError(parsed.error)
      return false
    }
    onCommit(parsed.value, then)
    return true
  }
  useEffect(() => {
    commitRef.current = () => commit(undefined)
    return () => {
      commitRef.current = undefined
    }
  })
  const change = (next: string): void => {
    setText(next)
    setError(undefined)
  }
  return { text, change, error, commit }
}

function useFocusedAtEnd<T extends HTMLInputElement | HTMLTextAreaElement>(): RefObject<T | null> {
  const ref = useRef<T>(null)
  useLayoutEffect(() => {
    const element = ref.current
    element?.focus({ preventScroll: true })
    element?.setSelectionRange(element.value.length, element.value.length)
  }, [])
  return ref
}

/** Where Enter and Tab lead from an editor. */
function leaveKey(event: KeyboardEvent): Move | undefined {
  if (event.nativeEvent.isComposing) return undefined
  if (event.key === 'Enter') return event.shiftKey ? UP : DOWN
  return event.key === 'Tab' ? { kind: 'next', direction: event.shiftKey ? -1 : 1 } : undefined
}

/** Stands below the editor, or where there is room for it. */
function EditorError({ id, error, anchor }: { id: string; error: string | undefined; anchor: RefObject<HTMLElement | null> }) {
  if (error === undefined) return null
  return (
    <Popover
      triggerRef={anchor}
      isOpen
      isNonModal
      shouldCloseOnInteractOutside={() => false}
      placement="bottom start"
      offset={4}
      className="popover max-w-72! border-bad! px-2.5 py-1.5 text-xs text-bad"
    >
      <span id={id} role="alert">
        {error}
      </span>
    </Popover>
  )
}

const ERROR_ID = 'cell-editor-error'

function TextEditor(props: EditorProps) {
  const { field, onCancel } = props
  const { text, change, error, commit } = useTyped(props)
  const ref = useFocusedAtEnd<HTMLInputElement>()
  const onKeyDown = (event: KeyboardEvent): void => {
    const then = leaveKey(event)
    if (event.key === 'Escape') onCancel()
    else if (then !== undefined) {
      event.preventDefault()
      commit(then)
    } else {
      event.stopPropagation()
      return
    }
    event.stopPropagation()
  }
  return (
    <>
      <input
        ref={ref}
        aria-label={TEXTS.editor.label(field.name)}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : ERROR_ID}
        className={`cell-input ${field.type === 'number' ? 'right' : ''}`}
        inputMode={field.type === 'number' ? 'decimal' : field.type === 'url' ? 'url' : 'text'}
        autoComplete="off"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => commit(undefined)}
      />
      <EditorError id={ERROR_ID} error={error} anchor={ref} />
    </>
  )
}

function LongTextEditor(props: EditorProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  return (
    <span ref={anchor} className="flex size-full items-center overflow-hidden px-2.5 outline-2 -outline-offset-2 outline-tide">
      <Popover
        triggerRef={anchor}
        isOpen
        isNonModal
        shouldCloseOnInteractOutside={() => false}
        placement="bottom start"
        offset={-31}
        className="popover w-[min(380px,90vw)] p-1"
      >
        <LongText {...props} />
      </Popover>
    </span>
  )
}

function LongText(props: EditorProps) {
  const { field, onCancel } = props
  const { text, change, error, commit } = useTyped(props)
  const ref = useFocusedAtEnd<HTMLTextAreaElement>()
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      onCancel()
      return
    }
    if (event.key === 'Enter' && event.altKey) {
      event.preventDefault()
      const { selectionStart, selectionEnd } = event.target as HTMLTextAreaElement
      change(`${text.slice(0, selectionStart)}\n${text.slice(selectionEnd)}`)
      return
    }
    const then = event.key === 'Enter' && event.shiftKey ? undefined : leaveKey(event)
    if (then === undefined) return
    event.preventDefault()
    commit(then)
  }
  return (
    <span className="grid gap-1">
      <textarea
        ref={ref}
        rows={6}
        aria-label={TEXTS.editor.label(field.name)}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : ERROR_ID}
        className="input resize-y whitespace-pre-wrap"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => commit(undefined)}
      />
      <span className="hint px-1">{TEXTS.editor.longTextHint}</span>
      {error !== undefined && (
        <span id={ERROR_ID} role="alert" className="error px-1 whitespace-normal">
          {error}
        </span>
      )}
    </span>
  )
}

/** A list with a search above it. The chosen option is written at once; typing never makes a new one. */
function OptionEditor({ field, value, typed, onCommit, onCancel, commitRef }: EditorProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  const { contains } = useFilter({ sensitivity: 'base' })
  const [search, setSearch] = useState(typed ?? '')
  const current = optionOf(field, value)
  const offered = useMemo(() => field.options.filter((option) => !option.retired || option === current), [field, current])
  useEffect(() => {
    commitRef.current = () => {
      onCancel()
      return true
    }
    return () => {
      commitRef.current = undefined
    }
  }, [commitRef, onCancel])
  const choose = (key: string): void => {
    if (key === EMPTY) {
      onCommit(null, undefined)
      return
    }
    const option = field.options.find((o) => o.id === key)
    if (option === undefined) {
      onCancel()
      return
    }
    onCommit(field.type === 'single-select' && field.binding !== undefined ? option.name : option.id, undefined)
  }
  /** Enter takes the first option that matches, also where the list has not marked it yet. */
  const onEnter = (event: KeyboardEvent): void => {
    const isMarked = event.target instanceof HTMLElement && event.target.hasAttribute('aria-activedescendant')
    if (event.key !== 'Enter' || isMarked || event.nativeEvent.isComposing) return
    const [first] = search === '' ? [] : offered.filter((option) => contains(option.name, search))
    if (first !== undefined) choose(first.id)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      onCancel()
    }
  }
  return (
    <span ref={anchor} className="flex size-full items-center px-2.5 outline-2 -outline-offset-2 outline-tide">
      {current && <OptionLabel option={current} isChip={field.type === 'single-select'} />}
      <Popover
        triggerRef={anchor}
        isOpen
        isNonModal
        onOpenChange={(isOpen) => !isOpen && onCancel()}
        placement="bottom start"
        offset={2}
        className="popover arrives w-64"
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the list inside must not reach the grid */}
        <div onKeyDownCapture={onEnter} onKeyDown={onKeyDown} className="grid max-h-80 grid-rows-[auto_1fr]">
          <Autocomplete filter={contains} inputValue={search} onInputChange={setSearch}>
            <SearchField aria-label={TEXTS.editor.label(field.name)} autoFocus className="p-1.5">
              <Input className="input" placeholder={TEXTS.editor.search} />
            </SearchField>
            <ListBox
              aria-label={field.name}
              className="menu overflow-auto pt-0"
              selectionMode="none"
              onAction={(key) => choose(String(key))}
              renderEmptyState={() => <p className="hint m-0 px-2.5 py-1.5">{TEXTS.editor.none}</p>}
            >
              {offered.map((option) => (
                <ListBoxItem key={option.id} id={option.id} textValue={option.name} className="menu-item">
                  <OptionLabel option={option} isChip={field.type === 'single-select'} />
                  {option === current && <span className="ml-auto text-ink-3">✓</span>}
                </ListBoxItem>
              ))}
              {value !== null && search === '' && (
                <ListBoxItem id={EMPTY} textValue={TEXTS.editor.empty} className="menu-item text-ink-2">
                  {TEXTS.editor.empty}
                </ListBoxItem>
              )}
            </ListBox>
          </Autocomplete>
        </div>
      </Popover>
    </span>
  )
}

/** Key of the item that empties the cell; option ids of apps never begin so. */
const EMPTY = '\u0000empty'

function OptionLabel({ option, isChip }: { option: Option; isChip: boolean }) {
  return (
    <>
      {isChip ? (
        <span className="chip" data-color={chipColor(option)}>
          {option.name}
        </span>
      ) : (
        <span className="text truncate">{option.name}</span>
      )}
      {option.retired && <span className="hint">{TEXTS.editor.retired}</span>}
    </>
  )
}

/** A date typed or chosen from a calendar; for a date with a time the calendar changes the day and keeps the time. */
function DateEditor(props: EditorProps) {
  const { field, formats, onCancel } = props
  const { text, change, error, commit } = useTyped(props)
  const anchor = useRef<HTMLSpanElement>(null)
  const calendar = useRef<HTMLDivElement>(null)
  const ref = useFocusedAtEnd<HTMLInputElement>()
  const day = /^(\d{4}-\d{2}-\d{2})/u.exec(dayTextOf(field, text, formats))?.[1]
  const choose = (date: CalendarDate): void => {
    if (field.type === 'date') {
      commit(undefined, date.toString())
      return
    }
    change(`${date.toString()} ${/\d{1,2}:\d{2}.*$/u.exec(text)?.[0] ?? '09:00'}`)
    ref.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      onCancel()
      return
    }
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      calendar.current?.querySelector<HTMLElement>('td [tabindex="0"]')?.focus()
      return
    }
    const then = leaveKey(event)
    if (then === undefined) return
    event.preventDefault()
    commit(then)
  }
  const onBlur = (to: EventTarget | null): void => {
    if (!(to instanceof Node) || !calendar.current?.contains(to)) commit(undefined)
  }
  return (
    <span ref={anchor} className="relative size-full">
      <input
        ref={ref}
        aria-label={TEXTS.editor.label(field.name)}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : ERROR_ID}
        className="cell-input"
        autoComplete="off"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={(event) => onBlur(event.relatedTarget)}
      />
      <Popover
        triggerRef={anchor}
        isOpen
        isNonModal
        shouldCloseOnInteractOutside={() => false}
        placement="bottom start"
        offset={3}
        className="popover arrives p-2"
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the calendar inside must not reach the grid */}
        <div
          ref={calendar}
          onMouseDown={(event) => event.preventDefault()}
          onKeyDown={(event) => {
            event.stopPropagation()
            if (event.key === 'Escape') onCancel()
          }}
        >
          {error !== undefined && (
            <p id={ERROR_ID} role="alert" className="error m-0 mb-2 max-w-60">
              {error}
            </p>
          )}
          <I18nProvider locale={formats.locale}>
            <DayCalendar key={day ?? ''} day={day} onChoose={choose} />
          </I18nProvider>
        </div>
      </Popover>
    </span>
  )
}

/** The day a half-typed text stands for already, as `2026-11-21`; the empty text where it is none yet. */
function dayTextOf(field: Field, text: string, formats: ValueFormats): string {
  const dayText = field.type === 'date' ? text : text.replace(/[\sT]+\d{1,2}:\d{2}.*$/u, '')
  const parsed = parseTyped({ type: 'date', options: [] }, dayText, formats)
  return parsed.ok && typeof parsed.value === 'string' ? parsed.value : ''
}

function DayCalendar({ day, onChoose }: { day: string | undefined; onChoose: (date: CalendarDate) => void }) {
  const value = day === undefined ? null : parseDate(day)
  return (
    <Calendar
      aria-label={TEXTS.editor.calendar}
      value={value}
      defaultFocusedValue={value ?? today(getLocalTimeZone())}
      onChange={(date) => onChoose(date as CalendarDate)}
    >
      <header className="flex items-center pb-1">
        <Button slot="previous" className="button ghost icon">
          <ChevronLeft size={16} aria-hidden />
        </Button>
        <Heading className="m-0 flex-1 text-center text-[13px] font-semibold" />
        <Button slot="next" className="button ghost icon">
          <ChevronRight size={16} aria-hidden />
        </Button>
      </header>
      <CalendarGrid className="border-collapse">
        <CalendarGridHeader>
          {(name) => <CalendarHeaderCell className="h-6 w-8 text-[11px] font-normal text-ink-3">{name}</CalendarHeaderCell>}
        </CalendarGridHeader>
        <CalendarGridBody>
          {(date) => (
            <CalendarCell
              date={date}
              className="grid size-8 cursor-default place-items-center rounded-md outline-none data-[disabled]:text-ink-3 data-[focus-visible]:outline-2 data-[focus-visible]:outline-tide data-[hovered]:bg-hover data-[outside-month]:invisible data-[selected]:bg-tide data-[selected]:font-semibold data-[selected]:text-on-tide"
            />
          )}
        </CalendarGridBody>
      </CalendarGrid>
    </Calendar>
  )
}
