import { ChartGantt, Check, Ellipsis, type LucideIcon, Rows3, SquareKanban, Table2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { LAYOUTS, type Layout, ROW_HEIGHTS, type RowHeight } from '../../workbook/view.ts'
import { TEXTS } from '../texts.ts'
import type { UsedView } from './use-view.ts'

const T = TEXTS.views

interface ViewMenuProps {
  readonly used: UsedView
  readonly canShare: boolean
  readonly onRename: () => void
  readonly onRemove: () => void
}

/** What can be done with the view that is shown. */
export function ViewMenu({ used: { views, state }, canShare, onRename, onRemove }: ViewMenuProps) {
  const { current } = state
  const alike = state.views.filter((one) => one.isPersonal === current.isPersonal)
  const at = alike.findIndex((one) => one.id === current.id)
  const mayChange = current.isPersonal || canShare
  const disabled = [
    ...(mayChange ? [] : ['rename', 'left', 'right', 'remove']),
    ...(canShare && current.isPersonal ? [] : ['share']),
    ...(at > 0 ? [] : ['left']),
    ...(at < alike.length - 1 ? [] : ['right']),
    ...(views.canRemove(current) ? [] : ['remove']),
  ]
  const actions: Readonly<Record<string, () => void>> = {
    rename: onRename,
    duplicate: () => views.create(T.copyOf(current.name), current.isPersonal || !canShare, current.config),
    share: () => views.create(current.name, false, current.config),
    left: () => views.move(current, -1),
    right: () => views.move(current, 1),
    remove: onRemove,
  }
  return (
    <MenuTrigger>
      <AriaButton aria-label={T.more(current.name)} className="button ghost icon small">
        <Ellipsis size={14} aria-hidden />
      </AriaButton>
      <Popover placement="bottom start" className="popover arrives">
        <Menu className="menu" onAction={(key) => actions[String(key)]?.()} disabledKeys={disabled}>
          <MenuItem id="rename" className="menu-item">
            {T.rename}
          </MenuItem>
          <MenuItem id="duplicate" className="menu-item">
            {T.duplicate}
          </MenuItem>
          <MenuItem id="share" className="menu-item">
            {T.shareIt}
          </MenuItem>
          <MenuItem id="left" className="menu-item">
            {T.moveLeft}
          </MenuItem>
          <MenuItem id="right" className="menu-item">
            {T.moveRight}
          </MenuItem>
          <MenuItem id="remove" className="menu-item">
            {T.remove}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

const LAYOUT_ICONS: Readonly<Record<Layout, LucideIcon>> = { grid: Table2, board: SquareKanban, timeline: ChartGantt }

/** As what the rows are shown: lines of a grid, cards of a board, bars of a timeline. */
export function LayoutMenu({ layout, onChange }: { layout: Layout; onChange: (layout: Layout) => void }) {
  const Icon = LAYOUT_ICONS[layout]
  return (
    <MenuTrigger>
      <AriaButton className="button ghost small" data-used={layout !== 'grid' || undefined} aria-label={T.layoutNow(T.layouts[layout])}>
        <Icon size={13} aria-hidden />
        <span className="view-tool-text">{T.layouts[layout]}</span>
      </AriaButton>
      <Popover placement="bottom end" className="popover arrives">
        <ChoiceMenu
          choices={LAYOUTS}
          chosen={layout}
          nameOf={(one) => T.layouts[one]}
          iconOf={(one) => {
            const Shown = LAYOUT_ICONS[one]
            return <Shown size={13} aria-hidden />
          }}
          onChange={onChange}
        />
      </Popover>
    </MenuTrigger>
  )
}

/** How tall the rows are. */
export function HeightMenu({ height, onChange }: { height: RowHeight; onChange: (height: RowHeight) => void }) {
  const heights = Object.keys(ROW_HEIGHTS) as RowHeight[]
  return (
    <MenuTrigger>
      <AriaButton className="button ghost small" data-used={height !== 'short' || undefined} aria-label={T.height}>
        <Rows3 size={13} aria-hidden />
        <span className="view-tool-text">{T.height}</span>
      </AriaButton>
      <Popover placement="bottom end" className="popover arrives">
        <ChoiceMenu choices={heights} chosen={height} nameOf={(one) => T.heights[one]} onChange={onChange} />
      </Popover>
    </MenuTrigger>
  )
}

interface ChoiceMenuProps<Choice extends string> {
  readonly choices: readonly Choice[]
  readonly chosen: Choice
  readonly nameOf: (choice: Choice) => string
  readonly iconOf?: (choice: Choice) => ReactNode
  readonly onChange: (choice: Choice) => void
}

/** A menu in which one of several is chosen. */
function ChoiceMenu<Choice extends string>({ choices, chosen, nameOf, iconOf, onChange }: ChoiceMenuProps<Choice>) {
  return (
    <Menu
      className="menu"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[chosen]}
      onSelectionChange={(keys) => {
        const [key] = keys === 'all' ? [] : [...keys]
        const next = choices.find((one) => one === key)
        if (next !== undefined) onChange(next)
      }}
    >
      {choices.map((one) => (
        <MenuItem key={one} id={one} className="menu-item" textValue={nameOf(one)}>
          <Check size={13} aria-hidden className={one === chosen ? '' : 'invisible'} /> {iconOf?.(one)} {nameOf(one)}
        </MenuItem>
      ))}
    </Menu>
  )
}
