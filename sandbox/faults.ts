import { z } from 'zod'

/** What a fault does to a call. `…-after` faults save first. Quirks change what is stored; `partial` refuses a part of a batch. */
export const FAULT_KINDS = [
  'delay',
  '429',
  '500',
  '500-after',
  '503',
  '401',
  '403',
  'timeout-before',
  'timeout-after',
  'drop',
  'drop-after',
  'partial',
  'quirk-capitals',
  'quirk-trim',
  'quirk-round',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Jira's reasons for a 429: the hourly quota (global or per tenant), the burst limit, and writes to one issue. */
export const JIRA_RATE_LIMIT_REASONS = [
  'jira-burst-based',
  'jira-quota-global-based',
  'jira-quota-tenant-based',
  'jira-per-issue-on-write',
] as const
/** HubSpot's: ten seconds, the search's own second, the day. */
export const HUBSPOT_RATE_LIMIT_REASONS = ['TEN_SECONDLY_ROLLING', 'SECONDLY', 'DAILY'] as const
const RATE_LIMIT_REASONS = [...JIRA_RATE_LIMIT_REASONS, ...HUBSPOT_RATE_LIMIT_REASONS] as const
export type RateLimitReason = (typeof RATE_LIMIT_REASONS)[number]

export const faultShape = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** How many calls it still fires on. Absent: until it is cleared. */
  next: z.int().min(1).max(1_000_000).optional(),
  /** Absent: every matching call. */
  probability: z.number().min(0).max(1).optional(),
  match: z
    .strictObject({
      method: z.string().min(1).max(10).optional(),
      /** A part of the path, a glob where it holds a `*`, or the id of a record that the call is about. */
      path: z.string().min(1).max(300).optional(),
      /** The id of a field the call touches. */
      field: z.string().min(1).max(100).optional(),
      /** `true`: only calls that write; `false`: only calls that read. */
      writes: z.boolean().optional(),
    })
    .optional(),
  delayMs: z.int().min(0).max(600_000).optional(),
  retryAfterS: z.int().min(0).max(86_400).optional(),
  reason: z.enum(RATE_LIMIT_REASONS).optional(),
  /** `code`: the app's own word for the refusal, where it has one (Salesforce's status code). */
  refuse: z
    .strictObject({
      field: z.string().min(1).max(100),
      message: z.string().min(1).max(500),
      code: z.string().min(1).max(80).optional(),
    })
    .optional(),
})
export type Fault = z.infer<typeof faultShape>

/** A fault in the dial: what was asked for, and how it stands. */
export interface SetFault extends Fault {
  readonly id: string
  /** `null`: no end. */
  readonly left: number | null
  readonly fired: number
}

/** What a fault may match a call by. */
export interface FaultCall {
  readonly method: string
  readonly path: string
  readonly fields: readonly string[]
  readonly writes: boolean
  /** Ids of the records it is about, where they stand in the body and not in the path. */
  readonly records?: readonly string[]
}

const QUIRKS: readonly FaultKind[] = ['quirk-capitals', 'quirk-trim', 'quirk-round']

/** Whether a path fits a pattern: a glob over the whole path where it holds `*` (`*` also crosses slashes), else a part of it. */
export function isPathMatch(pattern: string, path: string): boolean {
  if (!pattern.includes('*')) return path.includes(pattern)
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(path)
}

/** Whether a fault is about this call. The field is left aside for quirks: they are about a field, not about a call. */
export function isMatch(fault: Fault, call: FaultCall): boolean {
  const { method, path, field, writes } = fault.match ?? {}
  return (
    (method === undefined || method.toUpperCase() === call.method) &&
    (path === undefined || isPathMatch(path, call.path) || call.records?.includes(path) === true) &&
    (writes === undefined || writes === call.writes) &&
    (field === undefined || QUIRKS.includes(fault.kind) || call.fields.includes(field))
  )
}

/** What the dial decided about the transport of one call. */
export interface Verdict {
  readonly delayMs: number
  readonly fault?: SetFault
}

/** The fault dial of one app: the set of faults, and the decision for each call. */
export class FaultDial {
  readonly #random: () => number
  readonly #changed: () => void
  #faults: SetFault[]
  #spent: SetFault[] = []
  #nextId = 1

  constructor(options: { readonly random: () => number; readonly initial: readonly Fault[]; readonly changed: () => void }) {
    this.#random = options.random
    this.#changed = options.changed
    this.#faults = options.initial.map((fault) => this.#set(fault))
  }

  replace(faults: readonly Fault[]): void {
    this.#faults = faults.map((fault) => this.#set(fault))
    this.#changed()
  }

  add(faults: readonly Fault[]): void {
    this.#faults = [...this.#faults, ...faults.map((fault) => this.#set(fault))]
    this.#changed()
  }

  clear(): void {
    this.replace([])
  }

  remove(id: string): boolean {
    const kept = this.#faults.filter((fault) => fault.id !== id)
    const isRemoved = kept.length < this.#faults.length
    this.#faults = kept
    if (isRemoved) this.#changed()
    return isRemoved
  }

  /** The set as it stands, and the last faults that have fired for the last time. */
  state(): { readonly faults: readonly SetFault[]; readonly spent: readonly SetFault[] } {
    return { faults: this.#faults, spent: this.#spent }
  }

  /** Begins one call: `transport` says what happens to its answer, `quirks` and `partial` are asked while it is carried out. */
  begin(call: FaultCall): CallFaults {
    return new CallFaults(call, (kinds, field) => this.#fire(kinds, call, field))
  }

  #set(fault: Fault): SetFault {
    return { ...fault, id: `f${this.#nextId++}`, left: fault.next ?? null, fired: 0 }
  }

  /** The first fault of these kinds that fires now, and is counted. */
  #fire(kinds: readonly FaultKind[], call: FaultCall, field?: string): SetFault | undefined {
    for (const fault of this.#faults) {
      if (!kinds.includes(fault.kind) || !isMatch(fault, call)) continue
      if (field !== undefined && fault.match?.field !== undefined && fault.match.field !== field) continue
      if (fault.probability !== undefined && this.#random() >= fault.probability) continue
      this.#count(fault)
      return fault
    }
    return undefined
  }

  #count(fault: SetFault): void {
    const counted: SetFault = { ...fault, fired: fault.fired + 1, left: fault.left === null ? null : fault.left - 1 }
    if (counted.left === 0) {
      this.#faults = this.#faults.filter((other) => other.id !== fault.id)
      this.#spent = [counted, ...this.#spent].slice(0, 20)
    } else {
      this.#faults = this.#faults.map((other) => (other.id === fault.id ? counted : other))
    }
    this.#changed()
  }
}

const TRANSPORT: readonly FaultKind[] = FAULT_KINDS.filter((kind) => kind !== 'delay' && kind !== 'partial' && !QUIRKS.includes(kind))

/** The faults of one call. A quirk that fired on one field of a call holds for that field in the whole call and counts once. */
export class CallFaults {
  readonly call: FaultCall
  readonly #fire: (kinds: readonly FaultKind[], field?: string) => SetFault | undefined
  readonly #quirks: SetFault[] = []
  #partial: SetFault | undefined
  #kinds: string[] = []

  constructor(call: FaultCall, fire: (kinds: readonly FaultKind[], field?: string) => SetFault | undefined) {
    this.call = call
    this.#fire = fire
  }

  transport(): Verdict {
    const delay = this.#note(this.#fire(['delay']))
    const fault = this.#note(this.#fire(TRANSPORT))
    return { delayMs: delay === undefined ? 0 : (delay.delayMs ?? 1000), ...(fault && { fault }) }
  }

  partial(): SetFault | undefined {
    this.#partial ??= this.#note(this.#fire(['partial']))
    return this.#partial
  }

  /** Whether a quirk of this kind bends the value of this field in this call. Ask only where it would change the value. */
  isBent(kind: FaultKind, field: string): boolean {
    const held = this.#quirks.some((quirk) => quirk.kind === kind && (quirk.match?.field === undefined || quirk.match.field === field))
    if (held) return true
    const fired = this.#note(this.#fire([kind], field))
    if (fired) this.#quirks.push(fired)
    return fired !== undefined
  }

  /** The kinds that fired, for the request log. */
  fired(): string | undefined {
    return this.#kinds.length === 0 ? undefined : [...new Set(this.#kinds)].join('+')
  }

  #note(fault: SetFault | undefined): SetFault | undefined {
    if (fault) this.#kinds.push(fault.kind)
    return fault
  }
}
