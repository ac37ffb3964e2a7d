'use client'

import { useEffect, useState } from 'react'
import { Switch } from 'react-aria-components'
import type { AnswerOf } from '../../../server/api/contract.ts'
import { callApi } from '../../api-client.ts'
import { appColor } from '../../kit/app-colors.ts'
import { Failure } from '../../kit/message.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { TEXTS } from '../../texts.ts'

type Answer = AnswerOf<'listIntegrations'>
type Integration = Answer['integrations'][number]

/** The authorised accounts of connected apps, each with its switch. */
export function Integrations() {
  const [answer, setAnswer] = useState<Answer>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    callApi('listIntegrations', {}).then(setAnswer, setError)
  }, [])
  const toggle = async (integration: Integration, isOn: boolean): Promise<void> => {
    setError(undefined)
    try {
      await callApi('patchIntegration', { params: { id: integration.id }, body: { isOn } })
      setAnswer(await callApi('listIntegrations', {}))
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <PageFrame title={TEXTS.integrations.title}>
      <Failure error={error} />
      {answer === undefined && error === undefined && <p className="text-ink-3">{TEXTS.integrations.loading}</p>}
      {answer?.integrations.length === 0 && <p className="text-ink-2">{TEXTS.integrations.empty}</p>}
      <ul className="m-0 grid list-none gap-2 p-0">
        {answer?.integrations.map((integration) => (
          <li key={integration.id} className="rounded-lg border border-line px-4 py-3">
            <div className="flex items-center gap-2">
              <i className="swatch" style={{ background: appColor(integration.app) }} aria-hidden />
              <b className="min-w-0 flex-1 font-semibold">{integration.name}</b>
              <Switch
                aria-label={TEXTS.integrations.toggle(integration.name)}
                isSelected={integration.isOn}
                onChange={(isOn) => void toggle(integration, isOn)}
                className="group flex min-h-6 items-center gap-2"
              >
                <span className="text-xs text-ink-2">{integration.isOn ? TEXTS.integrations.on : TEXTS.integrations.off}</span>
                <span className="flex h-5 w-9 items-center rounded-full border border-control bg-wash p-0.5 group-data-[focus-visible]:outline-2 group-data-[focus-visible]:outline-tide group-data-[selected]:border-tide group-data-[selected]:bg-tide">
                  <span className="size-3.5 rounded-full bg-control transition-transform group-data-[selected]:translate-x-4 group-data-[selected]:bg-on-tide motion-reduce:transition-none" />
                </span>
              </Switch>
            </div>
            <p className="m-0 mt-1 text-ink-2">
              {integration.appName} · {integration.account}
            </p>
            {!integration.isOn && <p className="m-0 mt-1 text-ink-2">{TEXTS.integrations.offText}</p>}
            <ul className="m-0 mt-2 grid list-none gap-1 p-0">
              {integration.objects.map((object) => (
                <li key={object.id} className="flex flex-wrap gap-x-3 border-t border-line-2 pt-1">
                  <span className="font-medium">{object.name}</span>
                  <span className="text-ink-2">
                    {object.external} · {TEXTS.panel.direction[object.direction]} · {TEXTS.integrations.schedule(object.schedule)}
                  </span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {(answer?.coming.length ?? 0) > 0 && (
        <p className="mt-4 text-ink-3">
          {TEXTS.integrations.coming}: {answer?.coming.join(', ')}
        </p>
      )}
    </PageFrame>
  )
}
