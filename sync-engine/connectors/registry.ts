import type { App, ComingApp, ReadyApp } from './app.ts'
import { hubSpotApp } from './hubspot-app.ts'
import { jiraApp } from './jira-app.ts'
import { salesforceApp } from './salesforce-app.ts'

const coming = (id: string, name: string): ComingApp => ({ kind: 'coming', id, name })

/** Every connected app, built or planned, in the order in which it is shown. */
export const APPS: readonly App[] = [
  jiraApp,
  salesforceApp,
  hubSpotApp,
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

/** The headers that authorise a call with what a person entered for one of the app's token methods. */
export function tokenHeadersOf(
  app: ReadyApp,
  method: string | undefined,
  credentials: Readonly<Record<string, string>>,
): Record<string, string> {
  const found = app.auth.find((candidate) => candidate.kind === 'token' && (method === undefined || candidate.id === method))
  return found?.kind === 'token' ? found.headersOf(credentials) : {}
}
