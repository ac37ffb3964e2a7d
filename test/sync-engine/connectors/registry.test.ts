import { describe, expect, it } from 'vitest'
import { jiraApp } from '../../../sync-engine/connectors/jira-app.ts'
import { APPS, readyApp, tokenHeadersOf } from '../../../sync-engine/connectors/registry.ts'

describe('registry', () => {
  it('[K3] an app is ready or coming, each once', () => {
    expect(APPS.filter((app) => app.kind === 'ready').map((app) => app.id)).toEqual(['jira', 'salesforce', 'hubspot'])
    expect(APPS.filter((app) => app.kind === 'coming').map((app) => app.name)).toEqual([
      'ConnectWise',
      'Autotask',
      'Syncro',
      'Kaseya BMS',
      'HaloPSA',
      'Asana',
      'Pipedrive',
    ])
    expect(new Set(APPS.map((app) => app.id)).size).toBe(APPS.length)
    expect(readyApp('asana')).toBeUndefined()
    expect(readyApp('nothing')).toBeUndefined()
  })

  it('[J5] Jira is authorised by e-mail address and API token', () => {
    const [method] = jiraApp.auth.filter(({ kind }) => kind === 'token')
    expect(method?.kind === 'token' && method.fields.map(({ id, isSecret }) => [id, isSecret])).toEqual([
      ['email', false],
      ['token', true],
    ])
    expect(tokenHeadersOf(jiraApp, 'api-token', { email: 'ann@exämple.test', token: 'x' })).toEqual({
      authorization: `Basic ${Buffer.from('ann@exämple.test:x').toString('base64')}`,
    })
  })
})
