import { describe, expect, test } from 'vitest'
import { progressNote, stepText } from '../../app/sync-panel/run-text.ts'
import { pricedApps } from '../../app/sync-panel/sync-all.ts'
import type { ConnectionInfo, Preview, RunHead } from '../../server/api/contract.ts'

const connection = (id: string, integration: string, more: { isOn?: boolean; isPaused?: boolean } = {}): ConnectionInfo =>
  ({
    id,
    integration: { id: integration, app: 'jira', appName: 'Jira', name: integration, isOn: more.isOn ?? true },
    isPaused: more.isPaused ?? false,
  }) as ConnectionInfo
const preview = (totalCredits: number): Preview => ({ totalCredits }) as Preview

test('[RL8] syncing all has a price an account, the sum of its connections; what is paused or switched off costs nothing', () => {
  const connections = [
    connection('c1', 'main'),
    connection('c2', 'main', { isPaused: true }),
    connection('c3', 'other', { isOn: false }),
    connection('c4', 'main'),
  ]
  const previews = new Map([
    ['c1', preview(13)],
    ['c2', preview(99)],
    ['c3', preview(99)],
    ['c4', preview(2)],
  ])
  expect(
    pricedApps(connections, previews).map(({ integration, credits, lines }) => [
      integration.name,
      credits,
      lines.map((line) => line.isLeftOut),
    ]),
  ).toEqual([
    ['main', 15, [false, true, false]],
    ['other', 0, [true]],
  ])
})

describe('a run under way', () => {
  const counts = { planned: 40, pushed: 5 } as RunHead['counts']
  const run = (state: RunHead['state'], note?: string, done = 12): Pick<RunHead, 'state' | 'progress' | 'counts' | 'queuePlace'> => ({
    state,
    queuePlace: state === 'queued' ? 3 : 0,
    counts,
    progress: { step: state, done, total: 40, ...(note !== undefined && { note }) },
  })

  test('[RL9] says its place in the queue, or its step', () => {
    expect([stepText(run('queued')), stepText(run('pushing'))]).toEqual(['Waiting, place 3 in the queue', 'Pushing'])
  })

  test('[RL9] that waits for the app says what has gone out, that the rest goes by itself, and that nothing is lost', () => {
    const asked = 'Jira asked us to wait 38 s. Nothing is lost.'
    expect(progressNote(run('pushing', asked))).toBe(
      'Jira asked us to wait 38 s. 12 of 40 sent; the rest go by themselves. Nothing is lost.',
    )
    expect(progressNote(run('pulling', asked))).toBe(
      'Jira asked us to wait 38 s. 5 of 40 sent; the rest go by themselves. Nothing is lost.',
    )
    const unanswered = 'No answer (timeout). Checking whether it was saved before trying again.'
    expect([progressNote(run('pushing', unanswered)), progressNote(run('pushing'))]).toEqual([unanswered, ''])
  })
})
