import { ChevronRight } from 'lucide-react'
import { Keyboard, Menu, MenuItem, Popover, SubmenuTrigger } from 'react-aria-components'
import type { Lane } from '../../workbook/board.ts'
import { chipColor } from '../kit/app-colors.ts'
import { PointPopover } from '../kit/point-popover.tsx'
import { TEXTS } from '../texts.ts'
import { RowMenu, type RowMenuProps } from '../views/row-menu.tsx'
import { laneName } from './lane.tsx'

const T = TEXTS.board

export interface CardMenuProps extends Omit<RowMenuProps, 'moveKeys' | 'children'> {
  /** Pixels of the window. */
  readonly at: { readonly x: number; readonly y: number }
  /** Only where the card could move to. */
  readonly isMoving: boolean
  readonly lanes: readonly Lane[]
  /** People are called by their names, other options wear their colours. */
  readonly isOfPeople: boolean
  /** The lane that the card is in. */
  readonly here: Lane | undefined
  readonly onMoveTo: (lane: Lane) => void
}

/** What can be done with a card, where it was asked for. */
export function CardMenu({ at, isMoving, lanes, isOfPeople, here, onMoveTo, ...row }: CardMenuProps) {
  const laneMenu = <LaneMenu lanes={lanes} isOfPeople={isOfPeople} here={here} onClose={row.onClose} onMoveTo={onMoveTo} />
  return (
    <PointPopover at={at} label={TEXTS.views.row.menu(row.name)} onClose={row.onClose}>
      {isMoving ? (
        laneMenu
      ) : (
        <RowMenu {...row} moveKeys={['Alt+ArrowUp', 'Alt+ArrowDown']}>
          <SubmenuTrigger>
            <MenuItem id="move-to" textValue={T.moveTo} className="menu-item">
              <span className="flex-1">{T.moveTo}</span>
              <Keyboard className="ml-6 font-sans text-xs text-ink-3">M</Keyboard>
              <ChevronRight size={14} aria-hidden />
            </MenuItem>
            <Popover className="popover arrives overflow-auto">{laneMenu}</Popover>
          </SubmenuTrigger>
        </RowMenu>
      )}
    </PointPopover>
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
