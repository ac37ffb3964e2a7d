import type { ExternalField } from '../../sync-engine/connectors/connector.ts'
import { APPS, readyApp } from '../../sync-engine/connectors/registry.ts'
import { totalCredits } from '../../sync-engine/credits.ts'
import type { HookState } from '../hook-registrations.ts'
import { decidedDirection, type Integrations, mappingOf } from '../integrations.ts'
import type { RunQueue } from '../queue.ts'
import type { Catalog, ConnectionRow, IntegrationRow, ObjectRow } from '../storage/catalog.ts'
import type { AnswerOf, Contract } from './contract.ts'
import type { Handlers } from './router.ts'

export type IntegrationEndpoint =
  | 'listIntegrations'
  | 'getIntegration'
  | 'patchIntegration'
  | 'previewDeleteIntegration'
  | 'deleteIntegration'
  | 'discoverObjects'
  | 'addObject'
  | 'patchObject'
  | 'previewDeleteObject'
  | 'deleteObject'
  | 'getMappings'
  | 'patchMappings'
  | 'getUsedValues'

type IntegrationInfo = AnswerOf<'listIntegrations'>['integrations'][number]
type ObjectInfo = IntegrationInfo['objects'][number]
type Mapping = AnswerOf<'getMappings'>['fields'][number]

export interface IntegrationHandlersParts {
  readonly catalog: Catalog
  readonly integrations: Integrations
  readonly queue: Pick<RunQueue, 'activeRunOf'>
  /** Whether an integration may call its app, and who let it. */
  readonly authOf: (integration: IntegrationRow) => Promise<Omit<IntegrationInfo['auth'], 'byName'>>
  /** How it stands with the webhooks the app is asked for; `undefined`: it is asked for none. */
  readonly hooksOf: (integration: IntegrationRow) => Promise<HookState | undefined>
  /** When a connection is pulled next by the clock; ms, `null` where it is not. */
  readonly nextPullOf: (connection: string) => Promise<number | null>
  /** The external objects of the account, as the app tells them. */
  readonly discover: (integration: IntegrationRow) => Promise<readonly { id: string; name: string; isSearchable?: boolean }[]>
  readonly nameOf: (person: string) => string
  readonly now: () => number
}

/** Integrations, their objects and field mappings. No part of it is a guest's. */
export function integrationHandlers(parts: IntegrationHandlersParts): Handlers<Pick<Contract, IntegrationEndpoint>> {
  const { catalog, integrations, queue, authOf, hooksOf, nextPullOf, discover, nameOf, now } = parts

  const objectInfo = async (object: ObjectRow, app: string): Promise<ObjectInfo> => {
    const connections = await catalog.connections({ object: object.id })
    const pulls = connections.flatMap((c) => c.latestPull ?? [])
    const next = (await Promise.all(connections.map((c) => nextPullOf(c.id)))).filter((at) => at !== null)
    return {
      id: object.id,
      name: object.name,
      external: object.external,
      externalName: externalNameOf(object, app),
      direction: object.direction,
      schedule: object.schedule,
      isNightly: object.isNightly ?? false,
      connections: connections.length,
      latestPull: pulls.length === 0 ? null : pulls.reduce((a, b) => (b.at > a.at ? b : a)),
      nextPull: next.length === 0 ? null : Math.min(...next),
    }
  }

  const infoOf = async (integration: IntegrationRow): Promise<IntegrationInfo> => {
    const { id, app, name, isOn, isSandbox, baseUrl, account } = integration
    const auth = await authOf(integration)
    const objects = await catalog.objects(id)
    return {
      id,
      app,
      appName: readyApp(app)?.name ?? app,
      name,
      isOn,
      isSandbox,
      baseUrl,
      account,
      auth: { ...auth, byName: auth.by === null ? null : nameOf(auth.by) },
      objects: await Promise.all(objects.map((o) => objectInfo(o, app))),
    }
  }

  const namesOf = async (connection: ConnectionRow) => ({
    workbook: { id: connection.workbook, name: (await catalog.workbook(connection.workbook))?.name ?? '' },
    sheet: { id: connection.sheet, name: (await catalog.sheet(connection.sheet))?.name ?? '' },
  })

  const placed = async (connection: ConnectionRow) => ({
    id: connection.id,
    object: connection.object,
    ...(await namesOf(connection)),
    filter: connection.filter,
    // The connection field is no field somebody chose.
    fields: connection.fields.filter((f) => f.field !== connection.keyField).length,
    ...(await integrations.countsOf(connection)),
    isDescribed: connection.description !== undefined,
    latestPull: connection.latestPull,
    nextPull: await nextPullOf(connection.id),
    activeRun: await queue.activeRunOf(connection.id),
  })

  const placesOf = async (connections: readonly ConnectionRow[]): Promise<ReadonlyMap<string, Mapping['places']>> => {
    const places = new Map<string, Mapping['places']>()
    for (const connection of connections) {
      const names = await namesOf(connection)
      const fieldNames = await integrations.fieldNames(connection.sheet)
      for (const { field, external, direction } of connection.fields) {
        const place = { connection: connection.id, ...names, field, fieldName: fieldNames.get(field) ?? field, direction }
        places.set(external, [...(places.get(external) ?? []), place])
      }
    }
    return places
  }

  return {
    listIntegrations: async () => ({
      integrations: await Promise.all((await catalog.integrations()).map(infoOf)),
      coming: APPS.flatMap((app) => (app.kind === 'coming' ? [app.name] : [])),
    }),

    getIntegration: async ({ params }) => {
      const integration = await integrations.integration(params.id)
      const app = readyApp(integration.app)
      const connections = await integrations.connectionsOf(integration.id)
      const since = monthStart(now())
      const { credits, runs } = await integrations.usageSince(integration.id, since)
      return {
        ...(await infoOf(integration)),
        createdAt: integration.createdAt ?? 0,
        limitedTo: integration.limitedTo === undefined ? null : [...integration.limitedTo],
        limitName: app?.limits?.name ?? null,
        limitHint: app?.limits?.hint ?? null,
        known: (app?.objects ?? []).map(({ id, name }) => ({ id, name })),
        canDiscover: app?.discoverObjects !== undefined,
        hasHooks: app?.hooks !== undefined,
        hooks: hooksInfo(await hooksOf(integration)),
        connections: await Promise.all(connections.map(placed)),
        usage: { since, credits, total: totalCredits(credits), runs },
      }
    },

    patchIntegration: async ({ params, body }) => {
      await integrations.change(params.id, body)
      return {}
    },

    previewDeleteIntegration: async ({ params }) => plain(await integrations.removalOf(params.id)),

    deleteIntegration: async ({ params, body }) => plain(await integrations.remove(params.id, body.confirm)),

    discoverObjects: async ({ params }) => {
      const found = await discover(await integrations.integration(params.id))
      return { objects: found.map(({ id, name, isSearchable = true }) => ({ id, name, isSearchable })) }
    },

    addObject: async ({ params, body }) => {
      const { app } = await integrations.integration(params.id)
      return objectInfo(await integrations.addObject(params.id, body), app)
    },

    patchObject: async ({ params, body }) => {
      await integrations.changeObject(params.id, params.object, body)
      return {}
    },

    previewDeleteObject: async ({ params }) => plain(await integrations.removalOf(params.id, params.object)),

    deleteObject: async ({ params, body }) => plain(await integrations.removeObject(params.id, params.object, body.confirm)),

    getMappings: async ({ params }) => {
      const integration = await integrations.integration(params.id)
      const object = await integrations.object(params.id, params.object)
      const described = await catalog.descriptionOf(object.id)
      const places = await placesOf(await catalog.connections({ object: object.id }))
      const fields = (described?.description.fields ?? []).map((external): Mapping => {
        const isKey = external.id === described?.description.keyField
        const mapping = mappingOf(object, external, isKey)
        const isWritable = external.writable === true && !isKey
        const effective = decidedDirection({ isOn: integration.isOn, object: object.direction, field: mapping.direction, isWritable })
        return {
          external: plainField(external, isKey, integration),
          direction: mapping.direction,
          isOwn: object.mappings?.some((m) => m.external === external.id) ?? false,
          valueMap: mapping.valueMap.map((pair) => ({ ...pair })),
          effective,
          places: places.get(external.id) ?? [],
        }
      })
      const { id, app, name, isOn } = integration
      return {
        integration: { id, app, appName: readyApp(app)?.name ?? app, name, isOn },
        object: { id: object.id, name: object.name, externalName: externalNameOf(object, app), direction: object.direction },
        describedAt: described === undefined ? null : described.at,
        fields,
      }
    },

    getUsedValues: async ({ params, query }) => ({ used: await integrations.usedValues(params.id, params.object, query.external) }),

    patchMappings: async ({ params, body }) => {
      await integrations.changeMappings(params.id, params.object, body.changes)
      return {}
    },
  }
}

const externalNameOf = (object: ObjectRow, app: string): string =>
  object.externalName ?? readyApp(app)?.objects.find((o) => o.id === object.external)?.name ?? object.external

/** A field as the contract shows it: the key is never written, whatever the app says of it. */
function plainField(field: ExternalField, isKey: boolean, { app }: IntegrationRow): Mapping['external'] {
  const { id, name, type, writable, options, optionsCaseSensitive, maxLength, required, writtenBy } = field
  const isOpen = writable === true && !isKey
  const reason = writable === true ? `This is the record's key in ${readyApp(app)?.name ?? app}.` : writable.reason
  return {
    id,
    name,
    type,
    writable: isOpen ? true : { reason },
    ...(options && { options: options.map((o) => ({ ...o })) }),
    ...(optionsCaseSensitive !== undefined && { optionsCaseSensitive }),
    ...(maxLength !== undefined && { maxLength }),
    ...(required !== undefined && { required }),
    ...(writtenBy !== undefined && { writtenBy }),
  }
}

const plain = (removal: Awaited<ReturnType<Integrations['removalOf']>>) => ({
  ...removal,
  workbooks: removal.workbooks.map((w) => ({ ...w })),
})

const hooksInfo = (hooks: HookState | undefined) =>
  hooks === undefined
    ? null
    : {
        state: hooks.state,
        until: hooks.state === 'registered' ? hooks.until : null,
        message: hooks.state === 'refused' ? hooks.message : null,
      }

/** The first instant of the current month, UTC. */
function monthStart(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}
