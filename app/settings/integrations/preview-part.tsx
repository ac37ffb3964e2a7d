import type { Preview } from '../../../server/api/contract.ts'
import { Button } from '../../kit/button.tsx'
import { TEXTS } from '../../texts.ts'

const WORDS = TEXTS.integrations.window

/** Most calls that are listed; the workbook's own preview has them all. */
const MOST_CALLS = 20
const MOST_HELD = 20

/** What a sync would do: its calls in order, what is held and why, and the button that runs just this. */
export function PreviewPart({ preview, isOff, onRun }: { preview: Preview; isOff: boolean; onRun: () => void }) {
  const { calls, held, pull, totalCredits } = preview
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-2 rounded-md border border-line px-3 py-2">
      {held.length > 0 && (
        <div>
          <p className="m-0 text-warn">{WORDS.held(held.length)}</p>
          <ul className="m-0 grid list-disc gap-0.5 pl-5">
            {held.slice(0, MOST_HELD).map(({ cell, text }) => (
              <li key={`${cell.row}:${cell.field}`}>
                {cell.recordKey}: {text}
              </li>
            ))}
          </ul>
          {held.length > MOST_HELD && <p className="hint m-0">{TEXTS.preview.more(held.length - MOST_HELD)}</p>}
        </div>
      )}
      <p className="m-0">{calls.length === 0 ? WORDS.noCalls : WORDS.calls(calls.length)}</p>
      <ol className="m-0 grid list-decimal gap-1 pl-5">
        {calls.slice(0, MOST_CALLS).map((call) => (
          <li key={`${call.method} ${call.path} ${call.deltas.map((d) => d.recordId).join()}`} className="min-w-0">
            <code className="break-words">
              {call.method} {call.path}
            </code>
            <span className="block break-words text-xs text-ink-2">
              {call.deltas
                .map((d) => `${d.recordKey}: ${d.changes.map((c) => `${c.field} → ${String(c.value ?? '∅')}`).join(', ')}`)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ol>
      {calls.length > MOST_CALLS && <p className="hint m-0">{TEXTS.preview.more(calls.length - MOST_CALLS)}</p>}
      <p className="m-0 text-ink-2">{WORDS.pullCalls(pull.records, pull.calls)}</p>
      <span>
        <Button isDisabled={isOff} onPress={onRun}>
          {WORDS.runPlan(totalCredits)}
        </Button>
      </span>
    </div>
  )
}
