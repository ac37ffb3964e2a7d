import type { RunHead } from '../../server/api/contract.ts'
import { plural, TEXTS } from '../texts.ts'

type Counts = RunHead['counts']

/** What came of a run, counts that add up: “37 of 40 cells sent, 3 refused”. */
export function runLine(run: Pick<RunHead, 'kind' | 'mode' | 'state' | 'counts' | 'error'>): string {
  if (run.error !== null) return `${TEXTS.run.state[run.state]}: ${run.error.message}`
  const parts = outcomeParts(run)
  const done = parts.length === 0 ? TEXTS.run.state[run.state] : parts.join(', ')
  if (run.state === 'cancelled' || run.state === 'waiting' || run.state === 'failed') return `${TEXTS.run.state[run.state]}: ${done}`
  return run.kind === 'sync' ? done : `${TEXTS.run.kind[run.kind]}: ${done}`
}

function outcomeParts({ kind, mode, counts }: Pick<RunHead, 'kind' | 'mode' | 'counts'>): readonly string[] {
  const parts: string[] = []
  const add = (count: number, text: (n: number) => string): void => {
    if (count > 0) parts.push(text(count))
  }
  if (kind === 'sync' && mode === 'one-way') parts.push(TEXTS.run.oneWay)
  if (counts.planned > 0) parts.push(TEXTS.run.sent(counts.pushed, counts.planned))
  add(counts.refused, TEXTS.run.refused)
  add(counts.skipped, TEXTS.run.skipped)
  add(counts.unknown, TEXTS.run.unknown)
  add(counts.held, TEXTS.run.held)
  add(counts.created, TEXTS.run.created)
  add(counts.linked, TEXTS.run.linked)
  add(counts.pulled, TEXTS.run.pulled)
  add(counts.changed, TEXTS.run.changed)
  add(counts.differs, TEXTS.run.differs)
  add(counts.conflicts, TEXTS.run.conflicts)
  return parts
}

/** The receipt: planned = pushed + refused + skipped + unknown. */
export function balanceText(counts: Counts): string {
  const parts = [
    plural(counts.pushed, 'pushed', 'pushed'),
    plural(counts.refused, 'refused', 'refused'),
    plural(counts.skipped, 'skipped', 'skipped'),
    plural(counts.unknown, 'without an answer', 'without an answer'),
  ]
  return TEXTS.runs.balance(counts.planned, parts.join(' + '))
}

/** Where a run is: its place in the queue, or its step. */
export const stepText = ({ state, queuePlace }: Pick<RunHead, 'state' | 'queuePlace'>): string =>
  state === 'queued' ? TEXTS.panel.queued(queuePlace) : TEXTS.run.state[state]

const SAFE = 'Nothing is lost.'

/** What a run says beside its progress; one that waits for the app says what has gone out already, and that the rest goes by itself. */
export function progressNote({ progress, counts, state }: Pick<RunHead, 'progress' | 'counts' | 'state'>): string {
  const note = progress?.note ?? ''
  if (!note.endsWith(SAFE) || counts.planned === 0) return note
  const sent = state === 'pushing' && progress !== null && progress.total > 0 ? progress.done : counts.pushed
  return `${note.slice(0, -SAFE.length)}${TEXTS.run.restGoes(sent, counts.planned)} ${SAFE}`
}
