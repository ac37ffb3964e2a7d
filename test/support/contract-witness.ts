import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { type Document, OpenAPIBackend } from 'openapi-backend'

/** The apps whose published contract may lie beside the checkout. */
export type ContractApp = 'jira' | 'salesforce' | 'hubspot'

/** One request and its answer, as they went over the wire. */
export interface Exchange {
  readonly app: ContractApp
  readonly method: string
  /** From `/rest` on, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** The request body, parsed. */
  readonly body?: unknown
  readonly status: number
  /** The answer's body, parsed; absent where there was none. */
  readonly answer?: unknown
}

/** Says what of an exchange the app's published contract does not allow; nothing when it allows all of it. */
export type ContractWitness = (exchange: Exchange) => readonly string[]

const CONTRACTS = join(import.meta.dirname, '../../../shared/contracts')
const FILES: Readonly<Record<ContractApp, string>> = {
  jira: 'jira/openapi.trim.json',
  salesforce: 'salesforce/openapi.trim.json',
  hubspot: 'hubspot/openapi.trim.json',
}

/** Why no contract can be consulted, or `undefined` where one can: tests that need it are skipped with this reason. */
export function missingContract(app: ContractApp): string | undefined {
  const file = join(CONTRACTS, FILES[app])
  return existsSync(file) ? undefined : `the published contract of ${app} is not beside this checkout (${file})`
}

/** Faults that are the document's own: each names what it is wrong about. */
const UNTRUTHS: readonly { readonly app: ContractApp; readonly path: RegExp; readonly fault: RegExp; readonly why: string }[] = [
  {
    app: 'jira',
    path: /./,
    fault: /^answer 4\d\d has no schema/,
    why: 'Most errors are declared without a body. Those with one (ErrorCollection) are checked.',
  },
  {
    app: 'jira',
    path: /./,
    fault: /^status [45]\d\d is not declared/,
    why: 'Errors are declared unevenly: 429, 5xx and what the layers before an operation refuse are declared nowhere.',
  },
  {
    app: 'jira',
    path: /./,
    fault: /\/items\/\d+\/(from|fromString|to|toString) must be string/,
    why: 'A changelog says null where a value had no id, or was empty; the document has strings only.',
  },
  {
    app: 'jira',
    path: /\/rest\/api\/3\/(search|mypermissions|project\/(?!search$)[^/]+|issue\/[^/]+\/properties.*)$/,
    fault: /^no such operation/,
    why: 'The retired search answers 410 and is gone from the document; one project, permissions and issue properties are left out of the trimmed one.',
  },
  {
    app: 'salesforce',
    path: /./,
    fault: /^(answer 4\d\d has no schema|status (4\d\d|5\d\d) is not declared)/,
    why: 'Errors are declared unevenly: 405, 413, 414 and what the layers before an operation refuse are declared nowhere.',
  },
  {
    app: 'salesforce',
    path: /^\/(sobjects\/\w+__c|sobjects\/\w+\/\w+\/[^/]+|composite\/batch)/,
    fault: /^no such operation/,
    why: 'The document knows the standard objects of one org, and upserts of one record only by way of collections.',
  },
  {
    app: 'salesforce',
    path: /^\/sobjects\/\w+\/updated$/,
    fault: /./,
    why: "The witness takes the word for a record's id: the document has both paths.",
  },
  {
    app: 'salesforce',
    path: /^$/,
    fault: /^no such operation/,
    why: 'The list of resources is left out of the trimmed document.',
  },
  {
    app: 'hubspot',
    path: /./,
    fault: /^status [45]\d\d is not declared/,
    why: 'Every error is declared as `default`.',
  },
  {
    app: 'hubspot',
    path: /./,
    fault: /\/properties\/[a-z_]+ must be string/,
    why: 'A property without a value is null; the document has strings only.',
  },
  {
    app: 'hubspot',
    path: /^\/(crm\/objects\/20|account-info\/|oauth\/(authorize|v3))/,
    fault: /^no such operation/,
    why: 'The dated line, account details and the newer OAuth paths stand in documents of their own.',
  },
]

function isKnownUntruth(exchange: Exchange, fault: string): boolean {
  return UNTRUTHS.some((untruth) => untruth.app === exchange.app && untruth.path.test(exchange.path) && untruth.fault.test(fault))
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/

const opened = new Map<ContractApp, Promise<ContractWitness>>()

/** The witness of an app's contract. Rejects where `missingContract` has a reason. */
export function contractWitness(app: ContractApp): Promise<ContractWitness> {
  const known = opened.get(app)
  if (known) return known
  const witness = open(app)
  opened.set(app, witness)
  return witness
}

async function open(app: ContractApp): Promise<ContractWitness> {
  const reason = missingContract(app)
  if (reason !== undefined) throw new Error(reason)
  const { default: definition } = (await import(join(CONTRACTS, FILES[app]), { with: { type: 'json' } })) as { default: Document }
  const api = new OpenAPIBackend({
    definition,
    quick: true,
    // Query and path values arrive as text; bodies are not coerced.
    coerceTypes: true,
    ajvOpts: { strict: false },
    customizeAjv: (ajv) => {
      addFormats.default(ajv, ['date', 'uri', 'uuid', 'email'])
      // Jira writes offsets without a colon, and its integers beyond 2^31 are plain numbers.
      ajv.addFormat('date-time', INSTANT)
      for (const format of ['int32', 'int64', 'float', 'double']) ajv.addFormat(format, { type: 'number', validate: Number.isFinite })
      return ajv
    },
  })
  await api.init()
  return (exchange) => faultsOf(api, exchange).filter((fault) => !isKnownUntruth(exchange, fault))
}

function faultsOf(api: OpenAPIBackend, exchange: Exchange): string[] {
  const { method, path, query, body, status, answer } = exchange
  const request = {
    method: method.toLowerCase(),
    path,
    query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, plainValue(value)])),
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: structuredClone(body) }),
  }
  const operation = api.matchOperation(request)
  if (!operation?.operationId) return [`no such operation: ${method} ${path}`]
  const faults: string[] = []
  // A request that was refused may well be one the contract does not allow.
  if (status < 400) faults.push(...texts('request', api.validateRequest(request, operation).errors))
  const declared = Object.keys(operation.responses ?? {})
  if (!declared.includes(String(status))) return [...faults, `status ${status} is not declared: ${declared.join(', ')}`]
  const response = operation.responses?.[status]
  const schema = response !== undefined && 'content' in response ? response.content?.['application/json']?.schema : undefined
  if (answer !== undefined && schema === undefined) return [...faults, `answer ${status} has no schema`]
  if (answer === undefined) return faults
  return [...faults, ...texts(`answer ${status}`, api.validateResponse(structuredClone(answer), operation, status).errors)]
}

/** A parameter that stands once is a value, not a list of one. */
function plainValue(value: string | readonly string[]): string | string[] {
  if (typeof value === 'string') return value
  return value.length === 1 ? (value[0] ?? '') : [...value]
}

function texts(what: string, errors: ErrorObject[] | null | undefined): string[] {
  return (errors ?? []).map((error) => `${what} ${error.instancePath} ${error.message ?? ''} ${JSON.stringify(error.params)}`.trim())
}
