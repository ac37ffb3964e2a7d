import type { PropertyFault } from './hubspot-answers.ts'

/** One record of a batch, as it is sent. */
export interface BatchInput {
  readonly id?: string
  readonly objectWriteTraceId: string
  readonly properties: Readonly<Record<string, string>>
}

/** Which records of a batch a refusal is about. */
export interface Blame {
  /** The faults that are a record's own, by its trace. */
  readonly faults: ReadonlyMap<string, readonly PropertyFault[]>
  /** Whether each fault has found its records, so that the others may go as they are. */
  readonly isWhole: boolean
}

/** Who holds values that must be unique: ids by the value in small letters, by property; today's id first, then those merged into it. */
export type Holders = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** HubSpot's words for a value that another record has. */
export const TAKEN = 'CONFLICTING_UNIQUE_VALUE'
const MISSING = 'REQUIRED_FIELD'
/** Faults of a property, whatever its value. */
const OF_PROPERTY: readonly string[] = ['PROPERTY_DOESNT_EXIST', 'READ_ONLY_VALUE']

export const foldUnique = (value: string): string => value.trim().toLowerCase()

/**
 * HubSpot refuses a whole batch for one value that is not valid, names the properties, and not the records. A record is to blame where it
 * alone sends the property, where the message quotes the value it sends and no other record's, where it lacks what is required, or where
 * somebody else holds its unique value. What cannot be told for certain is not guessed: the rest is then sent in halves.
 */
export function blameOf(inputs: readonly BatchInput[], faults: readonly PropertyFault[], holders: Holders = new Map()): Blame {
  const [only, ...others] = inputs
  if (only !== undefined && others.length === 0) return { faults: new Map([[only.objectWriteTraceId, faults]]), isWhole: true }
  const blamed = new Map<string, PropertyFault[]>()
  let isWhole = faults.length > 0
  const blame = ({ objectWriteTraceId: trace }: BatchInput, fault: PropertyFault): void => {
    blamed.set(trace, [...(blamed.get(trace) ?? []), fault])
  }
  for (const name of new Set(faults.flatMap((fault) => (fault.error === TAKEN ? [fault.name] : [])))) {
    const said = faults.filter((fault) => fault.error === TAKEN && fault.name === name)
    const senders = sendersOf(inputs, name)
    const taken = senders.length === 1 ? senders : senders.filter((input) => holderOf(input, name, holders) !== undefined)
    for (const input of taken) {
      const holder = holderOf(input, name, holders)
      const own = said.find(({ message }) => holder === undefined || isQuoted(message, holder))
      blame(input, own ?? { name, error: TAKEN, message: `${holder} already has that value.` })
    }
    isWhole &&= taken.length > 0
  }
  for (const fault of faults.filter(({ error }) => error !== TAKEN)) {
    const guilty = guiltyOf(inputs, fault)
    for (const input of guilty) blame(input, fault)
    isWhole &&= guilty.length > 0
  }
  return { faults: blamed, isWhole }
}

/** The records that send a property. */
export const sendersOf = (inputs: readonly BatchInput[], name: string): readonly BatchInput[] =>
  inputs.filter(({ properties }) => Object.hasOwn(properties, name))

/** The records a fault is about; none where that is not certain. */
function guiltyOf(inputs: readonly BatchInput[], { name, message, error }: PropertyFault): readonly BatchInput[] {
  // An update leaves out what stays as it is.
  if (error === MISSING) return inputs.filter(({ id, properties }) => (properties[name] ?? (id === undefined ? '' : 'kept')) === '')
  const senders = sendersOf(inputs, name)
  if (senders.length < 2 || OF_PROPERTY.includes(error)) return senders
  const values = [...new Set(senders.map(({ properties }) => properties[name] ?? ''))]
  const beginning = values.filter((value) => value !== '' && message.startsWith(`${value} `))
  const quoted = values.filter((value) => isQuoted(message, value))
  const [value, ...more] = beginning.length === 1 ? beginning : quoted
  return value === undefined || more.length > 0 ? [] : senders.filter(({ properties }) => properties[name] === value)
}

/** Who has this record's value of a unique property already. */
function holderOf({ id, properties }: BatchInput, name: string, holders: Holders): string | undefined {
  const ids = holders.get(name)?.get(foldUnique(properties[name] ?? ''))
  return ids === undefined || (id !== undefined && ids.includes(id)) ? undefined : ids[0]
}

/** The records of a batch that repeat a unique value of one before them: HubSpot refuses them together, whoever is meant. */
export function repeatsOf(inputs: readonly BatchInput[], unique: readonly string[]): readonly BatchInput[] {
  const seen = new Set<string>()
  return inputs.filter(({ properties }) => {
    const keys = unique.flatMap((name) => (properties[name] ? [`${name}\u0000${foldUnique(properties[name])}`] : []))
    const isRepeat = keys.some((key) => seen.has(key))
    for (const key of keys) seen.add(key)
    return isRepeat
  })
}

/** Whether a message holds a value as a word of its own. */
function isQuoted(message: string, value: string): boolean {
  if (value === '') return false
  const at = message.indexOf(value)
  if (at === -1) return false
  const isEdge = (letter: string | undefined): boolean => letter === undefined || !/[\p{L}\p{N}]/u.test(letter)
  return isEdge(message[at - 1]) && isEdge(message[at + value.length])
}
