import { FIELDS, fieldWith, type JiraField } from './fields.ts'
import type { Change, Issue } from './model.ts'
import {
  API_USER,
  COMPONENTS,
  DEFAULT_PRIORITY,
  ISSUE_TYPES,
  type IssueType,
  meant,
  type Named,
  OPTIONS,
  PRIORITIES,
  type Project,
  projectOf,
  RESOLUTION,
  SPRINTS,
  type Sprint,
  STATUSES,
  type Transition,
  USERS,
  type User,
  VERSIONS,
} from './site.ts'

/** Jira's spelling of an instant: milliseconds, and an offset without a colon. */
export function wireTime(iso: string): string {
  return iso.replace(/Z$/, '+0000')
}

/** A number as Jira writes it: a float always shows its point, 3 is `3.0`. */
export function wireFloat(number: number): unknown {
  const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
  return Number.isInteger(number) && Math.abs(number) < 1e15 ? raw(`${number}.0`) : number
}

function avatarUrls(base: string, path: string): Record<string, string> {
  return Object.fromEntries(['48x48', '24x24', '16x16', '32x32'].map((size) => [size, `${base}${path}?size=${size}`]))
}

/** Turns stored issues into what Jira sends. `base` is the site's address, as the `self` links name it. */
export class Wire {
  readonly base: string
  readonly api: string

  constructor(base: string) {
    this.base = base
    this.api = `${base}/rest/api/3`
  }

  /** A person as others see them: the e-mail address is hidden. */
  user(user: User): Record<string, unknown> {
    return {
      self: `${this.api}/user?accountId=${encodeURIComponent(user.accountId)}`,
      accountId: user.accountId,
      avatarUrls: avatarUrls(this.base, '/avatar/user.svg'),
      displayName: user.name,
      active: true,
      timeZone: user.timeZone,
      accountType: 'atlassian',
    }
  }

  userNamed(name: string | null): Record<string, unknown> | null {
    return name === null ? null : this.user(meant(USERS, name))
  }

  project(project: Project): Record<string, unknown> {
    return {
      self: `${this.api}/project/${project.id}`,
      id: project.id,
      key: project.key,
      name: project.name,
      projectTypeKey: 'software',
      simplified: false,
      avatarUrls: avatarUrls(this.base, '/avatar/project.svg'),
    }
  }

  /** A status under the name one issue shows it by. */
  status(shownName: string): Record<string, unknown> {
    const status = meant(STATUSES, shownName)
    const { id, key, name, colorName } = status.category
    return {
      self: `${this.api}/status/${status.id}`,
      description: status.description,
      iconUrl: `${this.base}/images/icons/status.svg`,
      name: shownName,
      id: status.id,
      statusCategory: { self: `${this.api}/statuscategory/${id}`, id, key, colorName, name },
    }
  }

  priority(shownName: string): Record<string, unknown> {
    const { id } = meant(PRIORITIES, shownName)
    return { self: `${this.api}/priority/${id}`, iconUrl: `${this.base}/images/icons/priority.svg`, name: shownName, id }
  }

  issueType(type: IssueType, shownName: string = type.name): Record<string, unknown> {
    return {
      self: `${this.api}/issuetype/${type.id}`,
      id: type.id,
      description: type.description,
      iconUrl: `${this.base}/images/icons/issuetype.svg`,
      name: shownName,
      subtask: false,
      avatarId: type.avatarId,
      hierarchyLevel: type.hierarchyLevel,
    }
  }

  option(option: Named, shownValue: string = option.name): Record<string, unknown> {
    return { self: `${this.api}/customFieldOption/${option.id}`, value: shownValue, id: option.id }
  }

  /** A component or a version. */
  named(what: 'component' | 'version', { id, name }: Named): Record<string, unknown> {
    return { self: `${this.api}/${what}/${id}`, id, name }
  }

  /** A sprint as Jira Software's field shows it: its id is a number. */
  sprint({ id, name, state }: Sprint): Record<string, unknown> {
    return { id: Number(id), name, state, boardId: 1, goal: '' }
  }

  /** The value of one field of an issue. */
  fieldValue(id: string, issue: Issue): unknown {
    switch (id) {
      case 'summary':
        return issue.summary
      case 'issuetype':
        return this.issueType(meant(ISSUE_TYPES, issue.type), issue.type)
      case 'project': {
        const project = projectOf(issue.key)
        return project ? this.project(project) : null
      }
      case 'status':
        return this.status(issue.status)
      case 'priority':
        return this.priority(issue.priority)
      case 'assignee':
        return this.userNamed(issue.assignee)
      case 'reporter':
      case 'creator':
        return this.userNamed(issue.reporter)
      case 'labels':
        return issue.labels
      case 'duedate':
        return issue.duedate
      case 'description':
        return issue.description
      case 'resolution':
        return issue.resolved === null ? null : { self: `${this.api}/resolution/${RESOLUTION.id}`, ...RESOLUTION }
      case 'resolutiondate':
        return issue.resolved === null ? null : wireTime(issue.resolved)
      case 'created':
        return wireTime(issue.created)
      case 'updated':
        return wireTime(issue.updated)
      case 'statuscategorychangedate':
        return wireTime(issue.statusChanged)
      case 'customfield_10016':
        return issue.storyPoints === null ? null : wireFloat(issue.storyPoints)
      case 'customfield_10020':
        return issue.targetStart === null ? null : wireTime(issue.targetStart)
      case 'customfield_10031':
        return issue.team === null ? null : this.option(meant(OPTIONS.team, issue.team), issue.team)
      case 'customfield_10042':
        return issue.reference
      case 'customfield_10050':
        return issue.billable ? [this.option(OPTIONS.billable[0])] : null
      case 'customfield_10060':
        return issue.regions.length === 0 ? null : issue.regions.map((name) => this.option(meant(OPTIONS.regions, name), name))
      case 'customfield_10061':
        return issue.reviewers.length === 0 ? null : issue.reviewers.map((name) => this.userNamed(name))
      case 'customfield_10021':
        return issue.sprint === null ? null : [this.sprint(meant(SPRINTS, issue.sprint))]
      case 'components':
        return issue.components.map((name) => this.named('component', meant(COMPONENTS, name)))
      case 'fixVersions':
        return issue.fixVersions.map((name) => ({ ...this.named('version', meant(VERSIONS, name)), archived: false, released: false }))
      default:
        return null
    }
  }

  /**
   * An issue with the asked-for fields. Where only the id was asked for it is nothing but the id; asked for nothing but id and key,
   * it has no `fields`.
   */
  issue(issue: Issue, wanted: WantedFields, propertyKeys: readonly string[] = []): Record<string, unknown> {
    const properties = propertyKeys.length > 0 ? { properties: wantedProperties(issue, propertyKeys) } : {}
    if (wanted.kind === 'id') return { id: issue.id, ...properties }
    const head = { expand: EXPAND, id: issue.id, self: `${this.api}/issue/${issue.id}`, key: issue.key, ...properties }
    if (wanted.kind === 'key') return head
    return { ...head, fields: Object.fromEntries(wanted.ids.map((id) => [id, this.fieldValue(id, issue)])) }
  }

  change(change: Change): Record<string, unknown> {
    const author = meant(USERS, change.by)
    return {
      id: change.id,
      author: {
        self: `${this.api}/user?accountId=${encodeURIComponent(author.accountId)}`,
        accountId: author.accountId,
        avatarUrls: avatarUrls(this.base, '/avatar/user.svg'),
        displayName: author.name,
        active: true,
        timeZone: author.timeZone,
        accountType: 'atlassian',
      },
      created: wireTime(change.at),
      items: change.items.map((item) => ({ ...item })),
    }
  }

  transition(transition: Transition, withFields: boolean): Record<string, unknown> {
    return {
      id: transition.id,
      name: transition.name,
      to: this.status(transition.to),
      hasScreen: transition.screen.length > 0,
      isGlobal: false,
      isInitial: false,
      isAvailable: true,
      isConditional: false,
      ...(withFields && { fields: Object.fromEntries(transition.screen.map((id) => [id, this.fieldMeta(id)])) }),
      looped: transition.from === transition.to,
    }
  }

  /** A field as `editmeta` and `createmeta` describe it. */
  fieldMeta(id: string): Record<string, unknown> {
    const field = fieldWith(id)
    if (!field) throw new Error(`There is no field '${id}'.`)
    const autoComplete = autoCompleteUrl(this.api, field)
    const allowedValues = this.allowedValues(field)
    return {
      required: field.isRequired ?? false,
      schema: field.schema,
      name: field.name,
      key: field.id,
      ...(autoComplete !== undefined && { autoCompleteUrl: autoComplete }),
      operations: [...(field.operations ?? []), 'set'],
      ...(allowedValues && { allowedValues }),
      ...(field.id === 'priority' && { hasDefaultValue: true, defaultValue: this.priority(DEFAULT_PRIORITY) }),
    }
  }

  allowedValues(field: JiraField): readonly Record<string, unknown>[] | undefined {
    switch (field.allowed) {
      case 'priority':
        return PRIORITIES.map((priority) => this.priority(priority.name))
      case 'issuetype':
        return ISSUE_TYPES.map((type) => this.issueType(type))
      case 'team':
        return OPTIONS.team.map((option) => this.option(option))
      case 'billable':
        return OPTIONS.billable.map((option) => this.option(option))
      case 'regions':
        return OPTIONS.regions.map((option) => this.option(option))
      case 'components':
        return COMPONENTS.map((component) => this.named('component', component))
      case 'fixVersions':
        return VERSIONS.map((version) => this.named('version', version))
      case undefined:
        return undefined
    }
  }

  /** The person the API token belongs to: they see their own address. */
  myself(email: string): Record<string, unknown> {
    return {
      ...this.user(meant(USERS, API_USER)),
      emailAddress: email,
      locale: 'en_US',
      groups: { size: 1, items: [] },
      applicationRoles: { size: 1, items: [] },
      expand: 'groups,applicationRoles',
    }
  }
}

/** The asked-for properties that the issue has; `*all` for every one, `-key` to leave one out. */
function wantedProperties(issue: Issue, keys: readonly string[]): Record<string, unknown> {
  const isAll = keys.includes('*all') || keys.every((key) => key.startsWith('-'))
  return Object.fromEntries(Object.entries(issue.properties).filter(([key]) => (isAll || keys.includes(key)) && !keys.includes(`-${key}`)))
}

const EXPAND = 'operations,versionedRepresentations,editmeta,changelog,renderedFields'

function autoCompleteUrl(api: string, field: JiraField): string | undefined {
  if (field.id === 'assignee') return `${api}/user/assignable/search?query=`
  return field.id === 'labels' ? `${api}/label/suggest?query=` : undefined
}

/** Which fields an answer holds. */
export type WantedFields = { readonly kind: 'id' } | { readonly kind: 'key' } | { readonly kind: 'fields'; readonly ids: readonly string[] }

/**
 * Reads a `fields` parameter: ids, `*all`, `*navigable`, and `-id` to leave one out. Names that are no field are passed over, as Jira
 * does. A list that only leaves out starts from everything.
 */
export function wantedFields(names: readonly string[], whenEmpty: readonly string[]): WantedFields {
  const asked = names.flatMap((name) => name.split(',')).map((name) => name.trim())
  const given = asked.filter((name) => name !== '')
  const list = given.length === 0 ? whenEmpty : given
  const left = new Set(list.filter((name) => name.startsWith('-')).map((name) => name.slice(1)))
  const added = list.filter((name) => !name.startsWith('-'))
  const names2 = added.length === 0 ? ['*all'] : added
  const ids = FIELDS.filter((field) => names2.some((name) => isNamed(field, name)) && !left.has(field.id)).map((field) => field.id)
  if (ids.length > 0) return { kind: 'fields', ids }
  if (names2.every((name) => name === 'id')) return { kind: 'id' }
  return names2.some((name) => name !== 'id' && name !== 'key') ? { kind: 'fields', ids: [] } : { kind: 'key' }
}

function isNamed(field: JiraField, name: string): boolean {
  return name === field.id || name === '*all' || (name === '*navigable' && field.isNavigable)
}
