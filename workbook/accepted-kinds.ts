import * as z from 'zod'
import type { DifferenceKind } from './cell-value.ts'
import { sysAccepted } from './documents.ts'
import type { FieldId } from './ids.ts'
import type { Sheet } from './sheet.ts'

const DIFFERENCE_KINDS = ['capitals', 'spacing', 'rounding', 'order', 'formatting', 'other'] as const satisfies readonly DifferenceKind[]

const accepted = z.object({ kind: z.enum(DIFFERENCE_KINDS), by: z.string(), at: z.number() })

/** A kind of difference that somebody said needs no warning on a field (B12). `at`: ms since 1970; 0 where nobody noted it. */
export type AcceptedKind = z.infer<typeof accepted>

/** Kinds were once kept without who and when. */
const stored = z.array(z.union([accepted, z.enum(DIFFERENCE_KINDS).transform((kind): AcceptedKind => ({ kind, by: '', at: 0 }))]))

/** Reads what the server keeps of a field; nothing where it is none of ours. */
export function readAccepted(value: unknown): readonly AcceptedKind[] {
  const parsed = stored.safeParse(value)
  return parsed.success ? parsed.data : []
}

/** What is accepted on the fields of a sheet, in the order of the fields. */
export function acceptedOnSheet(sheet: Sheet): readonly { readonly field: FieldId; readonly accepted: AcceptedKind }[] {
  const map = sysAccepted(sheet.docs.sys)
  if (map.size === 0) return []
  return sheet.fields().flatMap(({ id }) => readAccepted(map.get(id)).map((one) => ({ field: id, accepted: one })))
}
