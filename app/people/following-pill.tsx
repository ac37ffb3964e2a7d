import { inkOn } from '../collab/presence.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import type { Following } from './use-following.ts'

/** Says whom this window follows, in their colour, over the grid. */
export function FollowingPill({ following }: { following: Following }) {
  const { peer } = following
  if (peer === undefined) return null
  return (
    <div
      className="absolute bottom-3 left-1/2 z-20 flex -translate-x-1/2 items-center gap-2 rounded-full py-1 pr-1 pl-3 text-xs shadow-md"
      style={{ background: peer.color, color: inkOn(peer.color) }}
    >
      <span role="status">{TEXTS.share.people.following(peer.name)}</span>
      <Button isSmall onPress={following.stop}>
        {TEXTS.share.people.stop}
      </Button>
    </div>
  )
}
