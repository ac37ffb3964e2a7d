import type { Preview } from '../../server/api/contract.ts'
import { creditsText, plural, TEXTS } from '../texts.ts'

export interface PreviewWords {
  readonly title: string
  readonly fieldName: (field: string) => string
  /** What a cell is changed from and to, told apart. */
  readonly apart: (cell: Preview['push'][number]) => readonly [from: string, to: string]
}

/** A preview as plain text, whole: for a message to a colleague or a ticket. */
export function previewText(preview: Preview, words: PreviewWords): string {
  const { push, held, calls, pull, check } = preview
  const lines = [
    words.title,
    [
      `${plural(push.length, 'cell')} to push`,
      plural(calls.length, 'write call'),
      `${plural(pull.records, 'record')} to pull`,
      `${held.length} held`,
      creditsText(preview.totalCredits),
    ].join(', '),
  ]
  if (held.length > 0) lines.push('', TEXTS.preview.needsYou)
  for (const { cell, text } of held) lines.push(`- ${cell.recordKey} · ${words.fieldName(cell.field)}: ${text}`)
  lines.push('', calls.length > 0 ? TEXTS.preview.push : TEXTS.preview.nothingToPush)
  if (check.calls > 0) lines.push(TEXTS.preview.firstCheck(check.calls, check.records))
  for (const call of calls) {
    lines.push(`${call.method} ${call.path}`)
    for (const cell of cellsOfCall(preview, call)) {
      lines.push(`  ${cell.recordKey} · ${words.fieldName(cell.field)}: ${words.apart(cell).join(' → ')}`)
    }
    lines.push(`  ${JSON.stringify(call.body)}`)
  }
  lines.push('', TEXTS.preview.thenPull, pull.records > 0 ? TEXTS.preview.pullText(pull.records, pull.calls) : TEXTS.preview.noPull)
  return lines.join('\n')
}

/** The cells that a call sends. */
export function cellsOfCall(preview: Pick<Preview, 'push'>, call: Preview['calls'][number]): Preview['push'] {
  const sent = new Set(call.deltas.flatMap((delta) => delta.changes.map((change) => `${delta.recordId}\u0000${change.field}`)))
  return preview.push.filter((cell) => sent.has(`${cell.recordId}\u0000${cell.external}`))
}

/** The credits of a call: one a changed cell; two rows of one record are one. */
export const creditsOfCall = (call: Preview['calls'][number]): number => call.deltas.reduce((sum, delta) => sum + delta.changes.length, 0)
