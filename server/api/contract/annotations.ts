import * as z from 'zod'
import { type Endpoint, id, ms } from './shapes.ts'

const none = z.object({})
const difference = z.enum(['capitals', 'spacing', 'rounding', 'order', 'formatting', 'other'])

export const annotationsEndpoints = {
  listAnnotations: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/annotations',
    summary: 'Open annotations of a sheet',
    query: z.object({ sheet: id }),
    answer: z.object({
      annotations: z.array(
        z.object({ id: z.string(), row: id, field: id, kind: z.string(), annotation: z.unknown(), choices: z.array(z.string()) }),
      ),
    }),
  },
  chooseAnnotation: {
    access: 'guest-editor',
    method: 'post',
    path: '/api/annotations/{id}',
    summary: 'Answer an annotation; what holds for a whole field from now on (accept-kind) is for members',
    params: z.object({ id: z.string() }),
    body: z.object({
      sheet: id,
      choice: z.enum(['keep-app', 'send-again', 'accept-kind', 'send-mine', 'take-theirs', 'use-line', 'keep-shown', 'try-again']),
      item: z.string().optional(),
    }),
    answer: z.object({ outcome: z.enum(['applied', 'stale']) }),
  },
  listNeeding: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/workbooks/{id}/needing',
    summary: 'How many cells of each sheet wait for a person',
    params: z.object({ id }),
    answer: z.object({ sheets: z.array(z.object({ sheet: id, name: z.string(), cells: z.number() })) }),
  },
  listAccepted: {
    method: 'get',
    path: '/api/connections/{id}/accepted',
    summary: 'Kinds of difference that are always accepted on a connection’s fields, with who said so and when',
    params: z.object({ id }),
    answer: z.object({
      accepted: z.array(
        z.object({
          field: id,
          fieldName: z.string(),
          kind: difference,
          by: z.string(),
          byName: z.string(),
          at: ms.describe('ms since 1970; 0 where nobody noted it'),
        }),
      ),
    }),
  },
  removeAccepted: {
    method: 'delete',
    path: '/api/connections/{id}/accepted/{field}/{kind}',
    summary: 'Warn of this kind of difference on this field again',
    params: z.object({ id, field: id, kind: difference }),
    answer: none,
  },
} as const satisfies Record<string, Endpoint>
