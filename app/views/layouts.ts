import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import type { Layout } from '../../workbook/view.ts'
import type { SheetLayoutProps } from './sheet-layout.ts'

/** The layouts of a view, each in a file of its own that is loaded when it is first shown; the grid is there with the page. */
export const LAYOUT_PARTS: Readonly<Record<Layout, LazyExoticComponent<ComponentType<SheetLayoutProps>> | undefined>> = {
  grid: undefined,
  board: lazy(() => import('../board/board.tsx')),
  timeline: lazy(() => import('../timeline/timeline.tsx')),
}
