import { List, Plus } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from 'react-aria-components'
import type { Peer } from '../collab/presence.ts'
import type { SheetInfo } from '../collab/session-state.ts'
import { trackDrag } from '../grid/drag.ts'
import { IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { SheetMenu } from './sheet-menu.tsx'
import './sheet-tabs.css'
import type { SheetWork } from './use-sheet-work.ts'

const T = TEXTS.sheets
/** A pointer that moved less than this is a press, px. */
const DRAG_FROM = 5
/** Faces shown on one tab. */
const MOST_FACES = 3

export interface SheetTabsHandle {
  /** Opens the list of all sheets. */
  openList(): void
}

export interface SheetTabsProps {
  readonly ref: Ref<SheetTabsHandle>
  readonly sheets: readonly SheetInfo[]
  readonly removed: readonly SheetInfo[]
  /** The one that is shown. */
  readonly current: string
  readonly peers: readonly Peer[]
  readonly work: SheetWork
  readonly canEdit: boolean
  readonly isMac: boolean
  readonly onOpen: (id: string) => void
  readonly onRemove: (id: string) => void
  /** Gives the focus back to the grid. */
  readonly onLeave: () => void
}

/** The sheets of the workbook as tabs under the grid: chosen, named, placed and deleted here. */
export function SheetTabs({ ref, sheets, removed, current, peers, work, canEdit, isMac, onOpen, onRemove, onLeave }: SheetTabsProps) {
  const bar = useRef<HTMLDivElement>(null)
  const [isListOpen, setListOpen] = useState(false)
  const [renaming, setRenaming] = useState<string>()
  const [menu, setMenu] = useState<string>()
  const [dropAt, setDropAt] = useState<number>()
  const [stop, setStop] = useState<string>()
  useImperativeHandle(ref, () => ({ openList: () => setListOpen(true) }))

  // Beside the tabs and not among them: a list of tabs holds tabs alone. It is about the sheet that is shown, or the one it was asked for on.
  const asked = menu ?? current
  const at = sheets.findIndex(({ id }) => id === asked)
  const anchor = useRef<HTMLElement>(null)
  const renamed = sheets.find(({ id }) => id === renaming)

  const tabOf = (id: string): HTMLElement | null => bar.current?.querySelector(`[data-sheet="${id}"]`) ?? null
  useEffect(() => {
    if (bar.current !== null) bringIntoBar(bar.current, bar.current.querySelector(`[data-sheet="${current}"]`))
    setStop(undefined)
  }, [current])

  useLayoutEffect(() => {
    anchor.current = bar.current?.querySelector<HTMLElement>(`[data-sheet="${asked}"]`) ?? null
  })

  const focusTab = (id: string | undefined): void => {
    if (id === undefined) return
    setStop(id)
    tabOf(id)?.focus()
  }
  const endRename = (id: string, typed: string | undefined): void => {
    setRenaming(undefined)
    if (typed !== undefined) work.rename(id, typed)
    requestAnimationFrame(() => tabOf(id)?.focus())
  }

  const onKeyDown = (event: KeyboardEvent, id: string): void => {
    const at = sheets.findIndex((sheet) => sheet.id === id)
    const isAlt = isMac ? event.ctrlKey && event.altKey : event.altKey && !event.ctrlKey
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey
    const { key } = event
    const along = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : undefined
    const done = (): void => {
      event.preventDefault()
      event.stopPropagation()
    }
    if (isAlt && event.shiftKey && along !== undefined && canEdit) {
      done()
      work.move(id, along)
      requestAnimationFrame(() => focusTab(id))
    } else if (isPlain && along !== undefined) {
      done()
      focusTab(sheets[(at + along + sheets.length) % sheets.length]?.id)
    } else if (isPlain && (key === 'Home' || key === 'End')) {
      done()
      focusTab(sheets.at(key === 'Home' ? 0 : -1)?.id)
    } else if (isPlain && key === 'F2' && canEdit) {
      done()
      setRenaming(id)
    } else if (isPlain && key === 'Delete' && canEdit) {
      done()
      onRemove(id)
    } else if ((key === 'ContextMenu' || (key === 'F10' && event.shiftKey)) && canEdit) {
      done()
      setMenu(id)
    } else if (isPlain && key === 'Escape') {
      done()
      onLeave()
    }
  }

  const onPointerDown = (event: PointerEvent, id: string): void => {
    if (event.button !== 0 || event.pointerType === 'touch' || !canEdit) return
    const from = event.clientX
    let to: number | undefined
    const end = trackDrag({
      onMove: (move) => {
        if (to === undefined && Math.abs(move.clientX - from) < DRAG_FROM) return
        to = placeAt(bar.current, move.clientX)
        setDropAt(to)
      },
      onEnd: (isKept) => {
        end()
        setDropAt(undefined)
        if (to === undefined || !isKept) return
        const at = sheets.findIndex((sheet) => sheet.id === id)
        if (to !== at && to !== at + 1) work.place(id, sheets[to - 1]?.id ?? null)
      },
    })
  }

  return (
    <nav data-region="sheets" aria-label={T.label} className="sheet-bar">
      {canEdit && (
        <IconButton label={T.add} isSmall onPress={() => void work.add(current, false)}>
          <Plus size={15} aria-hidden />
        </IconButton>
      )}
      <SheetList
        isOpen={isListOpen}
        onOpenChange={setListOpen}
        sheets={sheets}
        removed={canEdit ? removed : []}
        current={current}
        onOpen={onOpen}
        onRestore={(id) => work.restore(id)}
      />
      <div ref={bar} role="tablist" aria-label={T.label} className="sheet-tabs">
        {sheets.map(({ id, name }, i) => {
          const here = peers.filter((peer) => peer.sheet === id)
          return (
            <span
              key={id}
              role="presentation"
              className="sheet-tab"
              data-current={id === current || undefined}
              data-renaming={id === renaming || undefined}
              data-drop={dropMark(dropAt, i, sheets.length)}
            >
              <button
                type="button"
                role="tab"
                data-sheet={id}
                aria-selected={id === current}
                aria-controls="sheet-grid"
                aria-description={here.length === 0 ? undefined : T.here([...new Set(here.map((peer) => peer.name))])}
                tabIndex={(stop ?? current) === id ? 0 : -1}
                title={name}
                onClick={() => onOpen(id)}
                onDoubleClick={() => canEdit && setRenaming(id)}
                onContextMenu={(event) => {
                  if (!canEdit) return
                  event.preventDefault()
                  setMenu(id)
                }}
                onKeyDown={(event) => onKeyDown(event, id)}
                onPointerDown={(event) => onPointerDown(event, id)}
              >
                <span className="sheet-name">{name}</span>
                {here.slice(0, MOST_FACES).map((peer) => (
                  <span key={peer.client} aria-hidden className="sheet-peer" style={{ background: peer.color }} title={peer.name} />
                ))}
              </button>
            </span>
          )
        })}
      </div>
      {renamed !== undefined && (
        <NameField key={renamed.id} name={renamed.name} left={leftOf(tabOf(renamed.id))} onEnd={(typed) => endRename(renamed.id, typed)} />
      )}
      {canEdit && (
        <SheetMenu
          name={sheets.find(({ id }) => id === asked)?.name ?? ''}
          anchor={anchor}
          isOpen={menu !== undefined}
          onOpenChange={(isOpen) => setMenu(isOpen ? asked : undefined)}
          disabled={[
            ...(at === 0 ? ['left'] : []),
            ...(at === sheets.length - 1 ? ['right'] : []),
            ...(sheets.length < 2 ? ['remove'] : []),
          ]}
          isMac={isMac}
          actions={{
            rename: () => setRenaming(asked),
            duplicate: () => void work.add(asked, true),
            left: () => work.move(asked, -1),
            right: () => work.move(asked, 1),
            remove: () => onRemove(asked),
          }}
        />
      )}
    </nav>
  )
}

/** Before which tab something is dropped; behind all of them it is their number. */
function placeAt(bar: HTMLElement | null, x: number): number {
  const tabs = [...(bar?.children ?? [])].map((tab) => tab.getBoundingClientRect())
  const before = tabs.findIndex(({ left, width }) => x < left + width / 2)
  return before < 0 ? tabs.length : before
}

const dropMark = (dropAt: number | undefined, index: number, count: number): 'before' | 'after' | undefined =>
  dropAt === index ? 'before' : dropAt === count && index === count - 1 ? 'after' : undefined

/** Not `scrollIntoView`: Chromium lets the first Tab of a page go on from what was scrolled to, here past the whole screen. */
function bringIntoBar(bar: HTMLElement, tab: Element | null): void {
  if (tab === null) return
  const [edge, box] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()]
  if (box.left < edge.left) bar.scrollLeft -= edge.left - box.left
  else if (box.right > edge.right) bar.scrollLeft += box.right - edge.right
}

/** Where a tab stands in the bar, px. */
const leftOf = (tab: HTMLElement | null): number => {
  const bar = tab?.closest('nav')
  return tab === null || !bar ? 0 : Math.max(0, tab.getBoundingClientRect().left - bar.getBoundingClientRect().left)
}

/** A tab's name while it is typed anew: over its tab, for a list of tabs holds tabs alone. */
function NameField({
  name,
  left,
  onEnd,
}: {
  readonly name: string
  readonly left: number
  readonly onEnd: (typed: string | undefined) => void
}) {
  const [typed, setTyped] = useState(name)
  const isOver = useRef(false)
  const end = (to: string | undefined): void => {
    // Leaving by a key takes the field away, which leaves it once more.
    if (isOver.current) return
    isOver.current = true
    onEnd(to)
  }
  return (
    <input
      // biome-ignore lint/a11y/noAutofocus: asked for by a double click or F2 on this very tab
      autoFocus
      className="input sheet-rename"
      style={{ left }}
      aria-label={T.renameLabel(name)}
      maxLength={120}
      size={Math.max(6, Math.min(30, typed.length + 1))}
      value={typed}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => end(typed)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Enter') end(typed)
        if (event.key === 'Escape') end(undefined)
      }}
    />
  )
}

interface SheetListProps {
  readonly isOpen: boolean
  readonly onOpenChange: (isOpen: boolean) => void
  readonly sheets: readonly SheetInfo[]
  readonly removed: readonly SheetInfo[]
  readonly current: string
  readonly onOpen: (id: string) => void
  readonly onRestore: (id: string) => void
}

/** All sheets in a list, where their tabs do not fit; and those that were deleted. */
function SheetList({ isOpen, onOpenChange, sheets, removed, current, onOpen, onRestore }: SheetListProps) {
  return (
    <MenuTrigger isOpen={isOpen} onOpenChange={onOpenChange}>
      <AriaButton aria-label={T.all} className="button ghost icon small">
        <List size={15} aria-hidden />
      </AriaButton>
      <Popover placement="top start" className="popover arrives">
        <Menu className="menu" aria-label={T.all}>
          <MenuSection className="menu-section" selectionMode="single" selectedKeys={[current]} aria-label={T.shown}>
            {sheets.map(({ id, name }) => (
              <MenuItem key={id} id={id} textValue={name} className="menu-item sheet-item" onAction={() => onOpen(id)}>
                <span className="min-w-0 truncate">{name}</span>
              </MenuItem>
            ))}
          </MenuSection>
          {removed.length > 0 && (
            <MenuSection className="menu-section">
              <Header className="menu-title">{T.deleted}</Header>
              {removed.map(({ id, name }) => (
                <MenuItem key={id} id={id} textValue={T.bringBack(name)} className="menu-item" onAction={() => onRestore(id)}>
                  <span className="min-w-0 truncate">{T.bringBack(name)}</span>
                </MenuItem>
              ))}
            </MenuSection>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
