import type { HubProperty, ObjectType, PropertyOption } from './properties.ts'

/** The portal the stand-in plays: its people and pipelines. Fixed, so that ids mean the same in every sandbox. */

export const PORTAL_ID = 148_263_911
export const PORTAL_DOMAIN = 'tidebook-sandbox.hubspot.com'
export const APP_ID = 4_711_020
/** Who the private app and sign-ins act as. */
export const API_USER = { id: 61_200_417, email: 'dana.kim@tidebook-sandbox.example', name: 'Dana Kim' } as const
export const DEFAULT_EDITOR = 'Ben Ortiz'

export interface Owner {
  readonly id: string
  readonly userId: number
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly isArchived?: boolean
}

export const OWNERS: readonly Owner[] = [
  { id: '612004171', userId: 61_200_417, email: 'dana.kim@tidebook-sandbox.example', firstName: 'Dana', lastName: 'Kim' },
  { id: '612004172', userId: 61_200_418, email: 'ben.ortiz@tidebook-sandbox.example', firstName: 'Ben', lastName: 'Ortiz' },
  { id: '612004173', userId: 61_200_419, email: 'mara.rossi@tidebook-sandbox.example', firstName: 'Mara', lastName: 'Rossi' },
  { id: '612004174', userId: 61_200_420, email: 'amir.khan@tidebook-sandbox.example', firstName: 'Amir', lastName: 'Khan' },
  { id: '612004175', userId: 61_200_421, email: 'jo.tran@tidebook-sandbox.example', firstName: 'Jo', lastName: 'Tran' },
  {
    id: '612004176',
    userId: 61_200_422,
    email: 'lena.fischer@tidebook-sandbox.example',
    firstName: 'Lena',
    lastName: 'Fischer',
    isArchived: true,
  },
]

export const ownerName = ({ firstName, lastName }: Owner): string => `${firstName} ${lastName}`

export interface Stage {
  readonly id: string
  readonly label: string
  readonly isClosed: boolean
  /** Deals: 0 to 1. */
  readonly probability?: string
}

export interface Pipeline {
  readonly id: string
  readonly label: string
  readonly stages: readonly Stage[]
}

/** The pipelines of deals and tickets, by object. Stage ids are what travels. */
export const PIPELINES: Readonly<Record<string, readonly Pipeline[]>> = {
  deals: [
    {
      id: 'default',
      label: 'Sales Pipeline',
      stages: [
        { id: 'appointmentscheduled', label: 'Appointment Scheduled', isClosed: false, probability: '0.2' },
        { id: 'qualifiedtobuy', label: 'Qualified To Buy', isClosed: false, probability: '0.4' },
        { id: 'presentationscheduled', label: 'Presentation Scheduled', isClosed: false, probability: '0.6' },
        { id: 'contractsent', label: 'Contract Sent', isClosed: false, probability: '0.9' },
        { id: 'closedwon', label: 'Closed Won', isClosed: true, probability: '1.0' },
        { id: 'closedlost', label: 'Closed Lost', isClosed: true, probability: '0.0' },
      ],
    },
    {
      id: '73519204',
      label: 'Renewals',
      stages: [
        { id: '141557001', label: 'Upcoming', isClosed: false, probability: '0.5' },
        { id: '141557002', label: 'Negotiation', isClosed: false, probability: '0.8' },
        { id: '141557003', label: 'Renewed', isClosed: true, probability: '1.0' },
        { id: '141557004', label: 'Churned', isClosed: true, probability: '0.0' },
      ],
    },
  ],
  tickets: [
    {
      id: '0',
      label: 'Support Pipeline',
      stages: [
        { id: '1', label: 'New', isClosed: false },
        { id: '2', label: 'Waiting on contact', isClosed: false },
        { id: '3', label: 'Waiting on us', isClosed: false },
        { id: '4', label: 'Closed', isClosed: true },
      ],
    },
  ],
}

/** The properties that hold a pipeline and its stage. */
export const PIPELINE_PROPERTIES: Readonly<Record<string, { readonly pipeline: string; readonly stage: string }>> = {
  deals: { pipeline: 'pipeline', stage: 'dealstage' },
  tickets: { pipeline: 'hs_pipeline', stage: 'hs_pipeline_stage' },
}

/** What a property offers today: its own options, a pipeline's stages, or the people. `undefined`: it has no options. */
export function optionsOf(type: ObjectType, property: HubProperty): readonly PropertyOption[] | undefined {
  const pipelines = PIPELINES[type.id] ?? []
  const names = PIPELINE_PROPERTIES[type.id]
  if (names?.pipeline === property.name) return pipelines.map(({ id, label }) => ({ value: id, label }))
  if (names?.stage === property.name) return pipelines.flatMap(({ stages }) => stages.map(({ id, label }) => ({ value: id, label })))
  if (property.refersTo === 'OWNER')
    return OWNERS.map((owner) => ({ value: owner.id, label: ownerName(owner), ...(owner.isArchived && { isHidden: true }) }))
  return property.options
}

export interface AssociationType {
  readonly from: string
  readonly to: string
  readonly typeId: number
  readonly label?: string
}

/** HubSpot's own kinds of associations between the stand-in's objects, both ways. */
export const ASSOCIATION_TYPES: readonly AssociationType[] = [
  { from: 'contacts', to: 'companies', typeId: 1, label: 'Primary' },
  { from: 'contacts', to: 'companies', typeId: 279 },
  { from: 'companies', to: 'contacts', typeId: 280 },
  { from: 'deals', to: 'contacts', typeId: 3 },
  { from: 'contacts', to: 'deals', typeId: 4 },
  { from: 'deals', to: 'companies', typeId: 341 },
  { from: 'companies', to: 'deals', typeId: 342 },
  { from: 'tickets', to: 'contacts', typeId: 16 },
  { from: 'contacts', to: 'tickets', typeId: 15 },
  { from: 'tickets', to: 'companies', typeId: 339 },
  { from: 'companies', to: 'tickets', typeId: 340 },
  { from: 'subscriptions', to: 'companies', typeId: 112 },
  { from: 'companies', to: 'subscriptions', typeId: 113 },
]

/** The plain association between two objects; `undefined` where HubSpot has none. */
export function defaultAssociation(from: string, to: string): AssociationType | undefined {
  return ASSOCIATION_TYPES.find((type) => type.from === from && type.to === to && type.label === undefined)
}
