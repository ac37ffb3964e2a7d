import { type KeyPress, lookUp } from '../grid/grid-keys.ts'
import { BOARD_TEXTS } from '../texts/board.ts'

const T = BOARD_TEXTS.keys

type Step = -1 | 0 | 1

/** What a key does while a card has the focus. */
export type CardCommand =
  /** To the card so many lanes and places on. */
  | { readonly do: 'step'; readonly lanes: Step; readonly places: Step }
  | { readonly do: 'end'; readonly isLast: boolean }
  | { readonly do: 'page'; readonly direction: 1 | -1 }
  /** Takes the card along. */
  | { readonly do: 'move'; readonly lanes: Step; readonly places: Step }
  | { readonly do: 'open' | 'menu' | 'move-to' | 'add' | 'link' }

/** One line of the list of keys, as in the grid's own table: the list and the handler are the same. */
export interface CardKeyLine {
  readonly does: string
  readonly keys: Readonly<Record<string, CardCommand>>
  /** As the list names the keys, where their names alone would say too little. */
  readonly shown?: string
}

const arrows = (prefix: string, what: 'step' | 'move'): Record<string, CardCommand> => ({
  [`${prefix}ArrowUp`]: { do: what, lanes: 0, places: -1 },
  [`${prefix}ArrowDown`]: { do: what, lanes: 0, places: 1 },
  [`${prefix}ArrowLeft`]: { do: what, lanes: -1, places: 0 },
  [`${prefix}ArrowRight`]: { do: what, lanes: 1, places: 0 },
})

export const CARD_KEYS: readonly CardKeyLine[] = [
  { does: T.step, keys: arrows('', 'step') },
  { does: T.ends, keys: { Home: { do: 'end', isLast: false }, End: { do: 'end', isLast: true } } },
  { does: T.page, keys: { PageUp: { do: 'page', direction: -1 }, PageDown: { do: 'page', direction: 1 } } },
  { does: T.open, keys: { Enter: { do: 'open' }, Space: { do: 'open' } } },
  { does: T.move, keys: arrows('Alt+', 'move') },
  { does: T.moveTo, keys: { M: { do: 'move-to' } } },
  { does: T.add, keys: { N: { do: 'add' } } },
  { does: T.link, keys: { 'Alt+Enter': { do: 'link' } } },
  { does: T.menu, keys: { ContextMenu: { do: 'menu' }, 'Shift+F10': { do: 'menu' } } },
]

const TABLE: ReadonlyMap<string, CardCommand> = new Map(CARD_KEYS.flatMap(({ keys }) => Object.entries(keys)))

/** What a key does on a card; `undefined` leaves it to the screen. */
export const cardCommand = (press: KeyPress, isMac: boolean): CardCommand | undefined => lookUp(TABLE, press, isMac)
