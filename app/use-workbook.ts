import { useEffect, useState, useSyncExternalStore } from 'react'
import * as Y from 'yjs'
import type { Document } from './collab/document-channel.ts'
import type { SessionState } from './collab/session-state.ts'
import { WorkbookSession } from './collab/workbook-session.ts'

/**
 * Documents are made here and handed to `workbook/`, which alone looks inside. An edits document keeps what was overwritten: a value that
 * loses to another's while this window is offline must still be readable when it reaches the server.
 */
const makeDocument = ({ keepsRemoved }: { keepsRemoved: boolean }): Document => new Y.Doc({ gc: !keepsRemoved })

const OPENING: SessionState = {
  phase: 'opening',
  failure: undefined,
  session: undefined,
  info: undefined,
  open: undefined,
  link: { kind: 'connecting' },
  isSynced: false,
  isLoaded: false,
  parts: { loaded: 0, all: 0 },
  unsent: 0,
  isOnDevice: true,
  device: 'opening',
  caughtUp: 0,
  late: [],
  isWorkingOffline: false,
  runs: [],
}

const nothing = (): (() => void) => () => undefined

/** Opens a workbook for as long as the screen shows it. */
export function useWorkbook(workbook: string): { session: WorkbookSession | undefined; state: SessionState } {
  const [session, setSession] = useState<WorkbookSession>()
  const [thrown, setThrown] = useState<unknown>()
  useEffect(() => {
    const opened = new WorkbookSession({ workbook, now: Date.now, random: Math.random, makeDocument })
    setSession(opened)
    opened.start().catch(setThrown)
    return () => opened.stop()
  }, [workbook])
  const state = useSyncExternalStore(session?.subscribe ?? nothing, session?.snapshot ?? (() => OPENING))
  if (thrown !== undefined) throw thrown
  return { session, state }
}
