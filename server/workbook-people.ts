import type { Person, Sessions } from './session.ts'
import type { SharedLinks } from './shared-links.ts'
import type { Catalog } from './storage/catalog.ts'
import { type Reader, toSqlOp } from './storage/database.ts'
import { LogFailed, type SqlOp, type UpdateLog } from './update-log.ts'

/** When somebody was last seen is written at most this often. ms */
const WRITE_MS = 60_000

export interface SeenPerson {
  readonly person: Person
  /** The name of the link they came by; absent for a member. */
  readonly link: string | undefined
  /** ms since 1970; absent where they were never here. */
  readonly lastSeen: number | undefined
}

/** Who has to do with a workbook, and when each of them was here last. */
export class WorkbookPeople {
  readonly #reader: Reader
  readonly #log: UpdateLog
  readonly #catalog: Catalog
  readonly #sessions: Sessions
  readonly #links: SharedLinks
  readonly #now: () => number
  /** Workbook and person → when they were seen, and when that was last written. */
  readonly #seen = new Map<string, { at: number; writtenAt: number }>()

  constructor(parts: { reader: Reader; log: UpdateLog; catalog: Catalog; sessions: Sessions; links: SharedLinks; now: () => number }) {
    this.#reader = parts.reader
    this.#log = parts.log
    this.#catalog = parts.catalog
    this.#sessions = parts.sessions
    this.#links = parts.links
    this.#now = parts.now
  }

  /** Somebody is in a workbook at this moment. */
  note(workbook: string, person: string): void {
    const now = this.#now()
    const key = `${workbook} ${person}`
    const known = this.#seen.get(key)
    if (known !== undefined && now - known.writtenAt < WRITE_MS) {
      known.at = now
      return
    }
    this.#seen.set(key, { at: now, writtenAt: now })
    try {
      this.#log.execute([this.#save(workbook, person, now)])
    } catch (error) {
      // Seen all the same: it is written with the next sign of life that the disk takes.
      if (!(error instanceof LogFailed)) throw error
      this.#seen.set(key, { at: now, writtenAt: 0 })
    }
  }

  #save(workbook: string, person: string, at: number): SqlOp {
    const query = this.#reader.kysely.insertInto('last_seen').values({ workbook, person, at })
    return toSqlOp(query.onConflict((c) => c.columns(['workbook', 'person']).doUpdateSet({ at })))
  }

  nameOf(id: string): string | undefined {
    return this.#sessions.device(id)?.name ?? this.#links.guest(id)?.name
  }

  /** All that a member may know: in local mode every browser that was let in is at home in every workbook. */
  async ofWorkbook(workbook: string): Promise<readonly SeenPerson[]> {
    const seen = await this.#lastSeen(workbook)
    const members = this.#sessions.devices().map((person) => ({ person, link: undefined, lastSeen: seen.get(person.id) }))
    return [...members, ...this.#guests(workbook, seen)]
  }

  /** What a guest may know: who was in this workbook or wrote in it. */
  async forGuests(workbook: string): Promise<readonly SeenPerson[]> {
    const seen = await this.#lastSeen(workbook)
    const writers = await this.#writers(workbook)
    const members = this.#sessions.devices().filter(({ id }) => seen.has(id) || writers.has(id))
    return [...members.map((person) => ({ person, link: undefined, lastSeen: seen.get(person.id) })), ...this.#guests(workbook, seen)]
  }

  #guests(workbook: string, seen: ReadonlyMap<string, number>): SeenPerson[] {
    return this.#links.guestsOf(workbook).map(({ person, link }) => ({ person, link: link.name, lastSeen: seen.get(person.id) }))
  }

  async #lastSeen(workbook: string): Promise<Map<string, number>> {
    const rows = await this.#reader.kysely.selectFrom('last_seen').select(['person', 'at']).where('workbook', '=', workbook).execute()
    const seen = new Map(rows.map(({ person, at }) => [person, at]))
    for (const [key, { at }] of this.#seen) {
      const [of, person] = key.split(' ')
      if (of === workbook && person !== undefined) seen.set(person, Math.max(at, seen.get(person) ?? 0))
    }
    return seen
  }

  async #writers(workbook: string): Promise<Set<string>> {
    const leads = [`book.${workbook}`, ...(await this.#catalog.sheets(workbook)).map(({ id }) => `edits.${id}.`)]
    const found = await Promise.all(
      leads.map((lead) =>
        // A range over the key's first part: 'edits.<sheet>.' up to what would follow it.
        this.#reader.kysely
          .selectFrom('client_ids')
          .select('actor')
          .distinct()
          .where('doc', '>=', lead)
          .where('doc', '<', `${lead}~`)
          .execute(),
      ),
    )
    return new Set(found.flat().map(({ actor }) => actor))
  }
}
