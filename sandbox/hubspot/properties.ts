/** The properties of the stand-in's objects, as `GET /crm/v3/properties/{type}` tells them. Fixed, so that names mean the same in every sandbox. */

export interface PropertyOption {
  /** What travels; told apart by capitals. */
  readonly value: string
  readonly label: string
  /** Not offered to people any more; still taken from the API. */
  readonly isHidden?: boolean
}

export type PropertyType = 'string' | 'number' | 'date' | 'datetime' | 'enumeration' | 'bool' | 'phone_number'
export type PropertyFieldType =
  | 'text'
  | 'textarea'
  | 'html'
  | 'phonenumber'
  | 'number'
  | 'date'
  | 'select'
  | 'radio'
  | 'checkbox'
  | 'booleancheckbox'
  | 'calculation_equation'
  | 'calculation_rollup'

export interface HubProperty {
  readonly name: string
  readonly label: string
  readonly type: PropertyType
  readonly fieldType: PropertyFieldType
  readonly group: string
  readonly options?: readonly PropertyOption[]
  /** Kept or computed by HubSpot; no write takes it. */
  readonly isReadOnly?: boolean
  readonly isCalculated?: boolean
  readonly isUnique?: boolean
  readonly isHidden?: boolean
  /** The options are people (`OWNER`), asked for elsewhere. */
  readonly refersTo?: 'OWNER' | 'COMPANY'
  readonly numberHint?: 'currency' | 'percentage' | 'formatted' | 'unformatted' | 'duration'
  readonly textHint?: 'email' | 'domain_name' | 'phone_number' | 'multi_line' | 'unformatted_single_line'
  /** Made by the portal's own people. */
  readonly isCustom?: boolean
}

const options = (...pairs: readonly (readonly [value: string, label: string])[]): readonly PropertyOption[] =>
  pairs.map(([value, label]) => ({ value, label }))

type More = Omit<Partial<HubProperty>, 'name' | 'label' | 'group'>
type Maker = (name: string, label: string, more?: More) => HubProperty

const inGroup =
  (group: string, base: Pick<HubProperty, 'type' | 'fieldType'>): Maker =>
  (name, label, more = {}) => ({ ...base, name, label, group, ...more })

const makers = (group: string) => ({
  text: inGroup(group, { type: 'string', fieldType: 'text' }),
  long: inGroup(group, { type: 'string', fieldType: 'textarea' }),
  html: inGroup(group, { type: 'string', fieldType: 'html' }),
  phone: inGroup(group, { type: 'phone_number', fieldType: 'phonenumber' }),
  number: inGroup(group, { type: 'number', fieldType: 'number' }),
  date: inGroup(group, { type: 'date', fieldType: 'date' }),
  time: inGroup(group, { type: 'datetime', fieldType: 'date' }),
  select: inGroup(group, { type: 'enumeration', fieldType: 'select' }),
  checks: inGroup(group, { type: 'enumeration', fieldType: 'checkbox' }),
})

/** Both words stand in the list: an option in other capitals is another option. */
const TIERS = options(['gold', 'Gold'], ['silver', 'Silver'], ['bronze', 'Bronze'], ['GOLD', 'Gold (legacy)'])
const LIFECYCLE = options(
  ['subscriber', 'Subscriber'],
  ['lead', 'Lead'],
  ['marketingqualifiedlead', 'Marketing Qualified Lead'],
  ['salesqualifiedlead', 'Sales Qualified Lead'],
  ['opportunity', 'Opportunity'],
  ['customer', 'Customer'],
  ['evangelist', 'Evangelist'],
  ['other', 'Other'],
)
const INDUSTRIES = options(
  ['ACCOUNTING', 'Accounting'],
  ['AUTOMOTIVE', 'Automotive'],
  ['BANKING', 'Banking'],
  ['COMPUTER_SOFTWARE', 'Computer Software'],
  ['CONSTRUCTION', 'Construction'],
  ['EDUCATION_MANAGEMENT', 'Education Management'],
  ['FOOD_PRODUCTION', 'Food Production'],
  ['HOSPITAL_HEALTH_CARE', 'Hospital & Health Care'],
  ['LOGISTICS_AND_SUPPLY_CHAIN', 'Logistics and Supply Chain'],
  ['RETAIL', 'Retail'],
  ['TELECOMMUNICATIONS', 'Telecommunications'],
)

/** What HubSpot keeps of every record. `modified` differs for contacts. */
function systemProperties(group: string, modified: string): readonly HubProperty[] {
  const { text, number, time } = makers(group)
  return [
    number('hs_object_id', 'Record ID', { isReadOnly: true, numberHint: 'unformatted' }),
    time('createdate', 'Create Date', { isReadOnly: true }),
    time(modified, 'Last Modified Date', { isReadOnly: true }),
    number('hs_updated_by_user_id', 'Updated by user ID', { isReadOnly: true, numberHint: 'unformatted' }),
    text('hs_merged_object_ids', 'Merged Record IDs', { isReadOnly: true, fieldType: 'checkbox', type: 'enumeration', options: [] }),
    // Made by the portal's administrator for Tidebook: a create carries its mark there.
    text('tidebook_marker', 'Tidebook mark', { isUnique: true, isHidden: true, isCustom: true }),
    inGroup(group, { type: 'enumeration', fieldType: 'select' })('hubspot_owner_id', 'Owner', { refersTo: 'OWNER', options: [] }),
  ]
}

const company = makers('companyinformation')
const COMPANIES: readonly HubProperty[] = [
  company.text('name', 'Company name'),
  company.text('domain', 'Company Domain Name', { textHint: 'domain_name' }),
  company.phone('phone', 'Phone Number', { textHint: 'phone_number' }),
  company.text('website', 'Website URL'),
  company.text('city', 'City'),
  company.text('country', 'Country/Region'),
  company.select('industry', 'Industry', { options: INDUSTRIES }),
  company.select('type', 'Type', {
    options: options(['PROSPECT', 'Prospect'], ['PARTNER', 'Partner'], ['RESELLER', 'Reseller'], ['VENDOR', 'Vendor'], ['OTHER', 'Other']),
  }),
  company.select('tier', 'Tier', { options: TIERS, isCustom: true }),
  company.select('lifecyclestage', 'Lifecycle Stage', { fieldType: 'radio', options: LIFECYCLE }),
  company.number('numberofemployees', 'Number of Employees', { numberHint: 'formatted' }),
  company.number('annualrevenue', 'Annual Revenue', { numberHint: 'currency' }),
  company.number('health_score', 'Health Score', { numberHint: 'percentage', isCustom: true }),
  company.checks('regions', 'Regions', {
    options: options(['emea', 'EMEA'], ['amer', 'Americas'], ['apac', 'Asia-Pacific']),
    isCustom: true,
  }),
  company.date('renewal_date', 'Renewal date', { isCustom: true }),
  company.time('onboarded_at', 'Onboarded at', { isCustom: true }),
  inGroup('companyinformation', { type: 'bool', fieldType: 'booleancheckbox' })('is_partner', 'Partner programme', {
    options: options(['true', 'Yes'], ['false', 'No']),
    isCustom: true,
  }),
  company.long('description', 'Description'),
  company.html('about_us_html', 'About us (formatted)', { isCustom: true }),
  company.text('erp_id', 'ERP number', { isUnique: true, isCustom: true }),
  company.number('num_associated_contacts', 'Number of Associated Contacts', {
    isReadOnly: true,
    isCalculated: true,
    fieldType: 'calculation_rollup',
  }),
  ...systemProperties('companyinformation', 'hs_lastmodifieddate'),
]

const contact = makers('contactinformation')
const CONTACTS: readonly HubProperty[] = [
  contact.text('email', 'Email', { isUnique: true, textHint: 'email' }),
  contact.text('firstname', 'First Name'),
  contact.text('lastname', 'Last Name'),
  contact.phone('phone', 'Phone Number', { textHint: 'phone_number' }),
  contact.text('jobtitle', 'Job Title'),
  contact.text('company', 'Company Name'),
  contact.text('city', 'City'),
  contact.select('lifecyclestage', 'Lifecycle Stage', { fieldType: 'radio', options: LIFECYCLE }),
  contact.select('hs_lead_status', 'Lead Status', {
    options: options(
      ['NEW', 'New'],
      ['OPEN', 'Open'],
      ['IN_PROGRESS', 'In Progress'],
      ['CONNECTED', 'Connected'],
      ['BAD_TIMING', 'Bad Timing'],
    ),
  }),
  contact.date('date_of_birth', 'Date of birth'),
  contact.checks('interests', 'Interests', {
    options: options(['events', 'Events'], ['webinars', 'Webinars'], ['newsletter', 'Newsletter'], ['beta', 'Beta programme']),
    isCustom: true,
  }),
  contact.number('nps', 'NPS score', { isCustom: true }),
  contact.text('hs_full_name_or_email', 'Full name or email', {
    isReadOnly: true,
    isCalculated: true,
    fieldType: 'calculation_equation',
  }),
  contact.number('associatedcompanyid', 'Primary Associated Company ID', { isReadOnly: true, refersTo: 'COMPANY' }),
  ...systemProperties('contactinformation', 'lastmodifieddate'),
]

const deal = makers('dealinformation')
const DEALS: readonly HubProperty[] = [
  deal.text('dealname', 'Deal Name'),
  deal.number('amount', 'Amount', { numberHint: 'currency' }),
  deal.select('pipeline', 'Pipeline', { options: [] }),
  deal.select('dealstage', 'Deal Stage', { fieldType: 'radio', options: [] }),
  deal.time('closedate', 'Close Date'),
  deal.select('dealtype', 'Deal Type', {
    fieldType: 'radio',
    options: options(['newbusiness', 'New Business'], ['existingbusiness', 'Existing Business']),
  }),
  deal.select('hs_priority', 'Priority', { options: options(['low', 'Low'], ['medium', 'Medium'], ['high', 'High']) }),
  deal.date('contract_start', 'Contract start', { isCustom: true }),
  deal.number('seats', 'Seats', { isCustom: true }),
  deal.long('description', 'Deal Description'),
  deal.number('hs_deal_stage_probability', 'Deal probability', {
    isReadOnly: true,
    isCalculated: true,
    fieldType: 'calculation_equation',
    numberHint: 'percentage',
  }),
  ...systemProperties('dealinformation', 'hs_lastmodifieddate'),
]

const ticket = makers('ticketinformation')
const TICKETS: readonly HubProperty[] = [
  ticket.text('subject', 'Ticket name'),
  ticket.long('content', 'Ticket description'),
  ticket.select('hs_pipeline', 'Pipeline', { options: [] }),
  ticket.select('hs_pipeline_stage', 'Ticket status', { fieldType: 'radio', options: [] }),
  ticket.select('hs_ticket_priority', 'Priority', {
    options: options(['LOW', 'Low'], ['MEDIUM', 'Medium'], ['HIGH', 'High'], ['URGENT', 'Urgent']),
  }),
  ticket.checks('hs_ticket_category', 'Category', {
    options: options(
      ['PRODUCT_ISSUE', 'Product Issue'],
      ['BILLING_ISSUE', 'Billing Issue'],
      ['FEATURE_REQUEST', 'Feature Request'],
      ['GENERAL_INQUIRY', 'General Inquiry'],
    ),
  }),
  ticket.date('due_date', 'Due date', { isCustom: true }),
  ticket.number('effort_hours', 'Effort (hours)', { isCustom: true }),
  ...systemProperties('ticketinformation', 'hs_lastmodifieddate'),
]

const subscription = makers('subscription_information')
const SUBSCRIPTIONS: readonly HubProperty[] = [
  subscription.text('name', 'Name', { isCustom: true }),
  subscription.text('subscription_code', 'Subscription code', { isUnique: true, isCustom: true }),
  subscription.select('plan', 'Plan', {
    options: options(['starter', 'Starter'], ['pro', 'Professional'], ['ent', 'Enterprise']),
    isCustom: true,
  }),
  subscription.number('monthly_amount', 'Monthly amount', { numberHint: 'currency', isCustom: true }),
  subscription.number('seats', 'Seats', { isCustom: true }),
  subscription.date('starts_on', 'Starts on', { isCustom: true }),
  ...systemProperties('subscription_information', 'hs_lastmodifieddate').map((property) =>
    property.name === 'createdate' ? { ...property, name: 'hs_createdate' } : property,
  ),
]

export interface ObjectType {
  /** How it is called in paths, and its folder's files. */
  readonly id: string
  /** The number HubSpot has for it; custom ones are addressed by it. */
  readonly typeId: string
  /** Other words that paths may use. */
  readonly aliases: readonly string[]
  readonly singular: string
  readonly plural: string
  /** The word of webhooks: `contact.propertyChange`. */
  readonly event: string
  readonly properties: readonly HubProperty[]
  readonly modified: string
  readonly created: string
  /** What people know a record by. */
  readonly nameProperty: string
  readonly required: readonly string[]
  /** Looked through by a search's `query`. */
  readonly searchable: readonly string[]
  /** What an answer holds where no properties are asked for. */
  readonly shown: readonly string[]
  /** The scopes that let read and write. */
  readonly scopes: { readonly read: string; readonly write: string }
  readonly firstId: number
  readonly isCustom: boolean
}

const crmScopes = (name: string): ObjectType['scopes'] => ({ read: `crm.objects.${name}.read`, write: `crm.objects.${name}.write` })

export const OBJECT_TYPES: readonly ObjectType[] = [
  {
    id: 'companies',
    typeId: '0-2',
    aliases: ['company'],
    singular: 'Company',
    plural: 'Companies',
    event: 'company',
    properties: COMPANIES,
    modified: 'hs_lastmodifieddate',
    created: 'createdate',
    nameProperty: 'name',
    required: [],
    searchable: ['name', 'domain', 'phone', 'website'],
    shown: ['name', 'domain'],
    scopes: crmScopes('companies'),
    firstId: 20_100_000_001,
    isCustom: false,
  },
  {
    id: 'contacts',
    typeId: '0-1',
    aliases: ['contact'],
    singular: 'Contact',
    plural: 'Contacts',
    event: 'contact',
    properties: CONTACTS,
    modified: 'lastmodifieddate',
    created: 'createdate',
    nameProperty: 'hs_full_name_or_email',
    required: [],
    searchable: ['firstname', 'lastname', 'email', 'phone', 'company', 'hs_full_name_or_email'],
    shown: ['firstname', 'lastname', 'email'],
    scopes: crmScopes('contacts'),
    firstId: 30_100_000_001,
    isCustom: false,
  },
  {
    id: 'deals',
    typeId: '0-3',
    aliases: ['deal'],
    singular: 'Deal',
    plural: 'Deals',
    event: 'deal',
    properties: DEALS,
    modified: 'hs_lastmodifieddate',
    created: 'createdate',
    nameProperty: 'dealname',
    required: [],
    searchable: ['dealname', 'pipeline', 'dealstage', 'description', 'dealtype'],
    shown: ['dealname', 'amount', 'closedate', 'pipeline', 'dealstage'],
    scopes: crmScopes('deals'),
    firstId: 40_100_000_001,
    isCustom: false,
  },
  {
    id: 'tickets',
    typeId: '0-5',
    aliases: ['ticket'],
    singular: 'Ticket',
    plural: 'Tickets',
    event: 'ticket',
    properties: TICKETS,
    modified: 'hs_lastmodifieddate',
    created: 'createdate',
    nameProperty: 'subject',
    required: ['hs_pipeline_stage'],
    searchable: ['subject', 'content', 'hs_pipeline_stage', 'hs_ticket_category'],
    shown: ['subject', 'content', 'hs_pipeline', 'hs_pipeline_stage'],
    scopes: { read: 'tickets', write: 'tickets' },
    firstId: 50_100_000_001,
    isCustom: false,
  },
  {
    id: 'subscriptions',
    typeId: '2-3453932',
    aliases: ['subscription', 'p148263911_subscriptions'],
    singular: 'Subscription',
    plural: 'Subscriptions',
    event: 'object',
    properties: SUBSCRIPTIONS,
    modified: 'hs_lastmodifieddate',
    created: 'hs_createdate',
    nameProperty: 'name',
    required: ['name', 'subscription_code'],
    searchable: ['name', 'subscription_code'],
    shown: ['name'],
    scopes: crmScopes('custom'),
    firstId: 60_100_000_001,
    isCustom: true,
  },
]

/** The object a word of a path means: its name, its number, or another word for it. */
export function objectType(word: string): ObjectType | undefined {
  const name = word.toLowerCase()
  return OBJECT_TYPES.find((type) => type.id === name || type.typeId === name || type.aliases.includes(name))
}

const byName = new Map(OBJECT_TYPES.map((type) => [type.id, new Map(type.properties.map((property) => [property.name, property]))]))

/** A property of an object, whose options are those of today. */
export function propertyOf(type: ObjectType, name: string): HubProperty | undefined {
  return byName.get(type.id)?.get(name)
}
