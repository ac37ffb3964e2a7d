import { z } from 'zod'
import type { Option } from '../../workbook/fields.ts'
import { SyncError } from '../sync-error.ts'
import type { KnownObject } from './app.ts'
import type { ExternalField, ObjectDescription } from './connector.ts'
import type { HttpClient } from './http-client.ts'
import { nextPageOf, parseAnswer, queryPath, queryShape, readOk } from './salesforce-answers.ts'
import { API } from './salesforce-ids.ts'
import { salesforceKindOf } from './salesforce-values.ts'
import { soqlQuery } from './soql.ts'

/** Records read by id in one call. */
export const READ_BATCH = 2000
/** Records created in one call: five collections of two hundred in one composite. */
export const CREATE_BATCH = 1000
/** Longest a search was seen to lag behind a write. */
export const INDEX_DELAY_MS = 5 * 60_000
/** People of an org that are offered by name; more are found by typing. */
const MAX_PEOPLE_PAGES = 5

const flag = z.boolean().nullish()
const fieldShape = z.object({
  name: z.string().min(1),
  label: z.string(),
  type: z.string(),
  length: z.number().default(0),
  scale: z.number().default(0),
  nillable: z.boolean().default(true),
  createable: z.boolean().default(false),
  updateable: z.boolean().default(false),
  calculated: flag,
  autoNumber: flag,
  nameField: flag,
  externalId: flag,
  htmlFormatted: flag,
  defaultedOnCreate: flag,
  deprecatedAndHidden: flag,
  relationshipName: z.string().nullish(),
  referenceTo: z.array(z.string()).nullish(),
  picklistValues: z.array(z.object({ value: z.string(), label: z.string().nullish(), active: z.boolean().default(true) })).nullish(),
})
type DescribedField = z.infer<typeof fieldShape>

const objectShape = z.object({
  name: z.string().min(1),
  label: z.string(),
  labelPlural: z.string(),
  createable: z.boolean().default(false),
  deletable: z.boolean().default(false),
  searchable: z.boolean().default(false),
  fields: z.array(fieldShape),
  urls: z.record(z.string(), z.string().nullable()).default({}),
})

const globalShape = z.object({
  sobjects: z.array(
    z.object({
      name: z.string().min(1),
      labelPlural: z.string(),
      custom: z.boolean().default(false),
      customSetting: z.boolean().default(false),
      queryable: z.boolean().default(false),
      retrieveable: z.boolean().default(false),
      createable: z.boolean().default(false),
      updateable: z.boolean().default(false),
      layoutable: z.boolean().default(false),
      searchable: z.boolean().default(false),
      deprecatedAndHidden: z.boolean().default(false),
    }),
  ),
})

/** The objects every org has, as the integration offers them. */
export const KNOWN_OBJECTS: readonly KnownObject[] = [
  { id: 'Account', name: 'Accounts' },
  { id: 'Contact', name: 'Contacts' },
  { id: 'Opportunity', name: 'Opportunities' },
  { id: 'Case', name: 'Cases' },
]

/** Further objects of the org that people work with: those with a page of their own that can be read and edited. */
export async function discoverSalesforceObjects(http: HttpClient, signal: AbortSignal): Promise<readonly KnownObject[]> {
  const path = `${API}/sobjects`
  const { sobjects } = parseAnswer(globalShape, await readOk(http.as('refresh'), { method: 'GET', path }, signal), `GET ${path}`)
  return sobjects
    .filter(({ queryable, retrieveable, updateable, layoutable, customSetting, deprecatedAndHidden }) =>
      [queryable, retrieveable, updateable, layoutable, !customSetting, !deprecatedAndHidden].every(Boolean),
    )
    .filter(({ name }) => name !== 'User' && KNOWN_OBJECTS.every(({ id }) => id !== name))
    .map(({ name, labelPlural, searchable }) => ({ id: name, name: labelPlural, isSearchable: searchable }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
}

/** An object of the org as it is now: its fields, their options, the people of the org. One field refresh. */
export async function describeSalesforce(http: HttpClient, object: string, signal: AbortSignal): Promise<ObjectDescription> {
  const path = `${API}/sobjects/${encodeURIComponent(object)}/describe`
  const described = parseAnswer(objectShape, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  const needsPeople = described.fields.some(({ referenceTo }) => referenceTo?.includes('User'))
  const people = needsPeople ? await readPeople(http, signal) : []
  const fields = described.fields
    .filter(({ deprecatedAndHidden, name }) => deprecatedAndHidden !== true && name !== 'IsDeleted')
    .flatMap((field) => [...fieldOf(field, people), ...namesOf(field)])
  const nameField = described.fields.find((field) => field.nameField === true)
  const subject = described.fields.find(({ name }) => name === 'Subject')
  // A number that Salesforce gives out is what people call the record by; else only the id is sure to be its own.
  const keyField = nameField?.autoNumber === true ? nameField.name : 'Id'
  const detail = described.urls.uiDetailTemplate ?? undefined
  return {
    app: 'salesforce',
    appName: 'Salesforce',
    object: described.name,
    objectName: described.labelPlural,
    fields,
    keyField,
    nameField: nameField?.autoNumber === true && subject ? subject.name : (nameField?.name ?? 'Id'),
    readBatch: READ_BATCH,
    updateAnswersRecord: false,
    indexDelayMs: INDEX_DELAY_MS,
    keyExample: keyField === 'Id' ? '001xx000003DGb2AAG' : '00001234',
    ...(detail !== undefined && { recordUrl: detail.replace('{ID}', keyField === 'Id' ? '{key}' : '{id}') }),
    isSearchable: described.searchable,
    searchNote: described.searchable
      ? "Objects that are not searchable, and records made in the last minutes, don't appear."
      : `Salesforce does not search ${described.labelPlural}: the object is not set to be searchable.`,
    canCreate: described.createable,
    canDelete: described.deletable,
    batchUpdate: 1000,
    createBatch: CREATE_BATCH,
    // Change events need a stream that stays open (Pub/Sub, CometD); over plain REST there is nothing but asking.
    hasWebhooks: false,
    filterLanguage: 'SOQL',
    filterExample: filterExampleOf(described.fields),
    listPage: READ_BATCH,
  }
}

function filterExampleOf(fields: readonly DescribedField[]): string {
  const has = (name: string): boolean => fields.some((field) => field.name === name)
  if (has('StageName')) return "StageName = 'Prospecting' AND CloseDate = THIS_QUARTER"
  if (has('Industry')) return "Industry = 'Banking' AND AnnualRevenue > 1000000"
  if (has('CaseNumber')) return "Status != 'Closed' AND Priority = 'High'"
  return 'LastModifiedDate = LAST_N_DAYS:30'
}

/** Everybody who can own or be named by a record; those who left are known by name and no longer offered. */
async function readPeople(http: HttpClient, signal: AbortSignal): Promise<readonly Option[]> {
  const fields = ['Id', 'Name', 'IsActive']
  let path: string | null = queryPath(
    soqlQuery({ fields, object: 'User', conditions: ["UserType = 'Standard'"], order: 'ORDER BY IsActive DESC, Name' }),
  )
  const people: Option[] = []
  for (let page = 0; page < MAX_PEOPLE_PAGES && path !== null; page++) {
    const answer = await http.read({ method: 'GET', path }, signal)
    // An account that may not see people still works: they are shown by id.
    if (answer.status === 400 || answer.status === 403) return people
    if (answer.status !== 200)
      throw new SyncError('bad-answer', `Salesforce answered the question for its users with status ${answer.status}.`)
    const found = parseAnswer(queryShape, answer, 'GET /query')
    for (const { Id, Name, IsActive } of found.records) {
      if (typeof Id === 'string')
        people.push({ id: Id, name: typeof Name === 'string' ? Name : Id, ...(IsActive === false && { retired: true }) })
    }
    path = nextPageOf(found)
  }
  return people
}

/** A field of Tidebook's own, if an administrator made one: what a create is known by when its answer was lost. */
export const isMarkerField = ({ name, externalId, createable }: Pick<DescribedField, 'name' | 'externalId' | 'createable'>): boolean =>
  externalId === true && createable && /(?:^|__)Tidebook_Id__c$/iu.test(name)

function fieldOf(field: DescribedField, people: readonly Option[]): readonly ExternalField[] {
  const { name, label, type, scale, length, htmlFormatted, referenceTo } = field
  const kind = salesforceKindOf({ type, scale, length, isHtml: htmlFormatted === true, referenceTo: referenceTo ?? [] })
  if (!kind) return []
  if (isMarkerField(field)) {
    return [
      {
        id: name,
        name: label,
        type: 'text',
        wire: 'marker',
        writable: { reason: 'Tidebook keeps this field itself, so that no record is made twice.' },
      },
    ]
  }
  const options = kind.type === 'person' ? people : optionsOf(field)
  const isText = kind.wire === 'text' || kind.wire === 'long'
  const isRequired = field.createable && !field.nillable && field.defaultedOnCreate !== true && type !== 'boolean'
  return [
    {
      id: name,
      name: label,
      // A record's number is its key wherever it stands.
      type: field.nameField === true && field.autoNumber === true ? 'record-key' : kind.type,
      wire: kind.wire,
      writable: writableOf(field, kind.reason),
      ...(options.length > 0 && { options }),
      ...(kind.type === 'single-select' && { optionsCaseSensitive: false }),
      ...(isText && length > 0 && { maxLength: length }),
      ...(isRequired && { required: true }),
    },
  ]
}

/** Values of a picklist by their labels; where two share a label, by the values themselves. */
function optionsOf({ picklistValues }: DescribedField): readonly Option[] {
  const values = picklistValues ?? []
  const labelOf = ({ value, label }: (typeof values)[number]): string => label ?? value
  return values.map((one) => {
    const isShared = values.some((other) => other !== one && labelOf(other) === labelOf(one))
    return { id: one.value, name: isShared ? one.value : labelOf(one), ...(!one.active && { retired: true }) }
  })
}

function writableOf(field: DescribedField, reason: string | undefined): ExternalField['writable'] {
  if (field.autoNumber === true) return { reason: 'Salesforce gives out these numbers.' }
  if (field.calculated === true) return { reason: 'Salesforce computes this field by a formula.' }
  if (reason !== undefined) return { reason }
  if (field.updateable) return true
  return field.createable
    ? { reason: 'Salesforce takes this field only when a record is made.' }
    : { reason: 'Salesforce keeps this field itself, or this account may not edit it.' }
}

/** Objects whose records have no field called Name. */
const NAMELESS = new Set(['Case', 'Task', 'Event', 'Solution', 'ContentNote', 'self'])

/** What a lookup leads to, by name: shown beside the lookup and never written. */
function namesOf({ name, label, type, relationshipName, referenceTo }: DescribedField): readonly ExternalField[] {
  const [target, ...others] = referenceTo ?? []
  if (type !== 'reference' || target === undefined || others.length > 0 || target === 'User' || NAMELESS.has(target)) return []
  if (relationshipName === null || relationshipName === undefined || name === 'MasterRecordId') return []
  const shown = label.replace(/\s+ID$/iu, '')
  return [
    {
      id: `${relationshipName}.Name`,
      name: `${shown}: name`,
      type: 'text',
      wire: `name:${target}:${name}`,
      writable: { reason: `This is the name of another record. To point to another one, change ${label}.` },
    },
  ]
}
