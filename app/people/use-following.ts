import { type RefObject, useCallback, useEffect, useMemo, useState } from 'react'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Peer } from '../collab/presence.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { SheetHandle } from '../grid/sheet-handle.ts'

export interface Following {
  /** Whom this window follows. */
  readonly peer: Peer | undefined
  readonly toggle: (peer: Peer) => void
  readonly stop: () => void
}

/** What somebody does who moves by themselves. */
const OWN_MOVES = ['pointerdown', 'wheel', 'keydown'] as const

export interface FollowingParts {
  readonly session: WorkbookSession
  readonly peers: readonly Peer[]
  readonly grid: RefObject<SheetHandle | null>
  /** Where one's own moves are made. */
  readonly area: RefObject<HTMLElement | null>
  /** The sheet that is shown. */
  readonly sheet: string
}

/** Keeps the cell of another person in sight, in whatever sheet they are, until one moves by oneself or they leave. */
export function useFollowing({ session, peers, grid, area, sheet }: FollowingParts): Following {
  const [client, setClient] = useState<number>()
  const peer = peers.find((p) => p.client === client)
  const stop = useCallback(() => setClient(undefined), [])
  const toggle = useCallback((next: Peer) => setClient((now) => (now === next.client ? undefined : next.client)), [])
  const cursor = peer?.cursor
  const [inSheet, row, field] = [peer?.sheet, cursor?.row, cursor?.field]

  useEffect(() => {
    if (inSheet === undefined) return
    if (inSheet !== sheet) void session.openSheet(inSheet)
    else if (row !== undefined && field !== undefined) grid.current?.reveal({ row: row as RowId, field: field as FieldId })
  }, [inSheet, row, field, sheet, session, grid])

  useEffect(() => {
    const element = area.current
    if (client === undefined || element === null) return
    for (const move of OWN_MOVES) element.addEventListener(move, stop, { passive: true })
    return () => {
      for (const move of OWN_MOVES) element.removeEventListener(move, stop)
    }
  }, [client, area, stop])

  return useMemo(() => ({ peer, toggle, stop }), [peer, toggle, stop])
}
