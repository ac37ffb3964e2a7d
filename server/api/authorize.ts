import { randomBytes } from 'node:crypto'
import type { AuthMethod, ReadyApp } from '../../sync-engine/connectors/app.ts'
import { APPS, readyApp } from '../../sync-engine/connectors/registry.ts'
import type { IntegrationCredentials } from '../credentials.ts'
import { redirectUriOf } from '../oauth-flows.ts'
import type { SignIns } from '../sign-ins.ts'
import type { Catalog, IntegrationRow } from '../storage/catalog.ts'
import type { AnswerOf, Contract } from './contract.ts'
import { badRequest, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export type AuthorizeEndpoint =
  | 'listApps'
  | 'addIntegration'
  | 'beginAuthorization'
  | 'getAuthorization'
  | 'renewCredentials'
  | 'tryIntegration'
  | 'setHookSecret'

export interface AuthorizeHandlersParts {
  readonly catalog: Catalog
  readonly credentials: IntegrationCredentials
  readonly signIns: SignIns
  /** Whether an app's stand-in runs inside this server. */
  readonly hasStandIn: (app: string) => boolean
  /** The address an integration's webhooks are sent to, where this server is reached at `origin`. */
  readonly hookUrlOf: (integration: IntegrationRow, origin: string) => string
}

const SECRET_BYTES = 32

/** Adding accounts of apps and signing them in again: for members alone. */
export function authorizeHandlers(parts: AuthorizeHandlersParts): Required<Handlers<Pick<Contract, AuthorizeEndpoint>>> {
  const { catalog, credentials, signIns, hasStandIn, hookUrlOf } = parts

  const methodInfo = async (app: ReadyApp, method: AuthMethod, origin: string): Promise<MethodInfo> => {
    const { id, label, helpUrl } = method
    if (method.kind === 'token') return { kind: 'token', id, label, fields: [...method.fields], helpUrl }
    const known = await credentials.clientOf(app.id, false)
    return {
      kind: 'oauth2',
      id,
      label,
      fields: [...method.clientFields],
      helpUrl,
      scopes: [...method.scopes],
      knownClient: known?.clientId ?? null,
      redirectUri: redirectUriOf({ origin }),
    }
  }

  return {
    listApps: async ({ request }) => {
      const origin = new URL(request.url).origin
      const apps = APPS.map(async (app): Promise<AppInfo> => {
        if (app.kind === 'coming') return { state: 'coming', id: app.id, name: app.name }
        return {
          state: 'ready',
          id: app.id,
          name: app.name,
          objects: app.objects.map(({ id, name, isSearchable = true }) => ({ id, name, isSearchable })),
          addressHint: app.addressHint ?? null,
          methods: await Promise.all(app.auth.map((method) => methodInfo(app, method, origin))),
          hasSandbox: app.sandbox !== undefined && hasStandIn(app.id),
        }
      })
      return { apps: await Promise.all(apps) }
    },

    addIntegration: ({ body, caller }) =>
      'sandbox' in body
        ? signIns.addSandbox({ app: body.app, name: body.name, actor: caller.actor.id })
        : signIns.addByToken({ ...body, actor: caller.actor.id }),

    beginAuthorization: async ({ body, caller, request }) => {
      if (caller.kind !== 'browser') throw badRequest('A sign-in page needs a browser: begin it in the one that is to return here.')
      const { app, name, baseUrl, method, client, integration, sandbox = false } = body
      const origin = new URL(request.url).origin
      const url = await signIns.begin({
        app,
        name,
        baseUrl,
        method,
        client,
        integration,
        isSandbox: sandbox,
        device: caller.device,
        actor: caller.actor.id,
        origin,
      })
      return { url }
    },

    getAuthorization: ({ params, caller }) => {
      const found = signIns.flows.problemOf(params.attempt, caller.device)
      if (found === undefined) throw notFound('such sign-in')
      const { app, appName, ...problem } = found
      return { app, appName, problem }
    },

    renewCredentials: ({ params, body, caller }) => signIns.renewToken(params.id, body.method, body.credentials, caller.actor.id),

    tryIntegration: ({ params }) => signIns.try(params.id),

    setHookSecret: async ({ params, request }) => {
      const integration = (await catalog.integrations()).find(({ id }) => id === params.id)
      if (integration === undefined) throw notFound('such integration')
      if (readyApp(integration.app)?.hooks === undefined) throw badRequest('This app sends no webhooks that can be checked.')
      const secret = randomBytes(SECRET_BYTES).toString('base64url')
      await credentials.saveHookSecret(integration.id, secret)
      return { url: hookUrlOf(integration, new URL(request.url).origin), secret }
    },
  }
}

type AppInfo = AnswerOf<'listApps'>['apps'][number]
type MethodInfo = Extract<AppInfo, { state: 'ready' }>['methods'][number]
