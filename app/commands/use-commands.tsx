import { type ReactNode, type RefObject, useCallback, useMemo, useRef, useState } from 'react'
import { editTextOf, showValue, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { WorkbookInfo } from '../collab/session-state.ts'
import { linkOfCell } from '../grid/cell-display.ts'
import type { KeptRange } from '../grid/grid.tsx'
import { selectedRows } from '../grid/grid-commands.ts'
import { type GridCommand, keysText } from '../grid/grid-keys.ts'
import type { Range, Selection } from '../grid/grid-model.ts'
import type { CellId, SheetHandle } from '../grid/sheet-handle.ts'
import { type GridArea, readOnlyReason, type SheetEditing } from '../grid/use-sheet-editing.ts'
import { TEXTS } from '../texts.ts'
import type { GridView } from '../views/view-controller.ts'
import { CellMenu, menuSections } from './cell-menu.tsx'
import { FindBar } from './find-bar.tsx'
import { runInSteps } from './in-steps.ts'
import { Palette, type PaletteItem } from './palette.tsx'
import { commandItems } from './palette-items.ts'
import { QuickLook } from './quick-look.tsx'
import { SelectionTotals } from './selection-totals.tsx'
import { useSelectionTotals } from './use-selection-totals.ts'

export interface CommandsOptions {
  readonly info: WorkbookInfo
  readonly sheet: Sheet
  readonly view: GridView
  readonly isSorted: boolean
  readonly formats: ValueFormats
  readonly editing: SheetEditing
  /** Why nothing can be edited, where nothing can. */
  readonly refusal: string | undefined
  readonly isMac: boolean
  readonly grid: RefObject<SheetHandle | null>
  readonly say: (text: string) => void
  /** Commands of the screen: dialogs, panel, regions. */
  readonly onScreen: (command: GridCommand) => void
  /** Shows another sheet. */
  readonly onSheet: (id: string) => void
  /** Shows a cell of any sheet. */
  readonly goToCell: (sheet: string, row: string, field: string) => void
  readonly more: readonly PaletteItem[]
}

export interface Commands {
  /** Carries out a command wherever it came from. */
  run(command: GridCommand): void
  /** For the grid: what it cannot do by itself. */
  readonly onCommand: (command: GridCommand) => void
  readonly onGoTo: (cell: { readonly row: RowId; readonly field: FieldId; readonly sheet?: string }) => void
  readonly onMenu: (place: { readonly x: number; readonly y: number }) => void
  readonly onFill: (from: Range, to: Range, isCopy?: boolean) => void
  readonly onMoveRows: (rows: readonly RowId[], before: RowId | undefined) => void
  readonly onRanges: (ranges: readonly KeptRange[]) => void
  readonly findBar: ReactNode
  readonly overlays: ReactNode
  readonly totals: ReactNode
}

/** What needs no grid, or asks it by itself. */
const OF_SCREEN: ReadonlySet<GridCommand['do']> = new Set([
  'palette',
  'find',
  'find-next',
  'copy',
  'cut',
  'paste',
  'keys',
  'preview',
  'story',
  'open-row',
  'comment',
  'put-back',
  'next-needing',
  'leave',
  'next-sheet',
  'sheets',
  'record',
])

interface Look {
  readonly cell: CellId
  readonly box: DOMRect
}

/** Menus, palette, find bar, quick look and totals: what commands need besides the grid. */
export function useCommands(options: CommandsOptions): Commands {
  const { info, sheet, view, isSorted, formats, editing, refusal, isMac, grid, say, onScreen, onSheet, goToCell, more } = options
  const [menu, setMenu] = useState<{ x: number; y: number }>()
  const [palette, setPalette] = useState<readonly PaletteItem[]>()
  const [look, setLook] = useState<Look>()
  const [find, setFind] = useState<{ isReplacing: boolean; selection: Selection | undefined }>()
  const [wish, setWish] = useState<{ count: number; direction: 1 | -1 }>({ count: 0, direction: 1 })
  const [ranges, setRanges] = useState<readonly KeptRange[]>([])
  const area = useMemo((): GridArea => ({ lines: view.lines, fields: view.fields }), [view.lines, view.fields])

  const focusGrid = useCallback(() => requestAnimationFrame(() => grid.current?.focus()), [grid])

  const onGoTo = useCallback(
    ({ row, field, sheet: id }: { row: RowId; field: FieldId; sheet?: string }): void => {
      if (id !== undefined && id !== sheet.id) {
        goToCell(id, row, field)
        return
      }
      grid.current?.goTo({ row, field })
    },
    [goToCell, sheet, grid],
  )

  const selected = useMemo(() => {
    const columns = new Map(view.fields.map((field, i) => [field.id, i]))
    const placed = ranges.flatMap(({ from, to }): Range[] => {
      const [top, bottom] = [view.lineOf(from[0]), view.lineOf(to[0])]
      const [left, right] = [columns.get(from[1]), columns.get(to[1])]
      return top < 0 || bottom < 0 || left === undefined || right === undefined ? [] : [{ top, bottom, left, right }]
    })
    const [first, ...rest] = placed
    if (first === undefined) return undefined
    return { selection: { active: { row: first.top, column: first.left }, ranges: [first, ...rest] } satisfies Selection, area }
  }, [ranges, view, area])
  const counted = useSelectionTotals(sheet, formats, selected)

  const onFill = useCallback(
    (from: Range, to: Range, isCopy = false): void => {
      const here = grid.current?.ground()
      if (here !== undefined) editing.fill(here, from, to, isCopy)
    },
    [grid, editing],
  )
  const onMoveRows = useCallback(
    (rows: readonly RowId[], before: RowId | undefined): void => {
      if (isSorted) say(TEXTS.commands.sortedView)
      else if (before !== undefined && rows.includes(before)) say(TEXTS.commands.notMovable)
      else editing.moveRows(rows, before === undefined ? 'end' : { before })
    },
    [isSorted, editing, say],
  )

  const copyByMenu = async (isCut: boolean): Promise<void> => {
    const ground = grid.current?.ground()
    const clip = ground === undefined ? undefined : editing.copy(ground, ground.selection.ranges, isCut)
    if (clip === undefined) return
    const blob = (type: string, text: string): Blob => new Blob([text], { type })
    try {
      const item = new ClipboardItem({ 'text/plain': blob('text/plain', clip.text), 'text/html': blob('text/html', clip.html) })
      await navigator.clipboard.write([item])
    } catch {
      editing.endCut()
      say(TEXTS.commands.copyByKeys(keysText(isCut ? 'Main+X' : 'Main+C', isMac)))
    }
  }
  const pasteByMenu = async (isPlain: boolean): Promise<void> => {
    const ground = grid.current?.ground()
    if (ground === undefined) return
    try {
      const [item] = await navigator.clipboard.read()
      const read = async (type: string): Promise<string> => (item?.types.includes(type) ? (await item.getType(type)).text() : '')
      editing.paste(ground, ground.selection.ranges, { text: await read('text/plain'), html: isPlain ? '' : await read('text/html') })
    } catch {
      say(TEXTS.commands.pasteByKeys(keysText(isPlain ? 'Main+Shift+V' : 'Main+V', isMac)))
    }
  }

  const activeCell = (): CellId | undefined => {
    const ground = grid.current?.ground()
    const line = ground?.lines[ground.selection.active.row]
    const field = ground?.fields[ground.selection.active.column]
    return line?.kind === 'row' && field !== undefined ? { row: line.row, field: field.id } : undefined
  }

  const openLook = (): void => {
    const cell = activeCell()
    const box = document.querySelector('[role=gridcell][data-active]')?.getBoundingClientRect()
    if (cell !== undefined && box !== undefined) setLook({ cell, box })
  }

  const lastRun = useRef<(command: GridCommand) => void>(undefined)
  const stopRows = useRef<() => void>(undefined)
  const openPalette = (): void => {
    const here = activeCell()?.row ?? view.lines.find((line) => line.kind === 'row')?.row
    const later = (what: () => void) => () => requestAnimationFrame(what)
    const goItem = (kind: 'field' | 'row', id: string, label: string, cell: CellId): PaletteItem => ({
      id: `${kind}:${id}`,
      kind,
      label,
      run: later(() => onGoTo(cell)),
    })
    const fixed: readonly PaletteItem[] = [
      ...commandItems((command) => lastRun.current?.(command)).filter(({ command }) => refusalOf(command) === undefined),
      ...more,
      ...info.sheets.map(({ id, name }): PaletteItem => ({ id: `sheet:${id}`, kind: 'sheet', label: name, run: () => onSheet(id) })),
      ...(here === undefined ? [] : view.fields.map(({ id, name }) => goItem('field', id, name, { row: here, field: id }))),
    ]
    setPalette(fixed)
    const [key] = view.fields
    if (key === undefined) return
    const rows: PaletteItem[] = []
    function* readRows(field: Field): Generator<void, void, void> {
      for (const line of view.lines) {
        if (line.kind !== 'row') continue
        const label = editTextOf(field, sheet.cell(line.row, field.id).value, formats)
        if (label !== '') rows.push(goItem('row', line.row, label, { row: line.row, field: field.id }))
        yield
      }
    }
    stopRows.current = runInSteps(readRows(key), (isDone) => isDone && setPalette((open) => open && [...fixed, ...rows]))
  }

  /** What the grid hands on, and what the screen's keys mean. */
  const onCommand = (command: GridCommand): void => {
    switch (command.do) {
      case 'copy':
      case 'cut':
        void copyByMenu(command.do === 'cut')
        return
      case 'paste':
        void pasteByMenu(command.isPlain)
        return
      case 'look':
        openLook()
        return
      case 'palette':
        openPalette()
        return
      case 'find':
        setFind((open) => ({
          isReplacing: command.isReplacing && refusal === undefined,
          selection: open?.selection ?? grid.current?.ground()?.selection,
        }))
        return
      case 'find-next':
        if (find === undefined) setFind({ isReplacing: false, selection: grid.current?.ground()?.selection })
        else setWish(({ count }) => ({ count: count + 1, direction: command.direction }))
        return
      default:
        onScreen(command)
    }
  }

  const refusalOf = (command: GridCommand | undefined): string | undefined => command && grid.current?.refuses?.(command)

  const run = (command: GridCommand): void => {
    const refused = refusalOf(command)
    if (refused !== undefined) say(refused)
    else if (OF_SCREEN.has(command.do)) onCommand(command)
    else grid.current?.run(command)
  }

  lastRun.current = run
  const ground = menu === undefined ? undefined : grid.current?.ground()
  const menuCell = menu === undefined ? undefined : activeCell()
  const menuField = menuCell && sheet.field(menuCell.field)
  const lookField = look && sheet.field(look.cell.field)

  return {
    run,
    onCommand,
    onGoTo,
    onMenu: setMenu,
    onFill,
    onMoveRows,
    onRanges: setRanges,
    findBar: find !== undefined && (
      <FindBar
        sheet={sheet}
        area={area}
        lineOf={view.lineOf}
        selection={find.selection}
        formats={formats}
        editing={editing}
        isReplacing={find.isReplacing}
        canReplace={refusal === undefined}
        wish={wish}
        onReplacing={(isReplacing) => setFind({ ...find, isReplacing })}
        onGoTo={(cell) => grid.current?.show(cell)}
        onClose={() => {
          setFind(undefined)
          focusGrid()
        }}
      />
    ),
    overlays: (
      <>
        {menu !== undefined && ground !== undefined && (
          <CellMenu
            at={menu}
            title={menuField?.name ?? TEXTS.commands.menu.label}
            sections={menuSections({
              rows: Math.max(1, selectedRows(ground, ground.selection).length),
              hasLink:
                menuCell !== undefined &&
                menuField !== undefined &&
                linkOfCell(sheet, menuCell.row, menuField, sheet.cell(menuCell.row, menuField.id).value) !== undefined,
              isConnected: menuField?.binding !== undefined,
              hasRecords: more.length > 0 && sheet.fields().some((field) => field.binding !== undefined),
              isReadOnly: refusal !== undefined,
            })}
            isMac={isMac}
            onClose={() => {
              setMenu(undefined)
              focusGrid()
            }}
            onCommand={(command) => requestAnimationFrame(() => lastRun.current?.(command))}
          />
        )}
        {palette !== undefined && (
          <Palette
            items={palette}
            isMac={isMac}
            onClose={() => {
              stopRows.current?.()
              setPalette(undefined)
              focusGrid()
            }}
          />
        )}
        {look !== undefined && lookField !== undefined && (
          <QuickLook
            box={look.box}
            title={lookField.name}
            text={showValue(lookField, sheet.cell(look.cell.row, lookField.id).value, formats)}
            reason={readOnlyReason(lookField)}
            row={view.fields.flatMap((field) => {
              const text = field.id === lookField.id ? '' : showValue(field, sheet.cell(look.cell.row, field.id).value, formats)
              return text === '' ? [] : [[field.name, text] as const]
            })}
            onClose={() => {
              setLook(undefined)
              focusGrid()
            }}
          />
        )}
      </>
    ),
    totals: <SelectionTotals {...counted} />,
  }
}
