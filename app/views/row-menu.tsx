import type { ReactNode } from 'react'
import { Keyboard, Menu, MenuItem, MenuSection, Separator } from 'react-aria-components'
import type { RowId } from '../../workbook/ids.ts'
import { type GridCommand, keysText } from '../grid/grid-keys.ts'
import { copyText } from '../kit/copy-text.ts'
import { TEXTS } from '../texts.ts'

const T = TEXTS.views.row

export type RowAction = 'open' | 'comment' | 'up' | 'down' | 'follow' | 'copy-link' | 'duplicate' | 'remove'

export interface RowMenuProps {
  /** What the row is called. */
  readonly name: string
  readonly isReadOnly: boolean
  /** What a link of the row is called, where it has one. */
  readonly link: string | undefined
  /** Rows stand where people put them. */
  readonly hasOrder: boolean
  /** The keys that move the row up and down. */
  readonly moveKeys: readonly [up: string, down: string]
  readonly isMac: boolean
  /** What else may be done with it in this layout. */
  readonly children?: ReactNode
  readonly onClose: () => void
  readonly onAction: (action: RowAction) => void
}

/** What can be done with a whole row, in whichever layout it is drawn. */
export function RowMenu(props: RowMenuProps) {
  const { name, link, isReadOnly, hasOrder, moveKeys, isMac, children, onClose, onAction } = props
  const item = (action: RowAction, label: string, keys?: string, isDisabled = false) => (
    <MenuItem
      id={action}
      textValue={label}
      isDisabled={isDisabled}
      className="menu-item"
      onAction={() => {
        onClose()
        // The menu gives the focus back before anything else takes it.
        requestAnimationFrame(() => onAction(action))
      }}
    >
      <span className="flex-1">{label}</span>
      {keys !== undefined && <Keyboard className="ml-6 font-sans text-xs text-ink-3">{keysText(keys, isMac)}</Keyboard>}
    </MenuItem>
  )
  return (
    <Menu aria-label={T.menu(name)} autoFocus="first" className="menu">
      <MenuSection aria-label={name} className="menu-section">
        {item('open', T.open, 'Enter')}
        {item('comment', T.comment, 'Alt+M')}
        {children}
        {item('up', T.moveUp, moveKeys[0], isReadOnly || !hasOrder)}
        {item('down', T.moveDown, moveKeys[1], isReadOnly || !hasOrder)}
      </MenuSection>
      <Separator className="menu-section" />
      <MenuSection aria-label={T.copyLink} className="menu-section">
        {link !== undefined && item('follow', TEXTS.drawing.openLink(link), 'Alt+Enter')}
        {item('copy-link', T.copyLink)}
        {item('duplicate', T.duplicate, undefined, isReadOnly)}
        {item('remove', T.remove, undefined, isReadOnly)}
      </MenuSection>
    </Menu>
  )
}

/** What the actions need of the layout they are chosen in. */
export interface RowHands {
  readonly openRow: (row: RowId) => void
  readonly openLink: () => void
  readonly move: (by: -1 | 1) => void
  readonly screen: (command: GridCommand) => void
  readonly run: (command: GridCommand) => void
  readonly say: (text: string) => void
}

/** Does to a row, which is selected, what was chosen from its menu. */
export function doRowAction(row: RowId, action: RowAction, { openRow, openLink, move, screen, run, say }: RowHands): void {
  const does: Readonly<Record<RowAction, () => void>> = {
    open: () => openRow(row),
    comment: () => screen({ do: 'comment' }),
    up: () => move(-1),
    down: () => move(1),
    follow: openLink,
    'copy-link': () => {
      const url = new URL(window.location.href)
      url.searchParams.set('row', row)
      void copyText(url.href).then((isCopied) => say(isCopied ? T.copied : T.notCopied))
    },
    duplicate: () => run({ do: 'duplicate-rows' }),
    remove: () => run({ do: 'delete-rows' }),
  }
  does[action]()
}
