import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { ViewConfig } from '../../workbook/view.ts'
import type { StepPart } from '../grid/undo-stack.ts'
import { TEXTS } from '../texts.ts'
import { columnActions } from './column-actions.ts'
import { SheetViews, type ViewsState } from './sheet-views.ts'
import { orderedInView } from './shown-fields.ts'
import { type GridView, ViewController } from './view-controller.ts'
import { changeView } from './view-part.ts'

export interface UsedView {
  readonly views: SheetViews
  readonly state: ViewsState
  readonly view: GridView
  /** Shows a row that was just made, until somebody has been in it and left. */
  keep(row: RowId): void
  /** Brings a row into the lines that a filter or a closed group holds back. */
  reveal(row: RowId): void
  /** What a column's menu offers of the view; a condition wants its value, so the filter is opened. */
  actionsFor(field: Field, openFilter: () => void): readonly ViewColumnAction[]
  /** Changes which fields the view shows and where, as a step that can be taken back. */
  changeFields(edit: Partial<ViewConfig>): void
  /** Puts a field before another, behind the last one where that is absent. */
  moveField(field: FieldId, before: FieldId | undefined): void
}

export interface ViewColumnAction {
  readonly id: string
  readonly label: string
  readonly section: 'view'
  readonly run: () => void
}

export interface UseViewOptions {
  readonly sheet: Sheet
  readonly formats: ValueFormats
  /** The id of the person who looks. */
  readonly me: string
  /** The row that person is in: it stays where it is until they leave it. */
  readonly activeRow: RowId | undefined
  /** Keeps what was done to the view's fields as a step. */
  readonly onStep: (part: StepPart) => void
}

/** The views of a sheet, and what the grid shows in the one that is chosen. */
export function useView({ sheet, formats, me, activeRow, onStep }: UseViewOptions): UsedView {
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
  useEffect(() => controller.hold(activeRow), [controller, activeRow])
  const reveal = useCallback(
    (row: RowId): void => {
      if (controller.view().lineOf(row) >= 0) return
      controller.keep(row)
      if (controller.view().lineOf(row) < 0) views.collapse([])
    },
    [controller, views],
  )
  const changeFields = useCallback(
    (edit: Partial<ViewConfig>): void => {
      const part = changeView(views, edit)
      if (part !== undefined) onStep(part)
    },
    [views, onStep],
  )
  return useMemo(
    (): UsedView => ({
      reveal,
      changeFields,
      views,
      state,
      view,
      keep: (row) => controller.keep(row),
      actionsFor: (field, openFilter) =>
        columnActions(field, state.current.config).map(({ id, label, edit, opensFilter }) => ({
          id,
          label,
          section: 'view',
          run: () => {
            changeFields(edit)
            if (opensFilter === true) openFilter()
          },
        })),
      moveField: (field, before) => {
        const others = orderedInView(sheet.fields(), state.current.config).flatMap(({ id }) => (id === field ? [] : [id]))
        const at = before === undefined ? others.length : others.indexOf(before)
        changeFields({ fieldOrder: [...others.slice(0, at), field, ...others.slice(at)] })
      },
    }),
    [views, controller, state, view, sheet, reveal, changeFields],
  )
}
