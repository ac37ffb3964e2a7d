import { CalendarRange } from 'lucide-react'
import { useEffect, useImperativeHandle, useMemo, useRef, useState } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { Span } from '../../workbook/view.ts'
import type { GridCommand } from '../grid/grid-keys.ts'
import { PointPopover } from '../kit/point-popover.tsx'
import { Spinner } from '../kit/spinner.tsx'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { TEXTS } from '../texts.ts'
import { groundOfRow, linkOfRow, openLinkOf, refusesInRows, runOnRow } from '../views/row-commands.ts'
import { doRowAction, type RowHands, RowMenu } from '../views/row-menu.tsx'
import type { SheetLayoutProps } from '../views/sheet-layout.ts'
import { ToolPanel } from '../views/tool-panel.tsx'
import { spanOf } from './bars.ts'
import { Bars, type BarsHandle, type Point } from './bars-view.tsx'
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

  const [menu, setMenu] = useState<{ readonly row: RowId; readonly name: string; readonly at: Point }>()
  const ground = () => groundOfRow(active, { view, sheet, editing })
  const openLink = (): void => openLinkOf(active?.row, { sheet, fields: view.fields, say })
  const run = (command: GridCommand): void =>
    runOnRow(command, ground(), { sheet, editing }, { goTo: onGoTo, screen: onCommand, say, openLink })
  const closeMenu = (): void => {
    setMenu(undefined)
    requestAnimationFrame(() => bars.current?.focus())
  }
  const hands: RowHands = {
    openRow: props.onOpenRow,
    openLink,
    move: (direction) => run({ do: 'move-rows', direction }),
    screen: onCommand,
    run,
    say,
  }

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
    <>
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
        onMenu={(row, name, at) => setMenu({ row, name, at })}
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
      {menu !== undefined && view.lineOf(menu.row) >= 0 && (
        <PointPopover at={menu.at} label={TEXTS.views.row.menu(menu.name)} onClose={closeMenu}>
          <RowMenu
            name={menu.name}
            isReadOnly={props.refusal !== undefined}
            link={linkOfRow(menu.row, sheet, view.fields)?.label}
            hasOrder={!view.isSorted}
            moveKeys={['Alt+Shift+ArrowUp', 'Alt+Shift+ArrowDown']}
            isMac={props.isMac}
            onClose={closeMenu}
            onAction={(action) => doRowAction(menu.row, action, hands)}
          />
        </PointPopover>
      )}
    </>
  )
}
