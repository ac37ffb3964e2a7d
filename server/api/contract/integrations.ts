import * as z from 'zod'
import { type Endpoint, id, objectDirection } from './shapes.ts'

const integration = z.object({
  id,
  app: z.string(),
  appName: z.string(),
  name: z.string(),
  isOn: z.boolean(),
  account: z.string(),
  objects: z.array(z.object({ id, name: z.string(), external: z.string(), direction: objectDirection, schedule: z.number().nullable() })),
})
const none = z.object({})

export const integrationsEndpoints = {
  listIntegrations: {
    method: 'get',
    path: '/api/integrations',
    summary: 'Authorised accounts of connected apps',
    answer: z.object({ integrations: z.array(integration), coming: z.array(z.string()) }),
  },
  patchIntegration: {
    method: 'patch',
    path: '/api/integrations/{id}',
    summary: 'Switch an integration on or off, or rename it',
    params: z.object({ id }),
    body: z.object({ isOn: z.boolean().optional(), name: z.string().trim().min(1).max(120).optional() }),
    answer: none,
  },
  patchObject: {
    method: 'patch',
    path: '/api/integrations/{id}/objects/{object}',
    summary: 'Set the direction of a workspace object',
    params: z.object({ id, object: id }),
    body: z.object({ direction: objectDirection }),
    answer: none,
  },
} as const satisfies Record<string, Endpoint>
