import { ChevronDown, Info } from 'lucide-react'
import { type PointerEvent, type ReactNode, type Ref, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import { Menu, MenuItem, MenuSection, Popover } from 'react-aria-components'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { TEXTS } from '../texts.ts'
import type { BodyView } from './body.ts'
import { isRightAligned } from './cell-display.ts'
import { type Band, bandBox, type DrawnColumns, dropIndex, frozenEdge, type GridColumn, NUMBER_WIDTH } from './columns.ts'
import { trackDrag } from './drag.ts'

/** One line of a column's menu. Each part of the screen gives those it knows how to do. */
export interface ColumnAction {
  readonly id: string
  readonly label: string
  /** Lines of one section stand together. */
  readonly section: 'field' | 'view' | 'place'
  /** As the list of keys writes it. */
  readonly keys?: string
  readonly icon?: ReactNode
  readonly isDisabled?: boolean
  readonly run: () => void
}

/** What the painter of the rows tells the head, in the same frame. */
export interface GridHeadHandle {
  follow(view: BodyView): void
}

export interface GridHeadProps {
  readonly ref: Ref<GridHeadHandle>
  readonly bands: readonly Band[]
  readonly bandText: (band: Band) => { readonly text: string; readonly color: string | undefined }
  readonly columns: readonly GridColumn[]
  readonly drawn: DrawnColumns
  readonly resizing: FieldId | undefined
  readonly activeColumn: number | undefined
  /** Columns that are selected from the first to the last row. */
  readonly isSelected: (column: number) => boolean
  readonly isAllSelected: boolean
  readonly actionsOf: (field: Field) => readonly ColumnAction[]
  /** The field whose menu is open. */
  readonly menu: FieldId | undefined
  readonly onMenu: (field: FieldId | undefined) => void
  readonly onSelect: (column: number, event: { readonly shiftKey: boolean; readonly isMain: boolean }) => void
  readonly onSelectAll: () => void
  readonly onWidth: (field: FieldId, width: number) => void
  /** The drag has ended: this width is to be kept. */
  readonly onWidthEnd: (field: FieldId, width: number) => void
  readonly onFit: (column: GridColumn) => void
  /** Absent: fields cannot be moved. The place is among the columns as they stand; their number means behind the last. */
  readonly onDrop: ((column: GridColumn, before: number) => void) | undefined
  readonly isMain: (event: { readonly ctrlKey: boolean; readonly metaKey: boolean }) => boolean
}

/** A pointer that moved less than this has pressed and not dragged, px. */
const DRAG_FROM = 5

/** Names of the columns, the connections they hang on above them. It stands still and is moved with the rows by the painter. */
export function GridHead(props: GridHeadProps) {
  const { ref, bands, bandText, columns, drawn, onSelectAll, isAllSelected } = props
  const head = useRef<HTMLDivElement>(null)
  const moving = useRef<HTMLDivElement>(null)
  const bandElements = useRef<(HTMLDivElement | null)[]>([])
  const view = useRef<BodyView>(undefined)
  const [drop, setDrop] = useState<number>()

  const place = (): void => {
    const now = view.current
    if (now === undefined || head.current === null || moving.current === null) return
    head.current.style.width = `${now.width}px`
    moving.current.style.transform = `translateX(${-now.left}px)`
    let from = 0
    bands.forEach((band, i) => {
      const box = bandBox(columns, { from, count: band.fields.length }, now.left)
      from += band.fields.length
      const style = bandElements.current[i]?.style
      if (style === undefined) return
      style.left = `${box.left}px`
      style.width = `${box.width}px`
    })
  }
  useImperativeHandle(ref, () => ({
    follow: (next) => {
      view.current = next
      place()
    },
  }))
  useLayoutEffect(place)

  /** Where in the sheet a place of the window is. */
  const sheetX = (clientX: number): number => {
    const left = head.current?.getBoundingClientRect().left ?? 0
    const x = clientX - left
    return x < frozenEdge(columns) ? x : x + (view.current?.left ?? 0)
  }
  let firstIndex = 2
  const dropLeft = drop === undefined ? undefined : (columns[drop]?.left ?? (columns.at(-1)?.left ?? 0) + (columns.at(-1)?.width ?? 0))
  const nameOf = (index: number): ReactNode => {
    const column = columns[index]
    return column === undefined ? null : (
      <ColumnName key={column.field.id} {...props} column={column} sheetX={sheetX} onDropShown={setDrop} />
    )
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the grid
    <div ref={head} role="rowgroup" className="grid-head">
      {/* biome-ignore lint/a11y/useSemanticElements: as the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the focus is on the cells */}
      <div role="row" aria-rowindex={1} className="grid-line band">
        {bands.map((band, i) => {
          const { text, color } = bandText(band)
          const from = firstIndex
          firstIndex += band.fields.length
          return (
            // biome-ignore lint/a11y/useSemanticElements: as the grid
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div
              key={band.key}
              ref={(element) => {
                bandElements.current[i] = element
              }}
              role="columnheader"
              aria-colindex={from}
              aria-colspan={band.fields.length}
              className="grid-band"
            >
              {color !== undefined && <i className="swatch" style={{ background: color }} />}
              <span>{text}</span>
            </div>
          )
        })}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
      <div role="row" aria-rowindex={2} className="grid-line names">
        <div role="presentation" className="grid-names-frozen" style={{ width: frozenEdge(columns) }}>
          {/* biome-ignore lint/a11y/useSemanticElements: as the grid */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
          <div
            role="columnheader"
            aria-colindex={1}
            aria-label={TEXTS.drawing.numberColumn}
            className="grid-name number"
            data-selected={isAllSelected || undefined}
            style={{ left: 0, width: NUMBER_WIDTH }}
            onPointerDown={(event) => {
              if (event.button === 0) onSelectAll()
            }}
          >
            #
          </div>
          {drawn.frozen.map(nameOf)}
        </div>
        <div ref={moving} role="presentation" className="grid-names-moving">
          {drawn.scrolled.map(nameOf)}
          {dropLeft !== undefined && <div aria-hidden className="drop-line column" style={{ left: dropLeft }} />}
        </div>
      </div>
    </div>
  )
}

type ColumnNameProps = GridHeadProps & {
  readonly column: GridColumn
  readonly sheetX: (clientX: number) => number
  readonly onDropShown: (before: number | undefined) => void
}

function ColumnName(props: ColumnNameProps) {
  const { column, columns, resizing, activeColumn, isSelected, menu, onMenu, onSelect, onDrop, onDropShown, sheetX, isMain } = props
  const { field, width, left, index } = column
  const element = useRef<HTMLDivElement>(null)
  const isOpen = menu === field.id

  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || event.pointerType === 'touch' || (event.target as Element).closest('button, .resizer')) return
    event.preventDefault()
    const press = { shiftKey: event.shiftKey, isMain: isMain(event) }
    const from = event.clientX
    let before: number | undefined
    const stop = trackDrag({
      onMove: (move) => {
        if (onDrop === undefined || (before === undefined && Math.abs(move.clientX - from) < DRAG_FROM)) return
        before = dropIndex(columns, sheetX(move.clientX))
        onDropShown(before)
      },
      onEnd: (isKept) => {
        stop()
        onDropShown(undefined)
        if (before === undefined) onSelect(index, press)
        else if (isKept && before !== index && before !== index + 1) onDrop?.(column, before)
      },
    })
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the grid
    // biome-ignore lint/a11y/useFocusableInteractive: as above
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the cells': Ctrl+Space selects a column
    <div
      ref={element}
      role="columnheader"
      aria-colindex={index + 2}
      aria-label={field.name}
      aria-description={field.description}
      className={`grid-name${isRightAligned(field) ? ' right' : ''}${column.isFrozen ? ' frozen' : ''}`}
      data-column-head={index}
      data-selected={isSelected(index) || undefined}
      data-active={activeColumn === index || undefined}
      data-open={isOpen || undefined}
      style={{ left, width }}
      title={field.description === undefined ? field.name : `${field.name}\n${field.description}`}
      onPointerDown={onPointerDown}
      onClick={(event) => {
        const { pointerType } = event.nativeEvent as globalThis.PointerEvent
        if (pointerType === 'touch') onSelect(index, { shiftKey: false, isMain: false })
      }}
      onContextMenu={(event) => {
        event.preventDefault()
        event.stopPropagation()
        onMenu(field.id)
      }}
    >
      <span className="text">{field.name}</span>
      {field.description !== undefined && <Info size={11} aria-hidden className="flex-none text-ink-3" />}
      {/* The same menu opens by Alt+↓ from any of the column's cells. */}
      <button
        type="button"
        tabIndex={-1}
        aria-label={TEXTS.drawing.columnMenu(field.name)}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        className="column-menu"
        onClick={(event) => {
          event.stopPropagation()
          onMenu(isOpen ? undefined : field.id)
        }}
      >
        <ChevronDown size={13} aria-hidden />
      </button>
      <Resizer {...props} isResizing={resizing === field.id} />
      {isOpen && <ColumnMenu field={field} actions={props.actionsOf(field)} trigger={element} onClose={() => onMenu(undefined)} />}
    </div>
  )
}

function Resizer({ column, isResizing, onWidth, onWidthEnd, onFit }: ColumnNameProps & { readonly isResizing: boolean }) {
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    event.preventDefault()
    event.stopPropagation()
    const { id } = column.field
    const offset = column.width - event.clientX
    let width: number | undefined
    const stop = trackDrag({
      onMove: (move) => {
        width = offset + move.clientX
        onWidth(id, width)
      },
      onEnd: (isKept) => {
        stop()
        if (width !== undefined) onWidthEnd(id, isKept ? width : column.width)
      },
    })
  }
  return (
    <span
      aria-hidden
      className="resizer"
      data-resizing={isResizing || undefined}
      onPointerDown={onPointerDown}
      onDoubleClick={() => onFit(column)}
    />
  )
}

const SECTIONS = ['field', 'view', 'place'] as const

function ColumnMenu(props: {
  readonly field: Field
  readonly actions: readonly ColumnAction[]
  readonly trigger: { readonly current: HTMLElement | null }
  readonly onClose: () => void
}) {
  const { field, actions, trigger, onClose } = props
  return (
    <Popover
      triggerRef={trigger}
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      placement="bottom start"
      className="popover arrives"
    >
      <Menu
        autoFocus="first"
        aria-label={TEXTS.drawing.columnMenu(field.name)}
        className="menu"
        onAction={(key) => {
          onClose()
          actions.find(({ id }) => id === key)?.run()
        }}
        onClose={onClose}
        disabledKeys={actions.filter(({ isDisabled }) => isDisabled).map(({ id }) => id)}
      >
        {SECTIONS.map((section) => {
          const own = actions.filter((action) => action.section === section)
          return own.length === 0 ? null : (
            <MenuSection key={section} aria-label={TEXTS.drawing.sections[section]} className="menu-section">
              {own.map(({ id, label, keys, icon }) => (
                <MenuItem key={id} id={id} textValue={label} className="menu-item">
                  {icon}
                  <span className="flex-1">{label}</span>
                  {keys !== undefined && <kbd className="text-ink-3">{keys}</kbd>}
                </MenuItem>
              ))}
            </MenuSection>
          )
        })}
      </Menu>
    </Popover>
  )
}
