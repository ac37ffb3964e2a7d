import type { z } from 'zod'
import type { CallFaults } from '../faults.ts'
import type { Answer } from '../http.ts'
import type { RecentSearches } from '../recent-searches.ts'
import type { JiraHooks } from './hooks.ts'
import type { JiraIssues, Writer } from './issues.ts'
import type { SortKey } from './jql/evaluate.ts'
import type { Issue } from './model.ts'
import type { Tasks } from './tasks.ts'
import type { Wire } from './wire.ts'

/** One request to Jira, authenticated and read. */
export interface JiraCall {
  readonly method: string
  /** From `/rest` on. */
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: unknown
  readonly faults: CallFaults
  readonly wire: Wire
  /** The time as the site's own clock shows it. */
  readonly nowMs: number
  readonly site: JiraSite
  /** Whether it comes from the OAuth app, and not from a person's API token. */
  readonly isApp: boolean
  /** The address people know the site by. */
  readonly siteUrl: string
}

export interface Ranked {
  readonly issue: Issue
  readonly key: SortKey
}

/** What the operations of the API work on. */
export interface JiraSite {
  readonly issues: JiraIssues
  readonly tasks: Tasks
  readonly email: string
  /** The time by the site's own clock, for what is carried out after its call. */
  readonly nowMs: () => number
  readonly indexDelayMs: () => number
  readonly isHidden: (issue: Issue) => boolean
  readonly makeLocalId: () => string
  /** The order of the last searches, so that paging through 100,000 issues sorts them once. */
  readonly searches: RecentSearches<readonly Ranked[]>
  readonly hooks: JiraHooks
  /** Whether the account may change many issues at once. */
  readonly canBulkChange: () => boolean
}

export type Handler = (call: JiraCall) => Answer | Promise<Answer>

/** One operation: its path as Jira's documents write it, what it reads, and what it may answer. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: z.ZodType
  /** Whether it changes issues. */
  readonly writes?: boolean
  /** Whether Jira answers it without a credential. */
  readonly isOpen?: boolean
  readonly answers: Readonly<Record<number, z.ZodType>>
  readonly handle: Handler
}

/** Who writes, for what comes over the API. */
export function writerOf(call: JiraCall, by: string): Writer {
  return { by, atMs: call.nowMs }
}

/** The issue a path or a body names, if it may be seen. */
export function visibleIssue(site: JiraSite, idOrKey: string): Issue | undefined {
  const issue = site.issues.find(idOrKey)
  return issue && !site.isHidden(issue) ? issue : undefined
}
