import { CalendarRange } from 'lucide-react'
import { useEffect, useImperativeHandle, useMemo, useRef } from 'react'
import type { Span } from '../../workbook/view.ts'
import { linkOfCell } from '../grid/cell-display.ts'
import type { GridCommand } from '../grid/grid-keys.ts'
import { Spinner } from '../kit/spinner.tsx'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { groundOfRow, refusesInRows, runOnRow } from '../views/row-commands.ts'
import type { SheetLayoutProps } from '../views/sheet-layout.ts'
import { ToolPanel } from '../views/tool-panel.tsx'
import { spanOf } from './bars.ts'
import { Bars, type BarsHandle } from './bars-view.tsx'
import { SpanAsked, SpanChoice } from './span-fields.tsx'
import './timeline.css'

/** The rows of a view as bars between two dates; asks for the dates where the view does not say which. */
export default function Timeline(props: SheetLayoutProps) {
  const { ref, used, painter, editing, active, isLoaded, onActive, onCommand, onGoTo, onAddField, say, notice, ...shared } = props
  const { sheet } = painter
  const { view } = used
  const { config } = used.state.current
  const bars = useRef<BarsHandle>(null)
  const area = useRef<HTMLDivElement>(null)
  const fields = sheet.fields()
  const span = useMemo(() => spanOf(config.span, fields), [config.span, fields])
  const choose = (next: Span): void => used.changeFields({ span: next })
  // Who answered the question has pressed what is gone now.
  const wasAsked = useRef(false)
  useEffect(() => {
    if (span === undefined) wasAsked.current = isLoaded
    else if (wasAsked.current) {
      wasAsked.current = false
      if (document.activeElement === document.body) bars.current?.focus()
    }
  }, [span, isLoaded])

  const ground = () => groundOfRow(active, { view, sheet, editing })
  const openLink = (): void => {
    const field = active && sheet.field(active.field)
    const href = field && linkOfCell(sheet, active.row, field, sheet.value(active.row, field.id))
    if (href !== undefined) window.open(href, '_blank', 'noopener,noreferrer')
  }
  const run = (command: GridCommand): void =>
    runOnRow(command, ground(), { sheet, editing }, { goTo: onGoTo, screen: onCommand, say, openLink })

  useImperativeHandle(ref, () => {
    const firstStop = (): HTMLElement | null | undefined => area.current?.querySelector<HTMLElement>('select, button')
    return {
      focus: () => (bars.current === null ? firstStop()?.focus() : bars.current.focus()),
      goTo: (cell) => (bars.current === null ? onActive(cell, false) : bars.current.goTo(cell)),
      reveal: (cell) => bars.current?.reveal(cell),
      show: (cell) => (bars.current === null ? onActive(cell, false) : bars.current.show(cell)),
      run,
      ground,
      refuses: refusesInRows,
    }
  })

  if (span === undefined) {
    return (
      <div ref={area} className="h-full overflow-auto">
        {isLoaded ? (
          <SpanAsked fields={fields} isGone={config.span !== undefined} onAddField={onAddField} onChosen={choose} />
        ) : (
          <p className="m-0 p-3 text-ink-3">
            <Spinner />
          </p>
        )}
        {notice}
      </div>
    )
  }
  return (
    <Bars
      {...shared}
      ref={bars}
      view={view}
      painter={painter}
      editing={editing}
      active={active}
      isLoaded={isLoaded}
      onActive={onActive}
      onKeyCommand={run}
      say={say}
      notice={notice}
      span={span}
      tools={
        <ToolPanel
          label={T.datesOf(span.start.name, span.end?.name)}
          title={T.dates}
          icon={<CalendarRange size={13} aria-hidden />}
          count={0}
        >
          <SpanChoice fields={fields} value={{ start: span.start.id, end: span.end?.id }} onChange={choose} />
        </ToolPanel>
      }
    />
  )
}
