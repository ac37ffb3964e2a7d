import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import type { AnswerOf, ConnectionInfo, Preview, Run } from '../../../server/api/contract.ts'
import { callApi } from '../../api-client.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { Modal } from '../../kit/modal.tsx'
import type { Times } from '../../kit/times.ts'
import { runLine } from '../../sync-panel/run-text.ts'
import { TEXTS } from '../../texts.ts'
import { type Integration, type IntegrationObject, LatestPull } from './parts.tsx'
import { PreviewPart } from './preview-part.tsx'
import { SyncedFields } from './synced-fields.tsx'

const WORDS = TEXTS.integrations.window
const PAGE = TEXTS.integrations.page

export interface ActionWindowProps {
  readonly integration: Integration
  readonly object: IntegrationObject
  /** The connection it begins with. (Default: the object's first) */
  readonly connection?: string
  readonly times: Times
  readonly onChanged: () => Promise<void>
  readonly onClose: () => void
}

/** The window with the six actions on an object, each for one connection of it and with its price first (C20). */
export function ActionWindow({ integration, object, connection, times, onChanged, onClose }: ActionWindowProps) {
  const places = integration.connections.filter((c) => c.object === object.id)
  const [chosen, setChosen] = useState(connection ?? places[0]?.id ?? '')
  const place = places.find((c) => c.id === chosen)
  return (
    <Modal isOpen onClose={onClose} title={WORDS.title(object.name)} width={680}>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <label className="block">
          <span className="label">{WORDS.where}</span>
          <select className="input" value={chosen} onChange={(event) => setChosen(event.target.value)}>
            {places.map((c) => (
              <option key={c.id} value={c.id}>
                {PAGE.sheetLine(c.workbook.name, c.sheet.name)}
              </option>
            ))}
          </select>
        </label>
        {place !== undefined && (
          <>
            <p className="m-0 flex flex-wrap items-center gap-x-4 gap-y-1 text-ink-2">
              <span>{PAGE.linked(place.linkedRecords)}</span>
              {place.staged > 0 && <span>{PAGE.staged(place.staged)}</span>}
              <span>
                {PAGE.latest}: <LatestPull pull={place.latestPull} times={times} />
              </span>
              <a className="ml-auto inline-flex min-h-6 items-center" href={`/w/${place.workbook.id}`}>
                {WORDS.openWorkbook}
              </a>
            </p>
            <Actions
              key={place.id}
              integration={integration}
              object={object}
              workbook={place.workbook.id}
              id={place.id}
              onChanged={onChanged}
            />
          </>
        )}
      </div>
    </Modal>
  )
}

interface ActionsProps {
  readonly integration: Integration
  readonly object: IntegrationObject
  readonly workbook: string
  readonly id: string
  readonly onChanged: () => Promise<void>
}

/** Why nothing may be started just now; `undefined` where it may. */
function stopText(integration: Integration, object: IntegrationObject, connection: ConnectionInfo | undefined): string | undefined {
  if (integration.auth.state !== 'authorised') return TEXTS.integrations.stateText[integration.auth.state](integration.appName)
  if (!integration.isOn) return WORDS.paused(integration.name)
  if (connection?.isPaused) return WORDS.connectionPaused
  if (object.direction === 'disabled') return WORDS.disabled
  return undefined
}

function Actions({ integration, object, workbook, id, onChanged }: ActionsProps) {
  const [connection, setConnection] = useState<ConnectionInfo>()
  const [preview, setPreview] = useState<Preview>()
  const [isShown, setShown] = useState(false)
  const [run, setRun] = useState<string>()
  const [error, setError] = useState<unknown>()
  /** A press while another is under way is none; the button stays, so that the focus does. */
  const isBusy = useRef(false)

  const load = useCallback(async (): Promise<void> => {
    const { connections } = await callApi('listConnections', { query: { workbook } })
    const found = connections.find((c) => c.id === id)
    setConnection(found)
    if (found?.activeRun != null) setRun(found.activeRun)
    if (found?.description !== undefined) setPreview(await callApi('previewSync', { params: { id }, body: {} }))
  }, [workbook, id])
  useEffect(() => {
    load().catch(setError)
  }, [load])

  const during = async (work: () => Promise<void>): Promise<void> => {
    if (isBusy.current) return
    isBusy.current = true
    setError(undefined)
    try {
      await work()
    } catch (failure) {
      setError(failure)
    } finally {
      isBusy.current = false
    }
  }
  const start = (begin: () => Promise<{ run: string }>): void =>
    void during(async () => {
      setRun((await begin()).run)
      onChanged().catch(setError)
    })
  const afterRun = useCallback((): void => {
    Promise.all([load(), onChanged()]).catch(setError)
  }, [load, onChanged])

  const stop = stopText(integration, object, connection)
  const params = { id }
  const isDescribed = connection?.description !== undefined
  const canPull = object.direction === 'pull' || object.direction === 'push-pull'
  const isOff = stop !== undefined || connection === undefined
  return (
    <>
      {stop !== undefined && (
        <p role="status" className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">
          {stop}
        </p>
      )}
      {run !== undefined && <RunLine key={run} id={run} onEnded={afterRun} />}
      <Failure error={error} />

      <Action title={WORDS.importNow} price={WORDS.importPrice}>
        {!canPull && <p className="m-0 text-ink-2">{WORDS.onlyPush}</p>}
        {connection !== undefined && (
          <p className="m-0 text-ink-2">
            {connection.filter === '' ? (
              WORDS.importNowText('')
            ) : (
              <>
                {WORDS.importFilter} <code className="break-words">{connection.filter}</code>
              </>
            )}
          </p>
        )}
        <ImportNow
          id={id}
          filter={connection?.filter ?? ''}
          isOff={isOff || !isDescribed || !canPull}
          onImport={(filter) => start(() => callApi('importRecords', { params, body: { filter } }))}
        />
      </Action>

      <Action title={WORDS.importWith} price={WORDS.importPrice}>
        <FilterForm
          id={id}
          language={connection?.description?.filterLanguage ?? ''}
          example={connection?.description?.filterExample ?? ''}
          isOff={isOff || !isDescribed || !canPull}
          onImport={(filter) => start(() => callApi('importRecords', { params, body: { filter } }))}
        />
      </Action>

      <Action title={WORDS.choose}>
        {connection !== undefined && (
          <SyncedFields
            connection={connection}
            isOff={isOff}
            onRun={setRun}
            onChanged={async () => {
              await load()
              await onChanged()
            }}
          />
        )}
      </Action>

      <Action title={WORDS.refresh}>
        <p className="m-0 text-ink-2">{WORDS.refreshText}</p>
        <span>
          <Button isDisabled={isOff} onPress={() => start(() => callApi('refreshFields', { params }))}>
            {WORDS.refreshButton}
          </Button>
        </span>
      </Action>

      <Action title={WORDS.preview}>
        <p className="m-0 text-ink-2">{isDescribed || connection === undefined ? WORDS.previewText : WORDS.noFields}</p>
        <span>
          <Button
            isDisabled={!isDescribed}
            onPress={() =>
              void during(async () => {
                setPreview(await callApi('previewSync', { params, body: {} }))
                setShown(true)
              })
            }
          >
            {isShown ? WORDS.previewAgain : WORDS.previewButton}
          </Button>
        </span>
        {isShown && preview !== undefined && (
          <PreviewPart
            preview={preview}
            isOff={isOff}
            onRun={() => start(() => callApi('startSync', { params, body: { planId: preview.planId } }))}
          />
        )}
      </Action>

      <Action title={WORDS.sync}>
        <p className="m-0 text-ink-2">
          {preview !== undefined
            ? WORDS.syncText(preview.push.length, preview.pull.records)
            : isDescribed
              ? WORDS.syncUnknown
              : WORDS.noFields}
        </p>
        <span>
          <Button
            look="primary"
            isDisabled={isOff || preview === undefined}
            onPress={() => start(() => callApi('startSync', { params, body: {} }))}
          >
            {preview === undefined ? WORDS.sync : WORDS.syncButton(preview.totalCredits)}
          </Button>
        </span>
      </Action>
    </>
  )
}

function Action({ title, price, children }: { title: string; price?: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="grid grid-cols-[minmax(0,1fr)] gap-2 border-t border-line-2 pt-3">
      <h3 className="m-0 flex flex-wrap items-baseline gap-x-3 text-[length:inherit] font-semibold">
        {title}
        {price !== undefined && <span className="hint font-normal">{price}</span>}
      </h3>
      {children}
    </section>
  )
}

interface FilterFormProps {
  readonly id: string
  readonly language: string
  readonly example: string
  readonly isOff: boolean
  readonly onImport: (filter: string) => void
}

/** What a filter would bring, asked of the app before anything is brought; no credit. */
function useLook(id: string) {
  const [looked, setLooked] = useState<AnswerOf<'lookAtFilter'>>()
  const [error, setError] = useState<unknown>()
  const isLooking = useRef(false)
  const look = async (filter: string): Promise<void> => {
    if (isLooking.current) return
    isLooking.current = true
    setError(undefined)
    try {
      setLooked(await callApi('lookAtFilter', { params: { id }, body: { filter } }))
    } catch (failure) {
      setError(failure)
    } finally {
      isLooking.current = false
    }
  }
  const text = looked === undefined ? '' : WORDS.looked(looked.total, looked.here, looked.fresh, looked.isComplete)
  return { look, text, error, forget: () => setLooked(undefined) }
}

interface ImportNowProps {
  readonly id: string
  readonly filter: string
  readonly isOff: boolean
  readonly onImport: (filter: string) => void
}

/** An import by the connection's own filter. */
function ImportNow({ id, filter, isOff, onImport }: ImportNowProps) {
  const { look, text, error } = useLook(id)
  return (
    <>
      <span className="flex flex-wrap items-center gap-2">
        <Button isDisabled={isOff} onPress={() => onImport(filter)}>
          {WORDS.importNow}
        </Button>
        <Button isDisabled={isOff} onPress={() => void look(filter)}>
          {WORDS.look}
        </Button>
        <span role="status" className="text-ink-2">
          {text}
        </span>
      </span>
      <Failure error={error} />
    </>
  )
}

/** An import by the app's own query. */
function FilterForm({ id, language, example, isOff, onImport }: FilterFormProps) {
  const [filter, setFilter] = useState('')
  const { look, text, error, forget } = useLook(id)
  const isEmpty = filter.trim() === ''
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isOff && !isEmpty) void look(filter.trim())
      }}
    >
      <label className="block">
        <span className="label">{WORDS.importLabel(language)}</span>
        <input
          className="input font-mono"
          spellCheck={false}
          autoComplete="off"
          maxLength={4_000}
          placeholder={example}
          value={filter}
          onChange={(event) => {
            setFilter(event.target.value)
            forget()
          }}
        />
      </label>
      <span className="flex flex-wrap items-center gap-2">
        <Button type="submit" isDisabled={isOff || isEmpty}>
          {WORDS.look}
        </Button>
        <Button isDisabled={isOff || isEmpty} onPress={() => onImport(filter.trim())}>
          {WORDS.importButton}
        </Button>
        <span role="status" className="text-ink-2">
          {text}
        </span>
      </span>
      <Failure error={error} />
    </form>
  )
}

/** How a run goes on, quietly; it is asked for until it is over. */
function RunLine({ id, onEnded }: { id: string; onEnded: () => void }) {
  const [run, setRun] = useState<Run>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async (): Promise<void> => {
      try {
        const answer = await callApi('getRun', { params: { id } })
        if (isOver) return
        setRun(answer)
        setError(undefined)
        if (answer.endedAt === null) timer = setTimeout(() => void ask(), AGAIN_MS)
        else onEnded()
      } catch (failure) {
        if (isOver) return
        setError(failure)
        timer = setTimeout(() => void ask(), AGAIN_MS)
      }
    }
    void ask()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [id, onEnded])
  const step = run?.progress ?? null
  return (
    <div role="status" className="flex flex-wrap items-center gap-x-3 rounded-md border border-line bg-wash px-3 py-2">
      <span className="min-w-0 flex-1">
        {run === undefined || run.endedAt === null
          ? `${run === undefined ? WORDS.started : TEXTS.run.state[run.state]}${step === null ? '' : ` · ${step.done} / ${step.total}`}`
          : `${WORDS.ended}: ${runLine(run)}`}
      </span>
      <a className="inline-flex min-h-6 items-center" href={`/runs/${id}`}>
        {WORDS.openLog}
      </a>
      <Failure error={error} />
    </div>
  )
}

/** A run that is under way is asked for again after this long. ms. */
const AGAIN_MS = 1_000
