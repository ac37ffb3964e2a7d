import { ChevronDown } from 'lucide-react'
import type { RefObject } from 'react'
import { Button as AriaButton, Keyboard, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { keysText } from '../grid/grid-keys.ts'
import { TEXTS } from '../texts.ts'

const T = TEXTS.sheets

export type SheetAction = 'rename' | 'duplicate' | 'left' | 'right' | 'remove'

const LINES: readonly (readonly [action: SheetAction, label: string, keys?: string])[] = [
  ['rename', T.rename, 'F2'],
  ['duplicate', T.duplicate],
  ['left', T.moveLeft, 'Alt+Shift+ArrowLeft'],
  ['right', T.moveRight, 'Alt+Shift+ArrowRight'],
  ['remove', T.remove, 'Delete'],
]

export interface SheetMenuProps {
  readonly name: string
  /** The tab it opens over. */
  readonly anchor: RefObject<HTMLElement | null>
  readonly isOpen: boolean
  readonly onOpenChange: (isOpen: boolean) => void
  readonly disabled: readonly string[]
  readonly isMac: boolean
  readonly actions: Readonly<Record<SheetAction, () => void>>
}

/** What can be done with a sheet. */
export function SheetMenu({ name, anchor, isOpen, onOpenChange, disabled, isMac, actions }: SheetMenuProps) {
  return (
    <MenuTrigger isOpen={isOpen} onOpenChange={onOpenChange}>
      <AriaButton aria-label={T.menu(name)} className="sheet-more">
        <ChevronDown size={13} aria-hidden />
      </AriaButton>
      <Popover triggerRef={anchor} placement="top start" className="popover arrives">
        <Menu
          className="menu"
          aria-label={T.menu(name)}
          disabledKeys={disabled}
          // The menu has to be gone before a name can be typed, or a dialog take the focus.
          onAction={(key) => requestAnimationFrame(() => actions[key as SheetAction]())}
        >
          {LINES.map(([action, label, keys]) => (
            <MenuItem key={action} id={action} textValue={label} className="menu-item">
              <span className="flex-1">{label}</span>
              {keys !== undefined && <Keyboard className="ml-6 font-sans text-xs text-ink-3">{keysText(keys, isMac)}</Keyboard>}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
