import type { WorkbookId } from '../../workbook/ids.ts'
import type { WorkbookSheets } from '../workbook-sheets.ts'
import type { Contract } from './contract.ts'
import type { Handlers } from './router.ts'

export type SheetEndpoint = 'createSheet' | 'patchSheet' | 'deleteSheet'

/** The sheets of a workbook. */
export function sheetHandlers(sheets: WorkbookSheets): Handlers<Pick<Contract, SheetEndpoint>> {
  return {
    createSheet: async ({ params, body }) => sheets.create(params.id as WorkbookId, body),
    patchSheet: async ({ params, body }) => {
      await sheets.edit(params.id as WorkbookId, params.sheet, body)
      return {}
    },
    deleteSheet: async ({ params }) => {
      await sheets.edit(params.id as WorkbookId, params.sheet, { isDeleted: true })
      return {}
    },
  }
}
