import { Plus } from 'lucide-react'
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { flushSync } from 'react-dom'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import { type GridCommand, gridCommand } from '../grid/grid-keys.ts'
import { marksOf } from '../grid/peer-marks.ts'
import type { CellId, SheetHandle } from '../grid/sheet-handle.ts'
import { groupPlaces, makeLineSpace } from '../grid/viewport.ts'
import { Button } from '../kit/button.tsx'
import { useNow } from '../kit/use-now.ts'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { TEXTS } from '../texts.ts'
import type { SheetLayoutProps } from '../views/sheet-layout.ts'
import type { GridView } from '../views/view-controller.ts'
import { AxisGround, type AxisHandle, AxisHead, type DrawnDays } from './axis.tsx'
import { barDays, type DateChange, datesAfter, firstDayShown, type Grip, isNoChange, type SpanFields } from './bars.ts'
import { HEADER_ROWS, TimelineBody, type TimelineScene, type TimelineView } from './body.ts'
import { datesIn, makeDateMoves } from './date-moves.ts'
import { makeDateReader } from './days.ts'
import { type TimelineKey, timelineKey } from './keys.ts'
import { pictureOf } from './picture.ts'
import { timelinePointers } from './pointers.ts'
import { dayAt, dayWidthOf, type Scale, scaleBeside } from './scale.ts'
import { TimelineTools } from './tools.tsx'
import { useCtrlWheel } from './use-ctrl-wheel.ts'
import { useScale } from './use-scale.ts'

const HEAD_HEIGHT = 46
const GROUP_HEIGHT = 32
/** Narrower than this the names take less room. Pixels. */
const PHONE = 640
const NAME_WIDTH = { wide: 280, phone: 124 }
/** So many rows are looked at for where the timeline begins. */
const FIRST_ROWS = 300
const DAY_CHECK_MS = 60_000

/** A line by what it shows: a row's id, or a group's key behind a sign no row's id has. */
type LineKey = RowId | `:${string}`
const lineKey = (line: GridLine): LineKey => (line.kind === 'row' ? line.row : `:${line.key}`)

interface Chosen {
  readonly key: LineKey
  /** The cell that was gone to; absent: that of the date which needs more attention. */
  readonly field?: FieldId | undefined
}

/** Pixels of the window. */
export interface Point {
  readonly x: number
  readonly y: number
}

export type BarsHandle = Pick<SheetHandle, 'focus' | 'goTo' | 'reveal' | 'show'>

interface BarsProps extends Omit<SheetLayoutProps, 'ref' | 'used' | 'onCommand' | 'onGoTo' | 'onAddField'> {
  readonly ref: Ref<BarsHandle>
  readonly view: GridView
  readonly span: SpanFields
  /** Does what a key means that is none of the timeline's own. */
  readonly onKeyCommand: (command: GridCommand) => void
  readonly onMenu: (row: RowId, name: string, at: Point) => void
  /** Stands at the head of the tools. */
  readonly tools: ReactNode
}

/** Names on the left, time on the right: only what is seen is drawn, and one line has the focus. */
export function Bars(props: BarsProps) {
  const { ref, label, view, painter, editing, peers, refusal, isMac, isLoaded, active, span, tools, notice } = props
  const { onActive, onOpenRow, onKeyCommand, onMenu, onAddRow, say } = props
  const { sheet, formats } = painter
  const { lines } = view
  const scroller = useRef<HTMLDivElement>(null)
  const elements = { spacer: useRef<HTMLDivElement>(null), stage: useRef<HTMLDivElement>(null), rows: useRef<HTMLDivElement>(null) }
  const over = { tip: useRef<HTMLDivElement>(null), ghost: useRef<HTMLDivElement>(null) }
  const head = useRef<AxisHandle>(null)
  const ground = useRef<AxisHandle>(null)
  const bodyRef = useRef<TimelineBody>(undefined)
  const drag = useRef<{ readonly row: RowId; readonly change: DateChange }>(undefined)
  const [scale, keepScale] = useScale(sheet.id)
  const [chosen, setChosen] = useState<Chosen | undefined>(active && { key: active.row, field: active.field })
  const [seenWidth, setSeenWidth] = useState(0)
  const [drawn, setDrawn] = useState<DrawnDays>()
  const awaited = useRef<{ readonly cell: CellId; readonly isFocused: boolean }>(undefined)
  const wantsFocus = useRef(false)
  const lastLine = useRef(0)

  const reader = useMemo(() => makeDateReader(formats), [formats])
  useNow(DAY_CHECK_MS)
  const today = reader.today()
  const groups = useMemo(() => groupPlaces(lines), [lines])
  const space = useMemo(
    () => makeLineSpace(lines.length, view.rowHeight, [...groups.values()], GROUP_HEIGHT),
    [lines.length, view.rowHeight, groups],
  )
  const nameWidth = seenWidth < PHONE ? NAME_WIDTH.phone : NAME_WIDTH.wide

  const lineOf = (key: LineKey): number => (key.startsWith(':') ? (groups.get(key.slice(1)) ?? -1) : view.lineOf(key as RowId))
  const placed = chosen === undefined ? -1 : lineOf(chosen.key)
  // Where the row is gone the next one is in its place.
  const activeLine =
    chosen === undefined || lines.length === 0 ? undefined : placed >= 0 ? placed : Math.min(lastLine.current, lines.length - 1)
  if (activeLine !== undefined) lastLine.current = activeLine
  const here = activeLine === undefined ? undefined : lines[activeLine]
  const activeRow = here?.kind === 'row' ? here.row : undefined

  const peerMarks = useMemo(() => marksOf(peers, sheet.id), [peers, sheet])
  const isReadOnly = refusal !== undefined
  const pictures = useMemo(() => {
    const of = { painter, view, reader, span, peers: peerMarks, isReadOnly }
    return (row: RowId, line: number) => {
      sheet.want(row)
      const dates = datesIn(sheet, span, row)
      return pictureOf(of, row, line, drag.current?.row === row ? datesAfter(dates, drag.current.change) : dates)
    }
  }, [painter, view, reader, span, peerMarks, isReadOnly, sheet])
  const moves = useMemo(() => {
    const nameOf = (row: RowId): string => pictures(row, view.lineOf(row)).name
    return makeDateMoves({ sheet, editing, reader, span, refusal, nameOf, say })
  }, [sheet, editing, reader, span, refusal, say, pictures, view])
  const scene = useMemo(
    (): TimelineScene => ({ lines, lineOf: view.lineOf, space, scale, nameWidth, active: activeLine, pictureOf: pictures }),
    [lines, view, space, scale, nameWidth, activeLine, pictures],
  )

  // What is drawn beside the lines follows them in the same frame.
  const isInEffect = useRef(false)
  const follow = (seen: TimelineView): void => {
    const body = bodyRef.current
    for (const axis of [head.current, ground.current]) axis?.follow(seen.left)
    const bar = activeLine === undefined ? undefined : body?.pictureAt(activeLine)?.bar
    head.current?.light(barDays(bar))
  }
  const onView = useRef<(seen: TimelineView) => void>(undefined)
  onView.current = (seen) => {
    const isOther = !covers(drawn, seen)
    if (seen.fullWidth !== seenWidth) setSeenWidth(seen.fullWidth)
    if (isOther && isInEffect.current) setDrawn(daysAround(seen))
    else if (isOther) flushSync(() => setDrawn(daysAround(seen)))
    follow(seen)
  }
  useLayoutEffect(() => {
    if (drawn !== undefined && bodyRef.current !== undefined) follow(bodyRef.current.view)
  })
  useLayoutEffect(() => {
    const [scrolled, spacer, stage, rows] = [scroller.current, elements.spacer.current, elements.stage.current, elements.rows.current]
    const [tip, ghost] = [over.tip.current, over.ghost.current]
    if (scrolled === null || spacer === null || stage === null || rows === null || tip === null || ghost === null) return
    const body = new TimelineBody(
      { scroller: scrolled, spacer, stage, rows, tip, ghost },
      { headHeight: HEAD_HEIGHT, onView: (seen) => onView.current?.(seen) },
    )
    bodyRef.current = body
    setSeenWidth(body.view.fullWidth)
    return () => {
      body.close()
      bodyRef.current = undefined
    }
  }, [elements.spacer, elements.stage, elements.rows, over.tip, over.ghost])
  /** Whatever draws from within an effect of React leaves the axis to React. */
  const inEffect = useCallback((what: (body: TimelineBody) => void): void => {
    const body = bodyRef.current
    if (body === undefined) return
    isInEffect.current = true
    what(body)
    isInEffect.current = false
  }, [])
  useLayoutEffect(() => inEffect((body) => body.show(scene)), [scene, inEffect])
  useEffect(() => sheet.onChange(({ rows }) => bodyRef.current?.spoil(rows)), [sheet])

  // The first look: today, or where the bars are, as soon as rows have come; the row somebody comes with is in sight.
  const isPlaced = useRef(false)
  const firstLeft = useRef<number>(undefined)
  useLayoutEffect(() => {
    if (isPlaced.current || seenWidth === 0) return
    inEffect((body) => {
      // Whoever has scrolled on meanwhile is left there.
      if (firstLeft.current !== undefined && firstLeft.current !== body.view.left) {
        isPlaced.current = true
        return
      }
      const first = lines.slice(0, FIRST_ROWS).flatMap((line) => (line.kind === 'row' && !isAwaited(line.row) ? [line.row] : []))
      const own = activeRow === undefined ? [] : [activeRow]
      const bars = (own.length > 0 ? own : first).map((row) => moves.barOf(row))
      const { width } = body.view
      const day = firstDayShown(bars, today, width / dayWidthOf(scale))
      body.goToDay(day, 0.3)
      if (activeLine !== undefined) body.revealLine(activeLine)
      firstLeft.current = body.view.left
      isPlaced.current = first.length > 0
    })
  })

  const select = (line: number, field?: FieldId): void => {
    const content = lines[line]
    if (content === undefined) return
    awaited.current = undefined
    setChosen({ key: lineKey(content), field })
    bodyRef.current?.revealLine(line)
    // Drawn already: whoever presses the next key meanwhile presses it there.
    bodyRef.current?.focus(line)
    wantsFocus.current = true
  }
  // A line that was just chosen takes the focus as soon as it is drawn; never away from elsewhere later.
  useLayoutEffect(() => {
    if (!wantsFocus.current || activeLine === undefined) return
    wantsFocus.current = false
    bodyRef.current?.focus(activeLine)
  })

  const goNow = ({ row, field }: CellId, isFocused: boolean): boolean => {
    const line = view.lineOf(row)
    const content = lines[line]
    // Where a row stands may be known before the lines that are shown have it.
    if (content?.kind !== 'row' || content.row !== row) return false
    const own = sheet.field(field)?.id
    if (isFocused) select(line, own)
    else {
      setChosen({ key: row, field: own })
      bodyRef.current?.revealLine(line)
    }
    bodyRef.current?.revealBar(moves.barOf(row))
    return true
  }
  // A row that was made a moment ago is gone to once it is drawn.
  useLayoutEffect(() => {
    const due = awaited.current
    if (due === undefined) return
    inEffect(() => {
      if (goNow(due.cell, due.isFocused)) awaited.current = undefined
    })
  })
  const go = (cell: CellId, isFocused: boolean): void => {
    if (!goNow(cell, isFocused)) awaited.current = { cell, isFocused }
  }
  useImperativeHandle(ref, () => ({
    focus: () => {
      if (activeLine !== undefined) bodyRef.current?.focus(activeLine)
      else if (lines.length > 0) select(0)
      else scroller.current?.querySelector<HTMLElement>('[role=grid]')?.focus()
    },
    goTo: (cell) => go(cell, true),
    show: (cell) => go(cell, false),
    reveal: ({ row }) => {
      const line = view.lineOf(row)
      if (line < 0) return
      bodyRef.current?.revealLine(line)
      bodyRef.current?.revealBar(moves.barOf(row))
    },
  }))

  const chosenField = chosen !== undefined && placed >= 0 ? chosen.field : undefined
  const activeField = activeRow === undefined ? undefined : (chosenField ?? pictures(activeRow, activeLine ?? 0).field)
  useEffect(() => {
    onActive(activeRow === undefined || activeField === undefined ? undefined : { row: activeRow, field: activeField }, false)
  }, [activeRow, activeField, onActive])

  const preview = (row: RowId, change: DateChange | undefined, grip?: Grip): void => {
    drag.current = change && { row, change }
    const { dataset } = scroller.current ?? {}
    if (dataset !== undefined && grip !== undefined) dataset.dragging = grip
    else delete dataset?.dragging
    const body = bodyRef.current
    body?.tip(change && row, change && moves.text(row, change))
    body?.spoil(new Set([row]))
  }

  const openMenu = (row: RowId, at: Point): void => onMenu(row, pictures(row, view.lineOf(row)).name, at)

  const tipTimer = useRef(0)
  useEffect(() => () => clearTimeout(tipTimer.current), [])
  const pointers = timelinePointers(
    {
      body: () => bodyRef.current,
      lines,
      active: activeLine,
      select,
      toggleGroup: view.toggleGroup,
      openRow: onOpenRow,
      openMenu,
      moves,
      preview,
      tip: (row) => bodyRef.current?.tip(row, row && moves.text(row)),
    },
    tipTimer,
  )

  const setScale = (next: Scale): void => {
    if (next === scale) return
    const body = bodyRef.current
    if (body?.anchor === undefined && activeLine !== undefined) body?.anchorTo(activeLine)
    keepScale(next)
    say(T.scaleNow(T.scales[next]))
  }
  useCtrlWheel(scroller, (by, clientX) => {
    const body = bodyRef.current
    if (body !== undefined) body.anchor = Math.max(0, body.laneX(clientX))
    setScale(scaleBeside(scale, by))
  })

  const turnPage = (by: -1 | 1): void => bodyRef.current?.scrollBy(by * 0.8 * bodyRef.current.view.width, 0)

  const nudge = (grip: Grip, days: number): void => {
    if (activeRow === undefined || moves.refuse(activeRow, grip)) return
    const change = moves.plan(activeRow, grip, days)
    if (isNoChange(change)) {
      say(T.atTheEnd)
      return
    }
    moves.commit(activeRow, change)
    bodyRef.current?.revealBar(moves.barOf(activeRow))
    bodyRef.current?.tip(activeRow, moves.text(activeRow))
  }

  const act = (key: TimelineKey) => {
    const body = bodyRef.current
    const line = activeLine ?? 0
    const selectWithin = (wanted: number): void => {
      const to = Math.max(0, Math.min(lines.length - 1, wanted))
      select(to)
      const content = lines[to]
      if (content?.kind === 'row') body?.tip(content.row, moves.text(content.row))
    }
    switch (key.do) {
      case 'line':
        return selectWithin(line + key.by)
      case 'page':
        return selectWithin(line + key.by * Math.max(1, Math.floor((body?.view.height ?? 0) / view.rowHeight) - 1))
      case 'edge':
        return selectWithin(key.to === 'first' ? 0 : lines.length)
      case 'scale':
        return setScale(scaleBeside(scale, key.by))
      case 'show':
        return body?.revealBar(body.pictureAt(line)?.bar, key.side)
      case 'open':
        if (here?.kind === 'group') return view.toggleGroup(here.key)
        return activeRow === undefined ? undefined : onOpenRow(activeRow)
      case 'menu': {
        const box = body?.laneAt(line)?.getBoundingClientRect()
        return activeRow === undefined || box === undefined ? undefined : openMenu(activeRow, { x: box.left + 12, y: box.bottom })
      }
      case 'drag':
        if (here?.kind !== 'group') return nudge(key.grip, key.days)
        // Right opens a group and left closes it, as everywhere.
        return key.grip === 'whole' && key.days > 0 !== here.isOpen ? view.toggleGroup(here.key) : undefined
    }
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || !isOnLine(event.target)) return
    if (event.key === 'Escape') bodyRef.current?.tip(undefined)
    const key = timelineKey(event.nativeEvent, isMac)
    const command = key === undefined ? gridCommand(event.nativeEvent, isMac) : undefined
    // Letters open no editor here, and mean nothing else.
    const isLetter = command?.do === 'collapse' || (command?.do === 'edit' && command.text !== undefined)
    if ((key === undefined && command === undefined) || isLetter) return
    event.preventDefault()
    if (key !== undefined) act(key)
    else if (command !== undefined) onKeyCommand(command)
  }

  const addRow = (): void => {
    const row = onAddRow([])
    go({ row, field: span.start.id }, true)
  }

  return (
    <div className="tl">
      <TimelineTools scale={scale} onScale={setScale} onPage={turnPage} onToday={() => bodyRef.current?.goToDay(today, 0.4)}>
        {tools}
      </TimelineTools>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what is pressed here comes from the lines within */}
      <div
        ref={scroller}
        className="tl-scroll"
        data-lines={view.rowHeight > GROUP_HEIGHT ? 'many' : undefined}
        style={{ '--tl-name': `${nameWidth}px` } as React.CSSProperties}
        onKeyDown={onKeyDown}
        onClick={pointers.onClick}
        onPointerDown={pointers.onPointerDown}
        onPointerMove={pointers.onPointerMove}
        onPointerLeave={pointers.onPointerLeave}
        onDoubleClick={pointers.onDoubleClick}
        onContextMenu={pointers.onContextMenu}
        onBlur={() => bodyRef.current?.tip(undefined)}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: a table cannot leave out the rows that are not seen */}
        <div
          role="grid"
          aria-label={T.label(label)}
          aria-describedby="tl-hint"
          aria-rowcount={lines.length + HEADER_ROWS}
          aria-colcount={2}
          aria-busy={!isLoaded}
          tabIndex={activeLine === undefined ? 0 : -1}
          className="tl-grid"
          onFocus={(event) => {
            if (event.target === event.currentTarget && lines.length > 0) select(activeLine ?? 0)
          }}
        >
          <span id="tl-hint" hidden>
            {T.hint}
          </span>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
          <div role="row" aria-rowindex={1} className="tl-head" style={{ width: seenWidth }}>
            {/* biome-ignore lint/a11y/useSemanticElements: as above */}
            {/* biome-ignore lint/a11y/useFocusableInteractive: nothing can be done with it */}
            <div role="columnheader" aria-colindex={1} className="tl-head-name">
              {T.rows}
            </div>
            {/* biome-ignore lint/a11y/useSemanticElements: as above */}
            {/* biome-ignore lint/a11y/useFocusableInteractive: nothing can be done with it */}
            <div role="columnheader" aria-colindex={2} className="tl-axis">
              <span className="sr-only">{T.time}</span>
              {drawn !== undefined && <AxisHead ref={head} drawn={drawn} today={today} formats={formats} />}
            </div>
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          <div ref={elements.spacer} role="rowgroup" className="tl-body">
            <div ref={elements.stage} role="presentation" className="tl-stage">
              {drawn !== undefined && <AxisGround ref={ground} drawn={drawn} today={today} formats={formats} />}
              <div ref={over.ghost} aria-hidden hidden className="tl-ghost" />
              <div ref={elements.rows} role="presentation" className="tl-rows" />
              <div ref={over.tip} aria-hidden hidden className="tl-tip" />
            </div>
          </div>
        </div>
        <div className="sticky left-0 w-max max-w-full">
          {notice}
          {notice === null && refusal === undefined && (
            <Button look="ghost" isSmall className="m-1" onPress={addRow}>
              <Plus size={14} aria-hidden /> {TEXTS.grid.addRow}
            </Button>
          )}
        </div>
      </div>
    </div>
  )
}

/** The days around those in sight, a screen on both sides. */
function daysAround({ scale, left, width }: TimelineView): DrawnDays {
  return { scale, from: dayAt(scale, left - width), to: dayAt(scale, left + 2 * width) }
}

/** Whether what is drawn of the axis still holds all that is in sight. */
const covers = (drawn: DrawnDays | undefined, { scale, left, width }: TimelineView): boolean =>
  drawn !== undefined && drawn.scale === scale && drawn.from <= dayAt(scale, left) && drawn.to >= dayAt(scale, left + width)

/** The keys are those of the lines: buttons among them keep their own. */
const isOnLine = (target: EventTarget): boolean => target instanceof Element && target.matches('[role=grid], .tl-lane')
