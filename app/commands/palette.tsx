import { Search } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  ModalOverlay,
  Modal as RawModal,
  TextField,
} from 'react-aria-components'
import type { GridCommand } from '../grid/grid-keys.ts'
import { TEXTS } from '../texts.ts'
import { Keys } from './cell-menu.tsx'
import { fuzzyScore, ranked } from './fuzzy.ts'

export interface PaletteItem {
  readonly id: string
  readonly kind: 'command' | 'sheet' | 'field' | 'row'
  readonly label: string
  readonly command?: GridCommand
  readonly run: () => void
}

export interface PaletteProps {
  readonly items: readonly PaletteItem[]
  readonly isMac: boolean
  readonly onClose: () => void
}

const RECENT_KEY = 'tidebook.palette'
const MOST_RECENT = 5
const MOST = { command: 30, sheet: 8, field: 8, row: 8 } as const
const KINDS = ['command', 'sheet', 'field', 'row'] as const

function readRecent(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(RECENT_KEY) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id): id is string => typeof id === 'string') : []
  } catch {
    return []
  }
}

const keepRecent = (id: string): void =>
  localStorage.setItem(RECENT_KEY, JSON.stringify([id, ...readRecent().filter((kept) => kept !== id)].slice(0, MOST_RECENT)))

/** Any command, sheet, field or row by a few of its letters. */
export function Palette({ items, isMac, onClose }: PaletteProps) {
  const T = TEXTS.commands.palette
  const [query, setQuery] = useState('')
  const [recent] = useState(readRecent)
  const sections = useMemo(() => sectionsOf(items, query, recent), [items, query, recent])
  const first = sections[0]?.items[0]
  // Until an arrow is pressed Enter means the first, however quickly it follows the last letter.
  const hasChosen = useRef(false)
  const onQuery = (text: string): void => {
    hasChosen.current = false
    setQuery(text)
  }
  const chosenOf = (input: Element): PaletteItem | undefined => {
    const id = hasChosen.current ? input.getAttribute('aria-activedescendant') : null
    const key = id === null ? undefined : document.getElementById(id)?.dataset.key
    return sections.flatMap((section) => section.items).find((item) => item.id === key) ?? first
  }
  const run = (item: PaletteItem | undefined): void => {
    if (item === undefined) return
    if (item.kind === 'command') keepRecent(item.id)
    onClose()
    item.run()
  }
  return (
    <ModalOverlay isOpen onOpenChange={(isOpen) => !isOpen && onClose()} isDismissable className="overlay">
      <RawModal className="modal arrives mb-auto! mt-[12vh]!" style={{ '--modal-width': '560px' } as React.CSSProperties}>
        <Dialog aria-label={T.title}>
          <Autocomplete inputValue={query} onInputChange={onQuery}>
            <TextField aria-label={T.title} autoFocus className="flex items-center gap-2 border-b border-line px-3.5">
              <Search size={16} aria-hidden className="text-ink-3" />
              <Input
                placeholder={T.placeholder}
                className="h-11 min-w-0 flex-1 border-0 bg-transparent text-inherit outline-none"
                onKeyDownCapture={(event) => {
                  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') hasChosen.current = true
                  if (event.key !== 'Enter') return
                  event.preventDefault()
                  event.stopPropagation()
                  run(chosenOf(event.currentTarget))
                }}
              />
            </TextField>
            <Menu
              aria-label={T.title}
              className="menu max-h-[52vh] overflow-auto"
              renderEmptyState={() => <p className="m-0 px-2.5 py-2 text-ink-2">{T.none(query)}</p>}
              onAction={(key) => run(sections.flatMap((section) => section.items).find((item) => item.id === key))}
            >
              {sections.map((section) => (
                <MenuSection key={section.title} id={section.title} className="menu-section">
                  <Header className="px-2 py-1 text-xs text-ink-3">{section.title}</Header>
                  {section.items.map((item) => (
                    <MenuItem key={item.id} id={item.id} textValue={item.label} className="menu-item">
                      <span className="min-w-0 flex-1 truncate">{item.label}</span>
                      {item.command !== undefined && <Keys command={item.command} isMac={isMac} />}
                    </MenuItem>
                  ))}
                </MenuSection>
              ))}
            </Menu>
          </Autocomplete>
          <p className="m-0 border-t border-line px-3.5 py-2 text-xs text-ink-3">{T.hint}</p>
        </Dialog>
      </RawModal>
    </ModalOverlay>
  )
}

interface Section {
  readonly title: string
  readonly items: readonly PaletteItem[]
}

/** What fits, by kind; what was done lately first while nothing is typed. Rows are shown only once something is typed. */
export function sectionsOf(items: readonly PaletteItem[], query: string, recent: readonly string[]): readonly Section[] {
  const T = TEXTS.commands.palette
  const isTyped = query.trim() !== ''
  const lately = isTyped ? [] : recent.flatMap((id) => items.filter((item) => item.id === id))
  const named = new Set(lately.map(({ id }) => id))
  const found = KINDS.filter((kind) => isTyped || kind !== 'row').map((kind): Section => {
    const ofKind = items.filter((item) => item.kind === kind && !named.has(item.id))
    return { title: T.groups[kind], items: ranked(query, ofKind, ({ label }) => label, MOST[kind]) }
  })
  // The kind that answers best comes first: a row's key before commands that only share its letters.
  const best = ({ items: [first] }: Section): number => (first === undefined ? -1 : (fuzzyScore(query, first.label) ?? -1))
  if (isTyped) found.sort((a, b) => best(b) - best(a))
  return [{ title: T.recent, items: lately }, ...found].filter((section) => section.items.length > 0)
}
