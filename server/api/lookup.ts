import type { ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import type { SheetId } from '../../workbook/ids.ts'
import type { Room, SheetHub } from '../sheets.ts'
import { type Catalog, type FullConnection, isOn } from '../storage/catalog.ts'
import { appName } from '../workbooks.ts'
import { ApiProblem, notFound, WORKBOOK_DELETED } from './problem.ts'

/** What several parts of the API look up, with the problem to answer where it is not there. */
export interface Lookup {
  /** A connection that stands in its sheet, paused or not. @throws ApiProblem 404 */
  readonly connection: (id: string) => Promise<FullConnection>
  /** As `connection`, or one that is being prepared. @throws ApiProblem 404 */
  readonly connectionOrDraft: (id: string) => Promise<FullConnection>
  /** Uses a sheet while its room is held open. @throws ApiProblem 404 */
  readonly withRoom: <T>(sheet: string, use: (room: Room) => Promise<T> | T) => Promise<T>
}

export function makeLookup({ catalog, hub }: { readonly catalog: Catalog; readonly hub: SheetHub }): Lookup {
  const connectionOrDraft = async (id: string): Promise<FullConnection> => {
    const full = await catalog.connection(id)
    if (full === undefined) throw notFound('such connection')
    if (await catalog.isWorkbookRemoved(full.connection.workbook)) throw WORKBOOK_DELETED
    return full
  }
  return {
    connectionOrDraft,
    connection: async (id) => {
      const full = await connectionOrDraft(id)
      if (full.connection.state === 'draft') throw notFound('such connection')
      return full
    },
    withRoom: async (sheet, use) => {
      if ((await catalog.sheet(sheet)) === undefined) throw notFound('such sheet')
      const { room, release } = await hub.open(sheet as SheetId)
      try {
        return await use(room)
      } finally {
        await release()
      }
    },
  }
}

/** What the app last told of a connection. @throws ApiProblem 409 before the first field refresh */
export function described({ connection: { description } }: FullConnection): ObjectDescription {
  if (description !== undefined) return description
  throw new ApiProblem({
    status: 409,
    code: 'not-described',
    message: 'The fields of this connection are not known yet.',
    advice: 'Refresh the fields first.',
  })
}

/** @throws ApiProblem where nothing may leave for this connection */
export function assertOn(full: FullConnection): void {
  if (full.isSheetDeleted)
    throw new ApiProblem({
      status: 409,
      code: 'sheet-deleted',
      message: 'The sheet of this connection is deleted.',
      advice: 'Nothing was sent. Bring the sheet back from the list of sheets, then try again; staged edits are kept.',
    })
  if (!full.integration.isOn) throw new SyncError('paused', `${appName(full)} is switched off.`)
  if (isOn(full)) return
  throw new ApiProblem({
    status: 409,
    code: 'paused',
    message: 'This connection is paused.',
    advice: 'Nothing was sent. Resume it in its menu, then try again; staged edits are kept.',
  })
}
