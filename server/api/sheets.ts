import type { WorkbookId } from '../../workbook/ids.ts'
import { Attempts } from '../attempts.ts'
import type { WorkbookSheets } from '../workbook-sheets.ts'
import type { Contract } from './contract.ts'
import { ApiProblem } from './problem.ts'
import type { Handlers } from './router.ts'

export type SheetEndpoint = 'createSheet' | 'patchSheet' | 'deleteSheet'

/** Sheets that guests may make: a copy may be as large as its source, and whoever has a link may become many guests. */
const GUEST_SHEETS = { perAddress: 10, inAll: 30, windowMs: 10 * 60_000 }

/** The sheets of a workbook. */
export function sheetHandlers(sheets: WorkbookSheets, now: () => number): Handlers<Pick<Contract, SheetEndpoint>> {
  const byGuests = new Attempts(GUEST_SHEETS, now)
  return {
    createSheet: async ({ params, body, caller, address }) => {
      if (caller.kind === 'guest') {
        const wait = byGuests.waitOf(address)
        if (wait > 0) throw tooMany(wait)
        byGuests.count(address)
      }
      return sheets.create(params.id as WorkbookId, body)
    },
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

const tooMany = (waitMs: number): ApiProblem =>
  new ApiProblem({
    status: 429,
    code: 'too-many-sheets-at-once',
    message: 'More sheets were made through shared links than this server makes in ten minutes.',
    advice: `Nothing was made. Try again in ${Math.ceil(waitMs / 60_000)} min, or ask somebody of the workspace.`,
  })
