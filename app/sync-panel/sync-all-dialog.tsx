import { useEffect, useState } from 'react'
import type { Preview } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { DataTable } from '../kit/facts.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { creditsText, TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { isLeftOut, type PricedApp, pricedApps } from './sync-all.ts'

/** Every connection of the workbook with what its sync would do and cost; one action syncs all of an app, or everything. */
export function SyncAllDialog({ session, state, info, onClose }: DialogsProps) {
  const [previews, setPreviews] = useState<ReadonlyMap<string, Preview>>(new Map())
  const [isLoaded, setLoaded] = useState(false)
  const [error, setError] = useState<unknown>()
  const [isStarting, setStarting] = useState(false)
  const [said, setSaid] = useState<readonly string[]>([])
  const isOnline = state.link.kind === 'online'
  const T = TEXTS.syncAll
  const ids = info.connections
    .filter((connection) => !isLeftOut(connection))
    .map(({ id }) => id)
    .join(' ')
  useEffect(() => {
    let isLeft = false
    const load = async (): Promise<void> => {
      await session.flush()
      for (const id of ids.split(' ').filter(Boolean)) {
        const preview = await callApi('previewSync', { params: { id }, body: { mode: 'two-way' } })
        if (isLeft) return
        setPreviews((before) => new Map(before).set(id, preview))
      }
      setLoaded(true)
    }
    load().catch((failure) => !isLeft && setError(failure))
    return () => {
      isLeft = true
    }
  }, [session, ids])

  const apps = pricedApps(info.connections, previews)
  const total = apps.reduce((sum, { credits }) => sum + credits, 0)
  const nameOf = (id: string): string => {
    const connection = info.connections.find((one) => one.id === id)
    return connection === undefined ? id : `${connection.integration.appName} · ${connection.object.name}`
  }
  const start = async (wanted: readonly PricedApp[]): Promise<void> => {
    setStarting(true)
    setError(undefined)
    try {
      const lines: string[] = []
      for (const { integration } of wanted) {
        const { runs, skipped } = await callApi('syncIntegration', {
          params: { id: integration.id },
          body: { mode: 'two-way', workbook: info.id },
        })
        const joined = runs.filter((run) => run.joined).length
        if (runs.length > joined) lines.push(T.started(runs.length - joined))
        if (joined > 0) lines.push(T.joined(joined))
        lines.push(...skipped.map(({ connection, reason }) => T.skipped(nameOf(connection), reason)))
      }
      setSaid(lines)
      await session.fetchRuns()
    } catch (failure) {
      setError(failure)
    } finally {
      setStarting(false)
    }
  }
  const canStart = isOnline && isLoaded && !isStarting && said.length === 0
  return (
    <Modal
      isOpen
      onClose={onClose}
      width={760}
      title={T.title}
      note={T.note}
      foot={
        <>
          {apps.length > 1 && (
            <Button look="primary" isDisabled={!canStart} onPress={() => void start(apps)}>
              {T.everything(creditsText(total))}
            </Button>
          )}
          <Button look={said.length > 0 ? 'primary' : 'ghost'} onPress={onClose}>
            {TEXTS.close}
          </Button>
          <span role="status" className="ml-auto text-ink-2">
            {said.join(' ')}
          </span>
        </>
      }
    >
      <div className="grid gap-4">
        {!isLoaded && error === undefined && <p className="m-0 text-ink-3">{T.loading}</p>}
        {apps.map((app) => (
          <div key={app.integration.id}>
            <div className="mb-1.5 flex flex-wrap items-center gap-2">
              <h3 className="m-0 flex flex-1 items-center gap-1.5 text-xs font-semibold">
                <i className="swatch" style={{ background: appColor(app.integration.app) }} aria-hidden />
                {app.integration.name}
              </h3>
              <Button isDisabled={!canStart || !app.integration.isOn} onPress={() => void start([app])}>
                {T.app(app.integration.appName, creditsText(app.credits))}
              </Button>
            </div>
            <DataTable
              caption={app.integration.name}
              heads={[T.connection, T.what, { text: T.credits, isNumber: true }]}
              foot={
                <tr>
                  <th scope="row" colSpan={2}>
                    {T.sum}
                  </th>
                  <td className="text-right">{app.credits.toLocaleString()}</td>
                </tr>
              }
            >
              {app.lines.map(({ connection, preview, isLeftOut: isOut }) => (
                <tr key={connection.id}>
                  <th scope="row">
                    {connection.object.name}
                    <span className="block text-xs text-ink-3">{info.sheets.find(({ id }) => id === connection.sheet)?.name}</span>
                  </th>
                  <td className="text-ink-2">{isOut ? (connection.integration.isOn ? T.paused : T.off) : preview && whatText(preview)}</td>
                  <td className="text-right">{isOut ? 0 : preview?.totalCredits.toLocaleString()}</td>
                </tr>
              ))}
            </DataTable>
          </div>
        ))}
        <Failure error={error} />
      </div>
    </Modal>
  )
}

const whatText = ({ push, pull, held }: Preview): string =>
  [TEXTS.syncAll.line(push.length, pull.records), ...(held.length > 0 ? [TEXTS.syncAll.held(held.length)] : [])].join(', ')
