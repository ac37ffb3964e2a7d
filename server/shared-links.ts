import { createHash, randomBytes } from 'node:crypto'
import type { Person } from './session.ts'
import { type Reader, toSqlOp } from './storage/database.ts'
import { LogFailed, type SqlOp, type UpdateLog } from './update-log.ts'

/** 256 bits, as 43 characters that stand in an address as they are. */
const TOKEN_BYTES = 32
const TOKEN = /^[\w-]{43}$/u
/** How much of a token's end is kept for people to tell links apart. Characters. */
const SHOWN_END = 4
const GUEST_MS = 90 * 24 * 3_600_000
/** A link's or a guest's last use is noted at most this often. ms */
const TOUCH_MS = 60_000
/** The longest a timer can wait. ms */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export type LinkRole = 'viewer' | 'editor'

/** A way into one workbook for whoever has its address. */
export interface SharedLink {
  readonly id: string
  readonly workbook: string
  readonly role: LinkRole
  readonly name: string
  /** The last characters of its token. */
  readonly tokenEnd: string
  readonly createdBy: string
  readonly createdAt: number
  /** `null`: until somebody closes it. ms since 1970 */
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly revokedBy: string | null
  readonly lastUsedAt: number | null
  /** How often it was opened. */
  readonly uses: number
}

/** Why a link no longer lets anybody in. */
export type LinkEnd = { readonly why: 'closed'; readonly by: string } | { readonly why: 'expired'; readonly at: number }

/** What a guest may do in one workbook, and by which link. */
export interface Grant {
  readonly workbook: string
  readonly role: LinkRole
  readonly link: string
}

/** What became of opening a link: why it has ended, or who came in by it as a guest. */
export interface EnteredLink {
  readonly link: SharedLink
  readonly end: LinkEnd | undefined
  readonly guest?: { readonly person: Person; readonly isNew: boolean; readonly cookie?: string }
}

interface GuestRow {
  readonly person: Person
  readonly tokenHash: string
  usedAt: number
  /** The links it opened, the latest last. */
  readonly links: Set<string>
}

const GUEST_NAMES = ['Lark', 'Wren', 'Finch', 'Robin', 'Swift', 'Linnet', 'Siskin', 'Plume', 'Thrush', 'Martin', 'Dipper', 'Pipit'] as const
const GUEST_COLORS = ['#a61e4d', '#1864ab', '#5c940d', '#862e9c', '#0b7285', '#c2410c', '#5f3dc4', '#2b8a3e'] as const

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
const makeToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')
const makeId = (lead: string, now: number): string => `${lead}${now.toString(36)}${randomBytes(5).toString('hex')}`

/**
 * Shared links and the guests who came by them. A token is found by its hash alone: nothing compares it character by character, and the
 * database holds nothing that lets anybody in.
 */
export class SharedLinks {
  readonly #reader: Reader
  readonly #log: UpdateLog
  readonly #now: () => number
  readonly #links = new Map<string, SharedLink>()
  readonly #linkOfHash = new Map<string, string>()
  readonly #guests = new Map<string, GuestRow>()
  readonly #guestOfHash = new Map<string, string>()
  readonly #listeners = new Set<(link: SharedLink) => void>()
  /** Links whose end was told; one that was made longer is taken out again. */
  readonly #told = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  static async open(parts: { reader: Reader; log: UpdateLog; now: () => number }): Promise<SharedLinks> {
    const links = new SharedLinks(parts)
    await links.#load()
    return links
  }

  private constructor(parts: { reader: Reader; log: UpdateLog; now: () => number }) {
    this.#reader = parts.reader
    this.#log = parts.log
    this.#now = parts.now
  }

  async #load(): Promise<void> {
    const { kysely } = this.#reader
    for (const row of await kysely.selectFrom('shared_links').selectAll().execute()) {
      const link: SharedLink = {
        id: row.id,
        workbook: row.workbook,
        role: row.role === 'editor' ? 'editor' : 'viewer',
        name: row.name,
        tokenEnd: row.token_end,
        createdBy: row.created_by,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        revokedAt: row.revoked_at,
        revokedBy: row.revoked_by,
        lastUsedAt: row.last_used_at,
        uses: row.uses,
      }
      this.#links.set(link.id, link)
      this.#linkOfHash.set(row.token_hash, link.id)
    }
    for (const { id, name, color, token_hash, used_at } of await kysely.selectFrom('guests').selectAll().execute()) {
      this.#guests.set(id, { person: { id, name, color }, tokenHash: token_hash, usedAt: used_at, links: new Set() })
      this.#guestOfHash.set(token_hash, id)
    }
    for (const { guest, link } of await kysely.selectFrom('guest_links').selectAll().orderBy('at').execute()) {
      this.#guests.get(guest)?.links.add(link)
    }
    for (const link of this.#links.values()) if (this.#endOf(link) !== undefined) this.#told.add(link.id)
    this.#arm()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  /** Calls when a link was closed or its time is over, once each time. */
  onEnded(listener: (link: SharedLink) => void): void {
    this.#listeners.add(listener)
  }

  // For members ---------------------------------------------------------------------------------------------------------------------------

  /** All links of a workbook, also those that ended, newest first. */
  of(workbook: string): readonly SharedLink[] {
    return [...this.#links.values()].filter((l) => l.workbook === workbook).sort((a, b) => b.createdAt - a.createdAt)
  }

  link(id: string): SharedLink | undefined {
    return this.#links.get(id)
  }

  /** A new link; its token is told here and never again. */
  create(link: Pick<SharedLink, 'workbook' | 'role' | 'name' | 'expiresAt' | 'createdBy'>): { link: SharedLink; token: string } {
    const now = this.#now()
    const token = makeToken()
    const made: SharedLink = {
      ...link,
      id: makeId('l', now),
      tokenEnd: token.slice(-SHOWN_END),
      createdAt: now,
      revokedAt: null,
      revokedBy: null,
      lastUsedAt: null,
      uses: 0,
    }
    this.#log.execute([
      toSqlOp(
        this.#reader.kysely.insertInto('shared_links').values({
          id: made.id,
          workbook: made.workbook,
          role: made.role,
          name: made.name,
          token_hash: hashOf(token),
          token_end: made.tokenEnd,
          created_by: made.createdBy,
          created_at: now,
          expires_at: made.expiresAt,
          revoked_at: null,
          revoked_by: null,
          last_used_at: null,
          uses: 0,
        }),
      ),
    ])
    this.#links.set(made.id, made)
    this.#linkOfHash.set(hashOf(token), made.id)
    this.#arm()
    return { link: made, token }
  }

  /** Another name or end; a link whose time was over lets people in again, one that was closed does not. */
  change(id: string, to: { readonly name?: string | undefined; readonly expiresAt?: number | null | undefined }): SharedLink | undefined {
    const link = this.#links.get(id)
    if (link === undefined) return undefined
    const changed = { ...link, name: to.name ?? link.name, expiresAt: to.expiresAt === undefined ? link.expiresAt : to.expiresAt }
    this.#log.execute([
      toSqlOp(
        this.#reader.kysely.updateTable('shared_links').set({ name: changed.name, expires_at: changed.expiresAt }).where('id', '=', id),
      ),
    ])
    this.#links.set(id, changed)
    if (this.#endOf(changed) === undefined) this.#told.delete(id)
    this.#tellEnded()
    return changed
  }

  /** Closes a link for good. */
  revoke(id: string, by: string): SharedLink | undefined {
    const link = this.#links.get(id)
    if (link === undefined || link.revokedAt !== null) return link
    const closed = { ...link, revokedAt: this.#now(), revokedBy: by }
    this.#log.execute([
      toSqlOp(this.#reader.kysely.updateTable('shared_links').set({ revoked_at: closed.revokedAt, revoked_by: by }).where('id', '=', id)),
    ])
    this.#links.set(id, closed)
    this.#tellEnded()
    return closed
  }

  // For guests ----------------------------------------------------------------------------------------------------------------------------

  /**
   * Opens the link of a token for a browser; one that is a guest already stays that guest. `undefined` where no link has such a token.
   * `cookie` is set where the browser must be given a new one.
   */
  enter(token: string, cookie: string | undefined): EnteredLink | undefined {
    const link = this.#byToken(token)
    if (link === undefined) return undefined
    const end = this.#endOf(link)
    if (end !== undefined) return { end, link }
    const known = cookie === undefined ? undefined : this.#guestRow(cookie)
    const { row, ...made } = known === undefined ? this.#makeGuest() : { row: known }
    row.links.delete(link.id)
    row.links.add(link.id)
    const now = this.#now()
    this.#log.execute([
      toSqlOp(
        this.#reader.kysely
          .insertInto('guest_links')
          .values({ guest: row.person.id, link: link.id, at: now })
          .onConflict((c) => c.columns(['guest', 'link']).doUpdateSet({ at: now })),
      ),
      this.#noteVisit(link),
    ])
    return { end: undefined, link, guest: { person: row.person, isNew: known === undefined, ...made } }
  }

  /** As `enter` for a member, who needs no other right: the visit counts, nobody becomes a guest. */
  visit(token: string): EnteredLink | undefined {
    const link = this.#byToken(token)
    if (link === undefined) return undefined
    const end = this.#endOf(link)
    if (end === undefined) this.#log.execute([this.#noteVisit(link)])
    return { end, link }
  }

  /** The guest a cookie stands for, whether or not any of their links is still open. */
  byCookie(cookie: string): Person | undefined {
    return this.#guestRow(cookie)?.person
  }

  /** `true` where the cookie should be given again to last another 90 days. */
  touch(cookie: string): boolean {
    const row = this.#guestRow(cookie)
    const now = this.#now()
    if (row === undefined || now - row.usedAt < TOUCH_MS) return false
    row.usedAt = now
    this.#tryToNote([toSqlOp(this.#reader.kysely.updateTable('guests').set({ used_at: now }).where('id', '=', row.person.id))])
    return true
  }

  guest(id: string): Person | undefined {
    return this.#guests.get(id)?.person
  }

  /** Everybody who opened a link of a workbook. */
  guestsOf(workbook: string): readonly { readonly person: Person; readonly link: SharedLink }[] {
    return [...this.#guests.values()].flatMap(({ person, links }) => {
      const latest = [...links].reverse().flatMap((id) => this.#links.get(id) ?? [])
      const link = latest.find((l) => l.workbook === workbook)
      return link === undefined ? [] : [{ person, link }]
    })
  }

  rename(id: string, to: { readonly name?: string | undefined; readonly color?: string | undefined }): Person | undefined {
    const row = this.#guests.get(id)
    if (row === undefined) return undefined
    const person = { id, name: to.name ?? row.person.name, color: to.color ?? row.person.color }
    this.#log.execute([
      toSqlOp(this.#reader.kysely.updateTable('guests').set({ name: person.name, color: person.color }).where('id', '=', id)),
    ])
    this.#guests.set(id, { ...row, person })
    return person
  }

  /**
   * What a guest may do in a workbook now: the widest right of the links they opened that are still open. Where none is, why the last one
   * ended; `undefined` where they never had one.
   */
  rightIn(guest: string, workbook: string): { readonly grant: Grant } | { readonly end: LinkEnd; readonly link: SharedLink } | undefined {
    const links = [...(this.#guests.get(guest)?.links ?? [])]
      .flatMap((id) => this.#links.get(id) ?? [])
      .filter((l) => l.workbook === workbook)
    const open = links.filter((l) => this.#endOf(l) === undefined)
    const best = open.findLast((l) => l.role === 'editor') ?? open.at(-1)
    if (best !== undefined) {
      this.#noteUse(best)
      return { grant: { workbook, role: best.role, link: best.id } }
    }
    const last = links.at(-1)
    const end = last && this.#endOf(last)
    return last === undefined || end === undefined ? undefined : { end, link: last }
  }

  endOf(link: SharedLink): LinkEnd | undefined {
    return this.#endOf(link)
  }

  #endOf(link: SharedLink): LinkEnd | undefined {
    if (link.revokedAt !== null) return { why: 'closed', by: link.revokedBy ?? link.createdBy }
    if (link.expiresAt !== null && link.expiresAt <= this.#now()) return { why: 'expired', at: link.expiresAt }
    return undefined
  }

  #byToken(token: string): SharedLink | undefined {
    if (!TOKEN.test(token)) return undefined
    return this.#links.get(this.#linkOfHash.get(hashOf(token)) ?? '')
  }

  #guestRow(cookie: string): GuestRow | undefined {
    const row = this.#guests.get(this.#guestOfHash.get(hashOf(cookie)) ?? '')
    return row !== undefined && row.usedAt + GUEST_MS > this.#now() ? row : undefined
  }

  #makeGuest(): { row: GuestRow; cookie: string } {
    const now = this.#now()
    const cookie = makeToken()
    const count = this.#guests.size
    const round = Math.floor(count / GUEST_NAMES.length)
    const name = `${GUEST_NAMES[count % GUEST_NAMES.length]}${round === 0 ? '' : ` ${round + 1}`}`
    const person: Person = { id: makeId('g', now), name, color: GUEST_COLORS[count % GUEST_COLORS.length] ?? GUEST_COLORS[0] }
    const row: GuestRow = { person, tokenHash: hashOf(cookie), usedAt: now, links: new Set() }
    this.#log.execute([
      toSqlOp(this.#reader.kysely.insertInto('guests').values({ ...person, token_hash: row.tokenHash, created_at: now, used_at: now })),
    ])
    this.#guests.set(person.id, row)
    this.#guestOfHash.set(row.tokenHash, person.id)
    return { row, cookie }
  }

  #noteVisit(link: SharedLink): SqlOp {
    const used = { ...link, uses: link.uses + 1, lastUsedAt: this.#now() }
    this.#links.set(link.id, used)
    return this.#saveUse(used)
  }

  #noteUse(link: SharedLink): void {
    const now = this.#now()
    if (now - (link.lastUsedAt ?? 0) < TOUCH_MS) return
    const used = { ...link, lastUsedAt: now }
    this.#links.set(link.id, used)
    this.#tryToNote([this.#saveUse(used)])
  }

  /** When something was used is worth knowing, and no reason to keep anybody out while the disk takes nothing. */
  #tryToNote(ops: readonly SqlOp[]): void {
    try {
      this.#log.execute(ops)
    } catch (error) {
      if (!(error instanceof LogFailed)) throw error
    }
  }

  #saveUse({ id, uses, lastUsedAt }: SharedLink): SqlOp {
    return toSqlOp(this.#reader.kysely.updateTable('shared_links').set({ uses, last_used_at: lastUsedAt }).where('id', '=', id))
  }

  #tellEnded(): void {
    for (const link of this.#links.values()) {
      if (this.#told.has(link.id) || this.#endOf(link) === undefined) continue
      this.#told.add(link.id)
      for (const listener of this.#listeners) listener(link)
    }
    this.#arm()
  }

  /** Wakes when the next link's time is over. */
  #arm(): void {
    clearTimeout(this.#timer)
    const ends = [...this.#links.values()].flatMap((l) => (l.expiresAt === null || this.#told.has(l.id) ? [] : [l.expiresAt]))
    if (ends.length === 0) return
    const wait = Math.max(0, Math.min(LONGEST_TIMER_MS, Math.min(...ends) - this.#now()))
    this.#timer = setTimeout(() => this.#tellEnded(), wait)
    this.#timer.unref()
  }
}
