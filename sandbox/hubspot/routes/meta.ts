import type { Answer } from '../../http.ts'
import type { HubCall, Route } from '../call.ts'
import { notFound, validation } from '../errors.ts'
import { type HubProperty, OBJECT_TYPES, type ObjectType, objectType, propertyOf } from '../properties.ts'
import { API_USER, ASSOCIATION_TYPES, OWNERS, type Owner, optionsOf, PIPELINES, type Pipeline, PORTAL_ID, type Stage } from '../site.ts'

/** When the portal was set up. */
const MADE_AT = '2024-03-04T09:00:00.000Z'

function typeOf(call: HubCall): ObjectType {
  const type = objectType(call.params.objectType ?? '')
  if (!type) throw new Error(`There is no object '${call.params.objectType}'.`)
  return type
}

/** A property as HubSpot describes it. */
export function shownProperty(type: ObjectType, property: HubProperty, index: number): Record<string, unknown> {
  const options = property.refersTo === 'OWNER' ? [] : (optionsOf(type, property) ?? [])
  return {
    name: property.name,
    label: property.label,
    type: property.type === 'phone_number' ? 'string' : property.type,
    fieldType: property.fieldType,
    description: '',
    groupName: property.group,
    options: options.map((option, order) => ({
      label: option.label,
      value: option.value,
      displayOrder: order,
      hidden: option.isHidden ?? false,
      description: '',
    })),
    createdAt: MADE_AT,
    updatedAt: MADE_AT,
    displayOrder: index,
    calculated: property.isCalculated ?? false,
    externalOptions: property.refersTo !== undefined,
    archived: false,
    hasUniqueValue: property.isUnique ?? false,
    hidden: property.isHidden ?? false,
    hubspotDefined: property.isCustom !== true,
    formField: property.isReadOnly !== true,
    dataSensitivity: 'non_sensitive',
    modificationMetadata: {
      archivable: property.isCustom === true,
      readOnlyDefinition: property.isCustom !== true,
      readOnlyOptions: property.isCustom !== true,
      readOnlyValue: property.isReadOnly ?? false,
    },
    ...(property.refersTo && { referencedObjectType: property.refersTo }),
    ...(property.numberHint && { numberDisplayHint: property.numberHint }),
    ...(property.textHint && { textDisplayHint: property.textHint }),
  }
}

function properties(call: HubCall): Answer {
  const type = typeOf(call)
  const results =
    call.query.get('archived') === 'true' ? [] : type.properties.map((property, index) => shownProperty(type, property, index))
  return { status: 200, json: { results } }
}

function oneProperty(call: HubCall): Answer {
  const type = typeOf(call)
  const property = propertyOf(type, call.params.propertyName ?? '')
  if (!property) return notFound(`Property ${call.params.propertyName} does not exist`)
  return { status: 200, json: shownProperty(type, property, type.properties.indexOf(property)) }
}

function groups(call: HubCall): Answer {
  const type = typeOf(call)
  const names = [...new Set(type.properties.map(({ group }) => group))]
  const results = names.map((name, index) => ({
    name,
    label: name.replace(/information$|_information$/, ' information'),
    displayOrder: index,
    archived: false,
  }))
  return { status: 200, json: { results } }
}

const shownStage = (stage: Stage, displayOrder: number) => ({
  label: stage.label,
  displayOrder,
  metadata:
    stage.probability === undefined
      ? { ticketState: stage.isClosed ? 'CLOSED' : 'OPEN' }
      : { isClosed: String(stage.isClosed), probability: stage.probability },
  id: stage.id,
  createdAt: MADE_AT,
  updatedAt: MADE_AT,
  archived: false,
  writePermissions: 'CRM_PERMISSIONS_ENFORCEMENT',
})

const shownPipeline = (pipeline: Pipeline, displayOrder: number) => ({
  label: pipeline.label,
  displayOrder,
  id: pipeline.id,
  stages: pipeline.stages.map(shownStage),
  createdAt: MADE_AT,
  updatedAt: MADE_AT,
  archived: false,
})

const pipelinesOf = (call: HubCall): readonly Pipeline[] => PIPELINES[typeOf(call).id] ?? []

function onePipeline(call: HubCall, show: (pipeline: Pipeline, order: number) => Answer): Answer {
  const pipelines = pipelinesOf(call)
  const order = pipelines.findIndex(({ id }) => id === call.params.pipelineId)
  const pipeline = pipelines[order]
  return pipeline ? show(pipeline, order) : notFound(`Pipeline ${call.params.pipelineId} does not exist`)
}

const shownOwner = (owner: Owner) => ({
  id: owner.id,
  email: owner.email,
  type: 'PERSON',
  firstName: owner.firstName,
  lastName: owner.lastName,
  userId: owner.userId,
  userIdIncludingInactive: owner.userId,
  createdAt: MADE_AT,
  updatedAt: MADE_AT,
  archived: owner.isArchived ?? false,
})

function owners({ query }: HubCall): Answer {
  const limit = Number(query.get('limit') ?? '100')
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) return validation(`limit: must be between 1 and 500, was ${query.get('limit')}`)
  const isArchived = query.get('archived') === 'true'
  const email = query.get('email')?.toLowerCase()
  const after = query.get('after') ?? ''
  const all = OWNERS.filter(
    (owner) => (owner.isArchived ?? false) === isArchived && (email === undefined || owner.email === email) && owner.id > after,
  )
  const last = all[limit - 1]
  const next = all.length > limit && last ? { after: last.id } : undefined
  return { status: 200, json: { results: all.slice(0, limit).map(shownOwner), ...(next && { paging: { next } }) } }
}

function oneOwner({ params, query }: HubCall): Answer {
  const isUserId = query.get('idProperty') === 'userId'
  const owner = OWNERS.find((one) => (isUserId ? String(one.userId) : one.id) === params.ownerId)
  return owner ? { status: 200, json: shownOwner(owner) } : notFound()
}

function shownSchema(type: ObjectType): Record<string, unknown> {
  return {
    id: type.typeId.split('-')[1],
    objectTypeId: type.typeId,
    name: type.id,
    fullyQualifiedName: `p${PORTAL_ID}_${type.id}`,
    labels: { singular: type.singular, plural: type.plural },
    primaryDisplayProperty: type.nameProperty,
    secondaryDisplayProperties: [],
    requiredProperties: type.required,
    searchableProperties: type.searchable,
    properties: type.properties.map((property, index) => shownProperty(type, property, index)),
    associations: ASSOCIATION_TYPES.filter(({ from, label }) => from === type.id && label === undefined).map(({ to, typeId }) => ({
      id: String(typeId),
      fromObjectTypeId: type.typeId,
      toObjectTypeId: objectType(to)?.typeId ?? '',
      name: `${type.id}_to_${to}`,
    })),
    createdAt: MADE_AT,
    updatedAt: MADE_AT,
    archived: false,
    allowsSensitiveProperties: false,
  }
}

const CUSTOM = OBJECT_TYPES.filter(({ isCustom }) => isCustom)

function oneSchema(call: HubCall): Answer {
  const type = objectType(call.params.objectType ?? '')
  return type?.isCustom ? { status: 200, json: shownSchema(type) } : notFound()
}

const schemas = (): string => 'crm.schemas.custom.read'
const reads = (type: ObjectType | undefined): string => type?.scopes.read ?? 'crm.objects.custom.read'
const OWNER_SCOPE = (): string => 'crm.objects.owners.read'

export const META_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/crm/v3/properties/{objectType}', scope: reads, handle: properties },
  { method: 'GET', path: '/crm/v3/properties/{objectType}/groups', scope: reads, handle: groups },
  { method: 'GET', path: '/crm/v3/properties/{objectType}/{propertyName}', scope: reads, handle: oneProperty },
  {
    method: 'GET',
    path: '/crm/v3/pipelines/{objectType}',
    scope: reads,
    handle: (call) => ({ status: 200, json: { results: pipelinesOf(call).map(shownPipeline) } }),
  },
  {
    method: 'GET',
    path: '/crm/v3/pipelines/{objectType}/{pipelineId}',
    scope: reads,
    handle: (call) => onePipeline(call, (pipeline, order) => ({ status: 200, json: shownPipeline(pipeline, order) })),
  },
  {
    method: 'GET',
    path: '/crm/v3/pipelines/{objectType}/{pipelineId}/stages',
    scope: reads,
    handle: (call) => onePipeline(call, ({ stages }) => ({ status: 200, json: { results: stages.map(shownStage) } })),
  },
  { method: 'GET', path: '/crm/v3/owners', scope: OWNER_SCOPE, handle: owners },
  { method: 'GET', path: '/crm/v3/owners/{ownerId}', scope: OWNER_SCOPE, handle: oneOwner },
  {
    method: 'GET',
    path: '/crm-object-schemas/v3/schemas',
    scope: schemas,
    handle: ({ query }) => ({ status: 200, json: { results: query.get('archived') === 'true' ? [] : CUSTOM.map(shownSchema) } }),
  },
  { method: 'GET', path: '/crm-object-schemas/v3/schemas/{objectType}', scope: schemas, handle: oneSchema },
  {
    method: 'GET',
    path: '/account-info/v3/details',
    handle: ({ base }) => ({
      status: 200,
      json: {
        portalId: PORTAL_ID,
        accountType: 'STANDARD',
        timeZone: 'US/Eastern',
        companyCurrency: 'USD',
        additionalCurrencies: [],
        utcOffset: '-05:00',
        utcOffsetMilliseconds: -18_000_000,
        // Where HubSpot names a host the stand-in names its whole address, so that links to its records lead somewhere.
        uiDomain: base,
        dataHostingLocation: 'na1',
        user: API_USER.email,
      },
    }),
  },
]
