/** What a field holds: text, number, checkbox, or nothing. Times are ISO in UTC with whole seconds. */
export type SfValue = string | number | boolean | null

export const FIELD_TYPES = [
  'id',
  'string',
  'textarea',
  'picklist',
  'multipicklist',
  'double',
  'int',
  'currency',
  'percent',
  'boolean',
  'date',
  'datetime',
  'email',
  'phone',
  'url',
  'reference',
  'address',
] as const
export type SfType = (typeof FIELD_TYPES)[number]

export interface PicklistValue {
  readonly value: string
  readonly label: string
  readonly active: boolean
  readonly defaultValue: boolean
}

/** The values of a record by field, formulas not computed. */
export type Fields = Readonly<Record<string, SfValue>>

export interface SfField {
  readonly name: string
  readonly label: string
  readonly type: SfType
  readonly length: number
  readonly precision: number
  readonly scale: number
  readonly nillable: boolean
  readonly createable: boolean
  readonly updateable: boolean
  readonly nameField: boolean
  readonly autoNumber: boolean
  readonly externalId: boolean
  readonly unique: boolean
  readonly htmlFormatted: boolean
  readonly restrictedPicklist: boolean
  readonly values: readonly PicklistValue[]
  readonly referenceTo: readonly string[]
  readonly relationshipName: string | null
  /** What a new record has where nothing is given. */
  readonly defaultValue: SfValue
  /** Computed from the record's own fields; never stored. */
  readonly formula?: (fields: Fields) => SfValue
  /** How an automatic number is written: `{0}` is the number, padded to `digits`. */
  readonly numbered?: { readonly pattern: string; readonly digits: number }
  /** The compound field it is a part of. */
  readonly compound?: string
}

export interface SfObject {
  readonly name: string
  readonly label: string
  readonly labelPlural: string
  readonly keyPrefix: string
  readonly custom: boolean
  readonly searchable: boolean
  readonly mergeable: boolean
  /** `false`: only read here. */
  readonly writable: boolean
  readonly fields: readonly SfField[]
  readonly byName: ReadonlyMap<string, SfField>
  /** Rewrites what was saved, as workflow rules and flows of an org do. `changed`: the fields the call wrote. */
  readonly workflow?: (fields: Fields, changed: ReadonlySet<string>) => Fields
  /** What a validation rule has against the record as it would be saved. */
  readonly validate?: (fields: Fields) => { readonly message: string; readonly fields: readonly string[] } | undefined
}

type More = Partial<Omit<SfField, 'name' | 'label' | 'type'>>

const BASE: Omit<SfField, 'name' | 'label' | 'type'> = {
  length: 0,
  precision: 0,
  scale: 0,
  nillable: true,
  createable: true,
  updateable: true,
  nameField: false,
  autoNumber: false,
  externalId: false,
  unique: false,
  htmlFormatted: false,
  restrictedPicklist: false,
  values: [],
  referenceTo: [],
  relationshipName: null,
  defaultValue: null,
}
const READ_ONLY = { createable: false, updateable: false } as const

const field = (name: string, label: string, type: SfType, more: More = {}): SfField => ({ ...BASE, name, label, type, ...more })
const text = (name: string, label: string, length = 255, more: More = {}): SfField => field(name, label, 'string', { length, ...more })
const long = (name: string, label: string, length = 32_000, more: More = {}): SfField => field(name, label, 'textarea', { length, ...more })
const phone = (name: string, label: string): SfField => field(name, label, 'phone', { length: 40 })
const amount = (name: string, label: string, more: More = {}): SfField =>
  field(name, label, 'currency', { precision: 18, scale: 2, ...more })
const number = (name: string, label: string, precision: number, scale: number, more: More = {}): SfField =>
  field(name, label, 'double', { precision, scale, ...more })
const percent = (name: string, label: string, scale: number, more: More = {}): SfField =>
  field(name, label, 'percent', { precision: 3 + scale, scale, ...more })
const check = (name: string, label: string, more: More = {}): SfField =>
  field(name, label, 'boolean', { nillable: false, defaultValue: false, ...more })
const lookup = (name: string, label: string, to: string, relationshipName: string, more: More = {}): SfField =>
  field(name, label, 'reference', { length: 18, referenceTo: [to], relationshipName, ...more })
const valuesOf = (names: readonly string[], chosen?: string, retired: readonly string[] = []): readonly PicklistValue[] => [
  ...names.map((value) => ({ value, label: value, active: true, defaultValue: value === chosen })),
  ...retired.map((value) => ({ value, label: value, active: false, defaultValue: false })),
]
const choice = (
  name: string,
  label: string,
  names: readonly string[],
  more: More & { chosen?: string; retired?: readonly string[] } = {},
) => {
  const { chosen, retired, ...rest } = more
  const values = valuesOf(names, chosen, retired)
  return field(name, label, 'picklist', { length: 255, values, ...(chosen !== undefined && { defaultValue: chosen }), ...rest })
}
const choices = (name: string, label: string, names: readonly string[], more: More = {}): SfField =>
  field(name, label, 'multipicklist', { length: 4099, values: valuesOf(names), ...more })

/** An external id of its own for what another system makes, so that making it twice makes it once. */
const marker = text('Tidebook_Id__c', 'Tidebook Id', 64, { externalId: true, unique: true })

const systemFields = (isMergeable: boolean): readonly SfField[] => [
  field('Id', 'Record ID', 'id', { length: 18, nillable: false, ...READ_ONLY }),
  check('IsDeleted', 'Deleted', READ_ONLY),
  ...(isMergeable ? [lookup('MasterRecordId', 'Master Record ID', 'self', 'MasterRecord', READ_ONLY)] : []),
]
const OWNER = lookup('OwnerId', 'Owner ID', 'User', 'Owner', { nillable: false })
const STAMPS: readonly SfField[] = [
  field('CreatedDate', 'Created Date', 'datetime', { nillable: false, ...READ_ONLY }),
  lookup('CreatedById', 'Created By ID', 'User', 'CreatedBy', { nillable: false, ...READ_ONLY }),
  field('LastModifiedDate', 'Last Modified Date', 'datetime', { nillable: false, ...READ_ONLY }),
  lookup('LastModifiedById', 'Last Modified By ID', 'User', 'LastModifiedBy', { nillable: false, ...READ_ONLY }),
  field('SystemModstamp', 'System Modstamp', 'datetime', { nillable: false, ...READ_ONLY }),
]

function object(
  parts: Omit<SfObject, 'fields' | 'byName' | 'custom' | 'searchable' | 'mergeable' | 'writable'> &
    Partial<Pick<SfObject, 'custom' | 'searchable' | 'mergeable' | 'writable'>> & { readonly own: readonly SfField[] },
): SfObject {
  const { own, ...rest } = parts
  const isMergeable = parts.mergeable ?? false
  const hasOwner = parts.name !== 'User'
  const all = [...systemFields(isMergeable), ...own, ...(hasOwner ? [OWNER] : []), ...STAMPS]
  const fields = all.map((one) => (one.referenceTo[0] === 'self' ? { ...one, referenceTo: [parts.name] } : one))
  const byName = new Map(fields.map((one) => [one.name.toLowerCase(), one]))
  return { custom: false, searchable: true, mergeable: false, writable: true, ...rest, fields, byName }
}

const textOf = (value: SfValue | undefined): string => (typeof value === 'string' ? value : '')
const numberOf = (value: SfValue | undefined): number | null => (typeof value === 'number' ? value : null)

const INDUSTRIES = ['Agriculture', 'Banking', 'Biotechnology', 'Construction', 'Education', 'Energy', 'Healthcare', 'Insurance', 'Media']
const MORE_INDUSTRIES = ['Retail', 'Technology', 'Telecommunications', 'Transportation', 'Utilities', 'Other']
const ADDRESS_LABELS = {
  Street: 'Street',
  City: 'City',
  State: 'State/Province',
  PostalCode: 'Zip/Postal Code',
  Country: 'Country',
} as const
const billing = ['Street', 'City', 'State', 'PostalCode', 'Country'] as const
const addressParts = (prefix: string, label: string): readonly SfField[] => [
  ...billing.map((part) =>
    part === 'Street'
      ? field(`${prefix}${part}`, `${label} ${ADDRESS_LABELS[part]}`, 'textarea', { length: 255, compound: `${prefix}Address` })
      : text(`${prefix}${part}`, `${label} ${ADDRESS_LABELS[part]}`, part === 'PostalCode' ? 20 : 80, { compound: `${prefix}Address` }),
  ),
  field(`${prefix}Address`, `${label} Address`, 'address', READ_ONLY),
]

const ACCOUNT = object({
  name: 'Account',
  label: 'Account',
  labelPlural: 'Accounts',
  keyPrefix: '001',
  mergeable: true,
  own: [
    text('Name', 'Account Name', 255, { nameField: true, nillable: false }),
    choice('Type', 'Account Type', ['Prospect', 'Customer - Direct', 'Customer - Channel', 'Technology Partner', 'Other']),
    lookup('ParentId', 'Parent Account ID', 'Account', 'Parent'),
    ...addressParts('Billing', 'Billing'),
    phone('Phone', 'Account Phone'),
    phone('Fax', 'Account Fax'),
    text('AccountNumber', 'Account Number', 40),
    field('Website', 'Website', 'url', { length: 255 }),
    choice('Industry', 'Industry', [...INDUSTRIES, ...MORE_INDUSTRIES]),
    amount('AnnualRevenue', 'Annual Revenue', { scale: 0 }),
    field('NumberOfEmployees', 'Employees', 'int', { precision: 8 }),
    long('Description', 'Account Description'),
    choice('Rating', 'Account Rating', ['Hot', 'Warm', 'Cold']),
    text('Site', 'Account Site', 80),
    choice('CustomerPriority__c', 'Customer Priority', ['High', 'Medium', 'Low'], { restrictedPicklist: true, retired: ['Lowest'] }),
    choice('SLA__c', 'SLA', ['Gold', 'Silver', 'Platinum', 'Bronze'], { restrictedPicklist: true }),
    choice('Active__c', 'Active', ['No', 'Yes']),
    number('NumberofLocations__c', 'Number of Locations', 3, 0),
    choice('UpsellOpportunity__c', 'Upsell Opportunity', ['Maybe', 'No', 'Yes']),
    field('SLAExpirationDate__c', 'SLA Expiration Date', 'date'),
    choices('Regions__c', 'Regions', ['North', 'East', 'South', 'West', 'Overseas'], { restrictedPicklist: true }),
    percent('Discount__c', 'Discount', 1),
    number('Health_Score__c', 'Health Score', 6, 2),
    check('Key_Account__c', 'Key Account'),
    field('Next_Review__c', 'Next Review', 'datetime'),
    field('Billing_Contact__c', 'Billing E-mail', 'email', { length: 80 }),
    lookup('Account_Manager__c', 'Account Manager', 'User', 'Account_Manager__r'),
    long('Profile__c', 'Profile', 32_768, { htmlFormatted: true }),
    text('Summary__c', 'Summary', 1300, {
      ...READ_ONLY,
      formula: (f) => [textOf(f.Name), textOf(f.Type)].filter(Boolean).join(' · ') || null,
    }),
    marker,
  ],
  // A flow of the org keeps account numbers in capitals.
  workflow: (fields, changed) =>
    changed.has('AccountNumber') && typeof fields.AccountNumber === 'string'
      ? { ...fields, AccountNumber: fields.AccountNumber.toUpperCase() }
      : fields,
  validate: ({ NumberOfEmployees }) =>
    typeof NumberOfEmployees === 'number' && NumberOfEmployees < 0
      ? { message: 'Employees cannot be negative.', fields: ['NumberOfEmployees'] }
      : undefined,
})

const CONTACT = object({
  name: 'Contact',
  label: 'Contact',
  labelPlural: 'Contacts',
  keyPrefix: '003',
  mergeable: true,
  own: [
    lookup('AccountId', 'Account ID', 'Account', 'Account'),
    text('LastName', 'Last Name', 80, { nillable: false }),
    text('FirstName', 'First Name', 40),
    choice('Salutation', 'Salutation', ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.']),
    text('Name', 'Full Name', 121, {
      nameField: true,
      nillable: false,
      ...READ_ONLY,
      formula: (f) => [textOf(f.FirstName), textOf(f.LastName)].filter(Boolean).join(' '),
    }),
    ...addressParts('Mailing', 'Mailing'),
    phone('Phone', 'Business Phone'),
    phone('MobilePhone', 'Mobile Phone'),
    lookup('ReportsToId', 'Reports To ID', 'Contact', 'ReportsTo'),
    field('Email', 'Email', 'email', { length: 80 }),
    text('Title', 'Title', 128),
    text('Department', 'Department', 80),
    choice('LeadSource', 'Lead Source', ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']),
    field('Birthdate', 'Birthdate', 'date'),
    long('Description', 'Contact Description'),
    choice('Level__c', 'Level', ['Primary', 'Secondary', 'Tertiary']),
    text('Languages__c', 'Languages', 100),
    marker,
  ],
})

/** The stages of a sale: how likely, and whether it is over. */
export const STAGES: readonly { readonly name: string; readonly probability: number; readonly forecast: string }[] = [
  { name: 'Prospecting', probability: 10, forecast: 'Pipeline' },
  { name: 'Qualification', probability: 10, forecast: 'Pipeline' },
  { name: 'Needs Analysis', probability: 20, forecast: 'Pipeline' },
  { name: 'Value Proposition', probability: 50, forecast: 'Pipeline' },
  { name: 'Proposal/Price Quote', probability: 75, forecast: 'Best Case' },
  { name: 'Negotiation/Review', probability: 90, forecast: 'Commit' },
  { name: 'Closed Won', probability: 100, forecast: 'Closed' },
  { name: 'Closed Lost', probability: 0, forecast: 'Omitted' },
]
const stageOf = (fields: Fields) => STAGES.find(({ name }) => name === fields.StageName)

const OPPORTUNITY = object({
  name: 'Opportunity',
  label: 'Opportunity',
  labelPlural: 'Opportunities',
  keyPrefix: '006',
  own: [
    lookup('AccountId', 'Account ID', 'Account', 'Account'),
    check('IsPrivate', 'Private'),
    text('Name', 'Name', 120, { nameField: true, nillable: false }),
    long('Description', 'Description'),
    choice(
      'StageName',
      'Stage',
      STAGES.map(({ name }) => name),
      { nillable: false },
    ),
    amount('Amount', 'Amount'),
    percent('Probability', 'Probability (%)', 0),
    amount('ExpectedRevenue', 'Expected Amount', {
      ...READ_ONLY,
      formula: (f) => {
        const [total, share] = [numberOf(f.Amount), numberOf(f.Probability)]
        return total === null ? null : Math.round(total * (share ?? 0)) / 100
      },
    }),
    field('CloseDate', 'Close Date', 'date', { nillable: false }),
    choice('Type', 'Opportunity Type', ['Existing Customer - Upgrade', 'Existing Customer - Replacement', 'New Customer']),
    text('NextStep', 'Next Step', 255),
    choice('LeadSource', 'Lead Source', ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']),
    check('IsClosed', 'Closed', { ...READ_ONLY, formula: (f) => textOf(f.StageName).startsWith('Closed ') }),
    check('IsWon', 'Won', { ...READ_ONLY, formula: (f) => f.StageName === 'Closed Won' }),
    choice('ForecastCategoryName', 'Forecast Category', ['Omitted', 'Pipeline', 'Best Case', 'Commit', 'Closed']),
    text('OrderNumber__c', 'Order Number', 8),
    text('MainCompetitors__c', 'Main Competitor(s)', 100),
    choice('DeliveryInstallationStatus__c', 'Delivery/Installation Status', ['In progress', 'Yet to begin', 'Completed']),
    marker,
  ],
  // Salesforce itself sets the probability and the forecast category with the stage, unless they are given with it.
  workflow: (fields, changed) => {
    const stage = stageOf(fields)
    if (!stage || !changed.has('StageName')) return fields
    return {
      ...fields,
      ...(!changed.has('Probability') && { Probability: stage.probability }),
      ...(!changed.has('ForecastCategoryName') && { ForecastCategoryName: stage.forecast }),
    }
  },
  validate: ({ Amount }) =>
    typeof Amount === 'number' && Amount < 0 ? { message: 'The amount cannot be negative.', fields: ['Amount'] } : undefined,
})

const CASE = object({
  name: 'Case',
  label: 'Case',
  labelPlural: 'Cases',
  keyPrefix: '500',
  mergeable: true,
  own: [
    text('CaseNumber', 'Case Number', 30, {
      nameField: true,
      nillable: false,
      autoNumber: true,
      ...READ_ONLY,
      numbered: { pattern: '{0}', digits: 8 },
    }),
    lookup('ContactId', 'Contact ID', 'Contact', 'Contact'),
    lookup('AccountId', 'Account ID', 'Account', 'Account'),
    choice('Type', 'Case Type', ['Mechanical', 'Electrical', 'Electronic', 'Structural', 'Other']),
    choice('Status', 'Status', ['New', 'Working', 'Escalated', 'Closed'], { chosen: 'New' }),
    choice('Reason', 'Case Reason', ['Installation', 'Equipment Complexity', 'Performance', 'Breakdown', 'Feedback', 'Other']),
    choice('Origin', 'Case Origin', ['Email', 'Phone', 'Web']),
    text('Subject', 'Subject', 255),
    choice('Priority', 'Priority', ['High', 'Medium', 'Low'], { chosen: 'Medium' }),
    long('Description', 'Description'),
    check('IsClosed', 'Closed', { ...READ_ONLY, formula: (f) => f.Status === 'Closed' }),
    check('IsEscalated', 'Escalated'),
    field('SuppliedEmail', 'Email Address', 'email', { length: 80 }),
    choice('SLAViolation__c', 'SLA Violation', ['No', 'Yes']),
    marker,
  ],
})

/** A custom object nobody made searchable: found by query and by id, never by search. */
const SITE_VISIT = object({
  name: 'Site_Visit__c',
  label: 'Site Visit',
  labelPlural: 'Site Visits',
  keyPrefix: 'a00',
  custom: true,
  searchable: false,
  own: [
    text('Name', 'Visit Number', 80, {
      nameField: true,
      nillable: false,
      autoNumber: true,
      ...READ_ONLY,
      numbered: { pattern: 'SV-{0}', digits: 5 },
    }),
    lookup('Account__c', 'Account', 'Account', 'Account__r', { nillable: false }),
    field('Visit_Date__c', 'Visit Date', 'date', { nillable: false }),
    field('Arrived__c', 'Arrived', 'datetime'),
    choice('Outcome__c', 'Outcome', ['Planned', 'Done', 'Nobody there'], { chosen: 'Planned', restrictedPicklist: true }),
    number('Hours__c', 'Hours', 5, 2),
    long('Notes__c', 'Notes'),
  ],
})

const USER = object({
  name: 'User',
  label: 'User',
  labelPlural: 'Users',
  keyPrefix: '005',
  writable: false,
  own: [
    text('Username', 'Username', 80, { nillable: false }),
    text('FirstName', 'First Name', 40),
    text('LastName', 'Last Name', 80, { nillable: false }),
    text('Name', 'Full Name', 121, { nameField: true, nillable: false, ...READ_ONLY }),
    field('Email', 'Email', 'email', { length: 128, nillable: false }),
    check('IsActive', 'Active'),
    choice('UserType', 'User Type', ['Standard', 'PowerPartner', 'CsnOnly', 'Guest'], READ_ONLY),
    choice('TimeZoneSidKey', 'Time Zone', ['Europe/Berlin', 'America/Los_Angeles', 'GMT']),
  ],
})

/** Every object of the org. */
export const OBJECTS: readonly SfObject[] = [ACCOUNT, CONTACT, OPPORTUNITY, CASE, SITE_VISIT, USER]
/** Those whose records are kept and may be changed. */
export const KEPT_OBJECTS: readonly SfObject[] = OBJECTS.filter(({ writable }) => writable)

const BY_NAME = new Map(OBJECTS.map((one) => [one.name.toLowerCase(), one]))
const BY_PREFIX = new Map(OBJECTS.map((one) => [one.keyPrefix, one]))

/** The object of a name, whatever its capitals. */
export const objectNamed = (name: string): SfObject | undefined => BY_NAME.get(name.toLowerCase())
/** The object whose ids begin as this one. */
export const objectOfId = (id: string): SfObject | undefined => BY_PREFIX.get(id.slice(0, 3))
export const fieldNamed = (of: SfObject, name: string): SfField | undefined => of.byName.get(name.toLowerCase())
/** The field that names a record. */
export function nameFieldOf(of: SfObject): SfField {
  const found = of.fields.find(({ nameField }) => nameField)
  if (!found) throw new Error(`${of.name} has no name field.`)
  return found
}
