import type { HubRecord } from './model.ts'
import { type ObjectType, objectType } from './properties.ts'
import { HubRecords } from './records.ts'
import { OWNERS, PIPELINES } from './site.ts'

const COMPANY_NAMES = [
  'Northwind Traders',
  'Alder & Finch',
  'Bluebird Logistics',
  'Cobalt Analytics',
  'Dovetail Furniture',
  'Elm Street Dental',
  'Fjord Outdoor',
  'Granite Bank',
  'Harbour Hotels',
  'Ivory Piano Works',
  'Juniper Foods',
  'Kestrel Aviation',
  'Lumen Lighting',
  'Maple Grove Schools',
  'Nimbus Hosting',
  'Orchard Clinics',
  'Pebble Toys',
  'Quarry Stoneworks',
  'Redwood Insurance',
  'Saffron Kitchens',
  'Tidal Energy',
  'Umbra Security',
  'Vantage Motors',
  'Willow Care',
  'Xenon Labs',
  'Yarrow Textiles',
  'Zephyr Cycles',
  'Amber Roasters',
  'Birch & Co',
  'Cedar Robotics',
] as const
const FIRST_WORDS = [
  'Blue',
  'Golden',
  'Silver',
  'North',
  'South',
  'Bright',
  'Quiet',
  'Swift',
  'Open',
  'Green',
  'Iron',
  'Paper',
  'River',
  'Stone',
  'Summer',
] as const
const SECOND_WORDS = [
  'Field',
  'Harbor',
  'Bridge',
  'Lantern',
  'Anchor',
  'Forge',
  'Garden',
  'Mill',
  'Pine',
  'Summit',
  'Valley',
  'Wharf',
] as const
const KINDS = ['Software', 'Partners', 'Foods', 'Systems', 'Logistics', 'Studio', 'Works', 'Health', 'Group', 'Supply'] as const
const CITIES = [
  ['Hamburg', 'Germany'],
  ['Lyon', 'France'],
  ['Austin', 'United States'],
  ['Leeds', 'United Kingdom'],
  ['Porto', 'Portugal'],
  ['Osaka', 'Japan'],
  ['Melbourne', 'Australia'],
  ['Toronto', 'Canada'],
] as const
const FIRST_NAMES = [
  'Ada',
  'Noah',
  'Mia',
  'Liam',
  'Zoe',
  'Omar',
  'Ines',
  'Kenji',
  'Priya',
  'Jonas',
  'Lucía',
  'Tom',
  'Aisha',
  'Erik',
  'Nora',
  'Hugo',
  'Yara',
  'Ben',
] as const
const LAST_NAMES = [
  'Abbott',
  'Berg',
  'Castro',
  'Dubois',
  'Evans',
  'Fischer',
  'Gupta',
  'Haddad',
  'Ito',
  'Jansen',
  'Kowalski',
  'Lopez',
  'Moreau',
  'Novak',
  'Okafor',
  'Petrov',
] as const
const JOBS = ['Head of Operations', 'Buyer', 'IT Manager', 'Chief Executive', 'Office Manager', 'Finance Lead', 'Product Manager'] as const
const DEALS = ['Annual plan', 'Pilot', 'Expansion', 'Renewal', 'Onboarding package', 'Support contract', 'Migration'] as const
const TICKETS = [
  'Cannot sign in',
  'Invoice shows the wrong address',
  'Export stops at 99 %',
  'Request: dark mode',
  'Slow on Mondays',
  'Question about the contract',
  'Data looks doubled',
] as const
const INDUSTRIES = [
  'COMPUTER_SOFTWARE',
  'RETAIL',
  'BANKING',
  'FOOD_PRODUCTION',
  'LOGISTICS_AND_SUPPLY_CHAIN',
  'HOSPITAL_HEALTH_CARE',
  'AUTOMOTIVE',
] as const
const TIERS = ['gold', 'silver', 'bronze'] as const
const STAGES = ['lead', 'marketingqualifiedlead', 'salesqualifiedlead', 'opportunity', 'customer'] as const
const DAY_MS = 86_400_000
/** Records held in memory at most before they are written, while many are made. */
const BATCH = 10_000
/** Records of each object but companies at most: a large portal is large in one of them. */
const MOST_OTHERS = 10_000

function pick<T>(list: readonly T[], random: () => number): T {
  const entry = list[Math.floor(random() * list.length)]
  if (entry === undefined) throw new Error('Nothing to pick from an empty list.')
  return entry
}

const chance = (share: number, random: () => number): boolean => random() < share
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10)
const slug = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '')
const activeOwners = OWNERS.filter(({ isArchived }) => !isArchived)

/** Values of a record; those that are `undefined` are left out. */
type Values = Readonly<Record<string, string | undefined>>

function recordOf(id: string, values: Values, nowMs: number, random: () => number): HubRecord {
  const createdMs = nowMs - Math.floor((5 + random() * 300) * DAY_MS)
  const updatedMs = createdMs + Math.floor(random() * (nowMs - createdMs - DAY_MS))
  return {
    id,
    properties: Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    createdAt: new Date(createdMs).toISOString(),
    updatedAt: new Date(updatedMs).toISOString(),
    archivedAt: null,
    mergedIds: [],
    links: {},
    changes: [],
  }
}

interface Made {
  readonly id: string
  readonly name: string
  readonly domain: string
}

function companyName(index: number, random: () => number): string {
  const known = COMPANY_NAMES[index]
  return known ?? `${pick(FIRST_WORDS, random)} ${pick(SECOND_WORDS, random)} ${pick(KINDS, random)} ${index}`
}

function company(index: number, nowMs: number, random: () => number): Values {
  const name = companyName(index, random)
  const [city, country] = pick(CITIES, random)
  return {
    name,
    domain: `${slug(name)}.example`,
    website: `https://www.${slug(name)}.example`,
    phone: `+4940555${String(100 + (index % 900))}`,
    city,
    country,
    industry: chance(0.9, random) ? pick(INDUSTRIES, random) : undefined,
    tier: chance(0.8, random) ? pick(TIERS, random) : undefined,
    lifecyclestage: pick(STAGES, random),
    numberofemployees: String(Math.floor(5 + random() * 900)),
    annualrevenue: String(Math.floor(1 + random() * 400) * 25_000),
    health_score: chance(0.7, random) ? String(Math.round(random() * 100) / 100) : undefined,
    regions: chance(0.6, random) ? pick(['emea', 'amer', 'emea;apac', 'emea;amer;apac'], random) : undefined,
    renewal_date: chance(0.7, random) ? dayOf(nowMs + Math.floor(random() * 300) * DAY_MS) : undefined,
    is_partner: chance(0.3, random) ? 'true' : 'false',
    hubspot_owner_id: chance(0.9, random) ? pick(activeOwners, random).id : undefined,
    erp_id: `ERP-${100_000 + index}`,
    description: chance(0.5, random) ? `${name} buys through its office in ${city}.\nAsk for the purchasing team.` : undefined,
  }
}

function contact(index: number, at: Made | undefined, random: () => number): Values {
  const [first, last] = [pick(FIRST_NAMES, random), pick(LAST_NAMES, random)]
  return {
    firstname: first,
    lastname: last,
    email: `${slug(first)}.${slug(last)}.${index}@${at?.domain ?? 'mail.example'}`,
    phone: chance(0.6, random) ? `+33155${String(10_000 + (index % 90_000))}` : undefined,
    jobtitle: pick(JOBS, random),
    company: at?.name,
    lifecyclestage: pick(STAGES, random),
    hs_lead_status: chance(0.7, random) ? pick(['NEW', 'OPEN', 'IN_PROGRESS', 'CONNECTED'], random) : undefined,
    interests: chance(0.5, random) ? pick(['events', 'webinars;newsletter', 'beta'], random) : undefined,
    nps: chance(0.5, random) ? String(Math.floor(random() * 11)) : undefined,
    hubspot_owner_id: pick(activeOwners, random).id,
  }
}

function deal(at: Made | undefined, nowMs: number, random: () => number): Values {
  const pipeline = pick(PIPELINES.deals ?? [], random)
  return {
    dealname: `${at?.name ?? 'New account'}: ${pick(DEALS, random)}`,
    amount: String(Math.floor(1 + random() * 120) * 500),
    pipeline: pipeline.id,
    dealstage: pick(pipeline.stages, random).id,
    closedate: new Date(nowMs + Math.floor(random() * 90 - 20) * DAY_MS).toISOString(),
    dealtype: pick(['newbusiness', 'existingbusiness'], random),
    hs_priority: chance(0.7, random) ? pick(['low', 'medium', 'high'], random) : undefined,
    contract_start: chance(0.5, random) ? dayOf(nowMs + Math.floor(random() * 120) * DAY_MS) : undefined,
    seats: String(Math.floor(1 + random() * 200)),
    hubspot_owner_id: pick(activeOwners, random).id,
  }
}

function ticket(nowMs: number, random: () => number): Values {
  const [pipeline] = PIPELINES.tickets ?? []
  return {
    subject: pick(TICKETS, random),
    content: 'Reported by e-mail.\nNo answer sent yet.',
    hs_pipeline: pipeline?.id,
    hs_pipeline_stage: pick(pipeline?.stages ?? [], random).id,
    hs_ticket_priority: pick(['LOW', 'MEDIUM', 'HIGH'], random),
    due_date: chance(0.6, random) ? dayOf(nowMs + Math.floor(random() * 30) * DAY_MS) : undefined,
    hubspot_owner_id: pick(activeOwners, random).id,
  }
}

function subscription(index: number, at: Made | undefined, nowMs: number, random: () => number): Values {
  return {
    name: `${at?.name ?? 'Unassigned'} subscription`,
    subscription_code: `SUB-${10_000 + index}`,
    plan: pick(['starter', 'pro', 'ent'], random),
    monthly_amount: String(Math.floor(1 + random() * 90) * 10),
    seats: String(Math.floor(1 + random() * 100)),
    starts_on: dayOf(nowMs - Math.floor(random() * 200) * DAY_MS),
  }
}

function typeNamed(id: string): ObjectType {
  const type = objectType(id)
  if (!type) throw new Error(`There is no object '${id}'.`)
  return type
}

/**
 * Fills the stand-in HubSpot in `folder` up to `count` companies, with as many contacts and deals and half as many tickets and
 * subscriptions (10,000 of each at most); what is there stays. The same random numbers make the same records, apart from their dates, which lie around `now`. No
 * sandbox may be running on the folder.
 */
export async function seedHubSpot(folder: string, count: number, random: () => number, now: () => number = Date.now): Promise<void> {
  const records = await HubRecords.open(folder, 60_000)
  const nowMs = now()
  const companies = typeNamed('companies')
  const made: Made[] = records
    .all(companies)
    .map(({ id, properties }) => ({ id, name: properties.name ?? '', domain: properties.domain ?? '' }))
  const make = (type: ObjectType, values: Values): HubRecord => records.seed(type, (id) => recordOf(id, values, nowMs, random))
  for (let index = records.size(companies); index < count; index++) {
    const { id, properties } = make(companies, company(index, nowMs, random))
    made.push({ id, name: properties.name ?? '', domain: properties.domain ?? '' })
    if (index % BATCH === BATCH - 1) await records.flush()
  }
  const dependents: readonly [string, number, (index: number, at: Made | undefined) => Values][] = [
    ['contacts', Math.min(count, MOST_OTHERS), (index, at) => contact(index, at, random)],
    ['deals', Math.min(count, MOST_OTHERS), (_index, at) => deal(at, nowMs, random)],
    ['tickets', Math.min(Math.ceil(count / 2), MOST_OTHERS), () => ticket(nowMs, random)],
    ['subscriptions', Math.min(Math.ceil(count / 2), MOST_OTHERS), (index, at) => subscription(index, at, nowMs, random)],
  ]
  const writer = { by: 'seed', source: 'CRM_UI', atMs: 0 } as const
  for (const [id, most, valuesOf] of dependents) {
    const type = typeNamed(id)
    for (let index = records.size(type); index < most; index++) {
      const at = made[index % Math.max(1, made.length)]
      const record = make(type, valuesOf(index, at))
      if (at) records.link({ type, id: record.id }, { type: companies, id: at.id }, writer)
      if (index % BATCH === BATCH - 1) await records.flush()
    }
  }
  await records.flush()
}
