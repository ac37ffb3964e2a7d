import fc from 'fast-check'
import { makeId } from '../../sandbox/salesforce/ids.ts'
import { type SeedPlan, seedSalesforce } from '../../sandbox/salesforce/seed.ts'
import { USERS } from '../../sandbox/salesforce/users.ts'
import type { ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import { makeSalesforceConnector } from '../../sync-engine/connectors/salesforce.ts'
import { salesforceApp } from '../../sync-engine/connectors/salesforce-app.ts'
import { planSalesforceCalls } from '../../sync-engine/connectors/salesforce-plan.ts'
import { type CellValue, choicesValue } from '../../workbook/cell-value.ts'
import type { ConnectorWorld, SeenRequest, SeenWrite } from './connector-contract.ts'
import { StandInWorld, seededRandom } from './stand-in-world.ts'

/** The stand-in's search lags this much; less than the connector reckons with. */
const INDEX_DELAY_MS = 5_000
export const API = '/services/data/v62.0'

/** A stand-in Salesforce with so many records of each object. */
export function startSalesforce(plan: Partial<SeedPlan>, saveDelayMs = 200): Promise<StandInWorld> {
  return StandInWorld.start({
    app: 'salesforce',
    pathOf: (path) => (path.startsWith(`${API}/`) ? path.slice(API.length) : undefined),
    prepare: (folder, now) => seedSalesforce(folder, plan, seededRandom(11), now),
    options: { indexDelayMs: INDEX_DELAY_MS, firstRecordCount: 0, saveDelayMs },
  })
}

export const bearer = (world: StandInWorld): Record<string, string> => ({
  authorization: `Bearer ${world.sandbox.credentials('salesforce').accessToken}`,
})

/** A connector for one object of the stand-in. */
export function salesforceConnector(world: StandInWorld, object: string, description?: ObjectDescription) {
  return makeSalesforceConnector({ object, http: world.client(salesforceApp, bearer(world)), ...(description && { description }) })
}

/** The Salesforce connector against the sandbox's Salesforce: accounts, more than a page of them. */
export async function makeSalesforceWorld(): Promise<ConnectorWorld> {
  const world = await startSalesforce({ Account: 2060 })
  const ids = Array.from({ length: 2060 }, (_, index) => makeId('001', index + 1))
  return {
    connector: salesforceConnector(world, 'Account'),
    stranger: makeSalesforceConnector({
      object: 'Account',
      http: world.client(salesforceApp, { authorization: 'Bearer 00Dnot!a.session' }),
    }),
    planCalls: planSalesforceCalls,
    calls: world.calls,
    ids,
    fields: { text: 'Name', number: 'NumberOfEmployees', select: 'CustomerPriority__c', date: 'SLAExpirationDate__c' },
    options: ['High', 'Low'],
    unknownId: makeId('001', 900_000),
    unknownIdAt: (index) => makeId('001', 900_000 + index),
    filters: { all: 'Name != null ORDER BY CreatedDate', bad: "Nmae = 'x'", badWords: /No such column 'Nmae'/u },
    samples: SAMPLES,
    searchLagMs: INDEX_DELAY_MS,
    findsCreatedAtOnce: true,
    throttlingEndsRun: true,
    callsForRefused: 0,
    newRecord: [
      { field: 'Name', value: 'Made by a create' },
      { field: 'Industry', value: 'Energy' },
      { field: 'NumberOfEmployees', value: 12 },
    ],
    foreignEdit: async (id, field, value) => void (await world.records('PATCH', `/${id}`, { fields: { [field]: value } })),
    deleteRecord: async (id) => void (await world.records('DELETE', `/${id}`)),
    // An id is for ever; a merge deletes.
    changeKey: async () => undefined,
    setFaults: (faults) => world.setFaults(faults),
    requests: () => world.requests(),
    writeOf,
    contractFaults: () => world.contractFaults(),
    tamper: (part, change) => world.tamper(part, change),
    advance: (ms) => world.advance(ms),
    stop: () => world.stop(),
  }
}

/** What a request of the log would have written to existing records. */
function writeOf({ method, path, body }: SeenRequest): readonly SeenWrite[] | undefined {
  if (method === 'POST' && path === `${API}/composite`) {
    const { compositeRequest = [] } = body as { compositeRequest?: { method: string; url: string; body: unknown }[] }
    const writes = compositeRequest.flatMap((part) => writeOf({ ...part, path: part.url, status: null, saved: false }) ?? [])
    return writes.length > 0 ? writes : undefined
  }
  if (method !== 'PATCH') return undefined
  const [, one] = /\/sobjects\/Account\/(\w{18})$/u.exec(path) ?? []
  if (one !== undefined) return [{ recordId: one, fields: Object.keys(body as object) }]
  if (path !== `${API}/composite/sobjects`) return undefined
  const { records } = body as { records: Record<string, unknown>[] }
  return records.map(({ id, attributes: _type, ...fields }) => ({ recordId: String(id), fields: Object.keys(fields) }))
}

const word = fc.string({
  unit: fc.constantFrom('a', 'B', 'ß', 'é', '3', '-', '.', '"', "'", '\\', '%', '_', '𝄞'),
  minLength: 1,
  maxLength: 8,
})
const spaced = fc.array(fc.oneof(word, fc.constantFrom(' ', '  ', '\t')), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '))
const orNull = (values: fc.Arbitrary<CellValue>): fc.Arbitrary<CellValue> => fc.option(values, { freq: 5 })
const instants = fc.date({ noInvalidDate: true, min: new Date('1990-01-01'), max: new Date('2090-01-01') })
const decimals = fc.oneof(
  fc.integer({ min: -999, max: 999 }),
  fc.double({ min: -900, max: 900, noNaN: true }).map((x) => x + 0),
  fc.constantFrom(0.125, 1.005, 2.675, -1.005, 0.1),
)

/** Values of every kind of field that the stand-in takes, in the forms people type them. */
const SAMPLES: ConnectorWorld['samples'] = [
  { field: 'Name', values: spaced.filter((text) => text.trim() !== '') },
  { field: 'Site', values: orNull(spaced) },
  {
    field: 'Description',
    values: orNull(
      fc.array(fc.oneof(spaced, fc.constantFrom('', '- item')), { minLength: 1, maxLength: 5 }).map((lines) => lines.join('\n')),
    ),
  },
  { field: 'NumberOfEmployees', values: orNull(fc.oneof(fc.integer({ min: 0, max: 9_999_999 }), fc.constantFrom(2.4, 2.5))) },
  { field: 'AnnualRevenue', values: orNull(decimals) },
  { field: 'Health_Score__c', values: orNull(decimals) },
  {
    field: 'Discount__c',
    values: orNull(
      fc.oneof(
        fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
        fc.constantFrom(0.123, 0.0005, 1.2345),
      ),
    ),
  },
  { field: 'Key_Account__c', values: fc.constantFrom(true, false, null) },
  { field: 'SLAExpirationDate__c', values: orNull(instants.map((date) => date.toISOString().slice(0, 10))) },
  { field: 'Next_Review__c', values: orNull(instants.map((date) => date.toISOString())) },
  { field: 'Industry', values: orNull(fc.constantFrom('Energy', 'energy', ' BANKING ', 'Other')) },
  { field: 'CustomerPriority__c', values: orNull(fc.constantFrom('High', 'medium', 'LOW')) },
  {
    field: 'Regions__c',
    values: orNull(fc.subarray(['North', 'East', 'South', 'West', 'Overseas'], { minLength: 1 }).map((names) => choicesValue(names))),
  },
  { field: 'Website', values: orNull(fc.webUrl().map((url) => ` ${url} `)) },
  { field: 'Billing_Contact__c', values: orNull(fc.constantFrom('Ada@Mail.example', ' b@c.example ')) },
  { field: 'Phone', values: orNull(fc.constantFrom('+49 40 123', '(040) 12-3 ')) },
  { field: 'OwnerId', values: fc.constantFrom(...USERS.slice(0, 4).flatMap(({ id }) => [id, id.slice(0, 15)])) },
  { field: 'ParentId', values: orNull(fc.constantFrom(makeId('001', 2000), makeId('001', 2001).slice(0, 15))) },
]
