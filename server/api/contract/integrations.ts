import * as z from 'zod'
import { credits, type Endpoint, externalField, fieldDirection, id, ms, objectDirection } from './shapes.ts'

/** Minutes between two pulls of an object (C15); `null`: manual only. */
export const pullSchedule = z.union([z.literal(5), z.literal(10), z.literal(15), z.literal(30), z.literal(60), z.null()])

/** Whether an integration may call its app, and who let it. */
export const authState = z.object({
  state: z.enum(['authorised', 'expired', 'revoked', 'never']),
  by: z.string().nullable(),
  byName: z.string().nullable(),
  at: ms.nullable(),
  expiresAt: ms.nullable().describe('null: does not end by itself'),
})

const latestPull = z.object({ at: ms, records: z.number(), isFailed: z.boolean() })
const name = z
  .string()
  .transform((text) => text.replaceAll(/\p{C}+/gu, ' ').trim())
  .pipe(z.string().min(1).max(120))

const object = z.object({
  id,
  name: z.string(),
  external: z.string(),
  externalName: z.string(),
  direction: objectDirection,
  schedule: z.number().nullable(),
  isNightly: z.boolean(),
  connections: z.number(),
  /** The newest of its connections'; a failed one is marked. */
  latestPull: latestPull.nullable(),
  /** The next by the clock; null where there is none. */
  nextPull: ms.nullable(),
})

const integration = z.object({
  id,
  app: z.string(),
  appName: z.string(),
  name: z.string(),
  isOn: z.boolean(),
  /** Its app is a stand-in inside this server. */
  isSandbox: z.boolean(),
  /** The site or instance it works in. */
  baseUrl: z.string(),
  account: z.string(),
  auth: authState,
  objects: z.array(object),
})

/** A connection as its integration's page shows it. */
const placed = z.object({
  id,
  object: id,
  workbook: z.object({ id, name: z.string() }),
  sheet: z.object({ id, name: z.string() }),
  filter: z.string(),
  fields: z.number(),
  linkedRecords: z.number(),
  staged: z.number(),
  isDescribed: z.boolean(),
  latestPull: latestPull.nullable(),
  nextPull: ms.nullable(),
  activeRun: id.nullable(),
})

/** What a deletion takes along, and what stays. */
const removal = z.object({
  workbooks: z.array(z.object({ id, name: z.string(), connections: z.number(), rows: z.number(), fields: z.number() })),
  objects: z.number(),
  mappings: z.number().describe('fields whose direction or value map a person set'),
  connections: z.number(),
  fields: z.number().describe('connected fields that become custom fields showing what was shown'),
  links: z.number().describe('rows that lose their record'),
  staged: z.number().describe('edits that no sync will send; their values stay in the cells'),
  runs: z.number().describe('runs that wait or are under way, and are cancelled'),
})

const valuePair = z.object({ app: z.string().min(1).max(500), workbook: z.string().trim().min(1).max(500) })
const place = z.object({
  connection: id,
  workbook: z.object({ id, name: z.string() }),
  sheet: z.object({ id, name: z.string() }),
  field: id,
  fieldName: z.string(),
  direction: fieldDirection,
})

/** What finally may happen to a field, and the level that decides it (C23). */
const effective = z.object({
  canPush: z.boolean(),
  canPull: z.boolean(),
  decidedBy: z.enum(['none', 'toggle', 'object', 'field', 'app']),
})

const mapping = z.object({
  external: externalField,
  direction: fieldDirection,
  /** Whether a person decided it, or it is as it comes. */
  isOwn: z.boolean(),
  valueMap: z.array(valuePair),
  effective,
  /** The columns that show it. */
  places: z.array(place),
})

const none = z.object({})
const ofIntegration = z.object({ id })
const ofObject = z.object({ id, object: id })
const external = z.string().min(1).max(200)
/** An external object as the app itself writes it: it becomes part of paths and queries. */
const externalObject = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/)

export const integrationsEndpoints = {
  listIntegrations: {
    method: 'get',
    path: '/api/integrations',
    summary: 'Authorised accounts of connected apps',
    answer: z.object({ integrations: z.array(integration), coming: z.array(z.string()) }),
  },
  getIntegration: {
    method: 'get',
    path: '/api/integrations/{id}',
    summary: 'An integration with its objects, its connections and what it used this month',
    params: ofIntegration,
    answer: integration.extend({
      createdAt: ms,
      /** Parts of the account it is limited to, as the app names them; null: all that the credential sees. */
      limitedTo: z.array(z.string()).nullable(),
      /** What an app calls the parts an integration can be limited to ("projects"); null where it has none. */
      limitName: z.string().nullable(),
      /** How such a part is entered. */
      limitHint: z.string().nullable(),
      /** External objects an object can point at, without asking the app. */
      known: z.array(z.object({ id: z.string(), name: z.string() })),
      canDiscover: z.boolean(),
      /** Whether the app can tell of changes by itself. */
      hasHooks: z.boolean(),
      /** How it stands with the webhooks the app is asked for by itself; null: they are made by hand. */
      hooks: z
        .object({
          state: z.enum(['registered', 'refused', 'no-address', 'no-right', 'nothing-connected', 'pending']),
          until: ms.nullable(),
          message: z.string().nullable(),
        })
        .nullable(),
      connections: z.array(placed),
      usage: z.object({ since: ms, credits, total: z.number(), runs: z.number() }),
    }),
  },
  patchIntegration: {
    method: 'patch',
    path: '/api/integrations/{id}',
    summary: 'Switch an integration on or off, rename it, or limit it to parts of the account',
    params: ofIntegration,
    body: z.object({
      isOn: z.boolean().optional(),
      name: name.optional(),
      limitedTo: z.array(z.string().trim().min(1).max(120)).min(1).max(200).nullable().optional(),
    }),
    answer: none,
  },
  previewDeleteIntegration: {
    method: 'get',
    path: '/api/integrations/{id}/removal',
    summary: 'What deleting an integration would take along',
    params: ofIntegration,
    answer: removal,
  },
  deleteIntegration: {
    method: 'delete',
    path: '/api/integrations/{id}',
    summary: 'Delete an integration for good; `confirm` is its name. Connected fields become custom fields showing what was shown.',
    params: ofIntegration,
    body: z.object({ confirm: z.string() }),
    answer: removal,
  },
  discoverObjects: {
    method: 'post',
    path: '/api/integrations/{id}/discover',
    summary: 'Ask the app which external objects the account holds',
    params: ofIntegration,
    answer: z.object({ objects: z.array(z.object({ id: z.string(), name: z.string(), isSearchable: z.boolean() })) }),
  },
  addObject: {
    method: 'post',
    path: '/api/integrations/{id}/objects',
    summary: 'A workspace object that points at one external object; it starts as Pull only, by hand',
    params: ofIntegration,
    body: z.object({ name, external: externalObject, externalName: name.optional() }),
    answer: object,
  },
  patchObject: {
    method: 'patch',
    path: '/api/integrations/{id}/objects/{object}',
    summary: 'Set the name, direction, schedule or nightly sync of a workspace object',
    params: ofObject,
    body: z.object({
      name: name.optional(),
      direction: objectDirection.optional(),
      schedule: pullSchedule.optional(),
      isNightly: z.boolean().optional(),
      /** Another external object: only while nothing is connected to it. */
      external: externalObject.optional(),
      externalName: name.optional(),
    }),
    answer: none,
  },
  previewDeleteObject: {
    method: 'get',
    path: '/api/integrations/{id}/objects/{object}/removal',
    summary: 'What deleting a workspace object would take along',
    params: ofObject,
    answer: removal,
  },
  deleteObject: {
    method: 'delete',
    path: '/api/integrations/{id}/objects/{object}',
    summary: 'Delete a workspace object for good; `confirm` is its name',
    params: ofObject,
    body: z.object({ confirm: z.string() }),
    answer: removal,
  },
  getMappings: {
    method: 'get',
    path: '/api/integrations/{id}/objects/{object}/mappings',
    summary: 'The fields of an object: direction, value map, the columns that show them, and what finally may happen',
    params: ofObject,
    answer: z.object({
      integration: z.object({ id, app: z.string(), appName: z.string(), name: z.string(), isOn: z.boolean() }),
      object: z.object({ id, name: z.string(), externalName: z.string(), direction: objectDirection }),
      /** When the app last told of its fields; null: never yet, and `fields` is empty. */
      describedAt: ms.nullable(),
      fields: z.array(mapping),
    }),
  },
  getUsedValues: {
    method: 'get',
    path: '/api/integrations/{id}/objects/{object}/values',
    summary: 'The texts that stand in the columns of a field, most used first; at most 200',
    params: ofObject,
    query: z.object({ external }),
    answer: z.object({ used: z.array(z.object({ value: z.string(), rows: z.number() })) }),
  },
  patchMappings: {
    method: 'patch',
    path: '/api/integrations/{id}/objects/{object}/mappings',
    summary: 'Set the direction or value map of fields, in every connection of the object',
    params: ofObject,
    body: z.object({
      changes: z
        .array(z.object({ external, direction: fieldDirection.optional(), valueMap: z.array(valuePair).max(500).optional() }))
        .min(1)
        .max(1_000),
    }),
    answer: none,
  },
} as const satisfies Record<string, Endpoint>
