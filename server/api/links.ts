import { Attempts } from '../attempts.ts'
import type { Rights } from '../rights.ts'
import { isMember } from '../session.ts'
import type { SharedLink, SharedLinks } from '../shared-links.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { SeenPerson, WorkbookPeople } from '../workbook-people.ts'
import type { AnswerOf, Contract } from './contract.ts'
import { ApiProblem, badRequest, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

/** A token of 256 bits is not guessed; whoever tries is slowed down all the same. */
const WRONG_TOKENS = { perAddress: 20, inAll: 200, windowMs: 60_000 }

export interface LinkHandlersParts {
  readonly links: SharedLinks
  readonly rights: Rights
  readonly people: WorkbookPeople
  readonly catalog: Catalog
  /** The addresses by which others reach this server; empty where only this computer does. */
  readonly addresses: () => readonly string[]
  /** What a browser is given to be known as a guest, and what it showed. */
  readonly cookie: { readonly make: (token: string) => string; readonly read: (header: string | null) => string | undefined }
  /** Resolves when what was changed is on disk. */
  readonly durable: () => Promise<void>
  readonly now: () => number
}

export type LinkEndpoint = 'listPeople' | 'listLinks' | 'createLink' | 'patchLink' | 'revokeLink' | 'openLink'

/** Shared links: for members to make, change and close; for whoever has one to come in by. */
export function linkHandlers(parts: LinkHandlersParts): Required<Handlers<Pick<Contract, LinkEndpoint>>> {
  const { links, rights, people, catalog, addresses, cookie, durable, now } = parts
  const wrong = new Attempts(WRONG_TOKENS, now)
  const nameOf = (id: string): string => people.nameOf(id) ?? (id === 'script' ? 'A script' : id)

  const shown = (link: SharedLink): AnswerOf<'patchLink'> => {
    const end = links.endOf(link)
    return {
      id: link.id,
      workbook: link.workbook,
      role: link.role,
      name: link.name,
      end: link.tokenEnd,
      createdBy: link.createdBy,
      createdByName: nameOf(link.createdBy),
      createdAt: link.createdAt,
      expiresAt: link.expiresAt,
      state: end === undefined ? 'open' : end.why,
      closedAt: link.revokedAt,
      closedByName: link.revokedBy === null ? null : nameOf(link.revokedBy),
      lastUsedAt: link.lastUsedAt,
      uses: link.uses,
    }
  }

  const checkEnd = (expiresAt: number | null | undefined): void => {
    if (typeof expiresAt === 'number' && expiresAt <= now()) throw badRequest('A link cannot end in the past.')
  }

  return {
    listPeople: async ({ params, caller }) => {
      if ((await catalog.workbook(params.id)) === undefined) throw notFound('such workbook')
      const isGuest = caller.kind === 'guest'
      const found = await (isGuest ? people.forGuests(params.id) : people.ofWorkbook(params.id))
      const entry = ({ person, link, lastSeen }: SeenPerson) => ({
        ...person,
        isGuest: link !== undefined,
        link: isGuest ? null : (link ?? null),
        lastSeen: lastSeen ?? null,
      })
      return { people: found.map(entry) }
    },

    listLinks: async ({ query }) => {
      if ((await catalog.workbook(query.workbook)) === undefined) throw notFound('such workbook')
      return { links: links.of(query.workbook).map(shown), addresses: [...addresses()] }
    },

    createLink: async ({ body, caller }) => {
      if ((await catalog.workbook(body.workbook)) === undefined) throw notFound('such workbook')
      checkEnd(body.expiresAt)
      const { link, token } = links.create({ ...body, createdBy: caller.actor.id })
      await durable()
      return { link: shown(link), token }
    },

    patchLink: async ({ params, body }) => {
      const known = links.link(params.id)
      if (known === undefined) throw notFound('such link')
      if (known.revokedAt !== null) throw closedForGood()
      checkEnd(body.expiresAt)
      const link = links.change(params.id, body) ?? known
      await durable()
      return shown(link)
    },

    revokeLink: async ({ params, caller }) => {
      const link = links.revoke(params.id, caller.actor.id)
      if (link === undefined) throw notFound('such link')
      await durable()
      return shown(link)
    },

    openLink: async ({ body, caller, request, address }) => {
      const wait = wrong.waitOf(address)
      if (wait > 0) throw tooMany(wait)
      const known = cookie.read(request.headers.get('cookie'))
      const entered = isMember(caller) ? links.visit(body.token) : links.enter(body.token, known)
      if (entered === undefined) {
        wrong.count(address)
        throw unknownLink()
      }
      const { link, end, guest } = entered
      if (end !== undefined) throw rights.ended(end, link)
      const workbook = await catalog.workbook(link.workbook)
      if (workbook === undefined) throw notFound('such workbook')
      await durable()
      const answer: AnswerOf<'openLink'> = {
        workbook: workbook.id,
        name: workbook.name,
        role: guest === undefined ? 'owner' : (rightRole(links, guest.person.id, workbook.id) ?? link.role),
        person: { ...(guest?.person ?? caller.actor) },
        isNew: guest?.isNew === true,
      }
      const headers = guest?.cookie === undefined ? undefined : { 'set-cookie': cookie.make(guest.cookie) }
      return Response.json(answer, headers && { headers })
    },
  }
}

function rightRole(links: SharedLinks, guest: string, workbook: string) {
  const right = links.rightIn(guest, workbook)
  return right !== undefined && 'grant' in right ? right.grant.role : undefined
}

const unknownLink = (): ApiProblem =>
  new ApiProblem({
    status: 404,
    code: 'link-unknown',
    message: 'This server does not know this link.',
    advice: 'Nothing was changed. The address may have been cut short: copy all of it, or ask for the link again.',
  })

const tooMany = (waitMs: number): ApiProblem =>
  new ApiProblem({
    status: 429,
    code: 'too-many-attempts',
    message: 'Too many links that are not known here were tried from your network.',
    advice: `Nothing was changed. Try again in ${Math.ceil(waitMs / 1_000)} s.`,
  })

const closedForGood = (): ApiProblem =>
  new ApiProblem({
    status: 409,
    code: 'link-closed',
    message: 'This link was closed, and a closed link is not opened again.',
    advice: 'Nothing was changed. Make a new link.',
  })
