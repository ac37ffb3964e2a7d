import { Plus } from 'lucide-react'
import { Suspense, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { cellStatus, needsPerson } from '../../workbook/cell-status.ts'
import { editField } from '../../workbook/edit.ts'
import { makeValueFormats, showValue } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import { type ConnectionId, cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { UserOrigin } from '../../workbook/origin.ts'
import type { Cell } from '../../workbook/sheet.ts'
import type { OpenSheet, SessionState, WorkbookInfo } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { screenItems } from '../commands/palette-items.ts'
import { useCommands } from '../commands/use-commands.tsx'
import { useNeedingAcross } from '../conflicts/use-needing-across.ts'
import { useConnectActions } from '../connect/use-connect-actions.tsx'
import { LateNotice } from '../device/late-edits.tsx'
import { useSheetExtras } from '../drawer/use-sheet-extras.tsx'
import { useTalk } from '../drawer/use-talk.ts'
import { fieldActions } from '../fields/column-actions.tsx'
import { makeFieldWork } from '../fields/field-work.ts'
import { FieldsContext } from '../fields/fields-context.ts'
import { useCellChecks } from '../fields/use-cell-checks.ts'
import { wholeSheetEditing } from '../grid/awaited-rows.ts'
import type { Band } from '../grid/columns.ts'
import { Grid, type GridPlace, type KeptRange } from '../grid/grid.tsx'
import { type GridCommand, screenCommand } from '../grid/grid-keys.ts'
import type { Painter } from '../grid/scene.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import { type StepPart, valuePart } from '../grid/undo-stack.ts'
import { type NewRowValues, readOnlyReason, useSheetEditing } from '../grid/use-sheet-editing.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { Spinner } from '../kit/spinner.tsx'
import { makeTimes } from '../kit/times.ts'
import { FollowingPill } from '../people/following-pill.tsx'
import { useFollowing } from '../people/use-following.ts'
import { useOwnPresence } from '../people/use-own-presence.ts'
import { accessOf } from '../share/access.ts'
import { LinkEnded } from '../share/link-ended.tsx'
import { readOnlyEditing } from '../share/read-only.ts'
import { SheetTabs, type SheetTabsHandle } from '../sheets/sheet-tabs.tsx'
import { useOpenSheet } from '../sheets/use-open-sheet.ts'
import { useSheetWork } from '../sheets/use-sheet-work.ts'
import { SyncPanel } from '../sync-panel/panel.tsx'
import { heldTexts, isRoundTheEnd, nextNeeding, sendingCells } from '../sync-panel/survey.ts'
import { TEXTS } from '../texts.ts'
import { LAYOUT_PARTS } from '../views/layouts.ts'
import { TotalsLine } from '../views/totals-line.tsx'
import { useView } from '../views/use-view.ts'
import { NoMatch, ViewBar } from '../views/view-bar.tsx'
import { CellStrip } from './cell-strip.tsx'
import { Dialogs } from './dialogs.tsx'
import { EmptyRows } from './empty-rows.tsx'
import { Header } from './header.tsx'
import type { OpenDialog } from './open-dialog.ts'
import { rowNameOf } from './row-name.ts'
import { SandboxNotice } from './sandbox-notice.tsx'
import { StatusBar } from './status-bar.tsx'
import { Toolbar } from './toolbar.tsx'
import { useAnnouncer } from './use-announcer.ts'
import { useCellOfAddress } from './use-cell-of-address.ts'
import { useGoToCell } from './use-go-to-cell.ts'
import { loosePaste, useLoosePaste } from './use-loose-paste.ts'
import { useSheetHandle } from './use-sheet-handle.ts'
import { useStable } from './use-stable.ts'
import { usePlans, useSurvey } from './use-survey.ts'

const isMacKeyboard = (): boolean => /Mac|iPhone|iPad/u.test(navigator.platform)

const NO_RANGES: readonly KeptRange[] = []

/** In which order F6 walks the screen. */
const REGIONS = ['toolbar', 'grid', 'cell', 'drawer', 'panel', 'sheets'] as const

export interface WorkbookScreenProps {
  readonly session: WorkbookSession
  readonly state: SessionState
  readonly info: WorkbookInfo
  readonly open: OpenSheet
}

/** The workbook: its sheets, the grid, the state of the focused cell, and the sync panel. */
export function WorkbookScreen({ session, state, info, open }: WorkbookScreenProps) {
  const { sheet } = open
  const isMac = useMemo(isMacKeyboard, [])
  const formats = useMemo(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    return makeValueFormats({ locale: navigator.language, timeZone, now: Date.now })
  }, [])
  const times = useMemo(() => makeTimes(formats.locale, formats.timeZone, Date.now), [formats])
  const { said, say } = useAnnouncer()
  useEffect(() => {
    if (state.caughtUp > 0) say(TEXTS.device.caughtUp(state.caughtUp))
  }, [state.caughtUp, say])
  const { role, isGuest, refusal } = accessOf(state)
  const access = useMemo(() => ({ role, isGuest, refusal }), [role, isGuest, refusal])
  const everyEditing = useSheetEditing(session, sheet, formats, say)
  const ownEditing = useMemo(() => wholeSheetEditing(everyEditing, sheet, say), [everyEditing, sheet, say])
  const editing = useMemo(
    () => (access.refusal === undefined ? ownEditing : readOnlyEditing(ownEditing, access.refusal, say)),
    [ownEditing, access, say],
  )
  const fieldWork = useMemo(
    () => makeFieldWork({ sheet, editor: () => session.editor(), editing, formats }),
    [sheet, session, editing, formats],
  )
  const fieldsHere = useMemo(
    () => (access.refusal === undefined ? { work: fieldWork, people: info.people } : undefined),
    [access, fieldWork, info.people],
  )
  const invalidReason = useCellChecks(sheet, formats)
  const peers = useSyncExternalStore(session.subscribePresence, session.peers)
  const { shown: grid, attach, arriveAt } = useSheetHandle()
  const root = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<CellId>()
  const [isFilterOpen, setFilterOpen] = useState(false)
  const [dialog, setDialog] = useState<OpenDialog>()
  const [isPanelOpen, setPanelOpen] = useState(false)
  const [isEditing, setEditing] = useState(false)
  const gridArea = useRef<HTMLElement>(null)
  const following = useFollowing({ session, peers, grid, area: gridArea, sheet: open.info.id })
  const { onRanges, onInput } = useOwnPresence({ session, root, isEditing })

  const connections = useMemo(() => info.connections.filter((c) => c.sheet === open.info.id), [info, open.info.id])
  const survey = useSurvey(sheet)
  const plans = usePlans(connections, survey)
  const me = state.session?.person.id ?? ''
  const { pushStep } = ownEditing
  // Who may only look arranges the view for themselves, too.
  const onViewStep = useCallback((part: StepPart): void => pushStep({ parts: [part] }), [pushStep])
  const used = useView({ sheet, formats, me, activeRow: active?.row, onStep: onViewStep })
  const { view } = used
  const { layout } = used.state.current.config
  const Layout = LAYOUT_PARTS[layout]
  // Whoever comes back to the grid is shown the row they are in.
  const drawnLayout = useRef(layout)
  useEffect(() => {
    if (drawnLayout.current === layout) return
    drawnLayout.current = layout
    if (layout === 'grid' && active !== undefined) requestAnimationFrame(() => grid.current?.show(active))
  }, [layout, active, grid])
  const isMovingHere = active !== undefined && view.isMoving(active.row)
  useEffect(() => {
    if (isMovingHere) say(TEXTS.views.moving)
  }, [isMovingHere, say])
  const pushingKey = state.runs
    .filter((run) => run.endedAt === null && run.state === 'pushing')
    .map((run) => run.connection)
    .join(' ')

  const named = useMemo(() => new Map([...info.people, ...peers].map(({ id, name }) => [id, name])), [info, peers])
  // Who moves about is still called the same: what is drawn with names is not drawn anew for it.
  const names = useStable(named)
  const nameOf = useCallback((id: string): string => names.get(id) ?? TEXTS.someone, [names])

  // Surveys come with every edit; rows are drawn anew only where a survey finds something else than the one before.
  const held = useStable(heldTexts(plans.values()))
  const sending = useStable(sendingCells(plans, new Set(pushingKey.split(' '))))
  const talk = useTalk(session, sheet, me)
  const painter = useMemo((): Painter => {
    const statusOf = (row: RowId, field: Field, cell: Cell) => {
      const connection = field.binding?.connection
      return cellStatus({
        cell,
        field,
        record: connection === undefined ? undefined : sheet.recordMark(row, connection),
        isLinked: connection === undefined || sheet.recordOf(row, connection) !== undefined,
        isSending: cell.isStaged && sending.has(cellKey(row, field.id)),
        planned: cell.isStaged ? held.get(cellKey(row, field.id)) : undefined,
        invalid: invalidReason(field, cell.value),
        mayAcceptKinds: !access.isGuest,
        me,
        nameOf,
        showValue: (value) => showValue(field, value, formats),
        showTime: times.clock,
      })
    }
    return { sheet, formats, statusOf, marks: talk.marks }
  }, [sheet, formats, times, held, sending, me, nameOf, invalidReason, talk.marks, access.isGuest])

  const onActive = useCallback(
    (cell: CellId | undefined, isEditing: boolean): void => {
      setActive(cell)
      setEditing(isEditing)
      session.setCursor(cell && { sheet: sheet.id, row: cell.row, field: cell.field, isEditing })
    },
    [session, sheet],
  )
  const onResized = useCallback(
    (field: FieldId, width: number): void => {
      if (access.refusal !== undefined) {
        say(access.refusal)
        return
      }
      const read = (): number | undefined => sheet.field(field)?.width
      const write = (to: number | undefined): void => {
        if (to !== undefined) editField(sheet.docs.book, field, { width: to }, new UserOrigin(me))
      }
      const before = read()
      write(width)
      if (before !== width) editing.pushStep({ parts: [valuePart({ read, write }, before, width)] })
    },
    [sheet, me, access, say, editing],
  )
  const bandText = useCallback(
    ({ connection, fields }: Band) => {
      const found = connections.find((c) => c.id === connection)
      if (connection === undefined) return { text: TEXTS.grid.ownBand, color: undefined }
      const appName = found?.integration.appName ?? fields[0]?.binding?.appName ?? ''
      if (found === undefined) return { text: appName, color: appColor(fields[0]?.binding?.app ?? '') }
      const direction = found.integration.isOn
        ? TEXTS.panel.direction[found.object.direction].toLowerCase()
        : TEXTS.panel.switchedOff.toLowerCase()
      return { text: `${appName} · ${found.object.name} · ${direction}`, color: appColor(found.integration.app) }
    },
    [connections],
  )

  const activeField = active && sheet.field(active.field)
  const activeStatus = active && activeField && painter.statusOf(active.row, activeField, sheet.cell(active.row, active.field))
  const { reveal } = used
  const goTo = useCallback(
    (cell: CellId): void => {
      setPanelOpen(false)
      reveal(cell.row)
      arriveAt(cell)
    },
    [reveal, arriveAt],
  )

  const openSheet = useOpenSheet({ session, info, open: open.info.id, isEditing, say })
  const goToCell = useGoToCell({ sheet, arriveAt, openSheet, reveal })
  useCellOfAddress(open.info.id, goToCell)
  const hasCell = useCallback((cell: CellId): boolean => sheet.hasRow(cell.row) && sheet.field(cell.field) !== undefined, [sheet])
  const toNextSheet = useNeedingAcross({
    workbook: info.id,
    sheets: info.sheets,
    open: open.info.id,
    hasCell,
    survey,
    openSheet,
    goTo,
    say,
  })

  const extras = useSheetExtras({
    session,
    talk,
    state,
    info,
    painter,
    editing,
    view,
    access,
    me,
    nameOf,
    times,
    active,
    onDialog: setDialog,
    onGoTo: goTo,
    say,
  })

  const isOffline = state.link.kind !== 'online'
  const sheetWork = useSheetWork({ workbook: info.id, session, sheet, editing, isOffline, openSheet, say })
  const tabs = useRef<SheetTabsHandle>(null)
  const askRemove = (id: string): void => {
    if (!sheetWork.canRemove()) say(TEXTS.sheets.last)
    else if (id === open.info.id && sheet.rows().length === 0 && connections.length === 0) sheetWork.remove(id)
    else setDialog({ kind: 'remove-sheet', sheet: id })
  }
  /** Where each sheet was left. */
  const places = useRef(new Map<string, GridPlace>())

  const share = useCallback(() => setDialog({ kind: 'share' }), [])
  const duplicate = useCallback(() => setDialog({ kind: 'duplicate' }), [])
  const closePanel = useCallback(() => setPanelOpen(false), [])

  /** Under a filter the row gets what makes it match, where a person could type it; else it is shown until it is left. */
  const addRowWith = (given: NewRowValues): RowId => {
    const named = new Set(given.map(({ field }) => field))
    const row = editing.addRow([...view.valuesForNewRow(undefined).filter(({ field }) => !named.has(field)), ...given])
    used.keep(row)
    return row
  }
  const addRow = (): void => {
    const row = addRowWith([])
    const shown = view.fields
    const first = shown.find((field) => readOnlyReason(field) === undefined) ?? shown[0]
    if (first !== undefined) goTo({ row, field: first.id })
  }

  const leaveTo = (direction: 1 | -1): void => {
    // A region that has nothing to focus is passed over: the state of a read-only cell offers no choice.
    const regions = [...(root.current?.querySelectorAll<HTMLElement>('[data-region]') ?? [])].filter(
      (r) => isShown(r) && (r.dataset.region === 'grid' || firstStop(r) !== undefined),
    )
    const order = REGIONS.map((name) => regions.find((r) => r.dataset.region === name)).filter((r) => r !== undefined)
    const here = order.findIndex((region) => region.contains(document.activeElement))
    const inner = document.activeElement?.closest<HTMLElement>('[data-region]')
    const from = inner ? order.indexOf(inner) : here
    const next = order[(from + direction + order.length) % order.length]
    if (next?.dataset.region === 'grid') grid.current?.focus()
    else if (next !== undefined) firstStop(next)?.focus()
  }

  const connectionHere = (): string | undefined => activeField?.binding?.connection ?? connections[0]?.id

  /** The cell that is selected now: a key may follow so closely that this screen has not been drawn with it yet. */
  const activeNow = (): CellId | undefined => {
    const { lines, fields, selection } = grid.current?.ground() ?? {}
    const line = selection && lines?.[selection.active.row]
    const field = selection && fields?.[selection.active.column]
    return line?.kind === 'row' && field !== undefined ? { row: line.row, field: field.id } : active
  }

  const run = (command: GridCommand): void => {
    const here = activeNow()
    switch (command.do) {
      case 'leave':
        leaveTo(command.direction)
        return
      case 'keys':
        setDialog({ kind: 'keys' })
        return
      case 'sheets':
        tabs.current?.openList()
        return
      case 'next-sheet': {
        const at = info.sheets.findIndex(({ id }) => id === open.info.id)
        const next = info.sheets[(at + command.direction + info.sheets.length) % info.sheets.length]
        if (next === undefined || next.id === open.info.id) say(TEXTS.sheets.none)
        else {
          openSheet(next.id)
          requestAnimationFrame(() => grid.current?.focus())
        }
        return
      }
      case 'preview': {
        const connection = connectionHere()
        if (access.isGuest) say(TEXTS.share.membersOnly)
        else if (connection === undefined) say(TEXTS.panel.empty)
        else setDialog({ kind: 'preview', connection })
        return
      }
      case 'open-row':
        if (here !== undefined) extras.openRow(here.row)
        return
      case 'comment':
        if (here !== undefined) extras.commentOn(here)
        return
      case 'story':
        if (access.isGuest) say(TEXTS.share.membersOnly)
        else if (here !== undefined) setDialog({ kind: 'story', cell: here })
        return
      case 'record':
        connecting.run(command.what)
        return
      case 'put-back':
        if (here !== undefined && sheet.field(here.field)?.binding !== undefined) editing.putBack(here.row, here.field)
        return
      case 'next-needing': {
        const columns = new Map(view.fields.map((field, i) => [field.id, i]))
        const placeOf = (cell: { row: RowId; field: FieldId }) => ({
          rowIndex: Math.max(0, view.lineOf(cell.row)),
          columnIndex: columns.get(cell.field) ?? 0,
        })
        const from = here === undefined ? { rowIndex: -1, columnIndex: -1 } : placeOf(here)
        const next = nextNeeding(survey.needing, from, command.direction, placeOf)
        const goHere = (): void => (next === undefined ? say(TEXTS.grid.nothingNeedsYou) : goTo(next))
        if (next !== undefined && !isRoundTheEnd(placeOf(next), from, command.direction)) goHere()
        else {
          // The server is asked about other sheets: whoever has gone elsewhere meanwhile is left there.
          const focused = document.activeElement
          toNextSheet(command.direction, () => document.activeElement === focused && goHere())
        }
        return
      }
      default:
        return
    }
  }

  const connecting = useConnectActions({
    session,
    sheet,
    connections,
    grid,
    connectionHere,
    isGuest: access.isGuest,
    onDialog: setDialog,
    say,
  })
  const onScreen = {
    share,
    addField: () => setDialog({ kind: 'add-field', connection: connections[0]?.id }),
    addRow,
    importFile: () => setDialog({ kind: 'import-file', file: undefined }),
  }
  const commands = useCommands({
    info,
    sheet,
    view,
    isSorted: used.state.current.config.sorts.length > 0,
    formats,
    editing,
    refusal: access.refusal,
    isMac,
    grid,
    say,
    onScreen: run,
    onSheet: openSheet,
    goToCell,
    more: access.isGuest ? connecting.items : [...connecting.items, ...screenItems(onScreen)],
  })
  const { onRanges: keepRanges } = commands
  const onSelected = useCallback(
    (ranges: readonly KeptRange[]): void => {
      onRanges(ranges)
      keepRanges(ranges)
    },
    [onRanges, keepRanges],
  )
  // Ranges are a grid's: where none is shown, none is selected.
  const hasRanges = Layout === undefined
  useEffect(() => {
    if (!hasRanges) onSelected(NO_RANGES)
  }, [hasRanges, onSelected])

  const onKey = (event: globalThis.KeyboardEvent): void => {
    // What the grid has answered is not answered again.
    if (dialog !== undefined || event.defaultPrevented) return
    const command = screenCommand(event, isMac)
    if (command === undefined) return
    // What is being typed has its own way back.
    if ((command.do === 'undo' || command.do === 'redo') && isTypedInto(event.target)) return
    event.preventDefault()
    commands.run(command)
  }
  // Where nothing has the focus, as when the page was just opened, keys go to the page itself.
  const latestOnKey = useRef(onKey)
  useEffect(() => {
    latestOnKey.current = onKey
  })
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent): void => {
      if (event.target === document.body) latestOnKey.current(event)
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])

  const actionsOfField = (field: Field) =>
    access.refusal === undefined ? fieldActions(field, { open: setDialog, duplicate: (copied) => void fieldWork.duplicate(copied) }) : []
  const rowCount = sheet.index.order().length
  const isEmpty = rowCount === 0
  const paste = (text: string): void => {
    const mayEdit = access.refusal === undefined
    switch (loosePaste({ text, isEmpty, mayEdit, mayImport: !access.isGuest && !isOffline })) {
      case 'nothing':
        return
      case 'refused':
        say(access.refusal ?? '')
        return
      case 'no-cell':
        say(TEXTS.commands.pasteNowhere)
        return
      case 'import':
        setDialog({ kind: 'import-file', file: new File([text], TEXTS.files.pastedName, { type: 'text/plain' }) })
        return
      case 'new-rows':
        editing.paste({ lines: [], fields: view.fields }, [{ top: 0, bottom: 0, left: 0, right: 0 }], { text, html: '' })
    }
  }
  useLoosePaste(gridArea, dialog === undefined && state.isLoaded ? paste : undefined)
  // Beside a cell of the grid; a card of a board says it below the lanes, as a cell does that nobody has to answer.
  const hasCard = Layout === undefined && activeStatus !== undefined && needsPerson(activeStatus.kind)
  const strip = active && activeField && activeStatus && (
    <CellStrip
      cell={active}
      field={activeField}
      rowName={rowNameOf(sheet.fields(), (field) => sheet.cell(active.row, field.id).value, sheet.rows().indexOf(active.row))}
      status={{
        ...activeStatus,
        choices: activeStatus.choices.filter(({ act }) => access.refusal === undefined && (act !== 'record' || !access.isGuest)),
      }}
      isMac={isMac}
      onChoose={(choice) => {
        if (connecting.onChoice(active.row, activeField, choice)) return
        editing.choose(active.row, active.field, choice)
        grid.current?.focus()
      }}
      onStory={access.isGuest ? undefined : () => setDialog({ kind: 'story', cell: active })}
      onLeave={() => grid.current?.focus()}
    />
  )

  const notice = isEmpty ? (
    <EmptyRows
      isLoading={
        !state.isLoaded || (!state.isSynced && state.link.kind !== 'off' && state.link.kind !== 'refused' && state.link.kind !== 'waiting')
      }
      connections={access.isGuest ? [] : connections}
      canAdd={access.refusal === undefined}
      canConnect={!access.isGuest}
      hasSandbox={state.session?.hasSandbox === true}
      onDialog={setDialog}
      onAddRow={addRow}
    />
  ) : view.stats.isFiltered && view.stats.shown === 0 && !view.stats.isBuilding ? (
    <NoMatch used={used} />
  ) : null

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that mean the same everywhere on the screen
    <div
      ref={root}
      onKeyDown={(event) => onKey(event.nativeEvent)}
      className="grid h-full grid-rows-[48px_36px_auto_minmax(0,1fr)_auto_auto_28px]"
    >
      <title>{`${info.name} · ${TEXTS.product}`}</title>
      <Button className="fixed top-2.5 left-2.5 z-50 not-focus:sr-only" onPress={() => grid.current?.focus()}>
        {TEXTS.nav.skip}
      </Button>
      <Header
        session={session}
        state={state}
        info={info}
        peers={peers}
        times={times}
        following={following}
        onShare={share}
        onDuplicate={duplicate}
      />
      <Toolbar
        connections={connections}
        staged={survey.staged}
        needing={survey.needing.length}
        access={access}
        more={extras.tools}
        onDialog={setDialog}
        onPanel={() => setPanelOpen(true)}
        onAddRow={addRow}
      />
      <div className="min-w-0">
        <LinkEnded state={state} />
        <SandboxNotice isShown={state.session?.hasSandbox === true} />
        <LateNotice session={session} open={open} late={state.late} formats={formats} />
        <ViewBar
          used={used}
          fields={sheet.fields()}
          canShare={access.refusal === undefined}
          say={say}
          isFilterOpen={isFilterOpen}
          onFilterOpen={setFilterOpen}
        />
      </div>
      <div className={`grid min-h-0 grid-cols-[minmax(0,1fr)] ${access.isGuest ? '' : 'md:grid-cols-[minmax(0,1fr)_348px]'}`}>
        <main
          id="sheet-grid"
          ref={gridArea}
          {...extras.dropProps}
          data-region="grid"
          onInput={onInput}
          className="relative min-h-0 min-w-0"
        >
          {extras.dropHint}
          <FollowingPill following={following} />
          {commands.findBar}
          <FieldsContext value={fieldsHere}>
            {Layout !== undefined ? (
              <Suspense
                fallback={
                  <p className="m-0 p-3 text-ink-3">
                    <Spinner />
                  </p>
                }
              >
                <Layout
                  key={sheet.id}
                  ref={attach}
                  label={open.info.name}
                  used={used}
                  painter={painter}
                  editing={editing}
                  peers={peers}
                  refusal={access.refusal}
                  isMac={isMac}
                  isLoaded={state.isLoaded}
                  active={active}
                  onActive={onActive}
                  onOpenRow={extras.openRow}
                  onCommand={commands.onCommand}
                  onGoTo={commands.onGoTo}
                  onAddRow={addRowWith}
                  onAddField={access.refusal === undefined ? onScreen.addField : undefined}
                  say={say}
                  notice={notice}
                />
              </Suspense>
            ) : (
              <Grid
                key={sheet.id}
                ref={attach}
                place={places.current.get(sheet.id)}
                onLeave={(place) => places.current.set(sheet.id, place)}
                label={TEXTS.grid.label(open.info.name)}
                view={view}
                painter={painter}
                editing={editing}
                peers={peers}
                isMac={isMac}
                isLoaded={state.isLoaded}
                bandText={bandText}
                onActive={onActive}
                onRanges={onSelected}
                onCommand={commands.onCommand}
                onGoTo={commands.onGoTo}
                onMenu={commands.onMenu}
                {...(access.refusal === undefined && { onFill: commands.onFill, onMoveRows: commands.onMoveRows })}
                say={say}
                onResized={onResized}
                columnActions={(field) => [
                  ...actionsOfField(field),
                  ...connecting.columnActions(field),
                  ...used.actionsFor(field, () => setFilterOpen(true)),
                ]}
                onMoveField={used.moveField}
                onFreeze={(frozen) => used.changeFields({ frozen })}
                card={hasCard ? <div data-region="cell">{strip}</div> : null}
                foot={
                  <>
                    {notice}
                    {!isEmpty && access.refusal === undefined && (
                      <Button look="ghost" isSmall className="m-1" onPress={addRow}>
                        <Plus size={14} aria-hidden /> {TEXTS.grid.addRow}
                      </Button>
                    )}
                  </>
                }
              />
            )}
          </FieldsContext>
        </main>
        {!access.isGuest && (
          <SyncPanel
            session={session}
            state={state}
            info={info}
            connections={connections}
            survey={survey}
            plans={plans}
            painter={painter}
            times={times}
            nameOf={nameOf}
            isOpen={isPanelOpen}
            onClose={closePanel}
            onDialog={setDialog}
            onGoTo={goTo}
          />
        )}
      </div>
      <div className="min-h-0">
        <TotalsLine totals={view.stats.totals} fields={sheet.fields()} />
        {activeStatus !== undefined && activeStatus.text !== '' && (
          <div
            data-region={hasCard ? undefined : 'cell'}
            className={`border-t border-line bg-raised px-3 py-1.5 ${hasCard ? 'md:hidden' : ''}`}
          >
            {strip}
          </div>
        )}
      </div>
      <SheetTabs
        ref={tabs}
        sheets={info.sheets}
        removed={info.removedSheets}
        current={open.info.id}
        peers={peers}
        work={sheetWork}
        canEdit={access.refusal === undefined}
        isMac={isMac}
        onOpen={openSheet}
        onRemove={askRemove}
        onLeave={() => grid.current?.focus()}
      />
      <StatusBar
        rows={rowCount}
        shown={used.view.stats.isFiltered ? used.view.stats.shown : undefined}
        parts={state.parts}
        staged={survey.staged}
        warnings={survey.warnings}
        credits={access.isGuest ? undefined : info.creditsThisMonth}
        said={said}
        totals={commands.totals}
        onWarnings={() => run({ do: 'next-needing', direction: 1 })}
        onPanel={() => setPanelOpen(true)}
      />
      {extras.panel}
      {commands.overlays}
      <Dialogs
        dialog={dialog}
        onClose={() => {
          setDialog(undefined)
          requestAnimationFrame(() => document.activeElement === document.body && grid.current?.focus())
        }}
        onDialog={setDialog}
        session={session}
        state={state}
        info={info}
        open={open}
        connections={connections}
        survey={survey}
        painter={painter}
        editing={editing}
        fieldWork={fieldWork}
        say={say}
        times={times}
        nameOf={nameOf}
        isMac={isMac}
        active={active}
        onGoTo={goTo}
        onGoToCell={goToCell}
        sheetWork={sheetWork}
      />
    </div>
  )
}

const isTypedInto = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))

const isShown = (element: Element): boolean => element.getClientRects().length > 0

/** The first thing in a region that takes the focus. */
const firstStop = (region: Element): HTMLElement | undefined =>
  [...region.querySelectorAll<HTMLElement>('button:not([disabled]), a[href], input, [tabindex="0"]')].find(isShown)

export const connectionName = (connection: { integration: { appName: string }; object: { name: string } }): string =>
  `${connection.integration.appName} · ${connection.object.name}`

export const connectionIdOf = (id: string): ConnectionId => id as ConnectionId
