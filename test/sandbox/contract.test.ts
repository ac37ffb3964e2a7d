import { describe, expect, test } from 'vitest'
import { contractWitness, type Exchange, missingContract } from '../support/contract-witness.ts'
import { type Json, World } from './world.ts'

const reason = missingContract('jira')

describe('the published contract', () => {
  test.skipIf(reason !== undefined)(
    `[SB32] every operation of the stand-in fits it${reason === undefined ? '' : ` (skipped: ${reason})`}`,
    async () => {
      await using world = await World.fresh()
      const created = await world.jira('POST', '/issue', { fields: { project: { key: 'TB' }, summary: 'x', issuetype: { name: 'Task' } } })
      const task = await world.jira('POST', '/bulk/issues/transition', {
        bulkTransitionInputs: [{ selectedIssueIdsOrKeys: ['TB-1'], transitionId: '11' }],
      })
      for (const [method, path, body] of [
        ['POST', '/search/jql', { jql: 'project = TB', fields: ['*all'], maxResults: 100 }],
        ['GET', '/search/jql?jql=project%20%3D%20TB&fields=summary&fields=status&maxResults=5', undefined],
        ['POST', '/search/approximate-count', { jql: 'project = TB' }],
        ['GET', '/issue/TB-1?expand=changelog,names,schema,transitions,editmeta', undefined],
        ['PUT', '/issue/TB-1?returnIssue=true&notifyUsers=false', { fields: { summary: 'y' } }],
        ['GET', '/issue/TB-1/editmeta', undefined],
        ['GET', '/issue/TB-1/transitions?expand=transitions.fields', undefined],
        ['POST', '/issue/TB-1/transitions', { transition: { id: '13' }, fields: { assignee: null } }],
        [
          'POST',
          '/issue/bulk',
          { issueUpdates: [{ fields: { project: { key: 'TB' }, summary: 'z', issuetype: { name: 'Bug' } } }, { fields: {} }] },
        ],
        ['POST', '/issue/bulkfetch', { issueIdsOrKeys: ['TB-1', 'TB-2'], fields: ['*all'] }],
        ['GET', '/issue/createmeta/TB/issuetypes', undefined],
        ['GET', '/issue/createmeta/TB/issuetypes/10002', undefined],
        ['GET', '/bulk/issues/fields?issueIdsOrKeys=TB-1', undefined],
        ['GET', '/bulk/issues/transition?issueIdsOrKeys=TB-1,TB-2', undefined],
        ['GET', `/bulk/queue/${task.json.taskId}`, undefined],
        ['GET', '/field', undefined],
        ['GET', '/field/search', undefined],
        ['GET', '/field/customfield_10031/context', undefined],
        ['GET', '/field/customfield_10031/context/10031/option', undefined],
        ['GET', '/project/search', undefined],
        ['GET', '/project/TB/statuses', undefined],
        ['GET', '/priority/search', undefined],
        ['GET', '/statuses/search', undefined],
        ['GET', '/issuetype/project?projectId=10000', undefined],
        ['GET', '/user/assignable/search?project=TB', undefined],
        ['GET', '/user/bulk?accountId=5f1a2b3c4d5e6f7081920a02', undefined],
        ['GET', '/myself', undefined],
        ['GET', '/serverInfo', undefined],
        ['GET', '/issue/picker?query=launch', undefined],
        ['POST', '/jql/parse?validation=strict', { queries: ['project = TB', 'shoe = 44', 'status ='] }],
        ['POST', '/changelog/bulkfetch', { issueIdsOrKeys: ['TB-1'] }],
        ['GET', '/webhook', undefined],
        ['DELETE', `/issue/${created.json.key}`, undefined],
      ] as const) {
        const reply = await world.jira(method, path, body)
        expect([method, path, reply.status < 500]).toEqual([method, path, true])
      }
      expect(world.contractFaults).toEqual([])
    },
  )

  test.skipIf(reason !== undefined)('[SB32] the witness sees what is wrong with an exchange', async () => {
    const witness = await contractWitness('jira')
    const good: Exchange = {
      app: 'jira',
      method: 'POST',
      path: '/rest/api/3/search/jql',
      query: {},
      body: { jql: 'x' },
      status: 200,
      answer: { issues: [], isLast: true },
    }
    expect(witness(good)).toEqual([])
    const wrong: [Partial<Exchange>, string][] = [
      [{ body: { jql: 7 } }, 'request /requestBody/jql must be string'],
      [{ body: { jql: 'x', maxResult: 3 } }, 'additional properties'],
      [{ answer: { issues: [], total: 3 } }, 'answer 200'],
      [{ answer: { issues: [{ id: 1 }] } }, '/issues/0/id must be string'],
      [{ path: '/rest/api/3/search/jqls' }, 'no such operation'],
      [{ status: 201 }, 'status 201 is not declared'],
    ]
    for (const [part, text] of wrong) expect(witness({ ...good, ...part } as Exchange).join('\n')).toContain(text)
  })
})

describe('shapes of our own', () => {
  test('[SB33] an answer that does not fit its shape becomes a fault of the sandbox, not an answer of Jira', async () => {
    await using world = await World.fresh()
    const { JiraIssues } = await import('../../sandbox/jira/issues.ts')
    const find = JiraIssues.prototype.find
    JiraIssues.prototype.find = function broken(name: string) {
      const issue = find.call(this, name)
      return issue && ({ ...issue, summary: 7 } as Json)
    }
    try {
      const reply = await world.fetch('GET', `${world.origin}/sandbox/jira/rest/api/3/issue/TB-1`, {
        headers: { authorization: world.authorization },
      })
      expect([reply.status, reply.json.errorMessages[0]]).toEqual([
        500,
        expect.stringContaining('The sandbox itself failed: GET /rest/api/3/issue/{issueIdOrKey} answered 200 in a wrong shape'),
      ])
    } finally {
      JiraIssues.prototype.find = find
    }
    expect((await world.jira('GET', '/issue/TB-1')).status).toBe(200)
  })
})
