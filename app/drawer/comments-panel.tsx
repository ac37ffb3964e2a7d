import { useEffect, useState } from 'react'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Thread } from '../../workbook/talk.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { CommentThread, type TalkContext } from './comment-thread.tsx'
import { SidePanel } from './side-panel.tsx'
import { unreadIn } from './talk-marks.ts'

const T = TEXTS.talk

export interface CommentsPanelProps extends TalkContext {
  /** What a place is called: the row, and the field where it is a cell. */
  readonly placeName: (place: Thread['place']) => string
  readonly onGoTo: (cell: { readonly row: RowId; readonly field: FieldId | undefined }) => void
  readonly onClose: () => void
}

/** All comments of the sheet, newest thread last; resolved ones on request. */
export function CommentsPanel({ placeName, onGoTo, onClose, ...context }: CommentsPanelProps) {
  const { talk, me } = context
  const [hasResolved, setResolved] = useState(false)
  const open = talk.threads.filter((thread) => thread.resolved === undefined)
  const resolved = talk.threads.filter((thread) => thread.resolved !== undefined)
  const shown = hasResolved ? [...open, ...resolved] : open
  // What was new when the panel was opened stays marked while it is.
  const [seen] = useState(talk.seen)
  const key = shown.map(({ id, comments }) => `${id}:${comments.length}`).join(' ')
  // biome-ignore lint/correctness/useExhaustiveDependencies: seen again when something else is shown
  useEffect(() => talk.see(shown), [key])
  return (
    <SidePanel label={T.title} title={T.title} closeLabel={T.close} onClose={onClose} focusKey="comments">
      <div className="grid gap-3">
        {talk.threads.length === 0 && <p className="m-0 text-ink-2">{T.none}</p>}
        {talk.threads.length > 0 && open.length === 0 && <p className="m-0 text-ink-2">{T.noneOpen}</p>}
        {shown.map((thread) => (
          <section key={thread.id} className="grid gap-1" aria-label={placeName(thread.place)}>
            <span>
              <Button look="link" onPress={() => onGoTo(thread.place)}>
                {placeName(thread.place)}
              </Button>
            </span>
            <CommentThread {...context} thread={thread} unread={unreadIn(thread, seen, me)} />
          </section>
        ))}
        {resolved.length > 0 && (
          <span>
            <Button isSmall onPress={() => setResolved(!hasResolved)}>
              {hasResolved ? T.hideResolved : T.showResolved(resolved.length)}
            </Button>
          </span>
        )}
      </div>
    </SidePanel>
  )
}
