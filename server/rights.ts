import { type DocumentName, parseDocumentName } from '../workbook/schema.ts'
import { SHEET_DELETED } from '../workbook/sheet-list.ts'
import type { Access, Endpoint } from './api/contract.ts'
import { ApiProblem, WORKBOOK_DELETED } from './api/problem.ts'
import type { Denied } from './collab-ports.ts'
import type { Caller } from './session.ts'
import type { LinkEnd, LinkRole, SharedLink, SharedLinks } from './shared-links.ts'
import type { Catalog } from './storage/catalog.ts'

type DocumentKind = DocumentName['kind']

/** What a guest may do with a document of the workbook that was shared, by its kind: everything of it is read, what people write an editor writes. */
export const GUEST_DOCUMENTS: Readonly<Record<DocumentKind, 'read' | 'write'>> = {
  book: 'write',
  sys: 'read',
  base: 'read',
  edits: 'write',
  annotations: 'read',
  talk: 'write',
  note: 'write',
}

/** Whether somebody of this standing may call an endpoint at all; what of it, the request's own workbook decides. */
export function mayCall(access: Access, caller: Caller['kind']): boolean {
  if (access === 'anyone') return true
  if (caller === 'nobody') return false
  return caller !== 'guest' || access !== 'member'
}

/** Pages and files that hold nothing of anybody: whoever has a link needs them before they are known. */
const OPEN_PAGES = /^\/(?:l\/?|theme\.js|icon\.svg|manifest\.webmanifest|favicon\.ico|sw\.js|_next\/static\/.*)$/u
const GUEST_PAGES = /^\/w(?:\/.*)?$/u

/** Whether a page or a file of the app is given to somebody: shells without any data. */
export function mayLoad(caller: Caller['kind'], pathname: string, isDev: boolean): boolean {
  if (caller !== 'nobody' && caller !== 'guest') return true
  if (OPEN_PAGES.test(pathname) || (isDev && pathname.startsWith('/_next/'))) return true
  return caller === 'guest' && GUEST_PAGES.test(pathname)
}

interface RequestParts {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/** The workbooks and sheets a request names: by its path and by what its parts call `workbook` and `sheet`. */
export function scopeOf(path: string, { params, query, body }: RequestParts): { readonly workbooks: string[]; readonly sheets: string[] } {
  const named = (key: string): string[] =>
    [params, query, body].flatMap((part) => {
      const value: unknown = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined
      return typeof value === 'string' ? [value] : []
    })
  const id = named('id')
  return {
    workbooks: [...(path.startsWith('/api/workbooks/{id}') ? id : []), ...named('workbook')],
    sheets: [...(path.startsWith('/api/sheets/{id}') ? id : []), ...named('sheet')],
  }
}

export const NOT_SHARED = new ApiProblem({
  status: 403,
  code: 'not-shared',
  message: 'This is not part of what was shared with you.',
  advice: 'Nothing was changed. Ask whoever shared the workbook.',
})

const DELETED = new ApiProblem({
  status: 404,
  code: 'sheet-deleted',
  message: SHEET_DELETED,
  advice: 'Nothing was changed. Who may edit can bring it back from the list of sheets.',
})
/** A deleted workbook can be brought back by a member. */
const WORKBOOK_ITSELF = '/api/workbooks/{id}/restore'
/** A deleted sheet can be brought back by whoever may edit. */
const SHEET_ITSELF = '/api/workbooks/{id}/sheets/{sheet}'

const VIEW_ONLY = new ApiProblem({
  status: 403,
  code: 'view-only',
  message: 'Your link lets you look, not edit.',
  advice: 'Nothing was changed. Ask whoever shared the workbook for a link that edits.',
})

/** Who may do what. In local mode a member may do everything; a guest what their link says, in its workbook. */
export class Rights {
  readonly #catalog: Pick<Catalog, 'workbook' | 'sheet' | 'isWorkbookRemoved'>
  readonly #links: SharedLinks
  readonly #nameOf: (person: string) => string

  constructor(parts: {
    catalog: Pick<Catalog, 'workbook' | 'sheet' | 'isWorkbookRemoved'>
    links: SharedLinks
    nameOf: (person: string) => string
  }) {
    this.#catalog = parts.catalog
    this.#links = parts.links
    this.#nameOf = parts.nameOf
  }

  /** What a caller may do with a document. Server-written documents are read-only for everybody, whatever is said here. */
  async ofDocument(
    caller: Caller,
    docName: string,
  ): Promise<{ canWrite: boolean; role: 'owner' | LinkRole; workbook: string; link?: string } | Denied> {
    const name = parseDocumentName(docName)
    const workbook = name && (await this.#workbookOf(name))
    if (caller.kind === 'nobody' || name === undefined) return { denied: 'There is no such workbook here.' }
    const isRemoved = workbook !== undefined && (await this.#catalog.isWorkbookRemoved(workbook))
    if (caller.kind !== 'guest') {
      if (isRemoved) return { denied: WORKBOOK_DELETED.message }
      return workbook === undefined ? { denied: 'There is no such workbook here.' } : { canWrite: true, role: 'owner', workbook }
    }
    const right = workbook === undefined ? undefined : this.#links.rightIn(caller.actor.id, workbook)
    if (workbook === undefined || right === undefined) return { denied: NOT_SHARED.message }
    if ('end' in right) return { denied: this.endText(right.end).message }
    if (isRemoved) return { denied: WORKBOOK_DELETED.message }
    // What was deleted before a workbook was shared is not part of what was shared; its names in the book lead nowhere.
    if ('sheet' in name && (await this.#catalog.sheet(name.sheet))?.isRemoved === true) return { denied: SHEET_DELETED }
    const { role, link } = right.grant
    return { canWrite: role === 'editor' && GUEST_DOCUMENTS[name.kind] === 'write', role, workbook, link }
  }

  /**
   * The caller with their right in what a request is about.
   * @throws ApiProblem where they have none
   */
  async ofRequest(caller: Caller, { access = 'member', path }: Pick<Endpoint, 'access' | 'path'>, parts: RequestParts): Promise<Caller> {
    if (!mayCall(access, caller.kind)) throw NOT_SHARED
    if (access === 'anyone') return caller
    const { workbooks, sheets } = scopeOf(path, parts)
    const all = new Set(workbooks)
    for (const sheet of sheets) {
      const found = await this.#catalog.sheet(sheet)
      if (caller.kind === 'guest' && found?.isRemoved === true && path !== SHEET_ITSELF) throw DELETED
      all.add(found?.workbook ?? '')
    }
    // Whoever's link leads elsewhere learns nothing of it.
    const mayKnow = (id: string): boolean => caller.kind !== 'guest' || this.#links.rightIn(caller.actor.id, id) !== undefined
    for (const id of path === WORKBOOK_ITSELF ? [] : all)
      if (mayKnow(id) && (await this.#catalog.isWorkbookRemoved(id))) throw WORKBOOK_DELETED
    if (caller.kind !== 'guest') return caller
    const [workbook, ...others] = all
    if (workbook === undefined && access === 'person') return caller
    // What names no workbook, or several, is no guest's: an endpoint that forgot to say which stays closed.
    if (workbook === undefined || others.length > 0) throw NOT_SHARED
    const right = this.#links.rightIn(caller.actor.id, workbook)
    if (right === undefined) throw NOT_SHARED
    if ('end' in right) throw this.ended(right.end, right.link)
    if (access === 'guest-editor' && right.grant.role !== 'editor') throw VIEW_ONLY
    return { ...caller, grant: right.grant }
  }

  /** What is said to somebody whose link no longer lets them in. */
  ended(end: LinkEnd, link: SharedLink): ApiProblem {
    const { code, message } = this.endText(end)
    const asked = this.#nameOf(link.createdBy)
    return new ApiProblem({
      status: 403,
      code,
      message,
      advice: `What you typed is kept on this device. Ask ${asked} for a new link.`,
      details: end,
    })
  }

  endText(end: LinkEnd): { readonly code: string; readonly message: string } {
    return end.why === 'closed'
      ? { code: 'link-closed', message: `This link was closed by ${this.#nameOf(end.by)}.` }
      : { code: 'link-expired', message: `This link ended on ${dayText(end.at)}.` }
  }

  async #workbookOf(name: DocumentName): Promise<string | undefined> {
    if (!('workbook' in name)) return (await this.#catalog.sheet(name.sheet))?.workbook
    const isKnown = (await this.#catalog.workbook(name.workbook)) !== undefined || (await this.#catalog.isWorkbookRemoved(name.workbook))
    return isKnown ? name.workbook : undefined
  }
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayText = (at: number): string => DAY.format(at)
