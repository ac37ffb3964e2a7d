import * as z from 'zod'
import { type Endpoint, id, ms, person, role } from './shapes.ts'

const sharedLink = z.object({
  id,
  workbook: id,
  role: z.enum(['viewer', 'editor']),
  name: z.string(),
  /** The last characters of its address. */
  end: z.string(),
  createdBy: z.string(),
  createdByName: z.string(),
  createdAt: ms,
  expiresAt: ms.nullable().describe('null: until it is closed'),
  state: z.enum(['open', 'expired', 'closed']),
  closedAt: ms.nullable(),
  closedByName: z.string().nullable(),
  lastUsedAt: ms.nullable(),
  uses: z.number(),
})
const linkName = z.string().trim().max(80)

const idParams = z.object({ id })

export const linksEndpoints = {
  listPeople: {
    access: 'guest-viewer',
    method: 'get',
    path: '/api/workbooks/{id}/people',
    summary: 'Who has to do with a workbook, and when each was last here',
    params: idParams,
    answer: z.object({
      people: z.array(
        person.extend({ isGuest: z.boolean(), link: z.string().nullable().describe('for members alone'), lastSeen: ms.nullable() }),
      ),
    }),
  },
  listLinks: {
    method: 'get',
    path: '/api/links',
    summary: 'The shared links of a workbook, also those that ended, and the addresses this server is reached at',
    query: z.object({ workbook: id }),
    answer: z.object({
      links: z.array(sharedLink),
      /** Empty where the server answers this computer alone. */
      addresses: z.array(z.string()),
    }),
  },
  createLink: {
    method: 'post',
    path: '/api/links',
    summary: 'A new shared link; its token is told in this answer alone and stands behind the # of `/l#<token>`',
    body: z.object({
      workbook: id,
      role: z.enum(['viewer', 'editor']).default('viewer'),
      name: linkName.default(''),
      expiresAt: ms.int().nullable().default(null),
    }),
    answer: z.object({ link: sharedLink, token: z.string() }),
  },
  patchLink: {
    method: 'patch',
    path: '/api/links/{id}',
    summary: 'Another name or end of a shared link',
    params: z.object({ id }),
    body: z.object({ name: linkName.optional(), expiresAt: ms.int().nullable().optional() }),
    answer: sharedLink,
  },
  revokeLink: {
    method: 'delete',
    path: '/api/links/{id}',
    summary: 'Close a shared link for good; whoever is there by it is out within a second',
    params: z.object({ id }),
    answer: sharedLink,
  },
  openLink: {
    access: 'anyone',
    method: 'post',
    path: '/api/links/open',
    summary: 'Exchange the token of a shared link for a guest’s cookie; a member stays a member',
    body: z.object({ token: z.string().min(1).max(200) }),
    answer: z.object({ workbook: id, name: z.string(), role, person, isNew: z.boolean().describe('this browser was nobody here before') }),
  },
} as const satisfies Record<string, Endpoint>
