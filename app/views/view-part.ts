import { isSameAttribute, type ViewConfig } from '../../workbook/view.ts'
import type { StepPart } from '../grid/undo-stack.ts'
import type { SheetViews } from './sheet-views.ts'

type Edit = Partial<ViewConfig>

/** A change of what a view shows, as part of a step: its view is shown again and changed back, unless it was changed otherwise since. */
export function viewPart(views: SheetViews, view: string, before: Edit, after: Edit): StepPart {
  return {
    takeBack: () => {
      // A view that was deleted meanwhile is not gone to: whoever takes a step back stays where they are.
      const known = views.state()
      if (known.current.id !== view && known.views.some(({ id }) => id === view)) views.select(view)
      const { current } = views.state()
      const isStill = current.id === view && keysOf(after).every((key) => isSameAttribute(current.config[key], after[key]))
      if (!isStill) return { done: 0, kept: [{}] }
      views.change(before)
      return { done: 1, kept: [], again: viewPart(views, view, after, before) }
    },
  }
}

/** Changes the view that is shown; the answer is what takes it back, where anything was changed. */
export function changeView(views: SheetViews, edit: Edit): StepPart | undefined {
  const { id, config } = views.state().current
  const changed = keysOf(edit).filter((key) => !isSameAttribute(config[key], edit[key]))
  if (changed.length === 0) return undefined
  const before = Object.fromEntries(changed.map((key) => [key, config[key]])) as Edit
  const after = Object.fromEntries(changed.map((key) => [key, edit[key]])) as Edit
  views.change(after)
  return viewPart(views, id, before, after)
}

const keysOf = (edit: Edit): readonly (keyof ViewConfig)[] => Object.keys(edit) as (keyof ViewConfig)[]
