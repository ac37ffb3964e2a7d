import type { Peer } from '../../app/collab/presence.ts'

/** Somebody who is here and nowhere in particular. */
export const PEER: Peer = {
  client: 1,
  id: 'p1',
  name: 'Ann',
  color: '#7048e8',
  device: 'd1',
  cursor: undefined,
  sheet: undefined,
  ranges: [],
  liveText: undefined,
  isGuest: false,
  isIdle: false,
}
