import { Header, Keyboard, Menu, MenuItem, MenuSection } from 'react-aria-components'
import { type GridCommand, keysFor, keysText } from '../grid/grid-keys.ts'
import { PointPopover } from '../kit/point-popover.tsx'
import { TEXTS } from '../texts.ts'

export interface MenuLine {
  readonly label: string
  readonly command: GridCommand
  readonly isDisabled?: boolean
}

export interface CellMenuProps {
  readonly at: { readonly x: number; readonly y: number }
  readonly title: string
  readonly sections: readonly (readonly MenuLine[])[]
  readonly isMac: boolean
  readonly onClose: () => void
  readonly onCommand: (command: GridCommand) => void
}

/** The menu of the selected cells and rows, where it was asked for. */
export function CellMenu({ at, title, sections, isMac, onClose, onCommand }: CellMenuProps) {
  const lines = sections.flat()
  return (
    <PointPopover at={at} label={title} onClose={onClose}>
      <Menu
        aria-label={title}
        autoFocus="first"
        className="menu"
        disabledKeys={lines.flatMap((line) => (line.isDisabled ? [line.label] : []))}
        onAction={(key) => {
          const line = lines.find(({ label }) => label === key)
          onClose()
          if (line !== undefined) onCommand(line.command)
        }}
      >
        {sections.map((section, s) => (
          <MenuSection key={section[0]?.label ?? s} className="menu-section">
            {s === 0 && <Header className="px-2 py-1 text-xs text-ink-3">{title}</Header>}
            {section.map((line) => (
              <MenuItem key={line.label} id={line.label} textValue={line.label} className="menu-item">
                <span className="flex-1">{line.label}</span>
                <Keys command={line.command} isMac={isMac} />
              </MenuItem>
            ))}
          </MenuSection>
        ))}
      </Menu>
    </PointPopover>
  )
}

/** The keys of a command, quietly behind its name. */
export function Keys({ command, isMac }: { command: GridCommand; isMac: boolean }) {
  const keys = keysFor(command)
  return keys === undefined ? null : <Keyboard className="ml-6 font-sans text-xs text-ink-3">{keysText(keys, isMac)}</Keyboard>
}

/** What can be done with `rows` selected rows and the active cell. */
export function menuSections(of: {
  rows: number
  hasLink: boolean
  isConnected: boolean
  /** The sheet has connections, and whoever looks may use them. */
  hasRecords: boolean
  isReadOnly: boolean
}): readonly (readonly MenuLine[])[] {
  const T = TEXTS.commands.menu
  const { rows, isReadOnly } = of
  return [
    [
      { label: T.cut, command: { do: 'cut' }, isDisabled: isReadOnly },
      { label: T.copy, command: { do: 'copy' } },
      { label: T.paste, command: { do: 'paste', isPlain: false }, isDisabled: isReadOnly },
      { label: T.pasteText, command: { do: 'paste', isPlain: true }, isDisabled: isReadOnly },
    ],
    [
      { label: T.look, command: { do: 'look' } },
      { label: T.edit, command: { do: 'edit' }, isDisabled: isReadOnly },
      { label: T.clear, command: { do: 'clear' }, isDisabled: isReadOnly },
      { label: T.fillDown, command: { do: 'fill', direction: 'down' }, isDisabled: isReadOnly },
      { label: T.fillRight, command: { do: 'fill', direction: 'right' }, isDisabled: isReadOnly },
      ...(of.hasLink ? [{ label: T.link, command: { do: 'open-link' } } as const] : []),
    ],
    [
      { label: T.insertAbove(rows), command: { do: 'insert-rows', where: 'above' }, isDisabled: isReadOnly },
      { label: T.insertBelow(rows), command: { do: 'insert-rows', where: 'below' }, isDisabled: isReadOnly },
      { label: T.duplicate(rows), command: { do: 'duplicate-rows' }, isDisabled: isReadOnly },
      { label: T.moveUp, command: { do: 'move-rows', direction: -1 }, isDisabled: isReadOnly },
      { label: T.moveDown, command: { do: 'move-rows', direction: 1 }, isDisabled: isReadOnly },
      { label: T.remove(rows), command: { do: 'delete-rows' }, isDisabled: isReadOnly },
    ],
    ...(of.hasRecords
      ? [
          [
            { label: TEXTS.connect.link.menu, command: { do: 'record', what: 'link' } },
            { label: `${TEXTS.connect.match.way}…`, command: { do: 'record', what: 'match' } },
            { label: TEXTS.connect.create.menu(rows), command: { do: 'record', what: 'create' } },
            { label: TEXTS.connect.unlink.menu(rows), command: { do: 'record', what: 'unlink' } },
          ] as const,
        ]
      : []),
    [
      { label: TEXTS.drawer.open, command: { do: 'open-row' } },
      { label: TEXTS.talk.key, command: { do: 'comment' } },
      { label: T.story, command: { do: 'story' } },
      ...(of.isConnected ? [{ label: T.putBack, command: { do: 'put-back' }, isDisabled: isReadOnly } as const] : []),
    ],
  ]
}
