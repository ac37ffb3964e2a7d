import { Plus } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import type { AnswerOf } from '../../../server/api/contract.ts'
import { callApi } from '../../api-client.ts'
import { appColor } from '../../kit/app-colors.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import type { Times } from '../../kit/times.ts'
import { TEXTS } from '../../texts.ts'
import { AddDialog } from './add-dialog.tsx'
import { authLine, type ListedIntegration, StatePills, SyncSwitch } from './parts.tsx'
import { integrationPath } from './place.ts'

const WORDS = TEXTS.integrations

/** The authorised accounts of connected apps with their state, and the apps that are to come. */
export function IntegrationList({ times }: { readonly times: Times }) {
  const [answer, setAnswer] = useState<AnswerOf<'listIntegrations'>>()
  const [error, setError] = useState<unknown>()
  const [failed, setFailed] = useState<AnswerOf<'getAuthorization'>>()
  const [dialog, setDialog] = useState<{ kind: 'add' } | { kind: 'reconnect'; integration: ListedIntegration }>()
  const load = useCallback(() => callApi('listIntegrations', {}).then(setAnswer, setError), [])
  useEffect(() => void load(), [load])
  useEffect(() => {
    const attempt = new URLSearchParams(window.location.search).get('authorization')
    if (attempt === null) return
    // Told once: a reload begins anew.
    window.history.replaceState(null, '', window.location.pathname)
    callApi('getAuthorization', { params: { attempt } }).then(setFailed, setError)
  }, [])
  const toggle = async (id: string, isOn: boolean): Promise<void> => {
    setError(undefined)
    try {
      await callApi('patchIntegration', { params: { id }, body: { isOn } })
      await load()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <PageFrame
      title={WORDS.title}
      tools={
        <Button look="primary" onPress={() => setDialog({ kind: 'add' })}>
          <Plus size={14} aria-hidden /> {WORDS.add}
        </Button>
      }
    >
      <p className="m-0 mb-4 text-ink-2">{WORDS.lead}</p>
      <Failure error={error} />
      {failed !== undefined && (
        <p role="alert" className="m-0 mb-3 rounded-md border border-line border-l-[3px] border-l-bad px-3 py-2">
          <b className="font-semibold">
            {WORDS.signInFailed(failed.appName)} {failed.problem.message}
          </b>{' '}
          <span className="text-ink-2">{failed.problem.advice}</span>
        </p>
      )}
      {answer === undefined && error === undefined && <p className="text-ink-3">{WORDS.loading}</p>}
      {answer?.integrations.length === 0 && <p className="text-ink-2">{WORDS.empty}</p>}
      <ul className="m-0 grid list-none gap-2 p-0" aria-label={WORDS.title}>
        {answer?.integrations.map((integration) => (
          <Card
            key={integration.id}
            integration={integration}
            times={times}
            onToggle={(isOn) => toggle(integration.id, isOn)}
            onReconnect={() => setDialog({ kind: 'reconnect', integration })}
          />
        ))}
      </ul>
      {(answer?.coming.length ?? 0) > 0 && (
        <section aria-labelledby="coming" className="mt-6">
          <h2 id="coming" className="m-0 text-sm font-semibold">
            {WORDS.coming}
          </h2>
          <p className="m-0 mt-1 text-ink-2">{answer?.coming.join(', ')}</p>
          <p className="m-0 text-ink-3">{WORDS.comingText}</p>
        </section>
      )}
      {dialog !== undefined && (
        <AddDialog
          {...(dialog.kind === 'reconnect' && { reconnect: dialog.integration })}
          coming={answer?.coming ?? []}
          names={answer?.integrations.map((i) => i.name) ?? []}
          onClose={() => setDialog(undefined)}
          onDone={(id) => window.location.assign(integrationPath(id))}
        />
      )}
    </PageFrame>
  )
}

interface CardProps {
  readonly integration: ListedIntegration
  readonly times: Times
  readonly onToggle: (isOn: boolean) => Promise<void>
  readonly onReconnect: () => void
}

function Card({ integration, times, onToggle, onReconnect }: CardProps) {
  const { id, name, app, appName, account, auth, isOn, objects } = integration
  const who = authLine(auth, times)
  return (
    <li className="rounded-lg border border-line px-4 py-3" aria-label={name}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <i className="swatch" style={{ background: appColor(app) }} aria-hidden />
        <h2 className="m-0 min-w-40 flex-1 text-[length:inherit] font-semibold">
          <a href={integrationPath(id)} className="inline-flex min-h-6 items-center">
            {name}
          </a>
        </h2>
        <StatePills integration={integration} />
        <SyncSwitch integration={integration} onChange={onToggle} />
      </div>
      <p className="m-0 mt-1 break-words text-ink-2">
        {appName} · {account}
        {who !== '' && <span className="text-ink-3"> · {who}</span>}
      </p>
      {!isOn && <p className="m-0 mt-1 text-ink-2">{WORDS.offText}</p>}
      {auth.state !== 'authorised' && (
        <p className="m-0 mt-1 flex flex-wrap items-center gap-2">
          <span className="text-ink-2">{WORDS.stateText[auth.state](appName)}</span>
          <Button isSmall onPress={onReconnect}>
            {WORDS.reconnect}
          </Button>
        </p>
      )}
      {objects.length > 0 && (
        <ul className="m-0 mt-2 grid list-none gap-1 p-0" aria-label={WORDS.objects}>
          {objects.map((object) => (
            <li key={object.id} className="flex flex-wrap gap-x-3 border-t border-line-2 pt-1">
              <span className="font-medium">{WORDS.object(object.name, object.externalName)}</span>
              <span className="text-ink-2">
                {WORDS.direction[object.direction](appName)} · {WORDS.schedule(object.schedule)}
                {object.isNightly ? ` · ${WORDS.nightly}` : ''}
              </span>
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}
