import * as z from 'zod'
import { type Endpoint, id, ms } from './shapes.ts'

/** Texts people enter for an app: short, and never shown again where they are secret. */
const entered = z.record(z.string().regex(/^[A-Za-z]{1,40}$/), z.string().trim().max(8_000))
const integrationName = z
  .string()
  .transform((text) => text.replaceAll(/\p{C}+/gu, ' ').trim())
  .pipe(z.string().min(1).max(120))
const address = z.string().trim().max(2_000)
const appId = z.string().regex(/^[a-z0-9-]{1,40}$/)

const credentialField = z.object({ id: z.string(), label: z.string(), hint: z.string(), isSecret: z.boolean() })
const method = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), id: z.string(), label: z.string(), fields: z.array(credentialField), helpUrl: z.string() }),
  z.object({
    kind: z.literal('oauth2'),
    id: z.string(),
    label: z.string(),
    fields: z.array(credentialField).describe('client id and secret'),
    helpUrl: z.string(),
    scopes: z.array(z.object({ id: z.string(), why: z.string(), isWrite: z.boolean() })),
    /** The client that was entered before, without its secret; it is used where none is given. */
    knownClient: z.string().nullable(),
    /** What has to be registered in the app as the address it returns to. */
    redirectUri: z.string(),
  }),
])

const app = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('ready'),
    id: appId,
    name: z.string(),
    objects: z.array(z.object({ id: z.string(), name: z.string(), isSearchable: z.boolean() })),
    /** Shown in the address field; `null`: the app has one address for everybody. */
    addressHint: z.string().nullable(),
    methods: z.array(method),
    /** Whether an integration with the stand-in can be added without anything to enter. */
    hasSandbox: z.boolean(),
  }),
  z.object({ state: z.literal('coming'), id: appId, name: z.string() }),
])

const tried = z.object({
  account: z.string(),
  baseUrl: z.string(),
  /** What the app says it counted of its own limit; `null` where it does not say. */
  appUsage: z.object({ used: z.number(), limit: z.number(), at: ms }).nullable(),
})

export const authorizeEndpoints = {
  listApps: {
    method: 'get',
    path: '/api/apps',
    summary: 'Apps that can be connected, and how each is signed in to',
    answer: z.object({ apps: z.array(app) }),
  },
  addIntegration: {
    method: 'post',
    path: '/api/integrations',
    summary: 'Add an account by what a person enters; tried at once. It starts as Pull only',
    body: z.union([
      z.object({ app: appId, name: integrationName, sandbox: z.literal(true) }),
      z.object({ app: appId, name: integrationName, baseUrl: address.default(''), method: z.string().max(40), credentials: entered }),
    ]),
    answer: z.object({ id, account: z.string() }),
  },
  beginAuthorization: {
    method: 'post',
    path: '/api/integrations/authorize',
    summary: 'The address of the app’s own sign-in page; it returns to /oauth/callback. With `integration` an account is signed in again',
    body: z.object({
      app: appId,
      name: integrationName.optional(),
      baseUrl: address.optional(),
      method: z.string().max(40).optional(),
      /** Client id and secret; absent: those entered before. */
      client: entered.optional(),
      integration: id.optional(),
      sandbox: z.boolean().optional(),
    }),
    answer: z.object({ url: z.string() }),
  },
  getAuthorization: {
    method: 'get',
    path: '/api/integrations/authorizations/{attempt}',
    summary: 'Why a sign-in failed; told to the browser that began it',
    params: z.object({ attempt: z.string().regex(/^[0-9a-f]{24}$/) }),
    answer: z.object({
      app: z.string(),
      appName: z.string(),
      problem: z.object({ code: z.string(), message: z.string(), advice: z.string() }),
    }),
  },
  renewCredentials: {
    method: 'post',
    path: '/api/integrations/{id}/credentials',
    summary: 'Other credentials for an account; tried first, kept only where the app takes them',
    params: z.object({ id }),
    body: z.object({ method: z.string().max(40), credentials: entered }),
    answer: tried,
  },
  tryIntegration: {
    method: 'post',
    path: '/api/integrations/{id}/try',
    summary: 'One cheap call that shows whether the app takes the credential',
    params: z.object({ id }),
    answer: tried,
  },
  setHookSecret: {
    method: 'post',
    path: '/api/integrations/{id}/hook',
    summary: 'A new secret for the app’s webhooks, told once, and the address they are sent to',
    params: z.object({ id }),
    answer: z.object({ url: z.string(), secret: z.string() }),
  },
} as const satisfies Record<string, Endpoint>
