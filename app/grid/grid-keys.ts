import type { Move } from './grid-model.ts'

/** What a key does in the grid. */
export type GridCommand =
  | { readonly do: 'move'; readonly move: Move; readonly isExtending: boolean }
  | { readonly do: 'edit'; readonly text?: string }
  | { readonly do: 'clear' | 'undo' | 'redo' | 'toggle' | 'select-all' | 'collapse' | 'open-link' }
  | { readonly do: 'preview' | 'story' | 'put-back' | 'keys' }
  | { readonly do: 'next-needing'; readonly direction: 1 | -1 }
  | { readonly do: 'leave'; readonly direction: 1 | -1 }

/** The part of a keyboard event that decides. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

const step = (rows: number, columns: number): Move => ({ kind: 'step', rows, columns })

const ARROWS: Readonly<Record<string, Move>> = {
  ArrowUp: step(-1, 0),
  ArrowDown: step(1, 0),
  ArrowLeft: step(0, -1),
  ArrowRight: step(0, 1),
}

const JUMPS: Readonly<Record<string, Move>> = {
  Home: { kind: 'row-start' },
  End: { kind: 'row-end' },
  PageUp: { kind: 'page', direction: -1 },
  PageDown: { kind: 'page', direction: 1 },
}

/** The Ctrl key, ⌘ on a Mac. */
const isMain = (press: KeyPress, isMac: boolean): boolean => (isMac ? press.metaKey && !press.ctrlKey : press.ctrlKey && !press.metaKey)

/** Alt, Ctrl+Option on a Mac, where Option alone types letters. */
const isAlt = (press: KeyPress, isMac: boolean): boolean =>
  isMac ? press.ctrlKey && press.altKey && !press.metaKey : press.altKey && !press.ctrlKey && !press.metaKey

/** Keys that mean the same anywhere on the workbook screen, matched by their place on the keyboard. */
export function screenCommand(press: KeyPress, isMac: boolean): GridCommand | undefined {
  if (press.key === 'F6') return { do: 'leave', direction: press.shiftKey ? -1 : 1 }
  if (isMain(press, isMac) && !press.altKey && (press.code === 'Slash' || press.key === '/')) return { do: 'keys' }
  if (!isAlt(press, isMac)) return undefined
  switch (press.code) {
    case 'KeyS':
      return { do: 'preview' }
    case 'KeyN':
      return { do: 'next-needing', direction: press.shiftKey ? -1 : 1 }
    case 'KeyU':
      return { do: 'put-back' }
    case 'KeyI':
      return { do: 'story' }
    default:
      return undefined
  }
}

/** A sign that this keyboard types with AltGr (seen as Ctrl+Alt) or, on a Mac, with Option. */
const typesSign = ({ key, ctrlKey, metaKey, altKey }: KeyPress, isMac: boolean): boolean =>
  altKey && !metaKey && ctrlKey !== isMac && [...key].length === 1 && !/[\p{L}\p{N}\s]/u.test(key)

/** What a key does while a cell, not an editor, has the focus. */
export function gridCommand(press: KeyPress, isMac: boolean): GridCommand | undefined {
  const { key, shiftKey } = press
  if (isMain(press, isMac) && !press.altKey) return mainCommand(press)
  if (press.altKey && key === 'Enter') return { do: 'open-link' }
  if (typesSign(press, isMac)) return { do: 'edit', text: key }
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined
  const move = ARROWS[key] ?? JUMPS[key]
  if (move !== undefined) return { do: 'move', move, isExtending: shiftKey }
  switch (key) {
    case 'Tab':
      return { do: 'move', move: { kind: 'next', direction: shiftKey ? -1 : 1 }, isExtending: false }
    case 'Enter':
      return shiftKey ? { do: 'move', move: step(-1, 0), isExtending: false } : { do: 'edit' }
    case 'F2':
      return { do: 'edit' }
    case 'Escape':
      return { do: 'collapse' }
    case 'Delete':
    case 'Backspace':
      return { do: 'clear' }
    case ' ':
      return { do: 'toggle' }
    case 'Process':
    case 'Unidentified':
      return { do: 'edit', text: '' }
    default:
      return [...key].length === 1 ? { do: 'edit', text: key } : undefined
  }
}

function mainCommand({ key, shiftKey }: KeyPress): GridCommand | undefined {
  switch (key.toLowerCase()) {
    case 'home':
      return { do: 'move', move: { kind: 'first' }, isExtending: shiftKey }
    case 'end':
      return { do: 'move', move: { kind: 'last' }, isExtending: shiftKey }
    case 'z':
      return { do: shiftKey ? 'redo' : 'undo' }
    case 'y':
      return { do: 'redo' }
    case 'a':
      return { do: 'select-all' }
    default:
      return undefined
  }
}

/** The list a person opens with Ctrl+/. `Main` stands for Ctrl or ⌘, `Alt` for Alt or Ctrl+Option. */
export const KEY_LIST: readonly { readonly group: string; readonly keys: readonly (readonly [keys: string, does: string])[] }[] = [
  {
    group: 'Move',
    keys: [
      ['Arrows', 'One cell'],
      ['Shift+Arrows', 'Extend the selection'],
      ['Tab · Shift+Tab', 'Next, previous cell'],
      ['Home · End', 'First, last column'],
      ['Main+Home · Main+End', 'First, last cell'],
      ['PageUp · PageDown', 'One screen'],
      ['F6 · Shift+F6', 'Toolbar, grid, this cell, sync panel'],
    ],
  },
  {
    group: 'Edit',
    keys: [
      ['Typing', 'Replaces'],
      ['Enter · F2', 'Edit'],
      ['Esc', 'Cancel'],
      ['Delete', 'Empty the cells'],
      ['Space', 'Tick a checkbox'],
      ['Main+C · Main+X · Main+V', 'Copy, cut, paste'],
      ['Main+Z · Main+Shift+Z', 'Take back, do again'],
      ['Main+A', 'Select all cells'],
    ],
  },
  {
    group: 'Sync',
    keys: [
      ['Alt+S', 'Preview and sync this connection'],
      ['Alt+N · Alt+Shift+N', 'Next, previous cell that needs a person'],
      ['Alt+U', 'Put back what the app has'],
      ['Alt+I', 'The cell’s story'],
      ['Alt+Enter', 'Open the link in the cell'],
      ['Main+/', 'This list'],
    ],
  },
]

/** A key combination as this keyboard names it. */
export function keysText(keys: string, isMac: boolean): string {
  return isMac ? keys.replaceAll('Main+', '⌘').replaceAll('Alt+', '⌃⌥').replaceAll('Shift+', '⇧') : keys.replaceAll('Main+', 'Ctrl+')
}
