import './marks.css'
import { Download, FileText, MessageSquare, PanelRight, Upload } from 'lucide-react'
import { type DragEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Thread } from '../../workbook/talk.ts'
import type { SessionState, WorkbookInfo } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { Painter, ShownView } from '../grid/scene.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import { Button, IconButton } from '../kit/button.tsx'
import type { Times } from '../kit/times.ts'
import type { Access } from '../share/access.ts'
import { TEXTS } from '../texts.ts'
import type { OpenDialog } from '../workbook/open-dialog.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { CommentsPanel } from './comments-panel.tsx'
import { fetchPartsAhead } from './parts-ahead.ts'
import { type OpenRow, RowDrawer } from './row-drawer.tsx'
import type { Talk } from './use-talk.ts'

export interface SheetExtrasOptions {
  readonly session: WorkbookSession
  readonly talk: Talk
  readonly state: SessionState
  readonly info: WorkbookInfo
  readonly painter: Painter
  readonly editing: SheetEditing
  readonly view: Pick<ShownView, 'lines' | 'fields'>
  readonly access: Access
  readonly me: string
  readonly nameOf: (person: string) => string
  readonly times: Times
  readonly active: CellId | undefined
  readonly onDialog: (dialog: OpenDialog) => void
  readonly onGoTo: (cell: CellId) => void
  readonly say: (text: string) => void
}

/** What a sheet has besides its grid: rows as drawers, comments, files. */
export interface SheetExtras {
  /** Stand in the toolbar. */
  readonly tools: ReactNode
  /** Stands over the right of the screen while something is open. */
  readonly panel: ReactNode
  readonly openRow: (row: RowId) => void
  readonly commentOn: (cell: CellId) => void
  /** Let files be dropped on the grid. */
  readonly dropProps: {
    readonly onDragOver: (event: DragEvent) => void
    readonly onDragLeave: (event: DragEvent) => void
    readonly onDrop: (event: DragEvent) => void
  }
  readonly dropHint: ReactNode
}

type Panel = { readonly kind: 'row'; readonly open: OpenRow } | { readonly kind: 'comments' }

const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files')

export function useSheetExtras(options: SheetExtrasOptions): SheetExtras {
  const { session, talk, state, info, painter, editing, view, access, me, nameOf, times, active, onDialog, onGoTo, say } = options
  const { sheet } = painter
  const [panel, setPanel] = useState<Panel | undefined>(panelOfAddress)
  const [isDropping, setDropping] = useState(false)
  const row = panel?.kind === 'row' ? panel.open.row : undefined
  useEffect(() => noteInAddress(row), [row])
  // A row's drawer belongs to its sheet.
  const shownSheet = useRef(sheet)
  useEffect(() => {
    if (shownSheet.current === sheet) return
    shownSheet.current = sheet
    setPanel((shown) => (shown?.kind === 'row' ? undefined : shown))
  }, [sheet])
  const { isSynced } = state
  useEffect(() => {
    if (!isSynced) return
    // Long after the grid is there: nobody waits for these.
    const timer = setTimeout(() => void fetchPartsAhead(), AHEAD_MS)
    return () => clearTimeout(timer)
  }, [isSynced])

  const rows = useMemo(
    () => (panel?.kind === 'row' ? view.lines.flatMap((line) => (line.kind === 'row' ? [line.row] : [])) : []),
    [view.lines, panel?.kind],
  )
  const openRow = useCallback((to: RowId): void => setPanel({ kind: 'row', open: { row: to } }), [])
  const commentOn = useCallback((cell: CellId): void => setPanel({ kind: 'row', open: { row: cell.row, comment: cell.field } }), [])

  const nameOfRow = (of: RowId): string => {
    const known = sheet.rows().indexOf(of)
    return rowNameOf(sheet.fields(), (field) => sheet.cell(of, field.id).value, Math.max(0, known))
  }
  const placeName = ({ row: of, field }: Thread['place']): string => {
    const named = field && sheet.field(field)
    return named === undefined ? nameOfRow(of) : `${nameOfRow(of)} · ${named.name}`
  }
  const firstField = (): FieldId | undefined => view.fields[0]?.id
  const close = (): void => {
    const back = active ?? (row === undefined ? undefined : cellOf(row))
    setPanel(undefined)
    if (back !== undefined) onGoTo(row === undefined ? back : { row, field: back.field })
  }
  const cellOf = (of: RowId): CellId | undefined => {
    const field = firstField()
    return field === undefined ? undefined : { row: of, field }
  }
  const context = { session, talk, me, people: info.people, nameOf, times, refusal: access.refusal }

  const openFile = (files: FileList | null): void => {
    const file = files?.[0]
    if (file === undefined) say(TEXTS.files.notAFile)
    else {
      if (files !== null && files.length > 1) say(TEXTS.files.oneFile)
      onDialog({ kind: 'import-file', file })
    }
  }

  return {
    openRow,
    commentOn,
    tools: (
      <Tools
        openCount={talk.openCount}
        unread={talk.unread}
        canImport={!access.isGuest && access.refusal === undefined}
        onImport={() => onDialog({ kind: 'import-file', file: undefined })}
        onExport={() => {
          const shown = view.lines.flatMap((line) => (line.kind === 'row' ? [line.row] : []))
          onDialog({ kind: 'export', rows: shown, fields: view.fields })
        }}
        onComments={() => setPanel({ kind: 'comments' })}
        onRow={active === undefined ? undefined : () => openRow(active.row)}
      />
    ),
    panel:
      panel?.kind === 'row' ? (
        <RowDrawer
          {...context}
          state={state}
          painter={painter}
          editing={editing}
          rows={rows}
          fields={view.fields}
          hasHistory={!access.isGuest}
          open={panel.open}
          onOpen={(open) => setPanel({ kind: 'row', open })}
          onClose={close}
        />
      ) : panel?.kind === 'comments' ? (
        <CommentsPanel
          {...context}
          placeName={placeName}
          onGoTo={({ row: to, field }) => {
            const cell = field === undefined ? cellOf(to) : { row: to, field }
            if (window.innerWidth < PHONE) setPanel(undefined)
            if (cell !== undefined) onGoTo(cell)
          }}
          onClose={close}
        />
      ) : null,
    dropProps: {
      onDragOver: (event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        setDropping(true)
      },
      onDragLeave: (event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false)
      },
      onDrop: (event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        setDropping(false)
        if (access.isGuest || access.refusal !== undefined) say(access.refusal ?? TEXTS.files.membersOnly)
        else openFile(event.dataTransfer.files)
      },
    },
    dropHint: isDropping ? (
      <p className="pointer-events-none absolute inset-2 z-30 m-0 grid place-items-center rounded-xl border-2 border-dashed border-tide bg-tide-wash/90 text-[15px] font-semibold text-tide-ink">
        {TEXTS.files.dropHere}
      </p>
    ) : null,
  }
}

const PHONE = 860
const AHEAD_MS = 8_000

function panelOfAddress(): Panel | undefined {
  const row = new URLSearchParams(window.location.search).get('row')
  return row !== null && /^[0-9A-Za-z]{1,32}$/u.test(row) ? { kind: 'row', open: { row: row as RowId } } : undefined
}

/** The address names the open row, so that it can be given to others. */
function noteInAddress(row: RowId | undefined): void {
  const url = new URL(window.location.href)
  if ((url.searchParams.get('row') ?? undefined) === row) return
  if (row === undefined) url.searchParams.delete('row')
  else url.searchParams.set('row', row)
  window.history.replaceState(window.history.state, '', url)
}

interface ToolsProps {
  readonly openCount: number
  readonly unread: number
  readonly canImport: boolean
  readonly onImport: () => void
  readonly onExport: () => void
  readonly onComments: () => void
  readonly onRow: (() => void) | undefined
}

function Tools({ openCount, unread, canImport, onImport, onExport, onComments, onRow }: ToolsProps) {
  return (
    <>
      <MenuTrigger>
        <Button look="ghost" aria-label={TEXTS.files.menu}>
          <FileText size={14} aria-hidden /> <span className="hidden lg:inline">{TEXTS.files.menu}</span>
        </Button>
        <Popover placement="bottom end" className="popover">
          <Menu
            className="menu"
            aria-label={TEXTS.files.menu}
            onAction={(key) => {
              if (key === 'import') onImport()
              else onExport()
            }}
          >
            {canImport && (
              <MenuItem id="import" className="menu-item">
                <Upload size={14} aria-hidden /> {TEXTS.files.importFile}
              </MenuItem>
            )}
            <MenuItem id="export" className="menu-item">
              <Download size={14} aria-hidden /> {TEXTS.files.exportFile}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <IconButton label={TEXTS.drawer.open} isDisabled={onRow === undefined} onPress={() => onRow?.()}>
        <PanelRight size={15} aria-hidden />
      </IconButton>
      <Button look="ghost" aria-label={TEXTS.talk.button(openCount)} onPress={onComments}>
        <MessageSquare size={14} aria-hidden />
        {openCount > 0 && <span>{openCount.toLocaleString()}</span>}
        {unread > 0 && (
          <span className="rounded-full bg-tide px-1.5 text-[11px] font-semibold text-on-tide">{TEXTS.talk.unread(unread)}</span>
        )}
      </Button>
    </>
  )
}

/** Fields and rows of an export, as the dialog is given them. */
export interface ExportAsked {
  readonly rows: readonly RowId[]
  readonly fields: readonly Field[]
}
