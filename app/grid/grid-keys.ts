import { DRAWER_TEXTS, TALK_TEXTS } from '../texts/files.ts'
import { KEY_TEXTS } from '../texts/keys.ts'
import { SHEETS_TEXTS } from '../texts/sheets.ts'
import type { Move } from './grid-model.ts'

/** What a key, a menu item or the palette does. */
export type GridCommand =
  | { readonly do: 'move'; readonly move: Move; readonly isExtending: boolean }
  | { readonly do: 'edit'; readonly text?: string }
  | { readonly do: 'clear' | 'undo' | 'redo' | 'look' | 'open-link' | 'collapse' | 'menu' }
  | { readonly do: 'select'; readonly what: 'all' | 'rows' | 'columns' }
  | { readonly do: 'fill'; readonly direction: 'down' | 'right' }
  | { readonly do: 'copy' | 'cut' }
  | { readonly do: 'paste'; readonly isPlain: boolean }
  | { readonly do: 'insert-rows'; readonly where: 'above' | 'below' }
  | { readonly do: 'duplicate-rows' | 'delete-rows' }
  | { readonly do: 'move-rows'; readonly direction: 1 | -1 }
  | { readonly do: 'find'; readonly isReplacing: boolean }
  | { readonly do: 'find-next'; readonly direction: 1 | -1 }
  | { readonly do: 'open-row' | 'comment' }
  | { readonly do: 'preview' | 'story' | 'put-back' | 'keys' | 'palette' }
  | { readonly do: 'next-needing'; readonly direction: 1 | -1 }
  | { readonly do: 'leave'; readonly direction: 1 | -1 }
  | { readonly do: 'next-sheet'; readonly direction: 1 | -1 }
  | { readonly do: 'sheets' | 'column-menu' }
  /** About the records that the selected rows are tied to. */
  | { readonly do: 'record'; readonly what: 'link' | 'match' | 'create' | 'unlink' }
  | { readonly do: 'resize-column'; readonly direction: 1 | -1 }

/** The part of a keyboard event that decides. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/** Where keys mean something: in a cell, or anywhere on the screen. */
type Where = 'cell' | 'screen'

/** One line of the list of keys, and what its keys do: the list and the handler are the same table. */
export interface KeyLine {
  readonly group: keyof typeof KEY_TEXTS.groups
  readonly does: string
  readonly where: Where
  /** Also where no cell has the focus: in an empty sheet, on a tab. */
  readonly isEverywhere?: true
  /** `Main+Shift+ArrowDown` → its command. `Main` is Ctrl or ⌘, `Alt` is Alt or Ctrl+Option. */
  readonly keys: Readonly<Record<string, GridCommand>>
  /** The browser tells of these by events of their own: the keys themselves are left to it. */
  readonly isNative?: true
  /** As the list names the keys, where their names alone would say too little. */
  readonly shown?: string
}

const step = (rows: number, columns: number): Move => ({ kind: 'step', rows, columns })
const edge = (rows: -1 | 0 | 1, columns: -1 | 0 | 1): Move => ({ kind: 'edge', rows, columns })
const moving = (move: Move, isExtending = false): GridCommand => ({ do: 'move', move, isExtending })

const arrows = (prefix: string, to: (rows: -1 | 0 | 1, columns: -1 | 0 | 1) => GridCommand): Record<string, GridCommand> => ({
  [`${prefix}ArrowUp`]: to(-1, 0),
  [`${prefix}ArrowDown`]: to(1, 0),
  [`${prefix}ArrowLeft`]: to(0, -1),
  [`${prefix}ArrowRight`]: to(0, 1),
})

const T = KEY_TEXTS.does

/** Every key of the grid and of the workbook screen. */
export const KEY_LINES: readonly KeyLine[] = [
  { group: 'move', where: 'cell', does: T.step, keys: arrows('', (r, c) => moving(step(r, c))) },
  { group: 'move', where: 'cell', does: T.edge, keys: arrows('Main+', (r, c) => moving(edge(r, c))) },
  {
    group: 'move',
    where: 'cell',
    does: T.next,
    keys: { Tab: moving({ kind: 'next', direction: 1 }), 'Shift+Tab': moving({ kind: 'next', direction: -1 }) },
  },
  {
    group: 'move',
    where: 'cell',
    does: T.enter,
    keys: { Enter: moving({ kind: 'enter', direction: 1 }), 'Shift+Enter': moving({ kind: 'enter', direction: -1 }) },
  },
  { group: 'move', where: 'cell', does: T.rowEnds, keys: { Home: moving({ kind: 'row-start' }), End: moving({ kind: 'row-end' }) } },
  {
    group: 'move',
    where: 'cell',
    does: T.sheetEnds,
    keys: { 'Main+Home': moving({ kind: 'first' }), 'Main+End': moving({ kind: 'last' }) },
  },
  {
    group: 'move',
    where: 'cell',
    does: T.page,
    keys: { PageUp: moving({ kind: 'page', direction: -1 }), PageDown: moving({ kind: 'page', direction: 1 }) },
  },
  {
    group: 'move',
    where: 'screen',
    does: T.region,
    keys: { F6: { do: 'leave', direction: 1 }, 'Shift+F6': { do: 'leave', direction: -1 } },
  },
  {
    group: 'move',
    where: 'screen',
    does: SHEETS_TEXTS.keys.step,
    // Browsers keep the first pair for their own tabs, as far as the page is one of several; the second is Google Sheets' way around it.
    keys: {
      'Main+PageDown': { do: 'next-sheet', direction: 1 },
      'Main+PageUp': { do: 'next-sheet', direction: -1 },
      'Main+Shift+PageDown': { do: 'next-sheet', direction: 1 },
      'Main+Shift+PageUp': { do: 'next-sheet', direction: -1 },
    },
  },
  { group: 'move', where: 'screen', does: SHEETS_TEXTS.keys.list, keys: { 'Alt+Shift+K': { do: 'sheets' } } },

  { group: 'select', where: 'cell', does: T.extend, keys: arrows('Shift+', (r, c) => moving(step(r, c), true)) },
  { group: 'select', where: 'cell', does: T.extendEdge, keys: arrows('Main+Shift+', (r, c) => moving(edge(r, c), true)) },
  {
    group: 'select',
    where: 'cell',
    does: T.extendEnds,
    keys: {
      'Shift+Home': moving({ kind: 'row-start' }, true),
      'Shift+End': moving({ kind: 'row-end' }, true),
      'Main+Shift+Home': moving({ kind: 'first' }, true),
      'Main+Shift+End': moving({ kind: 'last' }, true),
    },
  },
  {
    group: 'select',
    where: 'cell',
    does: T.extendPage,
    keys: { 'Shift+PageUp': moving({ kind: 'page', direction: -1 }, true), 'Shift+PageDown': moving({ kind: 'page', direction: 1 }, true) },
  },
  { group: 'select', where: 'cell', does: T.rows, keys: { 'Shift+Space': { do: 'select', what: 'rows' } } },
  // Ctrl on every keyboard: ⌘+Space belongs to the system.
  { group: 'select', where: 'cell', does: T.columns, keys: { 'Ctrl+Space': { do: 'select', what: 'columns' } } },
  { group: 'select', where: 'cell', does: T.all, keys: { 'Main+A': { do: 'select', what: 'all' } } },
  { group: 'select', where: 'cell', does: T.collapse, keys: { Escape: { do: 'collapse' } } },

  { group: 'edit', where: 'cell', does: T.type, keys: { x: { do: 'edit', text: 'x' } }, shown: KEY_TEXTS.typing },
  { group: 'edit', where: 'cell', does: T.edit, keys: { F2: { do: 'edit' } }, shown: KEY_TEXTS.editKeys },
  { group: 'edit', where: 'cell', does: T.clear, keys: { Delete: { do: 'clear' }, Backspace: { do: 'clear' } } },
  { group: 'edit', where: 'cell', does: T.look, keys: { Space: { do: 'look' } } },
  { group: 'edit', where: 'cell', does: T.copy, keys: { 'Main+C': { do: 'copy' }, 'Main+X': { do: 'cut' } }, isNative: true },
  {
    group: 'edit',
    where: 'cell',
    does: T.paste,
    keys: { 'Main+V': { do: 'paste', isPlain: false }, 'Main+Shift+V': { do: 'paste', isPlain: true } },
    isNative: true,
  },
  {
    group: 'edit',
    where: 'cell',
    does: T.fill,
    keys: { 'Main+D': { do: 'fill', direction: 'down' }, 'Main+R': { do: 'fill', direction: 'right' } },
  },
  {
    group: 'edit',
    where: 'cell',
    isEverywhere: true,
    does: T.undo,
    keys: { 'Main+Z': { do: 'undo' }, 'Main+Shift+Z': { do: 'redo' }, 'Main+Y': { do: 'redo' } },
  },
  {
    group: 'edit',
    where: 'cell',
    does: T.moveRows,
    keys: { 'Alt+Shift+ArrowUp': { do: 'move-rows', direction: -1 }, 'Alt+Shift+ArrowDown': { do: 'move-rows', direction: 1 } },
  },
  {
    group: 'edit',
    where: 'cell',
    does: T.width,
    keys: { 'Alt+Shift+ArrowLeft': { do: 'resize-column', direction: -1 }, 'Alt+Shift+ArrowRight': { do: 'resize-column', direction: 1 } },
  },
  { group: 'edit', where: 'cell', does: T.columnMenu, keys: { 'Alt+ArrowDown': { do: 'column-menu' } } },
  { group: 'edit', where: 'cell', does: T.menu, keys: { ContextMenu: { do: 'menu' }, 'Shift+F10': { do: 'menu' } } },
  { group: 'edit', where: 'cell', does: T.link, keys: { 'Alt+Enter': { do: 'open-link' } } },

  { group: 'find', where: 'screen', does: T.palette, keys: { 'Main+K': { do: 'palette' } } },
  {
    group: 'find',
    where: 'screen',
    does: T.find,
    keys: { 'Main+F': { do: 'find', isReplacing: false }, 'Main+H': { do: 'find', isReplacing: true } },
  },
  {
    group: 'find',
    where: 'cell',
    does: T.findNext,
    keys: { 'Main+G': { do: 'find-next', direction: 1 }, 'Main+Shift+G': { do: 'find-next', direction: -1 } },
  },
  { group: 'edit', where: 'screen', does: DRAWER_TEXTS.open, keys: { 'Alt+O': { do: 'open-row' } } },
  { group: 'edit', where: 'screen', does: TALK_TEXTS.key, keys: { 'Alt+M': { do: 'comment' } } },

  { group: 'find', where: 'screen', does: T.keys, keys: { 'Main+/': { do: 'keys' } } },

  { group: 'sync', where: 'screen', does: T.preview, keys: { 'Alt+S': { do: 'preview' } } },
  {
    group: 'sync',
    where: 'screen',
    does: T.nextNeeding,
    keys: { 'Alt+N': { do: 'next-needing', direction: 1 }, 'Alt+Shift+N': { do: 'next-needing', direction: -1 } },
  },
  { group: 'sync', where: 'screen', does: T.putBack, keys: { 'Alt+U': { do: 'put-back' } } },
  { group: 'sync', where: 'screen', does: T.story, keys: { 'Alt+I': { do: 'story' } } },
]

/** The Ctrl key, ⌘ on a Mac. */
const isMain = (press: KeyPress, isMac: boolean): boolean => (isMac ? press.metaKey && !press.ctrlKey : press.ctrlKey && !press.metaKey)

/** Alt, Ctrl+Option on a Mac, where Option alone types letters. */
const isAlt = (press: KeyPress, isMac: boolean): boolean =>
  isMac ? press.ctrlKey && press.altKey && !press.metaKey : press.altKey && !press.ctrlKey && !press.metaKey

/** What the modifiers of a press are called; `undefined` where they make no combination of ours. */
function modifiersOf(press: KeyPress, isMac: boolean): string | undefined {
  const shift = press.shiftKey ? 'Shift+' : ''
  if (!press.ctrlKey && !press.metaKey && !press.altKey) return shift
  if (isMain(press, isMac) && !press.altKey) return `Main+${shift}`
  if (isAlt(press, isMac)) return `Alt+${shift}`
  // Ctrl itself on a Mac, where it is not the main key.
  return press.ctrlKey && !press.metaKey && !press.altKey ? `Ctrl+${shift}` : undefined
}

const NAMED = /^(?:Arrow\w+|Home|End|PageUp|PageDown|Tab|Enter|Escape|Delete|Backspace|F\d+|ContextMenu)$/u

/**
 * How the table may call the key of a press, the best name first. Letters go by what they type; with Alt, or where a keyboard types no
 * Latin letters, by their place.
 */
function namesOf({ key, code }: KeyPress, modifiers: string): readonly string[] {
  if (NAMED.test(key)) return [key]
  if (key === ' ' || code === 'Space') return ['Space']
  const place = /^Key([A-Z])$/u.exec(code)?.[1] ?? (code === 'Slash' ? '/' : undefined)
  const typed = /^[a-z/]$/iu.test(key) ? key.toUpperCase() : undefined
  const isByPlace = modifiers.startsWith('Alt+') || typed === undefined
  return (isByPlace ? [place] : [typed]).filter((name) => name !== undefined)
}

interface Bound {
  readonly command: GridCommand
  readonly isNative: boolean
}

const tableOf = (where: Where): ReadonlyMap<string, Bound> =>
  new Map(
    KEY_LINES.filter((line) => (line.where === where || line.isEverywhere === true) && line.shown !== KEY_TEXTS.typing).flatMap((line) =>
      Object.entries(line.keys).map(([keys, command]) => [keys, { command, isNative: line.isNative === true }] as const),
    ),
  )

const TABLES: Readonly<Record<Where, ReadonlyMap<string, Bound>>> = { cell: tableOf('cell'), screen: tableOf('screen') }

/** What a table of keys holds for a press; its keys are called as in `KEY_LINES`. */
export function lookUp<Bound>(table: ReadonlyMap<string, Bound>, press: KeyPress, isMac: boolean): Bound | undefined {
  const modifiers = modifiersOf(press, isMac)
  if (modifiers === undefined) return undefined
  for (const name of namesOf(press, modifiers)) {
    const bound = table.get(`${modifiers}${name}`)
    if (bound !== undefined) return bound
    // Ctrl+Space is Ctrl on every keyboard.
    if (press.ctrlKey && !press.metaKey && !press.altKey && name === 'Space') return table.get(`Ctrl+${name}`)
  }
  // A slash is typed with Shift on many keyboards.
  if (press.key === '/' && modifiers === 'Main+Shift+') return table.get('Main+/')
  return undefined
}

/** Keys that mean the same anywhere on the workbook screen. */
export const screenCommand = (press: KeyPress, isMac: boolean): GridCommand | undefined => lookUp(TABLES.screen, press, isMac)?.command

/** A sign that this keyboard types with AltGr (seen as Ctrl+Alt) or, on a Mac, with Option. */
const typesSign = ({ key, ctrlKey, metaKey, altKey }: KeyPress, isMac: boolean): boolean =>
  altKey && !metaKey && ctrlKey !== isMac && [...key].length === 1 && !/[\p{L}\p{N}\s]/u.test(key)

/** What a key does while a cell, not an editor, has the focus. `undefined` leaves it to the browser and to the screen. */
export function gridCommand(press: KeyPress, isMac: boolean): GridCommand | undefined {
  const bound = lookUp(TABLES.cell, press, isMac)
  if (bound !== undefined) return bound.isNative ? undefined : bound.command
  const { key } = press
  if (typesSign(press, isMac)) return { do: 'edit', text: key }
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined
  if (key === 'Process' || key === 'Unidentified') return { do: 'edit', text: '' }
  return [...key].length === 1 ? { do: 'edit', text: key } : undefined
}

/** A line's keys as the list names them: four arrows are one name. */
export function keysOf(line: { readonly keys: Readonly<Record<string, unknown>>; readonly shown?: string }): string {
  if (line.shown !== undefined) return line.shown
  const names = Object.keys(line.keys)
  const prefix = names[0]?.endsWith('ArrowUp') && names.length === 4 ? names[0].slice(0, -'ArrowUp'.length) : undefined
  return prefix === undefined ? names.join(' · ') : `${prefix}${KEY_TEXTS.arrows}`
}

/** The keys of a command, for a menu or the palette; `undefined` where it has none. */
export function keysFor(command: GridCommand): string | undefined {
  const wanted = JSON.stringify(command)
  for (const line of KEY_LINES) {
    const found = Object.entries(line.keys).find(([, bound]) => JSON.stringify(bound) === wanted)
    if (found !== undefined) return found[0]
  }
  return undefined
}

/** A key combination as this keyboard names it. */
export function keysText(keys: string, isMac: boolean): string {
  const arrows = keys.replaceAll('ArrowUp', '↑').replaceAll('ArrowDown', '↓').replaceAll('ArrowLeft', '←').replaceAll('ArrowRight', '→')
  const named = arrows.replaceAll('Escape', 'Esc').replaceAll('ContextMenu', KEY_TEXTS.menuKey)
  return isMac
    ? named.replaceAll('Main+', '⌘').replaceAll('Alt+', '⌃⌥').replaceAll('Ctrl+', '⌃').replaceAll('Shift+', '⇧')
    : named.replaceAll('Main+', 'Ctrl+')
}
