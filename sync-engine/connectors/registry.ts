import type { Connector, ObjectDescription, PlanCalls } from './connector.ts'
import type { HttpClient } from './http-client.ts'
import { makeJiraConnector } from './jira.ts'
import { planJiraCalls } from './jira-plan.ts'

/** One thing a person enters to authorise an app. */
export interface CredentialField {
  readonly id: string
  readonly label: string
  readonly hint: string
  /** Kept encrypted and never shown again. */
  readonly isSecret: boolean
}

/** How an app is authorised by hand. */
export interface AuthNeeds {
  readonly kind: 'basic-token'
  readonly fields: readonly CredentialField[]
  /** Where a person gets what is asked for. */
  readonly helpUrl: string
}

export interface ConnectorSetup {
  readonly http: HttpClient
  readonly object: string
  /** The app's own groups that the integration is limited to (Jira: project keys); absent: all the credential sees. */
  readonly limitedTo?: readonly string[]
  /** What the last field refresh told. */
  readonly description?: ObjectDescription
}

export interface ReadyApp {
  readonly kind: 'ready'
  readonly id: string
  readonly name: string
  readonly objects: readonly { readonly id: string; readonly name: string }[]
  readonly auth: AuthNeeds
  /** Shown in the address field; also what an address must look like. */
  readonly addressHint: string
  /** The pace one credential is held to. */
  readonly pace: { readonly burst: number; readonly perSecond: number }
  readonly planCalls: PlanCalls
  readonly makeConnector: (setup: ConnectorSetup) => Connector
  /** The headers that authorise a call with what a person entered. */
  readonly headersOf: (credentials: Readonly<Record<string, string>>) => Record<string, string>
}

/** Listed, so that people see what is planned; cannot be used. */
export interface ComingApp {
  readonly kind: 'coming'
  readonly id: string
  readonly name: string
}

export type App = ReadyApp | ComingApp

function basicAuth(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

const jira: ReadyApp = {
  kind: 'ready',
  id: 'jira',
  name: 'Jira',
  objects: [{ id: 'issues', name: 'Issues' }],
  auth: {
    kind: 'basic-token',
    fields: [
      { id: 'email', label: 'E-mail address', hint: 'The address you sign in to Jira with', isSecret: false },
      { id: 'token', label: 'API token', hint: 'Made in your Atlassian account under Security', isSecret: true },
    ],
    helpUrl: 'https://id.atlassian.com/manage-profile/security/api-tokens',
  },
  addressHint: 'https://your-site.atlassian.net',
  pace: { burst: 100, perSecond: 25 },
  planCalls: planJiraCalls,
  makeConnector: ({ http, limitedTo, description }) =>
    makeJiraConnector({ http, object: 'issues', ...(limitedTo && { projectKeys: limitedTo }), ...(description && { description }) }),
  headersOf: ({ email = '', token = '' }) => ({ authorization: basicAuth(email, token) }),
}

const coming = (id: string, name: string): ComingApp => ({ kind: 'coming', id, name })

/** Every connected app, built or planned, in the order in which it is shown. */
export const APPS: readonly App[] = [
  jira,
  coming('salesforce', 'Salesforce'),
  coming('hubspot', 'HubSpot'),
  coming('connectwise', 'ConnectWise'),
  coming('autotask', 'Autotask'),
  coming('syncro', 'Syncro'),
  coming('kaseya-bms', 'Kaseya BMS'),
  coming('halopsa', 'HaloPSA'),
  coming('asana', 'Asana'),
  coming('pipedrive', 'Pipedrive'),
]

/** The app of an id, where it is built. */
export function readyApp(id: string): ReadyApp | undefined {
  const app = APPS.find((candidate) => candidate.id === id)
  return app?.kind === 'ready' ? app : undefined
}
