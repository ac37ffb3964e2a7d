import { SalesforceRecords, type SfRecord, secondsOf } from './records.ts'
import { autoNumbers } from './save.ts'
import { type Fields, KEPT_OBJECTS, objectNamed, type SfObject, STAGES } from './schema.ts'
import { USERS } from './users.ts'

/** How many records of each object: a share of the whole, or exactly. */
export interface SeedPlan {
  readonly Account: number
  readonly Contact: number
  readonly Opportunity: number
  readonly Case: number
  readonly Site_Visit__c: number
}

/** What a small sales team has: for 60 records 20 accounts, 16 contacts, 12 opportunities, 8 cases, 4 visits. */
export function seedPlan(count: number): SeedPlan {
  const part = (share: number): number => Math.round((count * share) / 60)
  const plan = { Contact: part(16), Opportunity: part(12), Case: part(8), Site_Visit__c: part(4) }
  const others = Object.values(plan).reduce((sum, one) => sum + one, 0)
  return { Account: Math.max(0, count - others), ...plan }
}

/** Records held in memory at most before they are written, while many are made. */
const BATCH = 10_000
const DAY_MS = 86_400_000

const FIRST_PARTS = [
  'Blue',
  'North',
  'Harbour',
  'Maple',
  'Silver',
  'Granite',
  'Willow',
  'Amber',
  'Summit',
  'River',
  'Cedar',
  'Falcon',
  'Copper',
  'Meadow',
  'Lighthouse',
]
const SECOND_PARTS = [
  'Bakeries',
  'Logistics',
  'Robotics',
  'Clinics',
  'Instruments',
  'Outfitters',
  'Energy',
  'Software',
  'Textiles',
  'Foods',
  'Print',
  'Marine',
]
const FORMS = ['GmbH', 'Ltd', 'Inc.', 'AG', 'SARL', 'Co.']
const FIRST_NAMES = [
  'Ada',
  'Bruno',
  'Chiara',
  'Dmitri',
  'Elif',
  'Finn',
  'Grace',
  'Hugo',
  'Imani',
  'Jonas',
  'Keiko',
  'Luis',
  'Mara',
  'Noah',
  'Oona',
  'Pavel',
]
const LAST_NAMES = [
  'Adeyemi',
  'Brandt',
  'Castillo',
  'Dupont',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Haddad',
  'Ito',
  'Jansen',
  'Kowalski',
  'Lindqvist',
  'Moreau',
  'Novak',
]
const TITLES = ['Head of Purchasing', 'Office Manager', 'CFO', 'IT Lead', 'Operations Manager', 'Managing Director']
const CITIES: readonly (readonly [string, string, string])[] = [
  ['Hamburg', '20095', 'Germany'],
  ['Lyon', '69002', 'France'],
  ['Porto', '4000-123', 'Portugal'],
  ['Leeds', 'LS1 4DY', 'United Kingdom'],
  ['Rotterdam', '3011', 'Netherlands'],
  ['Zurich', '8001', 'Switzerland'],
]
const DEALS = ['Annual licence', 'Pilot project', 'Service contract', 'Expansion', 'Renewal', 'Training package', 'Hardware refresh']
const COMPLAINTS = [
  'Display stays dark',
  'Delivery incomplete',
  'Invoice address wrong',
  'Motor too loud',
  'Login does not work',
  'Part broken on arrival',
  'Asks for a spare key',
]

/** Names in short lists are picked by number; a wrong one would be a slip of this file. */
function pick<T>(list: readonly T[], random: () => number): T {
  const entry = list[Math.floor(random() * list.length)]
  if (entry === undefined) throw new Error('Nothing to pick from an empty list.')
  return entry
}

/** A value of a picklist, or none. */
function option(of: SfObject, field: string, random: () => number, emptiness = 0.15): string | null {
  if (random() < emptiness) return null
  const values = of.byName.get(field.toLowerCase())?.values.filter(({ active }) => active) ?? []
  return values.length === 0 ? null : pick(values, random).value
}

interface Seeding {
  readonly random: () => number
  readonly nowMs: number
  readonly accounts: readonly string[]
  readonly contacts: readonly string[]
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const ownerOf = (random: () => number): string =>
  pick(
    USERS.filter(({ isActive, userType }) => isActive && userType === 'Standard'),
    random,
  ).id

function accountFields(of: SfObject, { random, nowMs }: Seeding): Fields {
  const name = `${pick(FIRST_PARTS, random)} ${pick(SECOND_PARTS, random)} ${pick(FORMS, random)}`
  const [city, postal, country] = pick(CITIES, random)
  const host = name
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .replace(/-+$/, '')
  const regions = (of.byName.get('regions__c')?.values ?? []).filter(() => random() < 0.3).map(({ value }) => value)
  return {
    Name: name,
    Type: option(of, 'Type', random),
    BillingStreet: `${1 + Math.floor(random() * 120)} Market Street`,
    BillingCity: city,
    BillingState: null,
    BillingPostalCode: postal,
    BillingCountry: country,
    Phone: `+44 20 ${String(Math.floor(random() * 1e8)).padStart(8, '0')}`,
    AccountNumber: `AC-${1000 + Math.floor(random() * 9000)}`,
    Website: `https://${host}.example`,
    Industry: option(of, 'Industry', random),
    AnnualRevenue: random() < 0.2 ? null : Math.round(random() * 900) * 100_000,
    NumberOfEmployees: random() < 0.15 ? null : 5 + Math.floor(random() * 3000),
    Description: random() < 0.6 ? null : 'Met at the trade fair.\r\nWants a call after the holidays.',
    Rating: option(of, 'Rating', random, 0.3),
    CustomerPriority__c: option(of, 'CustomerPriority__c', random),
    SLA__c: option(of, 'SLA__c', random, 0.3),
    Active__c: option(of, 'Active__c', random),
    NumberofLocations__c: 1 + Math.floor(random() * 12),
    SLAExpirationDate__c: random() < 0.3 ? null : day(nowMs + Math.floor((random() * 400 - 60) * DAY_MS)),
    Regions__c: regions.join(';') || null,
    Discount__c: random() < 0.5 ? null : Math.round(random() * 250) / 10,
    Health_Score__c: random() < 0.2 ? null : Math.round(random() * 10_000) / 100,
    Key_Account__c: random() < 0.2,
    Next_Review__c: random() < 0.4 ? null : secondsOf(nowMs + Math.floor(random() * 90) * DAY_MS),
    Account_Manager__c: random() < 0.3 ? null : ownerOf(random),
    OwnerId: ownerOf(random),
  }
}

function contactFields(of: SfObject, { random, accounts }: Seeding): Fields {
  const [first, last] = [pick(FIRST_NAMES, random), pick(LAST_NAMES, random)]
  return {
    AccountId: accounts.length === 0 || random() < 0.08 ? null : pick(accounts, random),
    FirstName: first,
    LastName: last,
    Salutation: option(of, 'Salutation', random, 0.4),
    Phone: `+49 40 ${String(Math.floor(random() * 1e7)).padStart(7, '0')}`,
    Email: `${first}.${last}@mail.example`.toLowerCase(),
    Title: pick(TITLES, random),
    LeadSource: option(of, 'LeadSource', random),
    Birthdate:
      random() < 0.5 ? null : day(Date.UTC(1960 + Math.floor(random() * 40), Math.floor(random() * 12), 1 + Math.floor(random() * 28))),
    Level__c: option(of, 'Level__c', random),
    OwnerId: ownerOf(random),
  }
}

function opportunityFields(of: SfObject, { random, nowMs, accounts }: Seeding): Fields {
  const stage = pick(STAGES, random)
  return {
    AccountId: accounts.length === 0 ? null : pick(accounts, random),
    Name: `${pick(DEALS, random)} ${pick(FIRST_PARTS, random)} ${1 + Math.floor(random() * 99)}`,
    StageName: stage.name,
    Probability: stage.probability,
    ForecastCategoryName: stage.forecast,
    Amount: random() < 0.1 ? null : Math.round(random() * 500_000) / 100 + 500,
    CloseDate: day(nowMs + Math.floor((random() * 200 - 50) * DAY_MS)),
    Type: option(of, 'Type', random),
    NextStep: random() < 0.5 ? null : 'Send the revised offer',
    LeadSource: option(of, 'LeadSource', random),
    OwnerId: ownerOf(random),
  }
}

function caseFields(of: SfObject, { random, accounts, contacts }: Seeding): Fields {
  return {
    AccountId: accounts.length === 0 ? null : pick(accounts, random),
    ContactId: contacts.length === 0 || random() < 0.3 ? null : pick(contacts, random),
    Subject: `${pick(COMPLAINTS, random)}, order ${100 + Math.floor(random() * 900)}`,
    Status: option(of, 'Status', random, 0),
    Priority: option(of, 'Priority', random, 0),
    Origin: option(of, 'Origin', random),
    Type: option(of, 'Type', random),
    Reason: option(of, 'Reason', random),
    Description: random() < 0.5 ? null : 'The customer called twice.',
    OwnerId: ownerOf(random),
  }
}

function visitFields(of: SfObject, { random, nowMs, accounts }: Seeding): Fields {
  return {
    Account__c: accounts.length === 0 ? null : pick(accounts, random),
    Visit_Date__c: day(nowMs + Math.floor((random() * 60 - 30) * DAY_MS)),
    Outcome__c: option(of, 'Outcome__c', random, 0),
    Hours__c: Math.round(random() * 32) / 4,
    Notes__c: random() < 0.5 ? null : 'Checked the meter, all well.',
    OwnerId: ownerOf(random),
  }
}

const MAKERS: { readonly [Object in keyof SeedPlan]: (of: SfObject, seeding: Seeding) => Fields } = {
  Account: accountFields,
  Contact: contactFields,
  Opportunity: opportunityFields,
  Case: caseFields,
  Site_Visit__c: visitFields,
}

/**
 * Fills the stand-in Salesforce in `folder` up to the planned numbers; what is there stays. The same random numbers make the same
 * records, apart from their dates, which lie around `now`. No sandbox may be running on the folder.
 */
export async function seedSalesforce(folder: string, plan: Partial<SeedPlan>, random: () => number, now: () => number): Promise<void> {
  const records = await SalesforceRecords.open({ folder, saveDelayMs: 60_000 })
  try {
    const nowMs = now()
    const idsOf = (name: string): string[] => {
      const of = objectNamed(name)
      return of ? [...records.all(of)].map(({ id }) => id) : []
    }
    for (const of of KEPT_OBJECTS) {
      const name = of.name as keyof SeedPlan
      const count = plan[name] ?? 0
      const make = MAKERS[name]
      const seeding: Seeding = { random, nowMs, accounts: idsOf('Account'), contacts: idsOf('Contact') }
      for (let made = idsOf(of.name).length; made < count; made++) {
        records.seed(of, ({ id, number }): SfRecord => {
          const createdMs = nowMs - Math.floor((3 + random() * 120) * DAY_MS)
          const modifiedMs = createdMs + Math.floor(random() * (nowMs - createdMs - DAY_MS))
          const fields = {
            ...make(of, seeding),
            ...autoNumbers(
              of.fields.filter(({ autoNumber }) => autoNumber),
              number,
            ),
          }
          const [created, modified] = [secondsOf(createdMs), secondsOf(modifiedMs)]
          const [by, again] = [ownerOf(random), ownerOf(random)]
          return { id, fields, created, createdBy: by, modified, modifiedBy: again, stamp: modified, deleted: null, master: null }
        })
        if (made % BATCH === BATCH - 1) await records.flush()
      }
    }
  } finally {
    await records.stop()
  }
}
