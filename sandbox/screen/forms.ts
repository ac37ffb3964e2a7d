import { parseJson } from '../http.ts'
import type { FormField } from './face.ts'

export type Values = Readonly<Record<string, string>>

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && Object.values(value).every((part) => typeof part === 'string')
}

/**
 * Reads the form of a record: what was typed, and what of it differs from what the form was filled with, so that saving does not undo
 * what came over the API meanwhile.
 */
export function readRecordForm(
  form: URLSearchParams,
  fields: readonly FormField[],
): { readonly values: Values; readonly changed: Values; readonly as: string | undefined } {
  const was = parseJson(form.get('was') ?? '')
  const before = isValues(was) ? was : {}
  const values: Record<string, string> = {}
  const changed: Record<string, string> = {}
  for (const { name, kind } of fields) {
    const text = (form.get(name) ?? '').replace(/\r\n/g, '\n')
    const value = kind === 'check' ? String(text === 'true') : text
    values[name] = value
    const isSent = form.has(name) || kind === 'check'
    if (isSent && value !== (before[name] ?? (kind === 'check' ? 'false' : ''))) changed[name] = value
  }
  const as = form.get('as') ?? undefined
  return { values: { ...values, ...(as !== undefined && { as }) }, changed, as }
}

/** Reads the form of the dial into a fault, still to be checked. What a kind does not use is left out. */
export function readFaultForm(form: URLSearchParams, anyField: string): Record<string, unknown> {
  const text = (name: string): string | undefined => form.get(name)?.trim() || undefined
  const number = (name: string): number | undefined => (text(name) === undefined ? undefined : Number(text(name)))
  const kind = text('kind')
  const chance = number('chance')
  const match = { path: text('path'), field: text('field'), writes: text('writes') === undefined ? undefined : text('writes') === 'true' }
  return {
    kind,
    // A chance has no end of its own unless one is given beside it.
    ...(number('next') !== undefined && chance === undefined && { next: number('next') }),
    ...(chance !== undefined && { probability: chance / 100 }),
    ...(Object.values(match).some((part) => part !== undefined) && {
      match: Object.fromEntries(Object.entries(match).filter(([, part]) => part !== undefined)),
    }),
    ...(kind === 'delay' && { delayMs: number('delayMs') }),
    ...((kind === '429' || kind === '503') && { retryAfterS: number('retryAfterS') }),
    ...(kind === '429' && text('reason') !== undefined && { reason: text('reason') }),
    ...(kind === 'partial' && { refuse: { field: match.field ?? anyField, message: text('message') } }),
  }
}
