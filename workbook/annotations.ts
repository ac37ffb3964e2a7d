import * as z from 'zod'
import type { CellValue } from './cell-value.ts'
import type { ConnectionId, FieldId, RowId } from './ids.ts'

/** What every annotation says besides its kind: `id` is fresh each time one is set, so that a choice names exactly what was read. */
const common = { id: z.string(), at: z.number(), run: z.string().optional() }
const value: z.ZodType<CellValue> = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** One author's last value that is not shown, because another's stands in the cell. */
const line = z.object({ by: z.string(), item: z.string(), value, at: z.number() })

const schema = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('differs'),
    sent: value,
    got: value,
    difference: z.enum(['capitals', 'spacing', 'rounding', 'order', 'formatting', 'other']),
    by: z.string(),
  }),
  z.object({
    ...common,
    kind: z.literal('conflict'),
    base: value,
    yours: value,
    theirs: value,
    /** The author of `yours`. */
    by: z.string(),
    /**
     * changed-in-both · answer-lost: yours was sent, no answer came and the app holds something else · rewritten: an earlier value was
     * sent and the app saved another · linked-twice: two rows hold the record and want different values.
     */
    cause: z.enum(['changed-in-both', 'answer-lost', 'rewritten', 'linked-twice']),
    /** Who changed it in the app, where the app tells. */
    theirsBy: z.string().optional(),
    /** The check saw `theirs`, and no pull may make it the baseline (the object only pushes). */
    isFromCheck: z.boolean().optional(),
  }),
  z.object({
    ...common,
    kind: z.literal('concurrent'),
    /** One a person (and session, where one person wrote in two windows). */
    lines: z.array(line),
    /** A value that was sent and settled before the shown one, typed without seeing it, arrived: the cell is held. */
    settled: z.object({ value, by: z.string() }).optional(),
  }),
  z.object({ ...common, kind: z.literal('refused'), value, reason: z.string(), nearest: z.string().optional() }),
  z.object({ ...common, kind: z.literal('gone'), record: z.string() }),
  z.object({ ...common, kind: z.literal('unmatched'), record: z.string() }),
])

export type Annotation = z.infer<typeof schema>
export type AnnotationKind = Annotation['kind']
export type AnnotationOf<Kind extends AnnotationKind> = Extract<Annotation, { kind: Kind }>
export type ConcurrentLine = z.infer<typeof line>

/** The open annotations of one cell; `gone` and `unmatched` hang on the row's connection and are shown with its cells. */
export interface Marks {
  readonly differs?: AnnotationOf<'differs'> | undefined
  readonly conflict?: AnnotationOf<'conflict'> | undefined
  readonly concurrent?: AnnotationOf<'concurrent'> | undefined
  readonly refused?: AnnotationOf<'refused'> | undefined
}

export const CELL_MARKS = ['differs', 'conflict', 'concurrent', 'refused'] as const satisfies readonly (keyof Marks)[]

export const annotationKey = (row: RowId, place: FieldId | ConnectionId, kind: AnnotationKind): string => `${row}:${place}:${kind}`

/** Reads an annotation; `undefined` where it is none of ours (a newer program may have written it). */
export function parseAnnotation(stored: unknown): Annotation | undefined {
  const parsed = schema.safeParse(stored)
  return parsed.success ? parsed.data : undefined
}

/** What a person may answer to an annotation; `use-line` names whose value. */
const choice = z.discriminatedUnion('choice', [
  z.object({ choice: z.literal('keep-app') }),
  z.object({ choice: z.literal('send-again') }),
  z.object({ choice: z.literal('accept-kind') }),
  z.object({ choice: z.literal('send-mine') }),
  z.object({ choice: z.literal('take-theirs') }),
  z.object({ choice: z.literal('use-line'), item: z.string() }),
  z.object({ choice: z.literal('keep-shown') }),
  z.object({ choice: z.literal('try-again') }),
])
export type Choice = z.infer<typeof choice>

export const CHOICES = {
  differs: ['keep-app', 'send-again', 'accept-kind'],
  conflict: ['send-mine', 'take-theirs'],
  concurrent: ['use-line', 'keep-shown', 'send-mine', 'take-theirs'],
  refused: ['try-again'],
  gone: [],
  unmatched: [],
} as const satisfies Record<AnnotationKind, readonly Choice['choice'][]>

const resolution = z.object({
  row: z.string(),
  field: z.string(),
  kind: z.enum(['differs', 'conflict', 'concurrent', 'refused', 'gone', 'unmatched']),
  answer: choice,
  /** The values the person had before them (`answeredValues`), so that a choice never decides about others. */
  answered: z.string(),
  /** The entry that stood in the cell when the person chose; `null` where none did. */
  item: z.string().nullable(),
  by: z.string(),
  at: z.number(),
  /** Set by the server once it has decided. */
  outcome: z.enum(['applied', 'stale']).optional(),
})
export type Resolution = z.infer<typeof resolution>

/** What a choice found and what it left, so that it can be taken back: written by the server beside its outcome, believed from it alone. */
const before = z.object({
  marks: z.partialRecord(z.enum(['differs', 'conflict', 'concurrent', 'refused']), z.unknown()),
  /** The entry that stood in the cell, and whose item it stood for; `null` where none did. */
  entry: z.object({ value, base: value, at: z.number(), by: z.string(), standsFor: z.string() }).nullable(),
  baseline: value,
  /** The item the choice left in the cell. */
  left: z.string().nullable(),
})
export type BeforeChoice = z.infer<typeof before>

/** A choice with what it found; `undefined` where it was not applied. */
export function parseApplied(stored: unknown): { readonly resolution: Resolution; readonly before: BeforeChoice } | undefined {
  const parsed = resolution.extend({ outcome: z.literal('applied'), before }).safeParse(stored)
  if (!parsed.success) return undefined
  const { before: found, ...rest } = parsed.data
  return { resolution: rest, before: found }
}

/** Marks as a resolution keeps them. */
export function marksOf(stored: BeforeChoice['marks']): Marks {
  const marks: Record<string, Annotation> = {}
  for (const kind of CELL_MARKS) {
    const annotation = parseAnnotation(stored[kind])
    if (annotation?.kind === kind) marks[kind] = annotation
  }
  return marks
}

const UNDO = '.undo'

/** Where in the map of choices it is said that one is taken back. */
export const undoKey = (annotationId: string): string => `${annotationId}${UNDO}`
export const undoneBy = (key: string): string | undefined => (key.endsWith(UNDO) ? key.slice(0, -UNDO.length) : undefined)

const undoRequest = z.object({ by: z.string(), at: z.number(), outcome: z.enum(['applied', 'stale']).optional() })
export type UndoRequest = z.infer<typeof undoRequest>

export function parseUndoRequest(stored: unknown): UndoRequest | undefined {
  const parsed = undoRequest.safeParse(stored)
  return parsed.success ? parsed.data : undefined
}

export function parseResolution(stored: unknown): Resolution | undefined {
  const parsed = resolution.safeParse(stored)
  return parsed.success ? parsed.data : undefined
}

/** The values a choice answers, as one text to compare. */
export function answeredValues(annotation: Annotation): string {
  switch (annotation.kind) {
    case 'differs':
      return JSON.stringify([annotation.sent, annotation.got])
    case 'conflict':
      return JSON.stringify([annotation.base, annotation.yours, annotation.theirs])
    case 'concurrent':
      return JSON.stringify([annotation.settled?.value ?? null, annotation.lines.map((l) => [l.item, l.value])])
    case 'refused':
      return JSON.stringify([annotation.value])
    case 'gone':
    case 'unmatched':
      return JSON.stringify([annotation.record])
  }
}
