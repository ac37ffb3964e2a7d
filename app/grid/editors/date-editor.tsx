import { type CalendarDate, getLocalTimeZone, parseDate, today } from '@internationalized/date'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { type KeyboardEvent, useRef } from 'react'
import {
  Button,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  Heading,
  I18nProvider,
  Popover,
} from 'react-aria-components'
import { parseTyped, showValue, type ValueFormats } from '../../../workbook/field-values.ts'
import type { Field } from '../../../workbook/fields.ts'
import { TEXTS } from '../../texts.ts'
import { type EditorProps, ERROR_ID, leaveKey, useFocusedAtEnd, useTyped } from './editing.tsx'

/** A date typed or chosen from a calendar; for a date with a time the calendar changes the day and keeps the time. */
export function DateEditor(props: EditorProps) {
  const { field, formats, onCancel } = props
  const { text, change, error, commit } = useTyped(props)
  const anchor = useRef<HTMLSpanElement>(null)
  const calendar = useRef<HTMLDivElement>(null)
  const ref = useFocusedAtEnd<HTMLInputElement>()
  const day = /^(\d{4}-\d{2}-\d{2})/u.exec(dayTextOf(field, text, formats))?.[1]
  const meaning = meaningOf(field, text, formats)
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
        dir="auto"
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
          {meaning !== undefined && <p className="hint m-0 mb-1 px-1">{meaning}</p>}
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

/** What words such as “next fri” stand for; figures say it themselves. */
function meaningOf(field: Field, text: string, formats: ValueFormats): string | undefined {
  if (!/\p{L}/u.test(text)) return undefined
  const parsed = parseTyped(field, text, formats)
  return parsed.ok && parsed.value !== null ? showValue(field, parsed.value, formats) : undefined
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
