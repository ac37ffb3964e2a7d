import type { Sandbox } from '../sandbox/sandbox.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { SERVER_ACTOR } from '../workbook/authority.ts'
import { makeConnectionId, type RandomBytes, type SheetId, type WorkbookId } from '../workbook/ids.ts'
import type { IntegrationCredentials } from './credentials.ts'
import type { Logger } from './logger.ts'
import type { RunQueue } from './queue.ts'
import type { Catalog, FullConnection, IntegrationRow, ObjectRow } from './storage/catalog.ts'
import type { WorkbookSheets } from './workbook-sheets.ts'
import type { Workbooks } from './workbooks.ts'

export interface StartWorkbookParts {
  readonly sandbox: Sandbox
  readonly catalog: Catalog
  readonly workbooks: Workbooks
  readonly credentials: Pick<IntegrationCredentials, 'saveToken'>
  readonly sheets: WorkbookSheets
  readonly queue: RunQueue
  readonly logger: Logger
  readonly random: RandomBytes
}

/** What a sheet of the start workbook takes from an app of the sandbox. */
interface StartSheet {
  readonly app: 'jira' | 'hubspot'
  readonly object: Pick<ObjectRow, 'name' | 'external'>
  readonly filter: string
  /** External fields, in the order of their columns. */
  readonly fields: readonly string[]
  /** Of a sheet made for it; absent: the workbook's first. */
  readonly sheet?: string
}

const START_SHEETS: readonly StartSheet[] = [
  {
    app: 'jira',
    object: { name: 'Issues', external: 'issues' },
    filter: 'project = TB ORDER BY key ASC',
    fields: ['summary', 'status', 'assignee', 'priority', 'duedate', 'customfield_10016', 'labels', 'updated'],
  },
  {
    app: 'hubspot',
    object: { name: 'Companies', external: 'companies' },
    filter: 'order by name',
    fields: ['name', 'lifecyclestage', 'tier', 'hubspot_owner_id', 'annualrevenue', 'renewal_date', 'regions', 'hs_lastmodifieddate'],
    sheet: 'Customers',
  },
]

/** A server that is started for the first time opens in a workbook with live rows of the sandbox: issues of Jira, companies of HubSpot. */
export async function makeStartWorkbook(parts: StartWorkbookParts): Promise<void> {
  const { catalog, workbooks, sheets, queue, logger } = parts
  if ((await catalog.workbooks()).length + (await catalog.removedWorkbooks()).length > 0) return
  const { workbook, sheet: first } = await workbooks.create('Launch plan', 'none')
  const imports: { readonly run: string; readonly app: string }[] = []
  for (const start of START_SHEETS) {
    const object = await addStandIn(parts, start)
    const sheet =
      start.sheet === undefined ? first : ((await sheets.create(workbook.id, { name: start.sheet, fields: 'none' })).sheet.id as SheetId)
    const connection = await connect(parts, workbook.id, sheet, object, start)
    await workbooks.addCustomField(workbook.id, sheet, { name: 'Notes', type: 'long-text', width: 240 })
    const order = { kind: 'import', filter: start.filter } as const
    imports.push({ ...(await queue.enqueue({ connection, order, trigger: 'person', actor: 'server' })), app: start.app })
  }
  for (const { run, app } of imports) {
    const ended = await queue.ended(run)
    if (ended.state !== 'settled')
      logger.error({ runId: run, app, state: ended.state }, 'a sheet of the start workbook could not be filled')
  }
}

/** An integration with the stand-in of an app, signed in as its token lets one. */
async function addStandIn(
  { sandbox, workbooks, credentials, random }: StartWorkbookParts,
  { app, object }: StartSheet,
): Promise<ObjectRow> {
  const ready = readyApp(app)
  if (ready?.sandbox === undefined) throw new Error(`The app ${app} has no stand-in.`)
  const fields = ready.sandbox.credentialsOf({ ...sandbox.credentials(app) })
  const integration: IntegrationRow = {
    id: makeConnectionId(random),
    app,
    name: `Sandbox ${ready.name}`,
    baseUrl: '',
    account: fields.email ?? 'Private app',
    isOn: true,
    limitedTo: undefined,
    isSandbox: true,
  }
  const row: ObjectRow = { id: makeConnectionId(random), integration: integration.id, ...object, direction: 'push-pull', schedule: null }
  // Begun in one turn, so that both land in one commit or neither.
  await Promise.all([
    credentials.saveToken({ integration: integration.id, method: ready.sandbox.method, fields, by: SERVER_ACTOR }),
    workbooks.addIntegration(integration, [row]),
  ])
  return row
}

function connect(
  { workbooks }: StartWorkbookParts,
  workbook: WorkbookId,
  sheet: SheetId,
  object: ObjectRow,
  { filter, fields }: StartSheet,
): Promise<FullConnection> {
  return workbooks.connect({ workbook, sheet, object, filter, externals: fields, actor: 'server' })
}
