import { ChevronRight } from 'lucide-react'
import { Keyboard, Menu, MenuItem, MenuSection, Popover, Separator, SubmenuTrigger } from 'react-aria-components'
import type { Lane } from '../../workbook/board.ts'
import { keysText } from '../grid/grid-keys.ts'
import { chipColor } from '../kit/app-colors.ts'
import { PointPopover } from '../kit/point-popover.tsx'
import { TEXTS } from '../texts.ts'
import { laneName } from './lane.tsx'

const T = TEXTS.board.card

export type CardAction = 'open' | 'comment' | 'up' | 'down' | 'follow' | 'copy-link' | 'duplicate' | 'remove'

export interface CardMenuProps {
  /** Pixels of the window. */
  readonly at: { readonly x: number; readonly y: number }
  /** What the row is called. */
  readonly name: string
  /** Only where the card could move to. */
  readonly isMoving: boolean
  readonly lanes: readonly Lane[]
  /** People are called by their names, other options wear their colours. */
  readonly isOfPeople: boolean
  /** The lane that the card is in. */
  readonly here: Lane | undefined
  readonly isReadOnly: boolean
  /** What a link of the row is called, where it has one. */
  readonly link: string | undefined
  /** Cards stand where people put them. */
  readonly hasOrder: boolean
  readonly isMac: boolean
  readonly onClose: () => void
  readonly onAction: (action: CardAction) => void
  readonly onMoveTo: (lane: Lane) => void
}

/** What can be done with a card, where it was asked for. */
export function CardMenu({ at, name, isMoving, onClose, ...props }: CardMenuProps) {
  return (
    <PointPopover at={at} label={TEXTS.board.card.menu(name)} onClose={onClose}>
      {isMoving ? <LaneMenu {...props} onClose={onClose} /> : <WholeMenu {...props} name={name} onClose={onClose} />}
    </PointPopover>
  )
}

function WholeMenu(props: Omit<CardMenuProps, 'at' | 'isMoving'>) {
  const { name, link, isReadOnly, hasOrder, isMac, onClose, onAction } = props
  const item = (action: CardAction, label: string, keys?: string, isDisabled = false) => (
    <MenuItem
      id={action}
      textValue={label}
      isDisabled={isDisabled}
      className="menu-item"
      onAction={() => {
        onClose()
        onAction(action)
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
        <SubmenuTrigger>
          <MenuItem id="move-to" textValue={T.moveTo} className="menu-item">
            <span className="flex-1">{T.moveTo}</span>
            <Keyboard className="ml-6 font-sans text-xs text-ink-3">M</Keyboard>
            <ChevronRight size={14} aria-hidden />
          </MenuItem>
          <Popover className="popover arrives overflow-auto">
            <LaneMenu {...props} />
          </Popover>
        </SubmenuTrigger>
        {item('up', T.moveUp, 'Alt+ArrowUp', isReadOnly || !hasOrder)}
        {item('down', T.moveDown, 'Alt+ArrowDown', isReadOnly || !hasOrder)}
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

function LaneMenu(props: Pick<CardMenuProps, 'lanes' | 'isOfPeople' | 'here' | 'onClose' | 'onMoveTo'>) {
  const { lanes, isOfPeople, here, onClose, onMoveTo } = props
  return (
    <Menu
      aria-label={T.moveTo}
      autoFocus="first"
      className="menu max-h-[60vh] overflow-auto"
      selectionMode="single"
      selectedKeys={here === undefined ? [] : [here.keys[0]]}
      onAction={(key) => {
        onClose()
        const lane = lanes.find(({ keys }) => keys[0] === key)
        if (lane !== undefined) onMoveTo(lane)
      }}
    >
      {lanes.map((lane) => (
        <MenuItem key={lane.keys[0]} id={lane.keys[0]} textValue={laneName(lane)} className="menu-item">
          {lane.option === undefined || isOfPeople ? (
            laneName(lane)
          ) : (
            <span className="chip" data-color={chipColor(lane.option)} data-retired={lane.option.retired}>
              {laneName(lane)}
            </span>
          )}
        </MenuItem>
      ))}
    </Menu>
  )
}
