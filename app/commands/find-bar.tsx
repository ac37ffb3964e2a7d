import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { editTextOf, showValue, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { isSelected, type Selection } from '../grid/grid-model.ts'
import type { GridArea, SheetEditing } from '../grid/use-sheet-editing.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { type Found, findCells, makeMatcher, replaceIn } from './find.ts'
import { runInSteps } from './in-steps.ts'

type Scope = 'sheet' | 'field' | 'selection'
const SCOPES: readonly Scope[] = ['sheet', 'field', 'selection']

export interface FindBarProps {
  readonly sheet: Sheet
  readonly area: GridArea
  readonly lineOf: (row: RowId) => number
  /** As it was when the bar was opened. */
  readonly selection: Selection | undefined
  readonly formats: ValueFormats
  readonly editing: SheetEditing
  readonly isReplacing: boolean
  readonly canReplace: boolean
  /** Grows with each wish to go on from outside: next above zero, previous below. */
  readonly wish: { readonly count: number; readonly direction: 1 | -1 }
  readonly onReplacing: (isReplacing: boolean) => void
  readonly onGoTo: (found: { readonly row: RowId; readonly field: Field['id'] }) => void
  readonly onClose: () => void
}

interface Results {
  readonly found: readonly Found[]
  readonly hidden: number
  readonly isDone: boolean
}

const NOTHING: Results = { found: [], hidden: 0, isDone: true }
/** Edits within this time are looked through together, ms. */
const QUIET_MS = 300

/** Finds cells by their text while other work goes on, and replaces it. */
export function FindBar(props: FindBarProps) {
  const { sheet, area, lineOf, selection, formats, editing, isReplacing, canReplace, wish, onReplacing, onGoTo, onClose } = props
  const T = TEXTS.commands.find
  const [query, setQuery] = useState('')
  const [by, setBy] = useState('')
  const [isCase, setCase] = useState(false)
  const [isWhole, setWhole] = useState(false)
  const [scope, setScope] = useState<Scope>('sheet')
  const [results, setResults] = useState<Results>(NOTHING)
  const [at, setAt] = useState(-1)
  const input = useRef<HTMLInputElement>(null)
  const place = useRef<Found>(undefined)

  useEffect(() => {
    input.current?.focus()
    input.current?.select()
  }, [])

  const now = useRef({ area, selection })
  now.current = { area, selection }
  useEffect(() => {
    if (query === '') {
      setResults(NOTHING)
      setAt(-1)
      return
    }
    let stop: () => void = () => undefined
    const search = (): void => {
      stop()
      sheet.wantAll()
      const { area: shown, selection: chosen } = now.current
      const active = chosen && shown.fields[chosen.active.column]
      const fields = scope === 'field' && active !== undefined ? [active] : shown.fields
      const shownRows = shown.lines.flatMap((line) => (line.kind === 'row' ? [line.row] : []))
      const matches = makeMatcher(query, { isCase, isWhole })
      const textOf = (row: RowId, field: Field): string => showValue(field, sheet.cell(row, field.id).value, formats)
      const columns = new Map(shown.fields.map((field, i) => [field.id, i]))
      const isIn = (row: RowId, field: Field): boolean =>
        chosen === undefined || isSelected(chosen, { row: lineOf(row), column: columns.get(field.id) ?? -1 })
      const found: Found[] = []
      let hidden = 0
      function* work(): Generator<void, void, void> {
        yield* findCells({ rows: shownRows, fields, textOf, ...(scope === 'selection' && { isIn }) }, matches, (cell) => found.push(cell))
        if (scope === 'selection') return
        const isShown = new Set(shownRows)
        const others = sheet.rows().filter((row) => !isShown.has(row))
        yield* findCells({ rows: others, fields, textOf }, matches, () => {
          hidden++
        })
      }
      stop = runInSteps(work(), (isDone) => {
        setResults({ found: isDone ? found : found.slice(), hidden, isDone })
        if (isDone) {
          const { current } = place
          setAt(current === undefined ? -1 : found.findIndex(({ row, field }) => row === current.row && field.id === current.field.id))
        }
      })
    }
    search()
    let timer: ReturnType<typeof setTimeout> | undefined
    const unsubscribe = sheet.onChange(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        search()
      }, QUIET_MS)
    })
    return () => {
      stop()
      clearTimeout(timer)
      unsubscribe()
    }
  }, [query, isCase, isWhole, scope, sheet, formats, lineOf])

  const goTo = (direction: 1 | -1): void => {
    const { found } = results
    if (found.length === 0) return
    const next = at < 0 ? (direction === 1 ? 0 : found.length - 1) : (at + direction + found.length) % found.length
    const cell = found[next]
    if (cell === undefined) return
    place.current = cell
    setAt(next)
    onGoTo({ row: cell.row, field: cell.field.id })
  }

  const wished = useRef(wish.count)
  useEffect(() => {
    if (wished.current === wish.count) return
    wished.current = wish.count
    goTo(wish.direction)
  })

  const replaced = ({ row, field }: Found) => ({
    row,
    field,
    text: replaceIn(editTextOf(field, sheet.cell(row, field.id).value, formats), query, by, { isCase, isWhole }),
  })
  const replaceOne = () => {
    const cell = results.found[at]
    if (cell === undefined) return goTo(1)
    editing.replace([replaced(cell)])
    const next = results.found[at + 1]
    place.current = next
    if (next !== undefined) onGoTo({ row: next.row, field: next.field.id })
  }

  const replaceAll = (): void => {
    if (results.isDone && results.found.length > 0) editing.replace(results.found.map(replaced))
    input.current?.focus()
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault()
      onClose()
    } else if (event.key === 'Enter' && event.target === input.current) {
      event.preventDefault()
      goTo(event.shiftKey ? -1 : 1)
      input.current?.focus()
    }
  }

  const total = results.found.length
  const counted = query === '' ? '' : !results.isDone ? T.counting(total) : total === 0 ? T.none : T.count(at + 1, total)
  return (
    <search
      aria-label={T.label}
      onKeyDown={onKeyDown}
      className="popover absolute top-2 right-3 z-20 grid max-w-[calc(100%-24px)] gap-1.5 p-2 text-xs"
    >
      <div className="flex flex-wrap items-center gap-1.5">
        <input
          ref={input}
          aria-label={T.find}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          placeholder={T.find}
          className="input min-h-7 w-44 min-w-0 flex-1"
        />
        <span role="status" aria-live="polite" className="min-w-16 text-ink-2 tabular-nums">
          {counted}
        </span>
        <IconButton label={T.previous} isSmall isDisabled={total === 0} onPress={() => goTo(-1)}>
          <ChevronUp size={14} aria-hidden />
        </IconButton>
        <IconButton label={T.next} isSmall isDisabled={total === 0} onPress={() => goTo(1)}>
          <ChevronDown size={14} aria-hidden />
        </IconButton>
        <IconButton label={T.close} isSmall onPress={onClose}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      {isReplacing && (
        <div className="flex flex-wrap items-center gap-1.5">
          <input
            aria-label={T.replace}
            value={by}
            onChange={(event) => setBy(event.target.value)}
            placeholder={T.replace}
            className="input min-h-7 w-44 min-w-0 flex-1"
          />
          <Button isSmall onPress={replaceOne}>
            {TEXTS.commands.find.replaceOne}
          </Button>
          <Button isSmall onPress={replaceAll}>
            {TEXTS.commands.find.replaceAll}
          </Button>
        </div>
      )}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <label className="flex items-center gap-1">
          <input type="checkbox" checked={isCase} onChange={(event) => setCase(event.target.checked)} /> {T.matchCase}
        </label>
        <label className="flex items-center gap-1">
          <input type="checkbox" checked={isWhole} onChange={(event) => setWhole(event.target.checked)} /> {T.wholeCell}
        </label>
        <select
          aria-label={T.scope}
          value={scope}
          onChange={(event) => setScope(SCOPES.find((known) => known === event.target.value) ?? 'sheet')}
          className="input min-h-7 w-auto! py-0"
        >
          {SCOPES.map((known) => (
            <option key={known} value={known}>
              {T.scopes[known]}
            </option>
          ))}
        </select>
        {!isReplacing && canReplace && (
          <Button isSmall look="link" onPress={() => onReplacing(true)}>
            {T.showReplace}
          </Button>
        )}
      </div>
      {results.hidden > 0 && <p className="m-0 text-ink-2">{T.hidden(results.hidden)}</p>}
    </search>
  )
}
