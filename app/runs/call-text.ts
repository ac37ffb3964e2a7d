import type { Run } from '../../server/api/contract.ts'

export type Call = Run['calls'][number]

/** No answer, or one that says no. */
export const isFailedCall = ({ status }: Pick<Call, 'status'>): boolean => status === null || status >= 400

/** A body as people read it: JSON on lines of its own; what is cut or no JSON as it was written down. */
export function shownBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}

/** The calls in which an attempt was followed by another of the same call: what a person reads as one call that was tried again. */
export const retriesOf = (calls: readonly Pick<Call, 'attempt'>[]): number => calls.filter(({ attempt }) => attempt > 1).length

/** A planned body as it will be sent, on one line where it is short. */
export function bodyText(body: unknown): string {
  if (body === undefined || body === null) return ''
  const line = JSON.stringify(body, null, 1)?.replace(/\n\s*/gu, ' ') ?? ''
  return line.length <= 100 ? line : JSON.stringify(body, null, 2)
}
