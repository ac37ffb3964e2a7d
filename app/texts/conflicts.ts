import { counted } from './words.ts'

/** Texts of the questions that wait for a person, answered one by one or many at once. */
export const CONFLICTS_TEXTS = {
  title: (n: number) => (n === 0 ? 'Nothing needs you here' : `${counted(n, 'cell needs', 'cells need')} you`),
  open: 'Answer them…',
  lead: 'Nothing is sent by an answer: your value goes with the next sync.',
  done: 'All are answered. What you chose to send goes with the next sync.',
  base: 'Before',
  mine: (who: string) => (who === '' ? 'Yours' : `${who}’s`),
  sent: (who: string) => (who === '' ? 'You sent' : `${who} sent`),
  theirs: (app: string) => `${app}’s`,
  refused: (app: string) => `${app} has`,
  typedAt: (who: string, when: string) => `${who}, ${when}`,
  seenAt: (who: string, when: string) => (who === '' ? `seen ${when}` : `${who}, seen ${when}`),
  run: 'the run',
  nothing: 'nothing',
  goTo: 'Go to the cell',
  select: (place: string) => `Select ${place}`,
  selectAll: 'Select all',
  keys: (next: string, before: string) => `${next} next, ${before} previous`,
  position: (at: number, all: number) => `${at} of ${all}`,

  rule: {
    title: 'Answer many at once',
    scope: 'Which',
    all: (n: number) => `All ${n.toLocaleString('en')}`,
    selected: (n: number) => `Selected · ${n.toLocaleString('en')}`,
    field: (name: string, n: number) => `${name} · ${n.toLocaleString('en')}`,
    app: (name: string, n: number) => `${name} · ${n.toLocaleString('en')}`,
    kind: (name: string, n: number) => `${name} · ${n.toLocaleString('en')}`,
    verb: 'Answer',
    'keep-app': (app: string) => `Keep ${app === '' ? 'the app’s' : `${app}’s`}`,
    'send-mine': 'Send mine',
    nothing: 'None of these can be answered this way.',
    apply: (n: number) => `Answer ${counted(n, 'cell')}`,
    dry: {
      conflicts: (n: number, verb: 'keep-app' | 'send-mine') =>
        verb === 'keep-app'
          ? `${counted(n, 'conflict takes', 'conflicts take')} the app’s value`
          : `${counted(n, 'conflict sends', 'conflicts send')} yours`,
      differs: (n: number, verb: 'keep-app' | 'send-mine') =>
        verb === 'keep-app'
          ? `${counted(n, 'warning keeps', 'warnings keep')} what the app saved`
          : `${counted(n, 'warning sends', 'warnings send')} yours again`,
      refused: (n: number, verb: 'keep-app' | 'send-mine') =>
        verb === 'keep-app'
          ? `${counted(n, 'refused value is', 'refused values are')} put back`
          : `${counted(n, 'refused value is', 'refused values are')} tried again`,
      late: (n: number, verb: 'keep-app' | 'send-mine') =>
        verb === 'keep-app'
          ? `${counted(n, 'late edit gives', 'late edits give')} way to what was sent`
          : `${counted(n, 'late edit is', 'late edits are')} sent`,
      left: (n: number) => `${counted(n, 'cell stays', 'cells stay')} for you to decide one by one`,
    },
    undo: 'Ctrl+Z takes it back as one step.',
    said: (n: number) => `${counted(n, 'cell')} answered. Ctrl+Z takes it back.`,
  },
  kinds: { conflict: 'Changed in both', differs: 'Saved differently', refused: 'Refused', concurrent: 'Typed at the same time' },

  accepted: {
    title: 'Always accepted',
    line: (kind: string, field: string) => `${kind.charAt(0).toUpperCase()}${kind.slice(1)} in ${field}`,
    by: (who: string, when: string) => [who, when].filter(Boolean).join(', '),
    stop: 'Warn again',
    stopLabel: (kind: string, field: string) => `Warn again of ${kind} in ${field}`,
    stopped: (kind: string, field: string) => `Differences in ${kind} in ${field} are warned of again.`,
    here: (kinds: string) => `Differences in ${kinds} are always accepted in this field.`,
  },
  across: (n: number, sheet: string) => `${counted(n, 'cell needs', 'cells need')} you in ${sheet}.`,
} as const
