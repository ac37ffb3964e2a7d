import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import type { Run } from '../../server/api/contract.ts'
import { Button } from '../kit/button.tsx'
import { copyLabel, copyText } from '../kit/copy-text.ts'
import { Switches } from '../kit/facts.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'
import { type Call, isFailedCall, shownBody } from './call-text.ts'

const PAGE = 100

export const Method = ({ name }: { readonly name: string }) => (
  <span className="rounded bg-tide-wash px-1.5 py-0.5 font-mono text-[11px] font-semibold text-tide-ink">{name}</span>
)

type CallFilter = 'all' | 'failed' | Call['kind']

const nameOf = (filter: CallFilter): string =>
  filter === 'all' ? TEXTS.log.calls.all : filter === 'failed' ? TEXTS.log.calls.failed : TEXTS.runs.callKind[filter]

/** Every request of a run in its order: what for, where to, what came back, how long it took; the body when it is opened. */
export function CallList({ run, times }: { readonly run: Pick<Run, 'calls'>; readonly times: Times }) {
  const [filter, setFilter] = useState<CallFilter>('all')
  const [most, setMost] = useState(PAGE)
  const { calls } = run
  if (calls.length === 0) return <p className="m-0 text-ink-2">{TEXTS.runs.noCalls}</p>
  const count = (key: CallFilter): number => calls.filter((call) => isOf(call, key)).length
  const kinds = [...new Set(calls.map(({ kind }) => kind))]
  const filters = (['all', 'failed', ...kinds] as const).filter((key) => key === 'all' || count(key) > 0)
  const found = calls.filter((call) => isOf(call, filter))
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        {filters.length > 2 && (
          <Switches
            label={TEXTS.log.calls.filter}
            value={filter}
            options={filters.map((key) => ({ key, text: `${nameOf(key)} · ${count(key).toLocaleString('en')}` }))}
            onChange={setFilter}
          />
        )}
        <span className="hint">{TEXTS.log.calls.redacted}</span>
      </div>
      <ol className="m-0 grid list-none overflow-hidden rounded-lg border border-line p-0">
        {found.slice(0, most).map((call) => (
          <CallLine key={call.seq} call={call} times={times} />
        ))}
      </ol>
      {found.length > most && (
        <p className="m-0">
          <Button onPress={() => setMost(most + PAGE)}>{TEXTS.log.more(Math.min(PAGE, found.length - most))}</Button>
        </p>
      )}
    </div>
  )
}

const isOf = (call: Call, filter: CallFilter): boolean =>
  filter === 'all' || (filter === 'failed' ? isFailedCall(call) : call.kind === filter)

function CallLine({ call, times }: { readonly call: Call; readonly times: Times }) {
  const isFailed = isFailedCall(call)
  const answer = call.status === null ? TEXTS.log.calls.noAnswer : String(call.status)
  return (
    <li className="border-t border-line-2 first:border-t-0">
      <details className="group">
        <summary className="flex cursor-default flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5 hover:bg-hover">
          <ChevronRight size={14} aria-hidden className="flex-none text-ink-3 group-open:rotate-90" />
          <span
            className={`w-9 flex-none text-right font-mono text-xs font-semibold ${call.status === null ? 'w-auto!' : ''} ${isFailed ? 'text-bad' : 'text-ink-2'}`}
          >
            {answer}
          </span>
          <Method name={call.method} />
          <code className="min-w-0 flex-1 basis-40 font-mono text-xs break-all">{call.path}</code>
          {call.attempt > 1 && <span className="text-xs text-warn">{TEXTS.log.calls.attempts(call.attempt)}</span>}
          <span className="flex-none text-xs text-ink-2">{TEXTS.runs.callKind[call.kind]}</span>
          <span className="w-16 flex-none text-right text-xs text-ink-3">{times.span(call.ms)}</span>
        </summary>
        <div className="grid gap-2 border-t border-line-2 bg-wash px-3 py-2 text-xs">
          <dl className="m-0 flex flex-wrap gap-x-6 gap-y-1 [&_dd]:m-0 [&_dt]:text-ink-3">
            <div>
              <dt>{TEXTS.log.calls.at}</dt>
              <dd>{times.exact(call.at)}</dd>
            </div>
            <div>
              <dt>{TEXTS.log.calls.took}</dt>
              <dd>{times.span(call.ms)}</dd>
            </div>
            <div>
              <dt>{TEXTS.log.calls.attempt}</dt>
              <dd>{call.attempt}</dd>
            </div>
            <div>
              <dt>{TEXTS.log.calls.answer}</dt>
              <dd>{answer}</dd>
            </div>
            {call.note !== null && (
              <div>
                <dt>{TEXTS.log.calls.waited}</dt>
                <dd>{call.note}</dd>
              </div>
            )}
          </dl>
          {call.requestBody === null ? <p className="m-0 text-ink-2">{TEXTS.log.calls.noBody}</p> : <Body body={call.requestBody} />}
        </div>
      </details>
    </li>
  )
}

function Body({ body }: { readonly body: string }) {
  const [isCopied, setCopied] = useState<boolean>()
  const text = shownBody(body)
  return (
    <div className="grid gap-1">
      <span className="flex items-center gap-2">
        <b className="flex-1 font-semibold text-ink-2">{TEXTS.log.calls.body}</b>
        <Button isSmall look="ghost" onPress={() => void copyText(text).then(setCopied)}>
          {copyLabel(TEXTS.log.calls.copy, isCopied)}
        </Button>
      </span>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by the keyboard
        tabIndex={0}
        className="m-0 max-h-80 overflow-auto rounded-md border border-line bg-paper p-2 font-mono whitespace-pre-wrap break-all text-ink"
      >
        {text}
      </pre>
    </div>
  )
}
