import { acceptedOnSheet } from '../../workbook/accepted-kinds.ts'
import { CHOICES, type Choice } from '../../workbook/annotations.ts'
import { needsPerson } from '../../workbook/cell-status.ts'
import { editResolutionsMap } from '../../workbook/documents.ts'
import { chooseOn } from '../../workbook/edit.ts'
import type { FieldId, SheetId } from '../../workbook/ids.ts'
import { bookName, sysName } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import type { Documents } from '../collab-ports.ts'
import { documentsOf, forgetKind, type SheetHub } from '../sheets.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { UpdateLog } from '../update-log.ts'
import type { Contract } from './contract.ts'
import { makeLookup } from './lookup.ts'
import { ApiProblem, badRequest, notFound } from './problem.ts'
import type { Handlers } from './router.ts'

export interface AnnotationHandlersParts {
  readonly catalog: Catalog
  readonly hub: SheetHub
  readonly documents: Pick<Documents, 'openDocument'>
  readonly log: Pick<UpdateLog, 'durable'>
  readonly nameOf: (person: string) => string
  readonly now: () => number
}

export type AnnotationEndpoint = 'listAnnotations' | 'chooseAnnotation' | 'listNeeding' | 'listAccepted' | 'removeAccepted'

const NOT_FOR_GUESTS = new ApiProblem({
  status: 403,
  code: 'members-only',
  message: 'What is always accepted on a field is set by the people of this workspace.',
  advice: 'Nothing was changed. Keep the app’s value or send yours again, or ask whoever shared the workbook.',
})

/** What the server has left on cells for a person, and what people answered. */
export function annotationHandlers(parts: AnnotationHandlersParts): Required<Handlers<Pick<Contract, AnnotationEndpoint>>> {
  const { catalog, documents, log, nameOf, now } = parts
  const { connection: fullConnection, withRoom } = makeLookup(parts)
  const sheetOf = async (connection: string): Promise<string> => (await fullConnection(connection)).connection.sheet

  /** Without its base: what waits for a person lies in documents that stay small, however many rows there are. */
  const countNeeding = async (workbook: string, sheet: string): Promise<number> => {
    const opened = [await documents.openDocument(sysName(workbook as never)), await documents.openDocument(bookName(workbook as never))]
    const [sys, book] = opened
    try {
      if (sys === undefined || book === undefined) return 0
      const names = documentsOf(sys.doc, sheet as SheetId)
      const edits = await documents.openDocument(names.edits)
      opened.push(edits)
      const annotations = await documents.openDocument(names.annotations)
      opened.push(annotations)
      const view = new Sheet(sheet as SheetId, { book: book.doc, sys: sys.doc, edits: edits.doc, annotations: annotations.doc, base: [] })
      const count = needingIn(view)
      view.close()
      return count
    } finally {
      for (const { release } of opened) await release()
    }
  }

  return {
    listAnnotations: async ({ query, caller }) =>
      withRoom(query.sheet, ({ sheet }) => ({
        annotations: [...sheet.annotations()].map(({ row, place, annotation }) => ({
          id: annotation.id,
          row,
          field: place,
          kind: annotation.kind,
          annotation,
          choices: CHOICES[annotation.kind].filter((choice) => choice !== 'accept-kind' || caller.kind !== 'guest'),
        })),
      })),

    chooseAnnotation: async ({ params, body, caller }) => {
      if (body.choice === 'accept-kind' && caller.kind === 'guest') throw NOT_FOR_GUESTS
      return withRoom(body.sheet, async ({ sheet }) => {
        const found = [...sheet.annotations()].find((a) => a.annotation.id === params.id)
        if (found === undefined) return { outcome: 'stale' as const }
        if (body.choice === 'use-line' && body.item === undefined) throw badRequest('The choice use-line needs the item of the line.')
        const answer = (body.choice === 'use-line' ? { choice: body.choice, item: body.item } : { choice: body.choice }) as Choice
        const editor = { by: caller.actor.id, now }
        chooseOn(sheet, { row: found.row, field: found.place as FieldId }, found.annotation, answer, editor)
        const stored = editResolutionsMap(sheet.docs.edits).get(params.id) as { outcome?: 'applied' | 'stale' } | undefined
        await log.durable()
        return { outcome: stored?.outcome ?? 'stale' }
      })
    },

    listNeeding: async ({ params }) => {
      if ((await catalog.workbook(params.id)) === undefined) throw notFound('such workbook')
      const sheets = []
      for (const { id, name } of await catalog.sheets(params.id)) {
        sheets.push({ sheet: id, name, cells: await countNeeding(params.id, id) })
      }
      return { sheets }
    },

    listAccepted: async ({ params }) =>
      withRoom(await sheetOf(params.id), ({ sheet }) => ({
        accepted: acceptedOnSheet(sheet)
          .filter(({ field }) => sheet.field(field)?.binding?.connection === params.id)
          .map(({ field, accepted }) => ({
            field,
            fieldName: sheet.field(field)?.name ?? field,
            ...accepted,
            byName: accepted.by === '' ? '' : nameOf(accepted.by),
          })),
      })),

    removeAccepted: async ({ params }) =>
      withRoom(await sheetOf(params.id), async ({ sheet }) => {
        const isHere = sheet.field(params.field as FieldId)?.binding?.connection === params.id
        if (!isHere || !forgetKind(sheet.docs.sys, params.field as FieldId, params.kind)) throw notFound('such accepted difference')
        await log.durable()
        return {}
      }),
  }
}

/** Cells with an open question. A refused value that was put back since asks nothing. */
function needingIn(sheet: Sheet): number {
  const cells = new Set<string>()
  for (const { row, place, annotation } of sheet.annotations()) {
    if (!needsPerson(annotation.kind) || sheet.field(place as FieldId) === undefined || sheet.isDeleted(row)) continue
    const { entry } = sheet.cell(row, place as FieldId)
    if (annotation.kind !== 'refused' || (entry !== undefined && entry.value !== entry.base)) cells.add(`${row}:${place}`)
  }
  return cells.size
}
