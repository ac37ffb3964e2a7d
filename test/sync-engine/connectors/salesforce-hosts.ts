/** Addresses people type, and the base address or the problem of each. */
export const SALESFORCE_HOSTS: readonly (readonly [string, unknown])[] = [
  ['', 'https://login.salesforce.com'],
  ['acme', 'https://acme.my.salesforce.com'],
  ['acme--uat', 'https://acme--uat.my.salesforce.com'],
  ['acme.my.salesforce.com', 'https://acme.my.salesforce.com'],
  ['https://acme.lightning.force.com/lightning/o/Account/list', 'https://acme.my.salesforce.com'],
  ['https://acme.my.salesforce.com/001', 'https://acme.my.salesforce.com'],
  ['http://localhost:3100/sandbox/salesforce/', 'http://localhost:3100/sandbox/salesforce'],
  ['https://me:secret@acme.my.salesforce.com', 'The address must not hold a name or password.'],
  ['ftp://acme.my.salesforce.com', 'The address must begin with https://.'],
  ['http://', 'http:// is not a web address.'],
]
