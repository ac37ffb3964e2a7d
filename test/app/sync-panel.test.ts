import { describe, expect, test } from 'vitest'
import { cellsOfCall, creditsOfCall, previewText } from '../../app/sync-panel/preview-text.ts'
import { balanceText, runLine } from '../../app/sync-panel/run-text.ts'
import { describedAs, heldTexts, nextNeeding, planHere, sendingCells, surveySheet } from '../../app/sync-panel/survey.ts'
import type { ConnectionInfo, Preview, RunHead } from '../../server/api/contract.ts'
import { setRowsDeleted } from '../../workbook/edit.ts'
import { cellKey, type RowId } from '../../workbook/ids.ts'
import { CONNECTION, CUSTOM, FIELD, ROW, World } from '../support/world.ts'

const ROWS = ['r1', 'r2', 'r3', 'r4'] as RowId[]
const [, R2 = ROW, R3 = ROW, R4 = ROW] = ROWS
const worldOf = (more: Partial<ConstructorParameters<typeof World>[0]> = {}) =>
  new World({ peers: [{ name: 'ann', client: 11 }], rows: ROWS, value: 'a', ...more })

const connection: ConnectionInfo = {
  id: CONNECTION,
  workbook: 'w1',
  sheet: 's1',
  integration: { id: 'i1', app: 'jira', appName: 'Jira', name: 'Jira', isOn: true },
  object: { id: 'o1', name: 'Issues', external: 'issue', direction: 'push-pull', schedule: null },
  keyField: 'k1',
  fields: [{ field: FIELD, external: 'summary', direction: 'two-way' }],
  filter: '',
  onConflict: 'hold',
  isPaused: false,
  description: {
    app: 'jira',
    appName: 'Jira',
    object: 'issue',
    objectName: 'Issues',
    fields: [{ id: 'summary', name: 'Summary', type: 'text', writable: true }],
    keyField: 'key',
    nameField: 'summary',
    readBatch: 100,
    updateAnswersRecord: true,
    indexDelayMs: 0,
  },
  linkedRecords: 4,
  latestPull: null,
  nextPull: null,
  activeRun: null,
}

describe('a sheet at a glance', () => {
  test('[U21] staged cells are counted by connection; custom fields and put-back cells are none', () => {
    const world = worldOf()
    world
      .type('ann', 'x', FIELD, ROW)
      .type('ann', 'y', FIELD, R2)
      .type('ann', 'z', CUSTOM, R3)
      .type('ann', 'q', FIELD, R4)
      .putBack('ann', FIELD, R4)
    const { staged, deltas, warnings } = surveySheet(world.peer('ann').sheet)
    const delta = deltas.get(CONNECTION) ?? []
    expect({ staged, warnings, cells: delta.map((c) => [c.row, c.baseline, c.value, c.base, c.author]) }).toEqual({
      staged: 2,
      warnings: 0,
      cells: [
        [ROW, 'a', 'x', 'a', 'ann'],
        [R2, 'a', 'y', 'a', 'ann'],
      ],
    })
  })

  test('[U21] a deleted row’s cells are not staged', () => {
    const world = worldOf().type('ann', 'x', FIELD, R2)
    const { sheet, editor } = world.peer('ann')
    setRowsDeleted(sheet, [R2], true, editor)
    expect(surveySheet(sheet).staged).toBe(0)
  })

  test('[U21] cells of rows that no record is tied to are counted apart', () => {
    const survey = surveySheet(worldOf({ isUnlinked: true }).type('ann', 'x').peer('ann').sheet)
    expect([survey.staged, survey.deltas.size, survey.unlinked.get(CONNECTION)]).toEqual([1, 0, 1])
  })

  test('[U22] cells that need a person are listed in the order of the rows, and gone to one after another, round the end', () => {
    const world = worldOf()
    for (const row of [R3, ROW]) world.type('ann', 'mine', FIELD, row).appSets('theirs', row)
    world.pull()
    const { sheet } = world.peer('ann')
    const { needing, warnings } = surveySheet(sheet)
    expect([warnings, needing.map((cell) => [cell.row, cell.kind, cell.connection])]).toEqual([
      2,
      [
        [ROW, 'conflict', CONNECTION],
        [R3, 'conflict', CONNECTION],
      ],
    ])
    const placeOf = (cell: { row: RowId }) => ({ rowIndex: ROWS.indexOf(cell.row), columnIndex: 0 })
    const from = (rowIndex: number, direction: 1 | -1) => nextNeeding(needing, { rowIndex, columnIndex: 0 }, direction, placeOf)?.row
    expect([from(-1, 1), from(0, 1), from(2, 1), from(2, -1), from(0, -1)]).toEqual([ROW, R3, ROW, ROW, R3])
    expect(nextNeeding([], { rowIndex: 0, columnIndex: 0 }, 1, placeOf)).toBeUndefined()
  })
})

describe('the plan made in the browser', () => {
  test('[U23] it prices a sync by the documents alone', () => {
    const world = worldOf().type('ann', 'x', FIELD, ROW).type('ann', 'y', FIELD, R2)
    const plan = planHere(connection, surveySheet(world.peer('ann').sheet), 'two-way')
    expect([plan?.push.length, plan?.calls.length, plan?.totalCredits]).toEqual([2, 2, 6])
    expect(planHere(connection, surveySheet(world.peer('ann').sheet), 'one-way')?.totalCredits).toBe(4)
  })

  test('[U23] held cells carry their reason, sending ones are those the plan sends', () => {
    const world = worldOf().type('ann', 'x', FIELD, ROW)
    const survey = surveySheet(world.peer('ann').sheet)
    const pullOnly = { ...connection, object: { ...connection.object, direction: 'pull' as const } }
    expect([...heldTexts([planHere(pullOnly, survey, 'two-way'), undefined])]).toEqual([
      [cellKey(ROW, FIELD), { reason: 'direction', text: 'this object only pulls from Jira.' }],
    ])
    const plans = new Map([[connection.id, planHere(connection, survey, 'two-way')]])
    expect([...sendingCells(plans, new Set([connection.id]))]).toEqual([cellKey(ROW, FIELD)])
    expect(sendingCells(plans, new Set()).size).toBe(0)
  })

  test('[U23] without a description, or with a type this page does not know, there is no plan', () => {
    const { description, ...undescribed } = connection
    expect(describedAs(undescribed)).toBeUndefined()
    const strange = {
      ...connection,
      description: description && { ...description, fields: [{ id: 'x', name: 'X', type: 'rainbow', writable: true as const }] },
    }
    expect(describedAs(strange)).toBeUndefined()
  })
})

const NONE: RunHead['counts'] = {
  planned: 0,
  pushed: 0,
  refused: 0,
  skipped: 0,
  unknown: 0,
  held: 0,
  differs: 0,
  conflicts: 0,
  pulled: 0,
  changed: 0,
  created: 0,
  linked: 0,
}
const runOf = (counts: Partial<RunHead['counts']>, more: Partial<RunHead> = {}) => ({
  kind: 'sync' as const,
  mode: 'two-way' as const,
  state: 'settled' as const,
  error: null,
  ...more,
  counts: { ...NONE, ...counts },
})

describe('what came of a run', () => {
  test.each([
    { run: runOf({ planned: 40, pushed: 37, refused: 3, pulled: 40 }), line: '37 of 40 cells sent, 3 refused, 40 records pulled' },
    { run: runOf({ planned: 1, pushed: 1, pulled: 1, differs: 1 }), line: '1 of 1 cell sent, 1 record pulled, 1 saved differently' },
    { run: runOf({ pulled: 2 }, { mode: 'one-way' }), line: 'pull only, 2 records pulled' },
    { run: runOf({ created: 60, linked: 60 }, { kind: 'import' }), line: 'Import: 60 rows made, 60 rows linked' },
    { run: runOf({}, { kind: 'refresh' }), line: 'Field refresh: Done' },
    { run: runOf({ planned: 2, pushed: 1, unknown: 1 }, { state: 'cancelled' }), line: 'Stopped: 1 of 2 cells sent, 1 without an answer' },
    {
      run: runOf(
        {},
        { state: 'failed', error: { code: 'auth-expired', message: 'Jira no longer accepts this sign-in.', advice: 'Sign in again.' } },
      ),
      line: 'Failed: Jira no longer accepts this sign-in.',
    },
  ])('[U24] $line', ({ run, line }) => {
    expect(runLine(run)).toBe(line)
  })

  test('[U24] the receipt adds up in sight', () => {
    const counts = { ...NONE, planned: 5, pushed: 2, refused: 1, skipped: 1, unknown: 1 }
    expect(balanceText(counts)).toBe('Planned 5 = 2 pushed + 1 refused + 1 skipped + 1 without an answer')
  })
})

test('[U25] a preview as text holds what the dialog shows', () => {
  const planCell = { row: 'r1', field: FIELD, recordId: '1', recordKey: 'TB-1', base: 'a', baseline: 'a', author: 'ann', at: 0 }
  const preview: Preview = {
    planId: 'abc',
    mode: 'two-way',
    push: [{ ...planCell, value: 'x', external: 'summary', sent: 'x' }],
    held: [{ cell: { ...planCell, recordKey: 'TB-2', value: 'y' }, reason: 'conflict', text: 'changed in both.' }],
    check: { calls: 1, records: 1 },
    calls: [
      {
        method: 'PUT',
        path: '/rest/api/3/issue/1',
        body: { fields: { summary: 'x' } },
        deltas: [{ recordId: '1', recordKey: 'TB-1', changes: [{ field: 'summary', value: 'x' }] }],
      },
    ],
    pull: { calls: 1, records: 60 },
    credits: { pushed: 1, pulled: 60, linked: 0, refreshed: 0, searched: 0 },
    totalCredits: 61,
    openReceipts: 0,
  }
  const text = previewText(preview, {
    title: 'Preview: Jira · Issues',
    fieldName: () => 'Summary',
    apart: ({ baseline, sent }) => [String(baseline), String(sent)],
  })
  expect(text.split('\n')).toEqual([
    'Preview: Jira · Issues',
    '1 cell to push, 1 write call, 60 records to pull, 1 held, 61 credits',
    '',
    'Needs you before it can go',
    '- TB-2 · Summary: changed in both.',
    '',
    'Push, in this order',
    'First 1 record is read by id in 1 call: what changed there meanwhile is held, not overwritten.',
    'PUT /rest/api/3/issue/1',
    '  TB-1 · Summary: a → x',
    '  {"fields":{"summary":"x"}}',
    '',
    'Then pull',
    '60 records in 1 call',
  ])
  const [call] = preview.calls
  expect(call && [cellsOfCall(preview, call).length, creditsOfCall(call)]).toEqual([1, 1])
})
