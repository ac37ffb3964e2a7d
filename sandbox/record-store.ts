import { mkdirSync, readdirSync, type Stats, statSync } from 'node:fs'
import { copyFile, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import { z } from 'zod'

/** Records a file: small enough that one changed record costs a write of a few milliseconds, large enough that 100,000 are 100 files. */
export const RECORDS_PER_FILE = 1000

export interface StoredRecord {
  readonly id: string
}

/** A file of records that cannot be read as it stands (a hand edit half done, usually). The last good state stays in use. */
export interface FileProblem {
  readonly file: string
  readonly message: string
}

/** A record that somebody changed in its file, as it was and as it is. Absent means: not there. */
export interface HandEdit<R> {
  readonly before: R | undefined
  readonly after: R | undefined
}

interface Page<R> {
  readonly name: string
  readonly file: PageFile
  readonly low: Low<unknown>
  readonly records: Map<string, R>
  /** Records changed here since the file was written last: they win over a hand edit made meanwhile. */
  readonly unsaved: Set<string>
  problem: FileProblem | undefined
}

/** One JSON file, as lowdb sees it: written whole, to a temporary name first, one field a line so that a person can edit it. */
class PageFile implements Adapter<unknown> {
  readonly path: string
  readonly #isDurable: boolean
  #seen: string | undefined

  constructor(path: string, isDurable: boolean) {
    this.path = path
    this.#isDurable = isDurable
  }

  async read(): Promise<unknown> {
    this.#seen = this.#stamp()
    return JSON.parse(await readFile(this.path, 'utf8'))
  }

  async write(page: unknown): Promise<void> {
    const temporary = `${this.path}.tmp`
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(formatPage(page))
      if (this.#isDurable) await handle.datasync()
      // Renaming keeps inode, size and time: what is seen here is what the file will show until someone else writes it.
      this.#seen = stampOf(await handle.stat())
    } finally {
      await handle.close()
    }
    await rename(temporary, this.path)
  }

  /** Whether the file on disk is another one than was last read or written here. */
  isChanged(): boolean {
    return this.#stamp() !== this.#seen
  }

  isPresent(): boolean {
    return this.#stamp() !== undefined
  }

  #stamp(): string | undefined {
    const stats = statSync(this.path, { throwIfNoEntry: false })
    return stats && stampOf(stats)
  }
}

function stampOf(stats: Stats): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeMs}`
}

/** A page as text: the records' fields one a line, whatever is nested inside a field on that field's line. */
function formatPage(page: unknown): string {
  const records = pageShape.parse(page).records
  const texts = records.map((record) => {
    const lines = Object.entries(record as Record<string, unknown>).flatMap(([name, value]) =>
      value === undefined ? [] : [`      ${JSON.stringify(name)}: ${JSON.stringify(value)}`],
    )
    return `    {\n${lines.join(',\n')}\n    }`
  })
  return `{\n  "records": [\n${texts.join(',\n')}\n  ]\n}\n`
}

const pageShape = z.strictObject({ records: z.array(z.unknown()) })

export interface RecordStoreOptions<R extends StoredRecord> {
  readonly folder: string
  /** The files are `<name>-0000.json`, `<name>-0001.json` … */
  readonly name: string
  /** Checks a record as it stands in a file and gives it back as it is used. */
  readonly shape: z.ZodType<R>
  /** The other names a record is found by; no two records share one. */
  readonly namesOf: (record: R) => readonly string[]
  /** Which file a new record goes to. */
  readonly pageOf: (record: R) => number
  /** How long changes are gathered before they are written. 0: whoever changes something calls `flush` before it answers. */
  readonly saveDelayMs: number
}

/**
 * Records in lowdb files of 1,000 each that a person may edit by hand while the process runs.
 *
 * `refresh` before each use takes hand edits in; a file that does not parse leaves the last good records in use and is named in
 * `problems`. A save that meets such a file keeps the person's text beside it as `<file>.broken` before it writes.
 */
export class RecordStore<R extends StoredRecord> {
  readonly records = new Map<string, R>()
  readonly #options: RecordStoreOptions<R>
  readonly #pages = new Map<string, Page<R>>()
  readonly #pageOfRecord = new Map<string, Page<R>>()
  readonly #idOfName = new Map<string, string>()
  #folderStamp = ''
  #timer: NodeJS.Timeout | undefined
  /** Reading a changed file and writing one take turns, else each could undo the other. */
  #turn: Promise<void> = Promise.resolve()
  #handEdits: HandEdit<R>[] = []
  #saveFailure: string | undefined

  private constructor(options: RecordStoreOptions<R>) {
    this.#options = options
  }

  /** Reads every file of the folder. */
  static async open<R extends StoredRecord>(options: RecordStoreOptions<R>): Promise<RecordStore<R>> {
    mkdirSync(options.folder, { recursive: true })
    const store = new RecordStore(options)
    await store.refresh()
    return store
  }

  get(id: string): R | undefined {
    return this.records.get(id)
  }

  /** The record with this other name. */
  named(name: string): R | undefined {
    const id = this.#idOfName.get(name)
    return id === undefined ? undefined : this.records.get(id)
  }

  put(record: R): void {
    const page = this.#pageOfRecord.get(record.id) ?? this.#page(this.#nameOf(this.#options.pageOf(record)))
    this.#set(page, record)
    this.#markUnsaved(page, record.id)
  }

  remove(id: string): void {
    const page = this.#pageOfRecord.get(id)
    if (!page) return
    this.#delete(page, id)
    this.#markUnsaved(page, id)
  }

  /** Takes in what was changed in the files since they were last read or written here, and says what that was. */
  async refresh(): Promise<readonly HandEdit<R>[]> {
    this.#findPages()
    if ([...this.#pages.values()].some((page) => page.file.isChanged())) {
      await this.#inTurn(async () => {
        for (const page of this.#pages.values()) {
          if (page.file.isChanged()) await this.#takeIn(page)
        }
      })
    }
    const edits = this.#handEdits
    this.#handEdits = []
    return edits
  }

  /** What a person has to look at: files that cannot be read, or a disk that cannot be written. */
  problems(): readonly FileProblem[] {
    const unread = [...this.#pages.values()].flatMap((page) => (page.problem ? [page.problem] : []))
    return this.#saveFailure === undefined ? unread : [...unread, { file: this.#options.folder, message: this.#saveFailure }]
  }

  /** Writes everything that is not on disk yet. Rejects where the disk refuses; what is unsaved stays so and is tried again. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    return this.#inTurn(() => this.#saveAll())
  }

  async stop(): Promise<void> {
    await this.flush()
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #markUnsaved(page: Page<R>, id: string): void {
    page.unsaved.add(id)
    if (this.#options.saveDelayMs === 0 || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      // The failure is kept by #saveAll and shown with the problems; the next change tries again.
      this.flush().catch(() => undefined)
    }, this.#options.saveDelayMs)
  }

  async #saveAll(): Promise<void> {
    try {
      for (const page of this.#pages.values()) {
        if (page.unsaved.size > 0) await this.#save(page)
      }
      this.#saveFailure = undefined
    } catch (error) {
      this.#saveFailure = `Changes could not be saved: ${error instanceof Error ? error.message : String(error)}. They are kept in memory and tried again.`
      throw error
    }
  }

  async #save(page: Page<R>): Promise<void> {
    if (page.file.isPresent() && page.file.isChanged()) await this.#takeIn(page)
    if (page.problem) await copyFile(page.file.path, `${page.file.path}.broken`)
    const saved = [...page.unsaved]
    page.unsaved.clear()
    page.low.data = { records: [...page.records.values()] }
    try {
      await page.low.write()
      page.problem = undefined
    } catch (error) {
      for (const id of saved) page.unsaved.add(id)
      throw error
    } finally {
      page.low.data = {}
    }
  }

  /** Reads one file and merges it: its records replace ours, except those that were changed here and are not saved yet. */
  async #takeIn(page: Page<R>): Promise<void> {
    const read = await this.#readPage(page)
    if (read.kind === 'broken') {
      page.problem = { file: page.name, message: read.message }
      return
    }
    page.problem = undefined
    const ids = new Set([...page.records.keys(), ...read.records.keys()])
    for (const id of ids) {
      const before = page.records.get(id)
      const after = read.records.get(id)
      if (page.unsaved.has(id) || (before && after && isSame(before, after))) continue
      if (after) this.#set(page, after)
      else this.#delete(page, id)
      this.#handEdits.push({ before, after })
    }
  }

  async #readPage(page: Page<R>): Promise<{ kind: 'read'; records: Map<string, R> } | { kind: 'broken'; message: string }> {
    if (!page.file.isPresent()) return { kind: 'read', records: new Map() }
    try {
      await page.low.read()
    } catch (error) {
      return { kind: 'broken', message: `It is not JSON: ${error instanceof Error ? error.message : String(error)}` }
    }
    const data = pageShape.safeParse(page.low.data)
    page.low.data = {}
    if (!data.success) return { kind: 'broken', message: `It does not hold {"records": […]}: ${z.prettifyError(data.error)}` }
    const records = new Map<string, R>()
    const owners = new Map<string, string>()
    for (const [index, value] of data.data.records.entries()) {
      const called = `Record ${keyOf(value) ?? index + 1}`
      const parsed = this.#options.shape.safeParse(value)
      if (!parsed.success) return { kind: 'broken', message: `${called}: ${z.prettifyError(parsed.error)}` }
      const record = parsed.data
      const taken = this.#takenName(page, record, records, owners)
      if (taken !== undefined) return { kind: 'broken', message: `${called}: ${taken} belongs to another record.` }
      records.set(record.id, record)
      for (const name of this.#options.namesOf(record)) owners.set(name, record.id)
    }
    return { kind: 'read', records }
  }

  /** A name or id of a record that another record has, in its own file as it is read or in another one. */
  #takenName(page: Page<R>, record: R, records: ReadonlyMap<string, R>, owners: ReadonlyMap<string, string>): string | undefined {
    const isElsewhere = (id: string): boolean => {
      const other = this.#pageOfRecord.get(id)
      return other !== undefined && other !== page
    }
    if (records.has(record.id) || isElsewhere(record.id)) return `the id ${record.id}`
    const names = this.#options.namesOf(record)
    return names.find((name) => owners.has(name) || isElsewhere(this.#idOfName.get(name) ?? ''))
  }

  #set(page: Page<R>, record: R): void {
    this.#forgetNames(record.id)
    page.records.set(record.id, record)
    this.records.set(record.id, record)
    this.#pageOfRecord.set(record.id, page)
    for (const name of this.#options.namesOf(record)) this.#idOfName.set(name, record.id)
  }

  #delete(page: Page<R>, id: string): void {
    this.#forgetNames(id)
    page.records.delete(id)
    this.records.delete(id)
    this.#pageOfRecord.delete(id)
  }

  #forgetNames(id: string): void {
    const record = this.records.get(id)
    for (const name of record ? this.#options.namesOf(record) : []) {
      if (this.#idOfName.get(name) === id) this.#idOfName.delete(name)
    }
  }

  /** Looks for files that appeared. The folder's own time changes with each of them, so a quiet folder costs one stat. */
  #findPages(): void {
    const stamp = stampOf(statSync(this.#options.folder))
    if (stamp === this.#folderStamp) return
    this.#folderStamp = stamp
    const pattern = new RegExp(`^${this.#options.name}-\\d{4,}\\.json$`)
    for (const file of readdirSync(this.#options.folder).sort()) {
      if (pattern.test(file)) this.#page(file)
    }
  }

  #nameOf(page: number): string {
    return `${this.#options.name}-${String(page).padStart(4, '0')}.json`
  }

  #page(name: string): Page<R> {
    const known = this.#pages.get(name)
    if (known) return known
    const file = new PageFile(join(this.#options.folder, name), this.#options.saveDelayMs === 0)
    const page: Page<R> = { name, file, low: new Low<unknown>(file, {}), records: new Map(), unsaved: new Set(), problem: undefined }
    this.#pages.set(name, page)
    return page
  }
}

/** What a record is called in a message before it is known to be one. */
function keyOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'key' in value ? String(value.key) : undefined
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
