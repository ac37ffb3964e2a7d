import type { z } from 'zod'
import type { Option } from '../../workbook/fields.ts'
import type { KnownObject } from './app.ts'
import type { ExternalField, ObjectDescription } from './connector.ts'
import type { HttpClient } from './http-client.ts'
import {
  accountShape,
  CRM,
  failureOf,
  type HubProperty,
  ownersShape,
  parseAnswer,
  pipelinesShape,
  propertiesShape,
  readOk,
  schemasShape,
} from './hubspot-answers.ts'
import { hubKindOf, LINKED, UPDATED_BY } from './hubspot-values.ts'

/** Most records of one batch. */
export const BATCH = 100
/** Most records of one page of a search. */
export const SEARCH_PAGE = 200
/** How long HubSpot's search may lag behind a write; it says "a few seconds". ms */
const INDEX_DELAY_MS = 10_000
/** A property of this name, unique and a line of text, lets a create carry its mark. */
export const MARKER = 'tidebook_marker'
/** Where HubSpot tells the ids of records that were merged into one. */
export const MERGED = 'hs_merged_object_ids'

/** What the connector knows of an object that HubSpot's own metadata does not tell. */
export interface HubObject {
  readonly id: string
  readonly name: string
  /** Its number in addresses of HubSpot's screens. */
  readonly typeId: string
  readonly nameField: string
  readonly modified: string
  readonly required: readonly string[]
  /** Objects whose associated records can be shown. */
  readonly linked: readonly { readonly object: string; readonly label: string; readonly nameField: string }[]
}

const COMPANIES = { object: 'companies', label: 'Companies', nameField: 'name' }
const CONTACTS = { object: 'contacts', label: 'Contacts', nameField: 'hs_full_name_or_email' }
const DEALS = { object: 'deals', label: 'Deals', nameField: 'dealname' }

export const HUB_OBJECTS: readonly HubObject[] = [
  {
    id: 'companies',
    name: 'Companies',
    typeId: '0-2',
    nameField: 'name',
    modified: 'hs_lastmodifieddate',
    required: ['name'],
    linked: [CONTACTS, DEALS],
  },
  {
    id: 'contacts',
    name: 'Contacts',
    typeId: '0-1',
    nameField: 'hs_full_name_or_email',
    modified: 'lastmodifieddate',
    required: ['email'],
    linked: [COMPANIES, DEALS],
  },
  {
    id: 'deals',
    name: 'Deals',
    typeId: '0-3',
    nameField: 'dealname',
    modified: 'hs_lastmodifieddate',
    required: ['dealname', 'dealstage'],
    linked: [COMPANIES, CONTACTS],
  },
  {
    id: 'tickets',
    name: 'Tickets',
    typeId: '0-5',
    nameField: 'subject',
    modified: 'hs_lastmodifieddate',
    required: ['subject', 'hs_pipeline_stage'],
    linked: [COMPANIES, CONTACTS],
  },
]

/** An object by its id; a custom one (`2-123`) as far as its id tells. */
export function hubObject(id: string): HubObject {
  const known = HUB_OBJECTS.find((object) => object.id === id)
  return known ?? { id, name: id, typeId: id, nameField: 'name', modified: 'hs_lastmodifieddate', required: [], linked: [COMPANIES] }
}

/** The account's custom objects, by their numbers. */
export async function discoverHubObjects(http: HttpClient, signal: AbortSignal): Promise<readonly KnownObject[]> {
  return (await readSchemas(http, signal)).flatMap(({ objectTypeId, labels, name, searchableProperties }) =>
    objectTypeId === undefined
      ? []
      : [{ id: objectTypeId, name: labels.plural ?? labels.singular ?? name, isSearchable: searchableProperties?.length !== 0 }],
  )
}

async function readSchemas(http: HttpClient, signal: AbortSignal): Promise<z.infer<typeof schemasShape>['results']> {
  const found = await readIfAllowed(http, '/crm-object-schemas/v3/schemas', schemasShape, signal)
  return (found?.results ?? []).filter(({ archived }) => archived !== true)
}

/** Metadata that the account's scopes may not reach: what it tells is then left out. */
async function readIfAllowed<T>(http: HttpClient, path: string, shape: z.ZodType<T>, signal: AbortSignal): Promise<T | undefined> {
  const answer = await http.read({ method: 'GET', path }, signal)
  if (answer.status === 403 || answer.status === 404) return undefined
  if (answer.status !== 200) throw failureOf({ method: 'GET', path }, answer)
  return parseAnswer(shape, answer, `GET ${path}`)
}

/** The properties of an object with their options, people and stages: four calls, five where it has pipelines or is a custom one. */
export async function describeHubObject(http: HttpClient, object: string, signal: AbortSignal): Promise<ObjectDescription> {
  const path = `${CRM}/properties/${encodeURIComponent(object)}`
  const { results } = parseAnswer(propertiesShape, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  const known = await withSchema(http, hubObject(object), signal)
  const properties = results.filter(({ archived }) => archived !== true)
  const hasOwners = properties.some((property) => ['owner', 'user'].includes(hubKindOf(property).wire))
  const people = hasOwners ? await readPeople(http, signal) : { owners: [], users: [] }
  const stages = object === 'deals' || object === 'tickets' ? await readStages(http, object, signal) : new Map<string, readonly Option[]>()
  const fields = properties
    .filter(
      ({ hidden, name }) =>
        hidden !== true || name === known.nameField || name === 'hs_object_id' || name === MARKER || name === UPDATED_BY,
    )
    .filter(({ name }) => name !== MERGED)
    .map((property) => fieldOf(property, { stages: stages.get(property.name), people, required: known.required }))
  const account = await readIfAllowed(http, '/account-info/v3/details', accountShape, signal)
  return {
    app: 'hubspot',
    appName: 'HubSpot',
    object,
    objectName: known.name,
    fields: [...fields, ...known.linked.map(linkedField)],
    keyField: 'hs_object_id',
    nameField: known.nameField,
    readBatch: BATCH,
    updateAnswersRecord: true,
    indexDelayMs: INDEX_DELAY_MS,
    isSearchable: true,
    searchNote:
      'HubSpot’s search shows what was written some seconds later. Paste the record ID, e-mail address or domain to find a new record.',
    canCreate: true,
    canDelete: true,
    batchUpdate: BATCH,
    createBatch: BATCH,
    hasWebhooks: true,
    filterLanguage: 'HubSpot filters',
    filterExample: exampleOf(object),
    listPage: SEARCH_PAGE,
    keyExample: '512345678901',
    ...(account && { recordUrl: recordUrl(account, known.typeId) }),
  }
}

const EXAMPLES: Readonly<Record<string, string>> = {
  companies: 'lifecyclestage = Customer and numberofemployees >= 50',
  contacts: 'lifecyclestage in (Lead, Opportunity) and email is known',
  deals: 'amount >= 10000 and closedate < 30d order by closedate',
  tickets: 'hs_ticket_priority = High or subject contains "sign in"',
}
const exampleOf = (object: string): string => EXAMPLES[object] ?? 'hs_lastmodifieddate >= -30d'

/** Where a person opens a record. A stand-in names its whole address where HubSpot names a host. */
function recordUrl({ portalId, uiDomain = 'app.hubspot.com' }: z.infer<typeof accountShape>, typeId: string): string {
  const origin = /^https?:\/\//u.test(uiDomain) ? uiDomain : `https://${uiDomain}`
  return `${origin}/contacts/${portalId}/record/${typeId}/{id}`
}

/** What a custom object's schema says of its name and what a create must hold. */
async function withSchema(http: HttpClient, object: HubObject, signal: AbortSignal): Promise<HubObject> {
  if (HUB_OBJECTS.includes(object)) return object
  const schema = (await readSchemas(http, signal)).find(({ objectTypeId }) => objectTypeId === object.id)
  if (!schema) return object
  return {
    ...object,
    name: schema.labels.plural ?? schema.labels.singular ?? schema.name,
    nameField: schema.primaryDisplayProperty ?? object.nameField,
    required: schema.requiredProperties,
  }
}

function fieldOf(
  property: HubProperty,
  known: { readonly stages: readonly Option[] | undefined; readonly people: People; readonly required: readonly string[] },
): ExternalField {
  const kind = hubKindOf(property)
  const { name, label, calculated, hasUniqueValue, modificationMetadata, options } = property
  const reason =
    kind.reason ??
    (calculated === true ? 'HubSpot computes this property.' : undefined) ??
    (modificationMetadata?.readOnlyValue === true ? 'HubSpot keeps this property itself.' : undefined)
  const isChoice = kind.wire === 'option' || kind.wire === 'options'
  const ofKind = kind.wire === 'owner' ? known.people.owners : kind.wire === 'user' ? known.people.users : undefined
  const choices = isChoice ? (known.stages ?? uniqueNames(options)) : ofKind
  return {
    id: name,
    name: label === '' ? name : label,
    type: kind.type,
    wire: kind.wire,
    writable: reason === undefined ? true : { reason },
    ...(choices && { options: choices }),
    // HubSpot takes an option's own text alone, capitals included.
    ...(isChoice && { optionsCaseSensitive: true }),
    ...(known.required.includes(name) && { required: true }),
    ...(hasUniqueValue === true && { isUnique: true }),
  }
}

/** Options by label; where two have one label, the value HubSpot keeps says which. */
function uniqueNames(options: HubProperty['options']): readonly Option[] {
  const seen = new Map<string, number>()
  for (const { label } of options) seen.set(label, (seen.get(label) ?? 0) + 1)
  return options.map(({ label, value, hidden }) => ({
    id: value,
    name: label !== '' && seen.get(label) === 1 ? label : `${label} (${value})`.trim(),
    ...(hidden === true && { retired: true }),
  }))
}

function linkedField({ object, label }: HubObject['linked'][number]): ExternalField {
  return {
    id: `${LINKED}${object}`,
    name: `${label} (associated)`,
    type: 'text',
    wire: 'linked',
    writable: { reason: 'Associations are made and taken away in HubSpot.' },
  }
}

/** People by the ids they own records under, and by those they sign in under. */
interface People {
  readonly owners: readonly Option[]
  readonly users: readonly Option[]
}

/** People, those who left too, so that their names stay known. */
async function readPeople(http: HttpClient, signal: AbortSignal): Promise<People> {
  const owners: Option[] = []
  const users: Option[] = []
  for (const isArchived of [false, true]) {
    let after = ''
    do {
      const path = `${CRM}/owners?limit=500&archived=${isArchived}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`
      const page = await readIfAllowed(http, path, ownersShape, signal)
      for (const { id, firstName, lastName, email, userId, userIdIncludingInactive } of page?.results ?? []) {
        const name = [firstName, lastName].filter(Boolean).join(' ') || email || id
        const user = userId ?? userIdIncludingInactive
        owners.push({ id, name, ...(isArchived && { retired: true }) })
        if (user != null) users.push({ id: String(user), name, ...(isArchived && { retired: true }) })
      }
      after = page?.paging?.next?.after ?? ''
    } while (after !== '')
  }
  return { owners, users }
}

/** Stages by their ids; a label that several pipelines have says which pipeline it is of. */
async function readStages(http: HttpClient, object: string, signal: AbortSignal): Promise<ReadonlyMap<string, readonly Option[]>> {
  const path = `${CRM}/pipelines/${object}`
  const found = await readIfAllowed(http, path, pipelinesShape, signal)
  const stages = (found?.results ?? []).flatMap((pipeline) => pipeline.stages.map((stage) => ({ stage, pipeline })))
  const count = (label: string): number => stages.filter(({ stage }) => stage.label === label).length
  const options = stages.map(({ stage, pipeline }) => ({
    id: stage.id,
    name: count(stage.label) === 1 ? stage.label : `${stage.label} (${pipeline.label})`,
    ...((stage.archived === true || pipeline.archived === true) && { retired: true }),
  }))
  return new Map([[object === 'deals' ? 'dealstage' : 'hs_pipeline_stage', options]])
}
