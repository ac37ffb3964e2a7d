import type { ReactNode } from 'react'
import { Switch } from 'react-aria-components'
import type { AnswerOf } from '../../../server/api/contract.ts'
import type { Times } from '../../kit/times.ts'
import { TEXTS } from '../../texts.ts'
import { useAhead } from './use-ahead.ts'

const WORDS = TEXTS.integrations

export type Integration = AnswerOf<'getIntegration'>
export type ListedIntegration = AnswerOf<'listIntegrations'>['integrations'][number]
export type IntegrationObject = ListedIntegration['objects'][number]
export type Connection = Integration['connections'][number]
export type Direction = IntegrationObject['direction']

export const DIRECTIONS = ['push-pull', 'push', 'pull', 'disabled'] as const satisfies readonly Direction[]
export const SCHEDULES = [null, 5, 10, 15, 30, 60] as const

/** What to say of an integration's right to call its app: `ok` needs nobody. */
export type AuthTone = 'ok' | 'needs-person'

export const authTone = ({ state }: ListedIntegration['auth']): AuthTone => (state === 'authorised' ? 'ok' : 'needs-person')

/** Who authorised it, when, and until when; what is not known is left out. */
export function authLine(auth: ListedIntegration['auth'], times: Times): string {
  const when = auth.at === null ? '' : times.moment(auth.at)
  const by = auth.at === null ? '' : auth.byName === null ? WORDS.since(when) : WORDS.by(auth.byName, when)
  const until = auth.expiresAt === null || auth.state !== 'authorised' ? '' : WORDS.until(times.moment(auth.expiresAt))
  return [by, until].filter((text) => text !== '').join(' · ')
}

/** The state of an integration in a few words, never by colour alone. */
export function StatePills({ integration }: { readonly integration: ListedIntegration }) {
  const { auth, isSandbox, isOn } = integration
  return (
    <span className="flex flex-wrap gap-1.5">
      <span className={`pill ${authTone(auth) === 'ok' ? '' : 'border-warn text-warn'}`}>
        <i className={`dot ${auth.state === 'authorised' ? 'saved' : auth.state === 'never' ? 'offline' : 'refused'}`} aria-hidden />
        {WORDS.state[auth.state]}
      </span>
      {!isOn && (
        <span className="pill">
          <i className="dot offline" aria-hidden />
          {WORDS.off}
        </span>
      )}
      {isSandbox && <span className="pill">{WORDS.sandbox}</span>}
    </span>
  )
}

export interface SyncSwitchProps {
  readonly integration: Pick<ListedIntegration, 'name' | 'isOn'>
  /** Resolves when the server has taken it, or refused. */
  readonly onChange: (isOn: boolean) => Promise<unknown>
}

/** The global toggle of one integration. */
export function SyncSwitch({ integration, onChange }: SyncSwitchProps) {
  const [isOn, choose] = useAhead(integration.isOn, onChange)
  return (
    <Switch
      aria-label={WORDS.toggle(integration.name)}
      isSelected={isOn}
      onChange={choose}
      className="group flex min-h-6 items-center gap-2"
    >
      <span className="text-xs text-ink-2">{isOn ? WORDS.on : WORDS.off}</span>
      <span className="flex h-5 w-9 items-center rounded-full border border-control bg-wash p-0.5 group-data-[focus-visible]:outline-2 group-data-[focus-visible]:outline-tide group-data-[selected]:border-tide group-data-[selected]:bg-tide">
        <span className="size-3.5 rounded-full bg-control transition-transform group-data-[selected]:translate-x-4 group-data-[selected]:bg-on-tide motion-reduce:transition-none" />
      </span>
    </Switch>
  )
}

/** A part of a settings page, named by its heading. */
export function Section({ id, title, tools, children }: { id: string; title: string; tools?: ReactNode; children: ReactNode }) {
  return (
    <section aria-labelledby={id} className="mt-6 grid grid-cols-[minmax(0,1fr)] gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <h2 id={id} className="m-0 flex-1 text-sm font-semibold">
          {title}
        </h2>
        {tools}
      </div>
      {children}
    </section>
  )
}

/** `Latest pull` and its like: a fact with its name. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="m-0 break-words">{children}</dd>
    </div>
  )
}

/** When an object or connection was pulled last; a failed one is marked. */
export function LatestPull({ pull, times }: { pull: IntegrationObject['latestPull']; times: Times }) {
  if (pull === null) return <span className="text-ink-3">{WORDS.page.never}</span>
  if (pull.isFailed)
    return (
      <span className="text-bad">
        {times.moment(pull.at)}, {WORDS.page.failed}
      </span>
    )
  return (
    <span>
      {times.moment(pull.at)} <span className="text-ink-3">· {WORDS.page.records(pull.records)}</span>
    </span>
  )
}
