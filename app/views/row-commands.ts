import type { Sheet } from '../../workbook/sheet.ts'
import { type CommandGround, type CommandHands, runGridCommand } from '../grid/grid-commands.ts'
import type { GridCommand } from '../grid/grid-keys.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import { TEXTS } from '../texts.ts'
import type { GridView } from './view-controller.ts'

/** Commands about selected cells: without cells there is nothing for them to do. */
const OF_CELLS: ReadonlySet<GridCommand['do']> = new Set([
  'move',
  'edit',
  'clear',
  'collapse',
  'select',
  'fill',
  'cut',
  'paste',
  'look',
  'menu',
  'resize-column',
  'column-menu',
])

/** Why a command has no effect in a layout of whole rows; `undefined` where it has one. */
export const refusesInRows = (command: GridCommand): string | undefined => (OF_CELLS.has(command.do) ? TEXTS.views.needsCells : undefined)

/** What a layout of whole rows has selected: one row in all its fields. `undefined` where that row is not shown. */
export function groundOfRow(
  cell: CellId | undefined,
  { view, sheet, editing }: { readonly view: GridView; readonly sheet: Sheet; readonly editing: SheetEditing },
): CommandGround | undefined {
  const line = cell === undefined ? -1 : view.lineOf(cell.row)
  if (line < 0) return undefined
  const { lines, fields, isSorted, valuesForNewRow } = view
  const column = Math.max(
    0,
    fields.findIndex(({ id }) => id === cell?.field),
  )
  return {
    selection: { active: { row: line, column }, ranges: [{ top: line, bottom: line, left: 0, right: Math.max(0, fields.length - 1) }] },
    lines,
    fields,
    sheet,
    editing,
    pageRows: 1,
    isSorted,
    valuesForNewRow,
  }
}

/** Does what a key, a menu or the palette asks for, to the row that is selected; what needs no row is done without one. */
export function runOnRow(
  command: GridCommand,
  ground: CommandGround | undefined,
  { sheet, editing }: { readonly sheet: Sheet; readonly editing: SheetEditing },
  hands: Pick<CommandHands, 'goTo' | 'screen' | 'say' | 'openLink'>,
): void {
  const refused = refusesInRows(command)
  if (refused !== undefined) {
    hands.say(refused)
    return
  }
  const nowhere: CommandGround = {
    selection: { active: { row: -1, column: 0 }, ranges: [{ top: -1, bottom: -1, left: 0, right: 0 }] },
    lines: [],
    fields: [],
    sheet,
    editing,
    pageRows: 1,
  }
  const none = (): void => undefined
  runGridCommand(command, ground ?? nowhere, { ...hands, select: none, startEditing: none })
}
