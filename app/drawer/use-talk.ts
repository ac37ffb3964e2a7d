import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { onTalkChange, readThreads, rowsWithNote, type Thread, talkNameIn } from '../../workbook/talk.ts'
import type { ExtraDocument, WorkbookSession } from '../collab/workbook-session.ts'
import type { TalkMarks } from '../grid/scene.ts'
import { type Seen, seeThreads, talkMarks, unreadOf } from './talk-marks.ts'

/** The comments of a sheet as they are now; a new object after each change. */
export interface Talk {
  readonly doc: ExtraDocument['doc']
  readonly threads: readonly Thread[]
  readonly notes: ReadonlySet<RowId>
  readonly marks: TalkMarks
  readonly openCount: number
  readonly unread: number
  readonly seen: Seen
  /** Notes on this device that these threads were shown. */
  readonly see: (threads: readonly Thread[]) => void
}

const SEEN_KEY = 'tidebook.talk-seen'

/** Holds what was read last, so that a screen draws only what changed. */
class TalkStore {
  readonly #doc: ExtraDocument['doc']
  readonly #key: string
  readonly #me: string
  readonly #listeners = new Set<() => void>()
  #talk: Talk | undefined
  #stop: (() => void) | undefined

  constructor(doc: ExtraDocument['doc'], sheet: string, me: string) {
    this.#doc = doc
    this.#me = me
    this.#key = `${SEEN_KEY}|${me}|${sheet}`
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    this.#stop ??= onTalkChange(this.#doc, this.#changed)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#stop?.()
      this.#stop = undefined
    }
  }

  readonly talk = (): Talk => {
    this.#talk ??= this.#read()
    return this.#talk
  }

  readonly #changed = (): void => {
    this.#talk = undefined
    for (const listener of this.#listeners) listener()
  }

  #read(): Talk {
    const threads = readThreads(this.#doc)
    const notes = rowsWithNote(this.#doc)
    const seen = seenOn(this.#key)
    const see = (shown: readonly Thread[]): void => {
      const next = seeThreads(threads, shown, seenOn(this.#key), this.#me)
      if (JSON.stringify(next) === JSON.stringify(seenOn(this.#key))) return
      try {
        localStorage.setItem(this.#key, JSON.stringify(next))
      } catch {
        // No room: these comments are shown as new once more.
        return
      }
      this.#changed()
    }
    return {
      doc: this.#doc,
      threads,
      notes,
      marks: talkMarks(threads, notes),
      openCount: threads.filter((thread) => thread.resolved === undefined).length,
      unread: unreadOf(threads, seen, this.#me),
      seen,
      see,
    }
  }
}

function seenOn(key: string): Seen {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return typeof stored === 'object' && stored !== null ? (stored as Seen) : {}
  } catch {
    return {}
  }
}

/** The comments of the sheet that is shown, live. */
export function useTalk(session: WorkbookSession, sheet: Sheet, me: string): Talk {
  const store = useMemo(() => {
    const { doc } = session.openDocument(talkNameIn(sheet.docs.sys, sheet.id))
    return new TalkStore(doc, sheet.id, me)
  }, [session, sheet, me])
  const read = useCallback(() => store.talk(), [store])
  return useSyncExternalStore(store.subscribe, read)
}
