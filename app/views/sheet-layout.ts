import type { ReactNode, Ref } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { Peer } from '../collab/presence.ts'
import type { GridCommand } from '../grid/grid-keys.ts'
import type { Painter } from '../grid/scene.ts'
import type { CellId, SheetHandle } from '../grid/sheet-handle.ts'
import type { NewRowValues, SheetEditing } from '../grid/use-sheet-editing.ts'
import type { UsedView } from './use-view.ts'

/** What a layout is given that shows rows as something else than a grid: cards of a board, bars of a timeline. */
export interface SheetLayoutProps {
  readonly ref: Ref<SheetHandle>
  /** The sheet's name, for screen readers. */
  readonly label: string
  readonly used: UsedView
  readonly painter: Painter
  readonly editing: SheetEditing
  readonly peers: readonly Peer[]
  /** Why nothing can be edited, where nothing can. */
  readonly refusal: string | undefined
  readonly isMac: boolean
  readonly isLoaded: boolean
  /** The cell that the page holds for the active one: whoever changes the layout stays with their row. */
  readonly active: CellId | undefined
  readonly onActive: (cell: CellId | undefined, isEditing: boolean) => void
  readonly onOpenRow: (row: RowId) => void
  /** A command that the screen around the layout carries out. */
  readonly onCommand: (command: GridCommand) => void
  readonly onGoTo: (cell: CellId & { readonly sheet?: string }) => void
  /** Makes a row with these values; it is shown whether it matches the view or not, until it is left. */
  readonly onAddRow: (given: NewRowValues) => RowId
  /** Asks for a new field; absent where this person may add none. */
  readonly onAddField: (() => void) | undefined
  readonly say: (text: string) => void
  /** Stands where there is nothing to show: an empty sheet, a filter that lets nothing through. */
  readonly notice: ReactNode
}
