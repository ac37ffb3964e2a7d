import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import { LAYOUTS, type Layout } from '../../workbook/view.ts'
import type { SheetLayoutProps } from './sheet-layout.ts'

/** Layouts besides the grid, each in a file of its own that is loaded when it is first shown. */
export const LAYOUT_PARTS: Partial<Record<Layout, LazyExoticComponent<ComponentType<SheetLayoutProps>>>> = {
  board: lazy(() => import('../board/board.tsx')),
  timeline: lazy(() => import('../timeline/timeline.tsx')),
}

/** What a view can be shown as. */
export const OFFERED_LAYOUTS: readonly Layout[] = LAYOUTS.filter((layout) => layout === 'grid' || LAYOUT_PARTS[layout] !== undefined)
