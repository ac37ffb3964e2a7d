import { FAULT_KINDS, type Fault, type SetFault } from '../faults.ts'
import type { RequestLine } from '../request-log.ts'
import type { AppFace, Choice, Column, ControlView, FormField, ListRow, RecordAction, RecordList, RecordPage } from './face.ts'
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
  readonly faces: readonly AppFace[]
  readonly face: AppFace
  readonly list: RecordList
  readonly base: string
  readonly control: ControlView
  readonly requests: readonly RequestLine[]
  readonly search: string
  readonly filter: string
  readonly startAt: number
  readonly maxResults: number
  readonly total: number
  readonly rows: readonly ListRow[]
  readonly said: string | undefined
  readonly error: string | undefined
}

/** `/sandbox/<app>`: the apps, this one's records, its fault dial, the latest requests to it. */
export function homePage(view: HomeView): Html {
  const { face } = view
  return page(
    `Sandbox · ${face.name}`,
    html`${head('', 'The other side: stand-ins of the connected apps, with records you can change here.')}
<div class="columns">
<main id="main">
${problems(view.control)}${message(view.said, view.error)}
${appNav(view.faces, face)}
${appCard(view)}
${view.face.lists.length > 1 && listNav(view)}
${recordList(view)}
</main>
<aside aria-label="Fault dial and requests">
${dialForm(face, view.control)}
<div data-live="/sandbox/${face.id}/aside">${asideParts(face, view.control, view.requests)}</div>
${settingsForm(face, view.control)}
</aside>
</div>`,
  )
}

/** The apps of the sandbox, with a way to each. */
function appNav(faces: readonly AppFace[], shown: AppFace): Html {
  return html`<nav class="tabs" aria-label="Apps">${faces.map((face) => tab(`/sandbox/${face.id}`, face.name, face.id === shown.id))}</nav>`
}

function listNav({ face, list }: HomeView): Html {
  return html`<nav class="tabs" aria-label="${face.name}'s objects">${face.lists.map(({ id, name }) => tab(`/sandbox/${face.id}?list=${id}`, name, id === list.id))}</nav>`
}

function tab(href: string, name: string, isShown: boolean): Html {
  return isShown ? html`<a href="${href}" aria-current="page">${name}</a>` : html`<a href="${href}">${name}</a>`
}

function problems(control: ControlView): Html[] {
  return control.problems.map(
    ({ file, message: text }) =>
      html`<div class="note" role="alert"><b>${file} is not used as it stands.</b> ${text} The last good records stay in use until the file can be read again.</div>`,
  )
}

function message(said: string | undefined, error: string | undefined): Html {
  if (error !== undefined) return html`<div class="note" role="alert">${error}</div>`
  return said === undefined ? html`` : html`<div class="note ok" role="status">${said}</div>`
}

function appCard({ face, base }: HomeView): Html {
  return html`<section class="app" aria-label="${face.name}">
<div class="row"><h2>${face.name}</h2><span class="muted">${face.summary()}</span></div>
<details><summary>How to connect to it</summary>
<dl class="facts">${face.facts(base).map(([label, value]) => html`<dt>${label}</dt><dd><code>${value}</code></dd>`)}</dl></details>
</section>`
}

export function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`
}

const CELL_CLASS: Readonly<Record<Column['kind'], string>> = {
  key: 'key',
  main: 'summary',
  status: 'status',
  meta: 'meta',
  date: 'meta once',
  number: 'meta number',
}

function recordList(view: HomeView): Html {
  const { face, list } = view
  const last = Math.min(view.total, view.startAt + view.maxResults)
  const link = (startAt: number): string =>
    `/sandbox/${face.id}?${new URLSearchParams({ list: list.id, search: view.search, filter: view.filter, startAt: String(startAt) })}`
  return html`<section aria-label="${face.name}'s records">
<form class="row bottom" method="get" action="/sandbox/${face.id}" role="search">
<input type="hidden" name="list" value="${list.id}">
<label>Search<input type="search" name="search" value="${view.search}" placeholder="Key or words"></label>
${list.filter && html`<label>${list.filter.label}<select name="filter"><option value="">All</option>${list.filter.choices.map(({ id, name }) => option(id, name, view.filter))}</select></label>`}
<button>Search</button>
<span class="muted">${view.total === 0 ? 'Nothing found' : `${view.startAt + 1}–${last} of ${view.total.toLocaleString('en')}`}</span>
<a href="/sandbox/${face.id}/${list.id}/new">New ${list.noun}</a>
</form>
<table class="records">
<thead><tr>${list.columns.map(({ name, kind }) => html`<th scope="col"${kind === 'number' && html` class="number"`}>${name}</th>`)}</tr></thead>
<tbody>
${view.rows.map((row) => html`<tr>${list.columns.map((column, index) => listCell(view, row, column, row.cells[index] ?? ''))}</tr>\n`)}</tbody>
</table>
<nav class="pages" aria-label="Pages">${view.startAt > 0 && html`<a href="${link(Math.max(0, view.startAt - view.maxResults))}">Previous</a>`}${last < view.total && html`<a href="${link(last)}">Next</a>`}</nav>
</section>`
}

function listCell({ face, list }: HomeView, row: ListRow, { kind }: Column, text: string): Html {
  return html`<td class="${CELL_CLASS[kind]}">${cellBody(`/sandbox/${face.id}/${list.id}/${encodeURIComponent(row.id)}`, row, kind, text)}</td>`
}

function cellBody(address: string, row: ListRow, kind: Column['kind'], text: string): Html {
  if (kind === 'key') return html`<a href="${address}">${text}</a>`
  if (kind === 'main') return html`${text}${row.isHidden && html` <span class="tag">hidden</span>`}`
  return kind === 'status' && text !== '' ? html`<span class="tag">${text}</span>` : html`${text}`
}

/** A moment as the screen shows it: UTC, to the minute. */
export function minute(iso: string): string {
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

function dialForm(face: AppFace, control: ControlView): Html {
  return html`<section aria-labelledby="dial"><div class="row spread"><h2 id="dial">Fault dial</h2>
<form method="post" action="/sandbox/${face.id}/dial/clear"><button class="plain">Clear all</button></form></div>
<form method="post" action="/sandbox/${face.id}/dial" data-faults="${control.faults.length}">
<div class="fields">
<label class="wide">What happens<select name="kind">${FAULT_KINDS.map((kind) => option(kind, KIND_TEXTS[kind], 'timeout-after'))}</select></label>
<label>The next … calls<input type="number" name="next" min="1" value="1" inputmode="numeric"></label>
<label>Or with a chance of (%)<input type="number" name="chance" min="0" max="100" inputmode="numeric"></label>
<label>Calls<select name="writes">${option('', 'All', '')}${option('true', 'That write', '')}${option('false', 'That read', '')}</select></label>
<label>Field<select name="field"><option value="">Any</option>${face.dialFields.map(({ id, name }) => option(id, name, ''))}</select></label>
<label class="wide">Path holds<input name="path" placeholder="/"></label>
<label data-kinds="delay">Milliseconds<input type="number" name="delayMs" min="0" value="3000"></label>
<label data-kinds="429 503">Retry after (s)<input type="number" name="retryAfterS" min="0" value="5"></label>
${face.rateLimitReasons.length > 0 && html`<label class="wide" data-kinds="429">Reason<select name="reason">${face.rateLimitReasons.map((reason) => option(reason, reason, face.rateLimitReasons[0] ?? ''))}</select></label>`}
<label class="wide" data-kinds="partial">Refused with<input name="message" value="The field cannot be saved right now."></label>
</div>
<button class="main">Set</button>
</form></section>`
}

/** The part of the side column that is kept fresh. */
export function asideParts(face: AppFace, control: ControlView, requests: readonly RequestLine[]): Html {
  return html`<section aria-labelledby="set"><h2 id="set">Set now</h2>
${control.faults.length === 0 ? html`<p class="muted">Nothing: ${face.name} behaves.</p>` : html`<ul class="plain">${control.faults.map((fault) => faultItem(face, fault))}</ul>`}
${control.hidden.length > 0 && html`<p class="muted small">Hidden from the token: ${control.hidden.join(', ')}</p>`}
</section>
<section aria-labelledby="requests"><h2 id="requests">Latest requests</h2>
${requests.length === 0 ? html`<p class="muted">None yet.</p>` : html`<ul class="plain requests">${requests.map((line) => requestItem(face, line))}</ul>`}
</section>`
}

function faultItem(face: AppFace, fault: SetFault): Html {
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
  return html`<li><form class="row spread" method="post" action="/sandbox/${face.id}/dial/${fault.id}/remove"><span><b>${KIND_TEXTS[fault.kind]}</b> ${where.join(' ')}<br><span class="muted small">${left}, fired ${fault.fired} ${fault.fired === 1 ? 'time' : 'times'}</span></span><button class="plain">Remove</button></form></li>`
}

function requestItem(face: AppFace, line: RequestLine): Html {
  const status = line.status === null ? html`<span class="lost">no answer</span>` : html`${line.status}`
  return html`<li><span>${line.method}</span><span>${face.shortPath(line.path)}${line.fault !== undefined && html` <span class="tag">${line.fault}</span>`}</span><span>${status}${line.saved && html` <span class="muted">saved</span>`}</span></li>`
}

function settingsForm(face: AppFace, control: ControlView): Html {
  return html`<section aria-labelledby="settings"><h2 id="settings">Settings</h2>
<form method="post" action="/sandbox/${face.id}/settings"><div class="fields">
<label>Edits here are by<select name="editor">${face.editors.map((name) => option(name, name, control.editor))}</select></label>
<label>Search lags by (ms)<input type="number" name="indexDelayMs" min="0" value="${control.indexDelayMs}"></label>
</div><button>Save settings</button></form></section>`
}

export interface RecordView {
  readonly face: AppFace
  readonly list: RecordList
  /** `undefined`: a record to be made. */
  readonly record: RecordPage | undefined
  readonly fields: readonly FormField[]
  /** What the form shows: the record's values, or what was typed and refused. */
  readonly values: Readonly<Record<string, string>>
  readonly errors: Readonly<Record<string, string>>
  readonly editor: string
  readonly said: string | undefined
  /** What the form was filled with, so that only what a person changed is saved. */
  readonly was: string
}

/** The page of one record, or of a new one. */
export function recordPage(view: RecordView): Html {
  const { face, list, record, fields, values, errors, editor, said, was } = view
  const title = record?.title ?? `New ${list.noun}`
  const asField: FormField = { name: 'as', label: 'Saved as', kind: 'choice', choices: face.editors.map((name) => ({ id: name, name })) }
  return page(
    `${title} · Sandbox`,
    html`${head(title, record ? `in the sandbox's ${face.name}` : '')}
<main id="main" class="narrow">
${message(said, Object.keys(errors).length > 0 ? 'Nothing was saved. See the fields below.' : undefined)}
<form method="post" action="${addressOf(view)}">
<input type="hidden" name="was" value="${was}">
<div class="fields">
${[...fields, asField].map((field) => formField(field, values, errors))}
</div>
<div class="row"><button class="main">${record ? 'Save' : 'Create'}</button><a href="/sandbox/${face.id}?list=${list.id}">Back to the records</a></div>
</form>
${record && html`<div class="row actions">${record.actions.map((action) => actionForm(view, action))}</div>`}
${record && history(record)}
<p class="muted small">Saved as ${editor} unless somebody else is chosen. Changes here are not staged anywhere: ${face.name} has them at once.</p>
</main>`,
  )
}

function addressOf({ face, list, record }: RecordView): string {
  return `/sandbox/${face.id}/${list.id}${record ? `/${encodeURIComponent(record.id)}` : ''}`
}

const INPUT_TYPE: Readonly<Record<Exclude<FormField['kind'], 'long' | 'check' | 'choice'>, string>> = {
  text: 'text',
  date: 'date',
  time: 'datetime-local',
  number: 'number',
  url: 'url',
}

function formField(field: FormField, values: Readonly<Record<string, string>>, errors: Readonly<Record<string, string>>): Html {
  const { name, label, kind } = field
  const value = values[name] ?? ''
  const wrong = errors[name] !== undefined && html` aria-invalid="true" aria-describedby="error-${name}"`
  const error = errorText(errors, name)
  const wide = field.isWide === true && html` class="wide"`
  if (kind === 'check')
    return html`<label class="check wide"><input type="checkbox" name="${name}" value="true" ${value === 'true' && html`checked`}> ${label}</label>\n`
  if (kind === 'long') return html`<label class="wide">${label}<textarea name="${name}"${wrong}>${value}</textarea>${error}</label>\n`
  if (kind === 'choice')
    return html`<label${wide}>${label}<select name="${name}"${wrong}>${field.isEmptyAllowed === true && html`<option value="">None</option>`}${choices(field.choices ?? [], value)}</select>${error}</label>\n`
  return html`<label${wide}>${label}<input type="${INPUT_TYPE[kind]}" name="${name}" value="${value}" ${kind === 'number' && html`step="any"`}${field.isRequired === true && html` required`}${wrong}>${error}</label>\n`
}

/** The values to choose from; a value shown under another spelling stays what it is. */
function choices(all: readonly Choice[], chosen: string): Html[] {
  const isKnown = chosen === '' || all.some(({ id }) => id === chosen)
  const spelt = isKnown ? undefined : all.find(({ id, name }) => [id, name].some((text) => text.toLowerCase() === chosen.toLowerCase()))
  const other = isKnown || spelt ? [] : [html`<option value="${chosen}" selected>${chosen}</option>`]
  return [
    ...other,
    ...all.map(({ id, name }) =>
      spelt?.id === id
        ? html`<option value="${chosen}" selected>${chosen} (shown so)</option><option value="${id}">${name}</option>`
        : option(id, name, chosen),
    ),
  ]
}

function errorText(errors: Readonly<Record<string, string>>, name: string): Html {
  return errors[name] === undefined ? html`` : html`<span class="error" id="error-${name}">${errors[name]}</span>`
}

function actionForm(view: RecordView, { verb, label, inputs = {}, asks = [], confirm }: RecordAction): Html {
  const button =
    confirm === undefined ? html`<button>${label}</button>` : html`<button class="danger" data-confirm="${confirm}">${label}</button>`
  return html`<form class="row bottom" method="post" action="${addressOf(view)}/${verb}">${Object.entries(inputs).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}${asks.map((field) => formField(field, {}, {}))}${button}</form>\n`
}

function history({ history: lines }: RecordPage): Html {
  return html`<section aria-labelledby="history"><h2 id="history">History</h2>
<ul class="plain history">
${lines.map(({ text, at }) => html`<li>${text} <span class="muted small">${minute(at)}</span></li>`)}
</ul></section>`
}
