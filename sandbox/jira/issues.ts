import { join } from 'node:path'
import { z } from 'zod'
import { JsonFile } from '../json-file.ts'
import { type FileProblem, type HandEdit, RECORDS_PER_FILE, RecordStore } from '../record-store.ts'
import { changeTexts, fieldStoredAs, isPatchEqual, type Patch, type PatchKey } from './fields.ts'
import { type Change, type ChangeItem, type Issue, issueShape, KEPT_CHANGES } from './model.ts'
import { DEFAULT_PRIORITY, foldName, meant, PROJECTS, type Project, projectOf, RESOLUTION, STATUSES } from './site.ts'

const FIRST_ID = 10_001

const countersShape = z.object({
  nextIssueId: z.int().min(1),
  nextChangeId: z.int().min(1),
  nextTaskId: z.int().min(1),
  /** The highest number given in each project, deleted and moved issues included: a key is never given twice. */
  keyNumbers: z.record(z.string(), z.int().min(0)),
})
export type Counters = z.infer<typeof countersShape>

/** Who changes an issue, and when. */
export interface Writer {
  readonly by: string
  readonly atMs: number
}

interface RecentWrite {
  readonly atMs: number
  readonly id: string
  /** The issue before the write; absent where the write made it. */
  readonly before: Issue | undefined
}

/** The issues as one search sees them. */
export interface SearchView {
  readonly issues: readonly Issue[]
  /** Two views with the same stamp hold the same issues. */
  readonly stamp: string
}

/** What a key or id leads to. */
export type Found = { readonly kind: 'found'; readonly issue: Issue } | { readonly kind: 'absent' }

/**
 * The issues of the stand-in: by id and key, with their history, and as a search index that lags behind.
 *
 * Issues are never changed in place. A write keeps what it replaced for as long as the index may lag, so a search sees the state of
 * `indexDelayMs` ago while a read by id sees the present.
 */
export class JiraIssues {
  readonly #store: RecordStore<Issue>
  readonly #counters: JsonFile<Counters>
  #nextChangeId: number
  #version = 0
  #recent: RecentWrite[] = []
  #sorted: { readonly version: number; readonly issues: readonly Issue[] } | undefined

  private constructor(store: RecordStore<Issue>, counters: JsonFile<Counters>) {
    this.#store = store
    this.#counters = counters
    this.#nextChangeId = counters.data.nextChangeId
  }

  static async open(options: { readonly folder: string; readonly saveDelayMs: number }): Promise<JiraIssues> {
    const store = await RecordStore.open<Issue>({
      folder: options.folder,
      name: 'issues',
      shape: issueShape,
      namesOf: (issue) => [issue.key, ...issue.formerKeys],
      pageOf: (issue) => Math.max(0, Math.floor((Number(issue.id) - FIRST_ID) / RECORDS_PER_FILE)),
      saveDelayMs: options.saveDelayMs,
    })
    const counters = JsonFile.open<Counters>({
      path: join(options.folder, 'counters.json'),
      shape: countersShape,
      fresh: () => ({ nextIssueId: FIRST_ID, nextChangeId: 1, nextTaskId: 10_500, keyNumbers: {} }),
    })
    const issues = new JiraIssues(store, counters)
    await store.refresh()
    issues.#countUp()
    return issues
  }

  /** Grows with every change of any issue. */
  get version(): number {
    return this.#version
  }

  /** Is told of each change of an issue, after it. */
  onChange: (change: { readonly before: Issue | undefined; readonly after: Issue | undefined }) => void = () => undefined

  get size(): number {
    return this.#store.records.size
  }

  all(): Iterable<Issue> {
    return this.#store.records.values()
  }

  problems(): readonly FileProblem[] {
    return this.#store.problems()
  }

  /** The issue with this id, or with this key now or formerly. Keys are found without regard to case. */
  find(idOrKey: string): Issue | undefined {
    return this.#store.get(idOrKey) ?? this.#store.named(idOrKey.toUpperCase())
  }

  /** Takes in what a person changed in the files. Such an edit is a change like any other: it gets a time, an author, a history. */
  async refresh(writer: Writer): Promise<void> {
    const edits = await this.#store.refresh()
    for (const edit of edits) this.#takeIn(edit, writer)
  }

  create(project: Project, patch: Patch & { readonly summary: string; readonly type: string }, reporter: string, writer: Writer): Issue {
    const at = isoOf(writer.atMs)
    const counters = this.#counters.data
    const number = (counters.keyNumbers[project.key] ?? 0) + 1
    const issue: Issue = {
      id: String(counters.nextIssueId),
      key: `${project.key}-${number}`,
      formerKeys: [],
      status: 'To Do',
      priority: DEFAULT_PRIORITY,
      assignee: null,
      reporter,
      labels: [],
      duedate: null,
      description: null,
      storyPoints: null,
      targetStart: null,
      team: null,
      reference: null,
      billable: false,
      regions: [],
      components: [],
      fixVersions: [],
      reviewers: [],
      sprint: null,
      properties: {},
      created: at,
      updated: at,
      statusChanged: at,
      resolved: null,
      changes: [],
      ...patch,
    }
    this.#counters.write({
      ...counters,
      nextIssueId: counters.nextIssueId + 1,
      keyNumbers: { ...counters.keyNumbers, [project.key]: number },
    })
    this.#put(issue, writer.atMs)
    return issue
  }

  /** Puts in an issue that is made whole, with its past. */
  seed(project: Project, make: (place: { readonly id: string; readonly key: string; readonly changeId: string }) => Issue): void {
    const counters = this.#counters.data
    const number = (counters.keyNumbers[project.key] ?? 0) + 1
    const place = { id: String(counters.nextIssueId), key: `${project.key}-${number}`, changeId: String(this.#nextChangeId++) }
    this.#store.put(make(place))
    this.#version += 1
    counters.nextIssueId += 1
    counters.keyNumbers[project.key] = number
  }

  /** Changes an issue. Nothing happens, not even to `updated`, where nothing would change. */
  edit(issue: Issue, patch: Patch, writer: Writer): Issue {
    const items = changeItems(issue, { ...issue, ...patch })
    if (items.length === 0) return issue
    const edited = this.#changed(issue, patch, items, writer)
    this.#put(edited, writer.atMs)
    return edited
  }

  /** Sets or, with `undefined`, takes away what an app keeps with an issue. */
  setProperties(issue: Issue, properties: Readonly<Record<string, unknown>>, atMs: number): Issue {
    const merged = Object.entries({ ...issue.properties, ...properties }).filter(([, value]) => value !== undefined)
    const next: Issue = { ...issue, properties: Object.fromEntries(merged) }
    if (JSON.stringify(next.properties) === JSON.stringify(issue.properties)) return issue
    this.#put(next, atMs)
    return next
  }

  /** Moves an issue to another project: it gets that project's next key; the old key keeps finding it. */
  move(issue: Issue, project: Project, writer: Writer): Issue {
    if (projectOf(issue.key) === project) return issue
    const counters = this.#counters.data
    const number = (counters.keyNumbers[project.key] ?? 0) + 1
    const key = `${project.key}-${number}`
    const from = projectOf(issue.key)
    const items: ChangeItem[] = [
      {
        field: 'project',
        fieldId: 'project',
        fieldtype: 'jira',
        from: from?.id ?? null,
        fromString: from?.name ?? null,
        to: project.id,
        toString: project.name,
      },
      { field: 'Key', fieldId: 'Key', fieldtype: 'jira', from: null, fromString: issue.key, to: null, toString: key },
    ]
    this.#counters.write({ ...counters, keyNumbers: { ...counters.keyNumbers, [project.key]: number } })
    const moved = { ...this.#changed(issue, {}, items, writer), key, formerKeys: [...issue.formerKeys, issue.key] }
    this.#put(moved, writer.atMs)
    return moved
  }

  remove(issue: Issue, atMs: number): void {
    this.#store.remove(issue.id)
    this.#wrote(issue.id, issue, atMs)
  }

  nextTaskId(): string {
    const counters = this.#counters.data
    this.#counters.write({ ...counters, nextTaskId: counters.nextTaskId + 1 })
    return String(counters.nextTaskId)
  }

  /**
   * The issues as a search sees them: the state of `delayMs` ago, except for the ids to reconcile, which are seen as they are.
   * Newest id first.
   */
  searchView(options: { readonly nowMs: number; readonly delayMs: number; readonly reconcile: ReadonlySet<string> }): SearchView {
    this.#recent = this.#recent.filter((write) => write.atMs + options.delayMs > options.nowMs)
    const hidden = new Map<string, Issue | undefined>()
    for (const write of this.#recent) {
      if (!hidden.has(write.id) && !options.reconcile.has(write.id)) hidden.set(write.id, write.before)
    }
    const newest = this.#newestFirst()
    if (hidden.size === 0) return { issues: newest, stamp: `${this.#version}` }
    const kept = newest.filter((issue) => !hidden.has(issue.id))
    const before = [...hidden.values()].filter((issue) => issue !== undefined)
    const issues = [...kept, ...before].sort(byIdDescending)
    return { issues, stamp: `${this.#version}/${[...hidden].map(([id, issue]) => `${id}@${issue?.updated ?? ''}`).join()}` }
  }

  async flush(): Promise<void> {
    await this.#store.flush()
    this.#counters.write({ ...this.#counters.data, nextChangeId: this.#nextChangeId })
  }

  async stop(): Promise<void> {
    await this.flush()
  }

  #newestFirst(): readonly Issue[] {
    if (this.#sorted?.version !== this.#version) {
      this.#sorted = { version: this.#version, issues: [...this.#store.records.values()].sort(byIdDescending) }
    }
    return this.#sorted.issues
  }

  #changed(issue: Issue, patch: Patch, items: readonly ChangeItem[], writer: Writer): Issue {
    const at = isoOf(writer.atMs)
    const change: Change = { id: String(this.#nextChangeId++), at, by: writer.by, items }
    const next = { ...issue, ...patch, updated: at, changes: [...issue.changes, change].slice(-KEPT_CHANGES) }
    const isMoved = foldName(issue.status) !== foldName(next.status)
    if (!isMoved) return next
    const isDone = meant(STATUSES, next.status).category.code === 'DONE'
    return { ...next, statusChanged: at, resolved: isDone ? (issue.resolved ?? at) : null }
  }

  #put(issue: Issue, atMs: number): void {
    const before = this.#store.get(issue.id)
    this.#store.put(issue)
    this.#wrote(issue.id, before, atMs)
  }

  #wrote(id: string, before: Issue | undefined, atMs: number): void {
    this.#version += 1
    this.#recent.push({ atMs, id, before })
    const after = this.#store.get(id)
    // What apps keep with an issue is no change of it.
    const isSeen = before?.updated !== after?.updated || before === undefined || after === undefined
    if (isSeen) this.onChange({ before, after })
  }

  #takeIn({ before, after }: HandEdit<Issue>, writer: Writer): void {
    this.#wrote((after ?? before)?.id ?? '', before, writer.atMs)
    this.#countUp()
    if (!before || !after) return
    const items = changeItems(before, after)
    // A person who also wrote `updated` has said when it was; else it is now.
    if (items.length > 0 && after.updated === before.updated) {
      const { changes, resolved, statusChanged, updated } = this.#changed(
        { ...before, ...after, status: before.status },
        { status: after.status },
        items,
        writer,
      )
      this.#store.put({ ...after, changes, resolved, statusChanged, updated })
    }
  }

  /** Brings the counters past everything the files hold. */
  #countUp(): void {
    const { nextIssueId, keyNumbers } = this.#counters.data
    let highestId = nextIssueId - 1
    const numbers: Record<string, number> = Object.fromEntries(PROJECTS.map(({ key }) => [key, keyNumbers[key] ?? 0]))
    for (const issue of this.#store.records.values()) {
      highestId = Math.max(highestId, Number(issue.id))
      for (const key of [issue.key, ...issue.formerKeys]) {
        const [prefix = '', number = '0'] = key.split('-')
        numbers[prefix] = Math.max(numbers[prefix] ?? 0, Number(number))
      }
      for (const change of issue.changes) this.#nextChangeId = Math.max(this.#nextChangeId, Number(change.id) + 1)
    }
    const counters = { ...this.#counters.data, nextIssueId: highestId + 1, keyNumbers: numbers }
    if (JSON.stringify(counters) !== JSON.stringify(this.#counters.data)) this.#counters.write(counters)
  }
}

function byIdDescending(a: Issue, b: Issue): number {
  return Number(b.id) - Number(a.id)
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString()
}

const PATCH_KEYS: readonly PatchKey[] = [
  'summary',
  'type',
  'status',
  'priority',
  'assignee',
  'labels',
  'duedate',
  'description',
  'storyPoints',
  'targetStart',
  'team',
  'reference',
  'billable',
  'regions',
  'components',
  'fixVersions',
  'reviewers',
  'sprint',
]

/** What differs between two states of an issue, in the changelog's words. A status that becomes done also gets its resolution. */
export function changeItems(before: Issue, after: Issue): readonly ChangeItem[] {
  const items = PATCH_KEYS.filter((key) => !isPatchEqual(key, before, after)).map((key): ChangeItem => {
    const field = fieldStoredAs(key)
    const from = changeTexts(key, before)
    const to = changeTexts(key, after)
    return {
      field: field.name,
      fieldId: field.id,
      fieldtype: field.isCustom ? 'custom' : 'jira',
      from: from.id,
      fromString: from.text,
      to: to.id,
      toString: to.text,
    }
  })
  const was = meant(STATUSES, before.status).category.code === 'DONE'
  const is = meant(STATUSES, after.status).category.code === 'DONE'
  if (was === is) return items
  const done = { id: RESOLUTION.id, text: RESOLUTION.name }
  const none = { id: null, text: null }
  const [from, to] = was ? [done, none] : [none, done]
  return [
    ...items,
    { field: 'resolution', fieldId: 'resolution', fieldtype: 'jira', from: from.id, fromString: from.text, to: to.id, toString: to.text },
  ]
}
