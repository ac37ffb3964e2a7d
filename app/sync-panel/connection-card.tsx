import { Ellipsis } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import type { ConnectionInfo, RunHead } from '../../server/api/contract.ts'
import type { DeltaCell } from '../../sync-engine/plan.ts'
import { shownApart } from '../../workbook/cell-status.ts'
import { showValue } from '../../workbook/field-values.ts'
import type { ConnectionId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import { AcceptedList } from '../conflicts/accepted-list.tsx'
import { CONNECTION_ONLINE_KEYS, ConnectionMenuItems, cardName, PausedNote, runConnectionMenu } from '../connect/card-parts.tsx'
import type { CellId } from '../grid/sheet-handle.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Spinner } from '../kit/spinner.tsx'
import { useNow } from '../kit/use-now.ts'
import { worthALook } from '../runs/receipt.ts'
import { failureOf } from '../runs/run-words.ts'
import { creditsText, TEXTS } from '../texts.ts'
import type { SyncPanelProps } from './panel.tsx'
import { RunProgress } from './run-progress.tsx'
import { runLine } from './run-text.ts'

type CardProps = SyncPanelProps & { readonly connection: ConnectionInfo }

const SHOWN_STAGED = 5
const SHOWN_NEEDING = 8
const SHOWN_RUNS = 4

export function ConnectionCard(props: CardProps) {
  const { session, state, connection, survey, plans, times, onDialog } = props
  const { integration, object } = connection
  const [error, setError] = useState<unknown>()
  const [isStarting, setStarting] = useState(false)
  const [isJoined, setJoined] = useState(false)
  const plan = plans.get(connection.id)
  const delta = survey.deltas.get(connection.id as ConnectionId) ?? []
  const runs = useMemo(() => state.runs.filter((run) => run.connection === connection.id), [state.runs, connection.id])
  const active = runs.find((run) => run.endedAt === null)
  const undoable = runs.find((run) => run.kind === 'sync' && run.endedAt !== null && run.counts.pushed > 0)
  const isOnline = state.link.kind === 'online'
  const records = new Set(delta.map((cell) => cell.recordId)).size
  const unlinked = survey.unlinked.get(connection.id as ConnectionId) ?? 0
  const pushing = plan?.push.length ?? 0

  const start = async (mode: 'two-way' | 'one-way'): Promise<void> => {
    setError(undefined)
    setStarting(true)
    try {
      // What was typed a moment ago must be in the plan.
      await session.flush()
      const { joined } = await callApi('startSync', { params: { id: connection.id }, body: { mode } })
      setJoined(joined)
      await session.fetchRuns()
    } catch (failure) {
      setError(failure)
    } finally {
      setStarting(false)
    }
  }
  const refresh = async (): Promise<void> => {
    setError(undefined)
    try {
      await callApi('refreshFields', { params: { id: connection.id } })
      await session.fetchRuns()
    } catch (failure) {
      setError(failure)
    }
  }
  const onMenu = (key: string): void => {
    runConnectionMenu(key, { session, connection, onDialog })?.catch(setError)
    if (key === 'pull') void start('one-way')
    if (key === 'import') onDialog({ kind: 'import', connection: connection.id })
    if (key === 'link') onDialog({ kind: 'link', connection: connection.id })
    if (key === 'add-field') onDialog({ kind: 'add-field', connection: connection.id })
    if (key === 'refresh') void refresh()
    if (key === 'undo' && undoable !== undefined) onDialog({ kind: 'undo', connection: connection.id, run: undoable.id })
    if (key === 'log') window.location.assign(`/runs?connection=${connection.id}`)
  }
  const name = cardName(connection, props.connections, props.painter.sheet)
  const decidedBy = !integration.isOn
    ? TEXTS.panel.decidedBy.toggle
    : object.direction !== 'push-pull'
      ? TEXTS.panel.decidedBy.object
      : undefined

  return (
    <section aria-label={name} className="border-t border-line px-3.5 py-3">
      <div className="flex items-center gap-2">
        <i className="swatch" style={{ background: appColor(integration.app) }} aria-hidden />
        <span className="min-w-0 flex-1">
          <b className="font-semibold">{name}</b>{' '}
          <small className="text-ink-3">
            {integration.isOn ? TEXTS.panel.direction[object.direction] : TEXTS.panel.switchedOff}
            {decidedBy !== undefined && `, ${decidedBy}`}
          </small>
        </span>
        <MenuTrigger>
          <AriaButton aria-label={TEXTS.panel.menu(name)} className="button ghost icon">
            <Ellipsis size={16} aria-hidden />
          </AriaButton>
          <Popover placement="bottom end" className="popover arrives">
            <Menu
              className="menu"
              onAction={(key) => onMenu(String(key))}
              disabledKeys={isOnline ? [] : ['pull', 'import', 'link', 'add-field', 'refresh', 'undo', ...CONNECTION_ONLINE_KEYS]}
            >
              <MenuItem id="pull" className="menu-item">
                {TEXTS.panel.onlyPull} · {creditsText(connection.linkedRecords)}
              </MenuItem>
              <MenuItem id="import" className="menu-item">
                {TEXTS.panel.import}
              </MenuItem>
              <MenuItem id="link" className="menu-item">
                {TEXTS.panel.link}
              </MenuItem>
              <MenuItem id="add-field" className="menu-item">
                {TEXTS.panel.addField}
              </MenuItem>
              <MenuItem id="refresh" className="menu-item">
                {TEXTS.panel.refresh}
              </MenuItem>
              {undoable?.canUndo === true && (
                <MenuItem id="undo" className="menu-item">
                  {TEXTS.panel.undoLast}
                </MenuItem>
              )}
              <MenuItem id="log" className="menu-item">
                {TEXTS.panel.log}
              </MenuItem>
              <ConnectionMenuItems connection={connection} />
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>

      {active !== undefined && active.state !== 'waiting' && <RunProgress run={active} />}
      {active?.state === 'waiting' && <WaitsForYou run={active} onDialog={onDialog} />}
      {isJoined && active?.state === 'queued' && <p className="hint m-0 mt-1">{TEXTS.panel.joined}</p>}
      {!integration.isOn && <p className="m-0 mt-2 text-ink-2">{TEXTS.panel.pausedHead(integration.appName)}</p>}
      <PausedNote session={session} connection={connection} isOnline={isOnline} />

      <dl className="my-2 grid grid-cols-[84px_1fr] gap-x-2 gap-y-0.5 text-xs text-ink-2 [&_dd]:m-0 [&_dt]:text-ink-3">
        <dt>{TEXTS.panel.staged}</dt>
        <dd>{delta.length === 0 ? TEXTS.panel.nothingStaged : TEXTS.panel.stagedCells(delta.length, records)}</dd>
        {(plan?.held.length ?? 0) > 0 && (
          <>
            <dt />
            <dd>{TEXTS.panel.held(plan?.held.length ?? 0)}</dd>
          </>
        )}
        {unlinked > 0 && (
          <>
            <dt />
            <dd>{TEXTS.panel.unlinked(unlinked)}</dd>
          </>
        )}
        <dt>{TEXTS.panel.latestPull}</dt>
        <dd>{latestPullText(connection, times.moment)}</dd>
        <dt>{TEXTS.panel.nextPull}</dt>
        <dd>{nextPullText(connection, times.moment)}</dd>
        {plan !== undefined && (
          <>
            <dt>{TEXTS.panel.thisSync}</dt>
            <dd>{creditsText(plan.totalCredits)}</dd>
          </>
        )}
      </dl>

      <div className="flex flex-wrap items-center gap-2">
        <Button
          look="primary"
          isDisabled={!isOnline || isStarting || !integration.isOn || connection.isPaused || plan === undefined}
          onPress={() => void start('two-way')}
        >
          {isStarting && <Spinner />}
          {TEXTS.panel.sync}
          {plan !== undefined && <span className="sr-only"> · </span>}
          {plan !== undefined && (
            <span className="font-normal opacity-90">
              {pushing > 0 ? `${pushing} · ` : ''}
              {creditsText(plan.totalCredits)}
            </span>
          )}
        </Button>
        <Button isDisabled={plan === undefined} onPress={() => onDialog({ kind: 'preview', connection: connection.id })}>
          {TEXTS.panel.preview}
        </Button>
        {plan === undefined && (
          <Button isDisabled={!isOnline} onPress={() => void refresh()}>
            {TEXTS.panel.refresh}
          </Button>
        )}
      </div>
      {plan === undefined && <p className="hint m-0 mt-2">{TEXTS.panel.noDescription}</p>}
      {!isOnline && <p className="hint m-0 mt-2">{TEXTS.panel.offline}</p>}
      <Failure error={error} />

      <NeedingList {...props} />
      <StagedList {...props} delta={delta} />
      <AcceptedList sheet={props.painter.sheet} connection={connection.id} isOnline={isOnline} times={times} nameOf={props.nameOf} />
      <RecentRuns runs={runs.filter((run) => run.endedAt !== null).slice(0, SHOWN_RUNS)} times={times} />
    </section>
  )
}

const latestPullText = ({ latestPull }: ConnectionInfo, moment: (at: number) => string): ReactNode => {
  if (latestPull === null) return TEXTS.panel.never
  if (latestPull.isFailed) {
    return (
      <>
        {moment(latestPull.at)} · <b className="font-semibold text-bad">{TEXTS.panel.failed}</b>
      </>
    )
  }
  return `${moment(latestPull.at)} · ${TEXTS.run.pulled(latestPull.records).replace(' pulled', '')}`
}

function nextPullText({ nextPull, object, integration, isPaused }: ConnectionInfo, moment: (at: number) => string): string {
  if (!integration.isOn || isPaused) return TEXTS.panel.paused
  if (object.direction === 'push' || object.direction === 'disabled') return TEXTS.panel.noPull
  if (object.schedule === null) return TEXTS.panel.manual
  const every = TEXTS.panel.everyMinutes(object.schedule)
  return nextPull === null ? every : `${moment(nextPull)} · ${every}`
}

/** A run that would change a lot at once: how much, and where that is looked at. */
function WaitsForYou({ run, onDialog }: { readonly run: RunHead; readonly onDialog: CardProps['onDialog'] }) {
  const { waiting } = run
  return (
    <div className="mt-2 rounded-md border border-line border-l-[3px] border-l-warn px-2.5 py-2 text-xs">
      <b className="font-semibold">{TEXTS.log.waiting.title}</b>{' '}
      {waiting !== undefined && <span>{TEXTS.log.waiting.text(waiting.rows, waiting.linked, waiting.cells)}</span>}
      <span className="mt-1.5 block">
        <Button isSmall look="primary" onPress={() => onDialog({ kind: 'waiting', connection: run.connection, run: run.id })}>
          {TEXTS.log.waiting.look}
        </Button>
      </span>
    </div>
  )
}

const ITEM =
  'grid w-full grid-cols-[1fr_auto] gap-x-2 rounded-md border border-line border-l-[3px] bg-paper px-2.5 py-1.5 text-left text-xs whitespace-normal data-[hovered]:bg-hover'

function NeedingList({ connection, survey, painter, onGoTo, onDialog }: CardProps) {
  const needing = survey.needing.filter((cell) => cell.connection === connection.id)
  if (needing.length === 0) return null
  const { sheet } = painter
  return (
    <div className="mt-3">
      <div className="mb-1.5 flex items-center gap-2">
        <h3 className="m-0 flex-1 text-xs font-semibold text-ink-2">
          {TEXTS.panel.needsYou} · {needing.length}
        </h3>
        <Button isSmall onPress={() => onDialog({ kind: 'conflicts', connection: connection.id })}>
          {TEXTS.panel.answer}
        </Button>
      </div>
      <ul className="m-0 grid list-none gap-1.5 p-0">
        {needing.slice(0, SHOWN_NEEDING).map((item) => {
          const field = sheet.field(item.field)
          if (field === undefined) return null
          const { text, kind } = painter.statusOf(item.row, field, sheet.cell(item.row, item.field))
          return (
            <li key={`${item.row}:${item.field}`}>
              <ItemButton cell={item} className={`${ITEM} ${kind === 'refused' ? 'border-l-bad' : 'border-l-warn'}`} onGoTo={onGoTo}>
                <span className="font-medium">
                  {keyOf(painter, item)} · {field.name}
                </span>
                <span className="col-span-2 text-ink-2">{text}</span>
              </ItemButton>
            </li>
          )
        })}
      </ul>
      {needing.length > SHOWN_NEEDING && <p className="hint m-0 mt-1">{TEXTS.panel.more(needing.length - SHOWN_NEEDING)}</p>}
    </div>
  )
}

/** A row's name in the panel: its record's key. */
function keyOf(painter: CardProps['painter'], cell: CellId): string {
  const key = painter.sheet.fields().find((field) => field.binding?.isConnectionField)
  const value = key && painter.sheet.cell(cell.row, key.id).value
  return typeof value === 'string' && value !== '' ? value : `Row ${painter.sheet.rows().indexOf(cell.row) + 1}`
}

function StagedList({ delta, painter, nameOf, state, times, onGoTo }: CardProps & { readonly delta: readonly DeltaCell[] }) {
  const now = useNow(30_000)
  const newest = useMemo(() => [...delta].sort((a, b) => b.at - a.at), [delta])
  if (delta.length === 0) return null
  const { sheet, formats } = painter
  return (
    <div className="mt-3">
      <h3 className="m-0 mb-1.5 text-xs font-semibold text-ink-2">
        {TEXTS.panel.stagedList} · {delta.length}
      </h3>
      <ul className="m-0 grid list-none gap-1.5 p-0">
        {newest.slice(0, SHOWN_STAGED).map((cell) => {
          const field = sheet.field(cell.field)
          if (field === undefined) return null
          const [from, to] = shownApart(cell.baseline, cell.value, (value) => showValue(field, value, formats))
          const who = cell.author === state.session?.person.id ? TEXTS.you : nameOf(cell.author)
          return (
            <li key={`${cell.row}:${cell.field}`}>
              <ItemButton cell={cell} className={`${ITEM} border-l-staged`} onGoTo={onGoTo}>
                <span>
                  {cell.recordKey} · {field.name}
                </span>
                <span className="flex max-w-44 min-w-0">
                  <s className="min-w-0 shrink-2 truncate text-ink-3">{from}</s>
                  <span className="flex-none whitespace-pre"> → </span>
                  <span className="min-w-0 truncate">{to}</span>
                </span>
                <small className="col-span-2 text-ink-3">
                  {who}, {times.ago(cell.at, now)}
                </small>
              </ItemButton>
            </li>
          )
        })}
      </ul>
      {delta.length > SHOWN_STAGED && <p className="hint m-0 mt-1">{TEXTS.panel.more(delta.length - SHOWN_STAGED)}</p>}
    </div>
  )
}

function ItemButton({
  cell,
  className,
  onGoTo,
  children,
}: {
  cell: CellId
  className: string
  onGoTo: (cell: CellId) => void
  children: ReactNode
}) {
  return (
    <AriaButton className={className} onPress={() => onGoTo({ row: cell.row, field: cell.field })}>
      {children}
    </AriaButton>
  )
}

/** What of a run somebody should look at, as a few words behind its line. */
function LookAt({ run }: { readonly run: RunHead }) {
  const look = worthALook(run.counts)
  if (look === undefined) return null
  return (
    <a href={`/runs/${run.id}?cells=${look.part}`} className="ml-1.5 inline-flex min-h-6 items-center">
      {TEXTS.log.show(look.count)}
    </a>
  )
}

function RecentRuns({ runs, times }: { runs: readonly RunHead[]; times: CardProps['times'] }) {
  if (runs.length === 0) return null
  return (
    <div className="mt-3">
      <h3 className="m-0 mb-1 text-xs font-semibold text-ink-2">{TEXTS.panel.recent}</h3>
      <ul className="m-0 grid list-none gap-0.5 p-0 text-xs">
        {runs.map((run, index) => (
          <li key={run.id}>
            <a href={`/runs/${run.id}`} className="-mx-1.5 flex min-h-6 gap-2 rounded px-1.5 py-0.5 text-ink-2 no-underline hover:bg-hover">
              <span className="flex-none text-ink-3">{times.moment(run.endedAt ?? run.createdAt)}</span>
              <span className={`min-w-0 flex-1 ${run.state === 'failed' ? 'text-bad' : ''}`}>
                {run.error === null ? runLine(run) : `${TEXTS.run.state[run.state]}: ${failureOf(run)?.message}`}
              </span>
              <span className="flex-none text-ink-3">{creditsText(run.totalCredits)}</span>
            </a>
            <LookAt run={run} />
            {index === 0 && run.error?.code === 'auth-expired' && run.about !== undefined && (
              <a href={`/settings/integrations/${run.about.integration}`} className="ml-1.5 inline-flex min-h-6 items-center">
                {TEXTS.log.signIn}
              </a>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}
