import { useEffect, useState } from 'react'
import type { Field } from '../../workbook/fields.ts'
import { cryptoRandomBytes, type FieldId, type RowId } from '../../workbook/ids.ts'
import { addComment } from '../../workbook/talk.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { CommentBox } from './comment-box.tsx'
import { CommentThread, type TalkContext } from './comment-thread.tsx'
import { unreadIn } from './talk-marks.ts'

const T = TEXTS.talk
const ROW = ''

export interface RowCommentsProps extends TalkContext {
  readonly row: RowId
  readonly fields: readonly Field[]
  /** The cell a comment was asked for. */
  readonly field: FieldId | undefined
}

/** The threads of a row and its cells, and a new one. */
export function RowComments({ row, fields, field, ...context }: RowCommentsProps) {
  const { session, talk, me, people, nameOf, refusal } = context
  const [place, setPlace] = useState<string>(field ?? ROW)
  const [hasResolved, setResolved] = useState(false)
  const [seen] = useState(talk.seen)
  const all = talk.threads.filter((thread) => thread.place.row === row)
  const shown = all.filter((thread) => hasResolved || thread.resolved === undefined)
  const resolvedCount = all.filter((thread) => thread.resolved !== undefined).length
  const key = shown.map(({ id, comments }) => `${id}:${comments.length}`).join(' ')
  // biome-ignore lint/correctness/useExhaustiveDependencies: seen again when something else is shown
  useEffect(() => talk.see(shown), [key])
  const named = fields.find((f) => f.id === place)
  const send = (text: string): void => {
    addComment(talk.doc, { place: { row, field: named?.id }, text }, session.editor(), cryptoRandomBytes)
  }
  return (
    <section aria-label={T.title} className="grid gap-2">
      <h3 className="label m-0">{T.title}</h3>
      {shown.map((thread) => (
        <div key={thread.id} className="grid gap-1">
          <span className="hint">{fields.find((f) => f.id === thread.place.field)?.name ?? T.onRow}</span>
          <CommentThread {...context} thread={thread} unread={unreadIn(thread, seen, me)} />
        </div>
      ))}
      {resolvedCount > 0 && (
        <span>
          <Button isSmall look="ghost" onPress={() => setResolved(!hasResolved)}>
            {hasResolved ? T.hideResolved : T.showResolved(resolvedCount)}
          </Button>
        </span>
      )}
      {refusal === undefined ? (
        <>
          <select className="input" aria-label={T.where} value={place} onChange={(event) => setPlace(event.target.value)}>
            <option value={ROW}>{T.onRow}</option>
            {fields.map((f) => (
              <option key={f.id} value={f.id}>
                {f.name}
              </option>
            ))}
          </select>
          <CommentBox
            key={`${row}:${field ?? ''}`}
            label={named === undefined ? T.write : T.writeOn(named.name)}
            button={T.send}
            people={people}
            nameOf={nameOf}
            draft={`row ${row}`}
            isFocused={field !== undefined}
            onSend={send}
          />
        </>
      ) : (
        <p className="hint m-0">{T.readOnly}</p>
      )}
    </section>
  )
}
