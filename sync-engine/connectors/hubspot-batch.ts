import type { PropertyFault } from './hubspot-answers.ts'

/** One record of a batch, as it is sent. */
export interface BatchInput {
  readonly id?: string
  readonly objectWriteTraceId: string
  readonly properties: Readonly<Record<string, string>>
}

/** Which records of a batch a refusal is about, by trace, each with the faults that are its own. */
export type Blame =
  | { readonly kind: 'named'; readonly faults: ReadonlyMap<string, readonly PropertyFault[]> }
  /** The answer does not tell the records apart. */
  | { readonly kind: 'untold' }

/**
 * HubSpot refuses a whole batch for one value that is not valid, names the properties, and not the records. A record is to blame where it
 * alone sends the property, or where the message quotes the value it sends and no other record's. What cannot be told for certain is not
 * guessed: the batch is then sent in halves.
 */
export function blameOf(inputs: readonly BatchInput[], faults: readonly PropertyFault[]): Blame {
  const [only, ...others] = inputs
  if (only !== undefined && others.length === 0) return { kind: 'named', faults: new Map([[only.objectWriteTraceId, faults]]) }
  const blamed = new Map<string, PropertyFault[]>()
  for (const fault of faults) {
    const guilty = guiltyOf(inputs, fault)
    if (guilty === undefined) return { kind: 'untold' }
    for (const { objectWriteTraceId: trace } of guilty) blamed.set(trace, [...(blamed.get(trace) ?? []), fault])
  }
  return blamed.size === 0 ? { kind: 'untold' } : { kind: 'named', faults: blamed }
}

function guiltyOf(inputs: readonly BatchInput[], { name, message }: PropertyFault): readonly BatchInput[] | undefined {
  const senders = inputs.filter(({ properties }) => Object.hasOwn(properties, name))
  if (senders.length < 2) return senders.length === 1 ? senders : undefined
  const values = [...new Set(senders.map(({ properties }) => properties[name] ?? ''))]
  const beginning = values.filter((value) => value !== '' && message.startsWith(`${value} `))
  const quoted = values.filter((value) => isQuoted(message, value))
  const [value, ...more] = beginning.length === 1 ? beginning : quoted
  return value === undefined || more.length > 0 ? undefined : senders.filter(({ properties }) => properties[name] === value)
}

/** Whether a message holds a value as a word of its own. */
function isQuoted(message: string, value: string): boolean {
  if (value === '') return false
  const at = message.indexOf(value)
  if (at === -1) return false
  const isEdge = (letter: string | undefined): boolean => letter === undefined || !/[\p{L}\p{N}]/u.test(letter)
  return isEdge(message[at - 1]) && isEdge(message[at + value.length])
}
