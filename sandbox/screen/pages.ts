import { FAULT_KINDS, type Fault, RATE_LIMIT_REASONS, type SetFault } from '../faults.ts'
import { FIELDS } from '../jira/fields.ts'
import type { JiraControlView } from '../jira/jira.ts'
import type { Issue } from '../jira/model.ts'
import type { RecordView } from '../jira/records.ts'
import { ISSUE_TYPES, OPTIONS, PRIORITIES, PROJECTS, STATUSES, USERS, withName } from '../jira/site.ts'
import type { RequestLine } from '../request-log.ts'
import { type Html, html } from './html.ts'

/** One page with the frame around it. */
export function page(title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/sandbox/screen.css">
<link rel="icon" href="data:,">
<script src="/sandbox/screen.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the records</a>
${body}
</body>
</html>
`
}

function head(title: string, lead: string): Html {
  return html`<header class="bar"><h1><a href="/sandbox">Sandbox</a></h1><p>${title === '' ? lead : html`<b>${title}</b> ${lead}`}</p>${title === '' && html`<nav aria-label="On this page"><a href="#dial">Fault dial</a><a href="#requests">Requests</a></nav>`}</header>`
}

export interface HomeView {
  readonly base: string
  readonly email: string
  readonly apiToken: string
  readonly issueCount: number
  readonly control: JiraControlView
  readonly requests: readonly RequestLine[]
  readonly search: string
  readonly project: string
  readonly startAt: number
  readonly maxResults: number
  readonly total: number
  readonly records: readonly RecordView[]
  readonly said: string | undefined
  readonly error: string | undefined
}

/** `/sandbox`: the apps, Jira's records, the fault dial, the latest requests. */
export function homePage(view: HomeView): Html {
  return page(
    'Sandbox · Jira',
    html`${head('', 'The other side: stand-ins of the connected apps, with records you can change here.')}
<div class="columns">
<main id="main">
${problems(view.control)}${message(view.said, view.error)}
${appCard(view)}
${recordList(view)}
</main>
<aside aria-label="Fault dial and requests">
${dialForm(view.control)}
<div data-live="/sandbox/aside">${asideParts(view.control, view.requests)}</div>
${settingsForm(view.control)}
</aside>
</div>`,
  )
}

function problems(control: JiraControlView): Html[] {
  return control.problems.map(
    ({ file, message: text }) =>
      html`<div class="note" role="alert"><b>${file} is not used as it stands.</b> ${text} The last good records stay in use until the file can be read again.</div>`,
  )
}

function message(said: string | undefined, error: string | undefined): Html {
  if (error !== undefined) return html`<div class="note" role="alert">${error}</div>`
  return said === undefined ? html`` : html`<div class="note ok" role="status">${said}</div>`
}

function appCard(view: HomeView): Html {
  return html`<section class="app" aria-label="Apps">
<div class="row"><h2>Jira</h2><span class="muted">${count(view.issueCount, 'issue')} in TB and OPS</span></div>
<details><summary>How to connect to it</summary>
<dl class="facts"><dt>Address</dt><dd><code>${view.base}</code></dd><dt>E-mail</dt><dd><code>${view.email}</code></dd><dt>API token</dt><dd><code>${view.apiToken}</code></dd></dl></details>
<p class="muted small">Salesforce and HubSpot join later.</p>
</section>`
}

function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`
}

function recordList(view: HomeView): Html {
  const last = Math.min(view.total, view.startAt + view.maxResults)
  const link = (startAt: number): string =>
    `/sandbox?${new URLSearchParams({ search: view.search, project: view.project, startAt: String(startAt) })}`
  return html`<section aria-label="Jira's records">
<form class="row bottom" method="get" action="/sandbox" role="search">
<label>Search<input type="search" name="search" value="${view.search}" placeholder="Key or words"></label>
<label>Project<select name="project"><option value="">All</option>${PROJECTS.map(({ key, name }) => option(key, `${key} · ${name}`, view.project))}</select></label>
<button>Search</button>
<span class="muted">${view.total === 0 ? 'Nothing found' : `${view.startAt + 1}–${last} of ${view.total.toLocaleString('en')}`}</span>
<a href="/sandbox/jira/new">New issue</a>
</form>
<table class="records">
<thead><tr><th scope="col">Key</th><th scope="col">Summary</th><th scope="col">Status</th><th scope="col">Priority</th><th scope="col">Assignee</th><th scope="col">Due</th><th scope="col" class="number">Points</th><th scope="col">Updated (UTC)</th></tr></thead>
<tbody>
${view.records.map(
  (
    record,
  ) => html`<tr><td class="key"><a href="/sandbox/jira/issues/${record.key}">${record.key}</a></td><td class="summary">${record.summary}${record.isHidden && html` <span class="tag">hidden</span>`}</td><td class="status"><span class="tag">${record.status}</span></td><td class="meta">${record.priority}</td><td class="meta">${record.assignee ?? ''}</td><td class="meta once">${record.duedate ?? ''}</td><td class="meta number">${record.storyPoints ?? ''}</td><td class="meta once">${minute(record.updated)}</td></tr>
`,
)}</tbody>
</table>
<nav class="pages" aria-label="Pages">${view.startAt > 0 && html`<a href="${link(Math.max(0, view.startAt - view.maxResults))}">Previous</a>`}${last < view.total && html`<a href="${link(last)}">Next</a>`}</nav>
</section>`
}

function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}

function option(value: string, text: string, chosen: string | null): Html {
  return value === chosen ? html`<option value="${value}" selected>${text}</option>` : html`<option value="${value}">${text}</option>`
}

const KIND_TEXTS: Readonly<Record<Fault['kind'], string>> = {
  delay: 'Delay the answer',
  '429': 'Ask to slow down (429)',
  '500': 'Fail before saving (500)',
  '500-after': 'Fail after saving (500)',
  '503': 'Be unavailable (503)',
  '401': 'Refuse the sign-in (401)',
  '403': 'Refuse permission (403)',
  'timeout-before': 'Time out before saving',
  'timeout-after': 'Time out after saving',
  drop: 'Drop the connection before saving',
  'drop-after': 'Drop the connection after saving',
  partial: 'Refuse a part',
  'quirk-capitals': 'Write in capitals',
  'quirk-trim': 'Collapse spaces',
  'quirk-round': 'Round numbers',
}

function dialForm(control: JiraControlView): Html {
  return html`<section aria-labelledby="dial"><div class="row spread"><h2 id="dial">Fault dial</h2>
<form method="post" action="/sandbox/dial/clear"><button class="plain">Clear all</button></form></div>
<form method="post" action="/sandbox/dial" data-faults="${control.faults.length}">
<div class="fields">
<label class="wide">What happens<select name="kind">${FAULT_KINDS.map((kind) => option(kind, KIND_TEXTS[kind], 'timeout-after'))}</select></label>
<label>The next … calls<input type="number" name="next" min="1" value="1" inputmode="numeric"></label>
<label>Or with a chance of (%)<input type="number" name="chance" min="0" max="100" inputmode="numeric"></label>
<label>Calls<select name="writes">${option('', 'All', '')}${option('true', 'That write', '')}${option('false', 'That read', '')}</select></label>
<label>Field<select name="field"><option value="">Any</option>${FIELDS.filter((field) => field.parse || field.id === 'status').map((field) => option(field.id, field.name, ''))}</select></label>
<label class="wide">Path holds<input name="path" placeholder="/issue/"></label>
<label data-kinds="delay">Milliseconds<input type="number" name="delayMs" min="0" value="3000"></label>
<label data-kinds="429 503">Retry after (s)<input type="number" name="retryAfterS" min="0" value="5"></label>
<label class="wide" data-kinds="429">Reason<select name="reason">${RATE_LIMIT_REASONS.map((reason) => option(reason, reason, 'jira-burst-based'))}</select></label>
<label class="wide" data-kinds="partial">Refused with<input name="message" value="The field cannot be saved right now."></label>
</div>
<button class="main">Set</button>
</form></section>`
}

/** The part of the side column that is kept fresh. */
export function asideParts(control: JiraControlView, requests: readonly RequestLine[]): Html {
  return html`<section aria-labelledby="set"><h2 id="set">Set now</h2>
${control.faults.length === 0 ? html`<p class="muted">Nothing: Jira behaves.</p>` : html`<ul class="plain">${control.faults.map(faultItem)}</ul>`}
${control.hidden.length > 0 && html`<p class="muted small">Hidden from the token: ${control.hidden.join(', ')}</p>`}
</section>
<section aria-labelledby="requests"><h2 id="requests">Latest requests</h2>
${requests.length === 0 ? html`<p class="muted">None yet.</p>` : html`<ul class="plain requests">${requests.map(requestItem)}</ul>`}
</section>`
}

function faultItem(fault: SetFault): Html {
  const { field, method, path, writes } = fault.match ?? {}
  const where = [
    field && `on ${field}`,
    method,
    path && `at ${path}`,
    writes === true && 'when writing',
    writes === false && 'when reading',
    fault.probability !== undefined && `with a chance of ${Math.round(fault.probability * 100)} %`,
  ].filter((text): text is string => typeof text === 'string')
  const left = fault.left === null ? 'until cleared' : `${count(fault.left, 'call')} to go`
  return html`<li><form class="row spread" method="post" action="/sandbox/dial/${fault.id}/remove"><span><b>${KIND_TEXTS[fault.kind]}</b> ${where.join(' ')}<br><span class="muted small">${left}, fired ${fault.fired} ${fault.fired === 1 ? 'time' : 'times'}</span></span><button class="plain">Remove</button></form></li>`
}

function requestItem(line: RequestLine): Html {
  const status = line.status === null ? html`<span class="lost">no answer</span>` : html`${line.status}`
  return html`<li><span>${line.method}</span><span>${line.path.replace('/rest/api/3', '')}${line.fault !== undefined && html` <span class="tag">${line.fault}</span>`}</span><span>${status}${line.saved && html` <span class="muted">saved</span>`}</span></li>`
}

function settingsForm(control: JiraControlView): Html {
  return html`<section aria-labelledby="settings"><h2 id="settings">Settings</h2>
<form method="post" action="/sandbox/settings"><div class="fields">
<label>Edits here are by<select name="editor">${USERS.map(({ name }) => option(name, name, control.editor))}</select></label>
<label>Search lags by (ms)<input type="number" name="indexDelayMs" min="0" value="${control.indexDelayMs}"></label>
</div><button>Save settings</button></form></section>`
}

export interface IssueView {
  readonly issue: Issue | undefined
  /** What the form shows: the record's values, or what was typed and refused. */
  readonly values: Readonly<Record<string, string>>
  readonly errors: Readonly<Record<string, string>>
  readonly editor: string
  readonly isHidden: boolean
  readonly said: string | undefined
  /** What the form was filled with, so that only what a person changed is saved. */
  readonly was: string
}

/** The page of one issue, or of a new one. */
export function issuePage({ issue, values, errors, editor, isHidden, said, was }: IssueView): Html {
  const title = issue ? issue.key : 'New issue'
  const text = (name: string, label: string, type = 'text'): Html =>
    html`<label>${label}<input type="${type}" name="${name}" value="${values[name] ?? ''}" ${type === 'number' && html`step="any"`}${errors[name] !== undefined && html` aria-invalid="true" aria-describedby="error-${name}"`}>${errorText(errors, name)}</label>`
  const choice = (name: string, label: string, names: readonly string[], isEmptyAllowed: boolean): Html =>
    html`<label>${label}<select name="${name}">${isEmptyAllowed && html`<option value="">None</option>`}${choices(names, values[name] ?? '')}</select>${errorText(errors, name)}</label>`
  const names = (table: readonly { readonly name: string }[]): string[] => table.map((entry) => entry.name)
  return page(
    `${title} · Sandbox`,
    html`${head(title, issue ? `in the sandbox's Jira` : '')}
<main id="main" class="narrow">
${message(said, Object.keys(errors).length > 0 ? 'Nothing was saved. See the fields below.' : undefined)}
<form method="post" action="${issue ? `/sandbox/jira/issues/${issue.id}` : '/sandbox/jira/issues'}">
<input type="hidden" name="was" value="${was}">
<div class="fields">
<label class="wide">Summary<input name="summary" required maxlength="255" value="${values.summary ?? ''}">${errorText(errors, 'summary')}</label>
${
  issue
    ? choice('status', 'Status', names(STATUSES), false)
    : choice(
        'project',
        'Project',
        PROJECTS.map(({ key }) => key),
        false,
      )
}
${choice('type', 'Type', names(ISSUE_TYPES), false)}
${choice('priority', 'Priority', names(PRIORITIES), false)}
${choice('assignee', 'Assignee', names(USERS), true)}
${text('duedate', 'Due date', 'date')}
${text('storyPoints', 'Story points', 'number')}
${text('targetStart', 'Target start (UTC)', 'datetime-local')}
${choice('team', 'Team', names(OPTIONS.team), true)}
${text('labels', 'Labels, with spaces between')}
${text('reference', 'Reference', 'url')}
<label class="check wide"><input type="checkbox" name="billable" value="true" ${values.billable === 'true' && html`checked`}> Billable</label>
<label class="wide">Description<textarea name="description">${values.description ?? ''}</textarea>${errorText(errors, 'description')}</label>
${choice('as', 'Saved as', names(USERS), false)}
</div>
<div class="row"><button class="main">${issue ? 'Save' : 'Create'}</button><a href="/sandbox">Back to the records</a></div>
</form>
${issue && issueActions(issue, isHidden)}
${issue && history(issue)}
<p class="muted small">Saved as ${editor} unless somebody else is chosen. Changes here are not staged anywhere: Jira has them at once.</p>
</main>`,
  )
}

/** The names to choose from; a value shown under another spelling stays what it is. */
function choices(names: readonly string[], chosen: string): Html[] {
  const table = names.map((name) => ({ name }))
  const meant = withName(table, chosen)?.name
  const isSpelt = chosen !== '' && meant !== undefined && meant !== chosen
  return names.map((name) =>
    isSpelt && name === meant
      ? html`<option value="${chosen}" selected>${chosen} (shown so)</option><option value="${name}">${name}</option>`
      : option(name, name, chosen),
  )
}

function errorText(errors: Readonly<Record<string, string>>, name: string): Html {
  return errors[name] === undefined ? html`` : html`<span class="error" id="error-${name}">${errors[name]}</span>`
}

function issueActions(issue: Issue, isHidden: boolean): Html {
  const other = PROJECTS.filter(({ key }) => !issue.key.startsWith(`${key}-`))
  return html`<div class="row actions">
${other.map(({ key }) => html`<form method="post" action="/sandbox/jira/issues/${issue.id}/move"><input type="hidden" name="project" value="${key}"><button>Move to ${key}</button></form>`)}
<form method="post" action="/sandbox/jira/issues/${issue.id}/${isHidden ? 'show' : 'hide'}"><button>${isHidden ? 'Let the token see it again' : 'Hide it from the token'}</button></form>
<form method="post" action="/sandbox/jira/issues/${issue.id}/delete"><button class="danger" data-confirm="Delete ${issue.key} in the sandbox's Jira?">Delete</button></form>
</div>`
}

function history(issue: Issue): Html {
  const changes = [...issue.changes].reverse().slice(0, 20)
  return html`<section aria-labelledby="history"><h2 id="history">History</h2>
<ul class="plain history">
${changes.flatMap((change) => change.items.map((item) => html`<li>${change.by} changed ${item.field}: ${item.fromString ?? 'none'} → ${item.toString ?? 'none'} <span class="muted small">${minute(change.at)}</span></li>`))}
<li>${issue.reporter} created ${issue.formerKeys[0] ?? issue.key} <span class="muted small">${minute(issue.created)}</span></li>
</ul></section>`
}
