import { useState } from 'react'
import { cryptoRandomBytes } from '../../workbook/ids.ts'
import { addComment, type Comment, deleteComment, editComment, resolveThread, type Thread } from '../../workbook/talk.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { Button } from '../kit/button.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'
import { CommentBox } from './comment-box.tsx'
import { type Mentionable, textPieces } from './mentions.ts'
import type { Talk } from './use-talk.ts'

/** What threads need besides themselves. */
export interface TalkContext {
  readonly session: WorkbookSession
  readonly talk: Talk
  readonly me: string
  readonly people: readonly Mentionable[]
  readonly nameOf: (person: string) => string
  readonly times: Times
  /** Why nobody writes here; absent where they may. */
  readonly refusal: string | undefined
}

const T = TEXTS.talk

/** One thread: its comments, a reply, resolving it. */
export function CommentThread({ thread, unread, ...context }: TalkContext & { readonly thread: Thread; readonly unread: number }) {
  const { session, talk, people, nameOf, times, refusal } = context
  const [isReplying, setReplying] = useState(false)
  const [first] = thread.comments
  const starter = nameOf(first?.by ?? '')
  const resolve = (isResolved: boolean): void => resolveThread(talk.doc, thread.id, isResolved, session.editor())
  const reply = (text: string): void => {
    addComment(talk.doc, { place: thread.place, thread: thread.id, text }, session.editor(), cryptoRandomBytes)
    setReplying(false)
  }
  return (
    <article aria-label={T.thread(starter)} className="grid gap-2 rounded-lg border border-line bg-paper px-3 py-2" data-thread={thread.id}>
      <ol className="m-0 grid list-none gap-2 p-0">
        {thread.comments.map((comment, i) => (
          <CommentLine key={comment.id} {...context} comment={comment} isNew={i >= thread.comments.length - unread} />
        ))}
      </ol>
      {thread.resolved !== undefined && (
        <p className="hint m-0">{T.resolvedBy(nameOf(thread.resolved.by), times.moment(thread.resolved.at))}</p>
      )}
      {refusal === undefined &&
        (isReplying ? (
          <CommentBox
            label={T.replyTo(starter)}
            button={T.sendReply}
            people={people}
            nameOf={nameOf}
            draft={`thread ${thread.id}`}
            isFocused
            onSend={reply}
            onCancel={() => setReplying(false)}
          />
        ) : (
          <span className="flex gap-1">
            <Button isSmall look="ghost" onPress={() => setReplying(true)}>
              {T.reply}
            </Button>
            <Button isSmall look="ghost" onPress={() => resolve(thread.resolved === undefined)}>
              {thread.resolved === undefined ? T.resolve : T.reopen}
            </Button>
          </span>
        ))}
    </article>
  )
}

function CommentLine({
  session,
  talk,
  me,
  people,
  nameOf,
  times,
  refusal,
  comment,
  isNew,
}: TalkContext & { comment: Comment; isNew: boolean }) {
  const [isEditing, setEditing] = useState(false)
  const [isAsked, setAsked] = useState(false)
  const isMine = comment.by === me && refusal === undefined && comment.text !== ''
  if (isEditing) {
    return (
      <li>
        <CommentBox
          label={T.edit}
          button={T.save}
          people={people}
          nameOf={nameOf}
          text={comment.text}
          draft={`comment ${comment.id}`}
          isFocused
          onSend={(text) => {
            editComment(talk.doc, comment.id, text, session.editor())
            setEditing(false)
          }}
          onCancel={() => setEditing(false)}
        />
      </li>
    )
  }
  return (
    <li className="grid gap-0.5">
      <span className="flex flex-wrap items-baseline gap-x-2">
        <b className="font-semibold">{nameOf(comment.by)}</b>
        <time className="hint" dateTime={new Date(comment.at).toISOString()}>
          {times.moment(comment.at)}
        </time>
        {comment.editedAt !== undefined && comment.text !== '' && <span className="hint">{T.edited}</span>}
        {isNew && <span className="rounded-full bg-tide px-1.5 text-[11px] font-semibold text-on-tide">{T.isNew}</span>}
        {isMine && !isAsked && (
          <span className="ml-auto flex">
            <Button isSmall look="ghost" onPress={() => setEditing(true)}>
              {T.edit}
            </Button>
            <Button isSmall look="ghost" onPress={() => setAsked(true)}>
              {T.delete}
            </Button>
          </span>
        )}
      </span>
      {isMine && isAsked && (
        <span role="alertdialog" aria-label={T.deleteSure} className="flex flex-wrap items-center gap-1.5">
          {T.deleteSure}
          <Button isSmall onPress={() => deleteComment(talk.doc, comment.id, session.editor())}>
            {T.delete}
          </Button>
          <Button isSmall look="ghost" autoFocus onPress={() => setAsked(false)}>
            {TEXTS.cancel}
          </Button>
        </span>
      )}
      {comment.text === '' ? (
        <span className="hint">{T.deleted}</span>
      ) : (
        <span dir="auto" className="whitespace-pre-wrap break-words">
          {textPieces(comment.text, nameOf).map((piece, i) =>
            piece.kind === 'text' ? (
              piece.text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text stay where they are
              <b key={i} className={`font-semibold text-tide-ink ${piece.id === me ? 'rounded bg-tide-wash px-0.5' : ''}`}>
                @{piece.name}
              </b>
            ),
          )}
        </span>
      )}
    </li>
  )
}
