import { z } from 'zod'
import { answerReader } from './answers.ts'
import type { HttpAnswer } from './http-client.ts'

// Only what is used is checked; HubSpot may add what it likes.

/** The line of the API whose paths are used; HubSpot's dated lines have the same shapes. */
export const CRM = '/crm/v3'

const optionShape = z.object({ label: z.string(), value: z.string(), hidden: z.boolean().optional() })
export const propertyShape = z.object({
  name: z.string().min(1),
  label: z.string(),
  type: z.string(),
  fieldType: z.string(),
  options: z.array(optionShape).default([]),
  calculated: z.boolean().optional(),
  hidden: z.boolean().optional(),
  archived: z.boolean().optional(),
  hasUniqueValue: z.boolean().optional(),
  referencedObjectType: z.string().nullish(),
  numberDisplayHint: z.string().nullish(),
  textDisplayHint: z.string().nullish(),
  modificationMetadata: z.object({ readOnlyValue: z.boolean().optional() }).optional(),
})
export type HubProperty = z.infer<typeof propertyShape>
export const propertiesShape = z.object({ results: z.array(propertyShape) })

export const recordShape = z.object({
  id: z.string().min(1),
  properties: z.record(z.string(), z.unknown()),
  updatedAt: z.string(),
  archived: z.boolean().optional(),
  objectWriteTraceId: z.string().optional(),
})
export type HubRecord = z.infer<typeof recordShape>

const contextShape = z.record(z.string(), z.array(z.string())).optional().catch(undefined)
const itemErrorShape = z.object({ category: z.string().optional(), message: z.string(), context: contextShape })
export type ItemError = z.infer<typeof itemErrorShape>

export const batchShape = z.object({ results: z.array(recordShape), errors: z.array(itemErrorShape).optional() })
export type Batch = z.infer<typeof batchShape>
const pagingShape = z.object({ next: z.object({ after: z.string() }).optional() }).optional()
export const searchShape = z.object({ total: z.number(), results: z.array(recordShape), paging: pagingShape })
export const ownersShape = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      email: z.string().nullish(),
      firstName: z.string().nullish(),
      lastName: z.string().nullish(),
      /** Who the owner is as a user: what HubSpot notes of who changed a record. */
      userId: z.number().nullish(),
      userIdIncludingInactive: z.number().nullish(),
      archived: z.boolean().optional(),
    }),
  ),
  paging: pagingShape,
})
export const pipelinesShape = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      archived: z.boolean().optional(),
      stages: z.array(z.object({ id: z.string(), label: z.string(), archived: z.boolean().optional() })),
    }),
  ),
})
export const schemasShape = z.object({
  results: z.array(
    z.object({
      name: z.string(),
      objectTypeId: z.string().optional(),
      archived: z.boolean().optional(),
      labels: z.object({ singular: z.string().optional(), plural: z.string().optional() }),
      primaryDisplayProperty: z.string().optional(),
      requiredProperties: z.array(z.string()).default([]),
      searchableProperties: z.array(z.string()).optional(),
    }),
  ),
})
export const accountShape = z.object({ portalId: z.number(), uiDomain: z.string().optional() })
export const associationsShape = z.object({
  results: z.array(
    z.object({
      from: z.object({ id: z.string() }),
      to: z.array(z.object({ toObjectId: z.union([z.string(), z.number()]).transform(String) })),
    }),
  ),
})

export const errorShape = z.object({
  message: z.string().optional(),
  category: z.string().optional(),
  policyName: z.string().optional(),
  context: contextShape,
  errors: z
    .array(z.object({ message: z.string(), code: z.string().nullish(), context: contextShape }))
    .optional()
    .catch(undefined),
})

/** What is wrong with a property of a write, as HubSpot's message lists it. */
export interface PropertyFault {
  readonly name: string
  readonly message: string
  readonly error: string
}

const faultsShape = z.array(z.object({ name: z.string(), message: z.string(), error: z.string().default('') }))

/**
 * The properties a refusal names. HubSpot puts them as JSON into its message ("Property values were not valid: [{…}]"); some refusals name
 * them in a context beside it instead.
 */
export function propertyFaults(json: unknown): readonly PropertyFault[] {
  const parsed = errorShape.safeParse(json)
  if (!parsed.success) return []
  const { message = '', errors = [] } = parsed.data
  const listed = faultsShape.safeParse(jsonIn(message))
  if (listed.success) return listed.data
  return errors.flatMap(({ message: text, code, context }) =>
    (context?.propertyName ?? context?.properties ?? []).map((name) => ({ name, message: text, error: code ?? '' })),
  )
}

function jsonIn(message: string): unknown {
  const start = message.indexOf('[{')
  if (start === -1) return undefined
  try {
    return JSON.parse(message.slice(start))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** HubSpot's own words in an answer that is an error. */
export function wordsOf(answer: HttpAnswer): string {
  const faults = propertyFaults(answer.json)
  if (faults.length > 0) return [...new Set(faults.map(({ message }) => message))].join(' ')
  return errorShape.safeParse(answer.json).data?.message || `it gave no reason (status ${answer.status})`
}

/** For a batch of which a part is missing, 207 is a good answer too. */
export const { failureOf, badAnswer, parseAnswer, readOk } = answerReader('HubSpot', wordsOf, [200, 207])
