import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { TEXTS } from '../texts.ts'
import { SheetViews, type ViewsState } from './sheet-views.ts'
import { type GridView, ViewController } from './view-controller.ts'

export interface UsedView {
  readonly views: SheetViews
  readonly state: ViewsState
  readonly view: GridView
}

export interface UseViewOptions {
  readonly sheet: Sheet
  readonly formats: ValueFormats
  /** The id of the person who looks. */
  readonly me: string
  /** The row that person is in: it stays where it is until they leave it. */
  readonly activeRow: RowId | undefined
}

/** The views of a sheet, and what the grid shows in the one that is chosen. */
export function useView({ sheet, formats, me, activeRow }: UseViewOptions): UsedView {
  const { views, controller } = useMemo(() => {
    const opened = new SheetViews({ sheet, person: me, storage: localStorage, plainName: TEXTS.views.plainName })
    const { current, collapsed } = opened.state()
    const options = { sheet, formats, me, now: Date.now, onToggle: (key: string) => opened.toggleGroup(key) }
    return { views: opened, controller: new ViewController(options, current.config, collapsed) }
  }, [sheet, formats, me])
  useEffect(() => {
    views.open()
    controller.open()
    return () => {
      views.close()
      controller.close()
    }
  }, [views, controller])
  const state = useSyncExternalStore(views.subscribe, views.state)
  const view = useSyncExternalStore(controller.subscribe, controller.view)
  const { config } = state.current
  const { collapsed } = state
  useEffect(() => controller.show(config, collapsed), [controller, config, collapsed])
  useEffect(() => controller.hold(activeRow === undefined ? [] : [activeRow]), [controller, activeRow])
  return useMemo(() => ({ views, state, view }), [views, state, view])
}
