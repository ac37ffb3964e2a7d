import { z } from 'zod'
import type { RateLimitReason } from './faults.ts'

const limitShape = z.strictObject({ max: z.int().min(1).max(1_000_000), windowMs: z.int().min(1).max(86_400_000) })

/** The limits an app really keeps, besides the faults of the dial. `null` or absent: none. */
export const limitsShape = z.strictObject({
  /** Calls of the whole credential. */
  quota: limitShape.nullable().optional(),
  /** Calls of one method on one endpoint. */
  burst: limitShape.nullable().optional(),
  /** Writes to one record. */
  recordWrites: limitShape.nullable().optional(),
})
export type Limits = z.infer<typeof limitsShape>

export interface LimitedCall {
  /** Method and path pattern. */
  readonly endpoint: string
  /** The record a write is about. */
  readonly record: string | undefined
  readonly writes: boolean
}

/** A call over a limit: which, and when it may come again. */
export interface OverLimit {
  readonly reason: RateLimitReason
  readonly max: number
  readonly retryAfterS: number
}

/** Counts calls in sliding windows. A refused call does not count. */
export class RateLimits {
  readonly #calls = new Map<string, number[]>()

  check(call: LimitedCall, limits: Limits, nowMs: number): OverLimit | undefined {
    const checks: [string, Limits['quota'], RateLimitReason][] = [
      ['quota', limits.quota, 'jira-quota-global-based'],
      [`burst ${call.endpoint}`, limits.burst, 'jira-burst-based'],
      [`record ${call.record}`, call.writes && call.record !== undefined ? limits.recordWrites : null, 'jira-per-issue-on-write'],
    ]
    const kept = checks.filter(([, limit]) => limit !== null && limit !== undefined)
    for (const [key, limit, reason] of kept) {
      if (!limit) continue
      const recent = (this.#calls.get(key) ?? []).filter((atMs) => atMs + limit.windowMs > nowMs)
      this.#calls.set(key, recent)
      const oldest = recent[0]
      if (oldest !== undefined && recent.length >= limit.max) {
        return { reason, max: limit.max, retryAfterS: Math.max(1, Math.ceil((oldest + limit.windowMs - nowMs) / 1000)) }
      }
    }
    for (const [key] of kept) this.#calls.get(key)?.push(nowMs)
    return undefined
  }
}
