import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { linkOfCell } from '../grid/cell-display.ts'
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

/** Where a row leads: its record in the app, or an address that it holds. */
export function linkOfRow(
  row: RowId,
  sheet: Sheet,
  fields: readonly Field[],
): { readonly href: string; readonly label: string } | undefined {
  for (const field of fields) {
    const value = sheet.value(row, field.id)
    const href = linkOfCell(sheet, row, field, value)
    if (href !== undefined) return { href, label: String(value) }
  }
  return undefined
}

/** Opens in a tab of its own what a row leads to, or says that it leads nowhere. */
export function openLinkOf(
  row: RowId | undefined,
  { sheet, fields, say }: { readonly sheet: Sheet; readonly fields: readonly Field[]; readonly say: (text: string) => void },
): void {
  const link = row && linkOfRow(row, sheet, fields)
  if (link === undefined) say(TEXTS.views.row.noLink)
  else window.open(link.href, '_blank', 'noopener,noreferrer')
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
