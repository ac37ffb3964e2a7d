import { type ReactNode, useEffect, useState } from 'react'
import { Dialog, DialogTrigger, Popover } from 'react-aria-components'
import type { AnswerOf } from '../../server/api/contract.ts'
import { ApiFailure, callApi } from '../api-client.ts'
import { type Peer, peopleOf } from '../collab/presence.ts'
import type { SessionState } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'
import { Face } from './face.tsx'
import { ProfileFields } from './profile-fields.tsx'
import type { Following } from './use-following.ts'

const WORDS = TEXTS.share.people
const SHOWN_FACES = 4

export interface PeopleProps {
  readonly session: WorkbookSession
  readonly state: SessionState
  readonly peers: readonly Peer[]
  readonly times: Times
  readonly following: Following
  /** Stands below on a narrow screen. */
  readonly foot: ReactNode
}

/** Who is here: each face leads to where its person is, the last one tells more and lets one choose one's own name. */
export function People({ session, state, peers, times, following, foot }: PeopleProps) {
  const people = peopleOf(peers)
  const me = state.session?.person
  if (me === undefined) return null
  const label = people.length === 0 ? TEXTS.profile.onlyYou : TEXTS.profile.here(people.length + 1)
  return (
    <span className="flex items-center">
      <span className="hidden items-center sm:flex">
        {people.slice(0, SHOWN_FACES).map((peer) => (
          <button
            key={peer.client}
            type="button"
            className="-ml-1.5 rounded-full border-0 bg-transparent p-0.5 aria-pressed:outline-2 aria-pressed:outline-tide"
            aria-label={following.peer?.client === peer.client ? WORDS.stopFollowing(peer.name) : WORDS.follow(peer.name)}
            aria-pressed={following.peer?.client === peer.client}
            onClick={() => following.toggle(peer)}
          >
            <Face name={peer.name} color={peer.color} title={titleOf(peer)} isIdle={peer.isIdle} />
          </button>
        ))}
      </span>
      <DialogTrigger>
        <Button look="ghost" className="px-1!" aria-label={label}>
          {/* A picture of how many, as faces are of who: the button's name says it in words. */}
          {people.length > SHOWN_FACES && (
            <span data-more={`+${people.length - SHOWN_FACES}`} className="hidden text-xs before:content-[attr(data-more)] sm:inline" />
          )}
          {people.length > 0 && <span data-more={`+${people.length}`} className="text-xs before:content-[attr(data-more)] sm:hidden" />}
          <Face name={me.name} color={me.color} title={`${me.name} (${TEXTS.you.toLowerCase()})`} />
        </Button>
        <Popover placement="bottom end" className="popover w-80 max-w-[calc(100vw-16px)]">
          <Dialog aria-label={TEXTS.profile.title} className="grid max-h-[80dvh] gap-3 overflow-y-auto p-3.5 outline-none">
            {({ close }) => (
              <>
                <b className="font-semibold">{label}</b>
                {people.length > 0 && (
                  <ul aria-label={WORDS.here} className="m-0 grid list-none gap-1 p-0">
                    {people.map((peer) => (
                      <li key={peer.client} className="flex min-w-0 items-center gap-2">
                        <Face name={peer.name} color={peer.color} isIdle={peer.isIdle} />
                        <span className="min-w-0 flex-1 truncate">
                          {peer.name} <span className="text-ink-3">{noteOf(peer)}</span>
                        </span>
                        <Button
                          isSmall
                          look="ghost"
                          aria-label={following.peer?.client === peer.client ? WORDS.stopFollowing(peer.name) : WORDS.follow(peer.name)}
                          onPress={() => {
                            following.toggle(peer)
                            close()
                          }}
                        >
                          {following.peer?.client === peer.client ? WORDS.stop : WORDS.followShort}
                        </Button>
                      </li>
                    ))}
                  </ul>
                )}
                <Away state={state} present={new Set([me.id, ...people.map(({ id }) => id)])} times={times} />
                <Profile session={session} me={me} onDone={close} />
                {foot}
              </>
            )}
          </Dialog>
        </Popover>
      </DialogTrigger>
    </span>
  )
}

const noteOf = ({ isGuest, isIdle }: Peer): string => [isGuest && WORDS.byLink, isIdle && WORDS.idle].filter(Boolean).join(', ')

function titleOf(peer: Peer): string {
  const note = noteOf(peer)
  return note === '' ? peer.name : `${peer.name} (${note})`
}

type SeenPerson = AnswerOf<'listPeople'>['people'][number]

/** Who was here before; asked for anew each time it is looked at. */
function Away({ state, present, times }: { state: SessionState; present: ReadonlySet<string>; times: Times }) {
  const [people, setPeople] = useState<readonly SeenPerson[]>([])
  const workbook = state.info?.id
  useEffect(() => {
    if (workbook === undefined) return
    const stop = new AbortController()
    callApi('listPeople', { params: { id: workbook } }, { signal: stop.signal }).then(
      (answer) => setPeople(answer.people),
      (error: unknown) => {
        // Without a connection there is nothing to tell of others.
        if (!(error instanceof ApiFailure)) throw error
      },
    )
    return () => stop.abort()
  }, [workbook])
  const away = people
    .filter(({ id, lastSeen }) => !present.has(id) && lastSeen !== null)
    .sort((a, b) => (b.lastSeen ?? 0) - (a.lastSeen ?? 0))
  if (away.length === 0) return null
  return (
    <section className="grid gap-1 border-t border-line pt-3">
      <h3 className="label m-0">{WORDS.away}</h3>
      <ul className="m-0 grid list-none gap-1 p-0">
        {away.map((person) => (
          <li key={person.id} className="flex min-w-0 items-center gap-2 text-ink-2">
            <Face name={person.name} color={person.color} isIdle />
            <span className="min-w-0 flex-1 truncate">
              {person.name}{' '}
              {person.isGuest && <span className="text-ink-3">{person.link ? WORDS.byNamedLink(person.link) : WORDS.byLink}</span>}
            </span>
            <span className="text-ink-3 whitespace-nowrap">{person.lastSeen === null ? WORDS.never : times.moment(person.lastSeen)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Profile({ session, me, onDone }: { session: WorkbookSession; me: { name: string; color: string }; onDone: () => void }) {
  const [name, setName] = useState(me.name)
  const [color, setColor] = useState(me.color)
  const [error, setError] = useState<unknown>()
  const save = async (): Promise<void> => {
    try {
      await session.setProfile({ name, color })
      onDone()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <form
      className="grid gap-3 border-t border-line pt-3"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <ProfileFields nameLabel={TEXTS.profile.name} name={name} color={color} onName={setName} onColor={setColor} />
      <Failure error={error} />
      <span>
        <Button type="submit" look="primary" isDisabled={name.trim() === ''}>
          {TEXTS.profile.save}
        </Button>
      </span>
    </form>
  )
}
