import type { SheetId } from '../../workbook/ids.ts'
import { typedCells } from '../../workbook/replica.ts'
import { parseDocumentName } from '../../workbook/schema.ts'
import { deviceKey } from '../views/device-views.ts'
import { type DeviceStore, devicePrefix, openDeviceStore } from './device-store.ts'
import { tellForgotten, windowScope } from './open-windows.ts'
import type { WorkbookInfo } from './session-state.ts'
import { type LedgerStorage, unsentOnDevice } from './unsent-ledger.ts'

/** Where windows count what is unsent: behind it the person, the document and the window. */
export const UNSENT_KEY = 'tidebook.unsent|'
const INFO_KEY = 'workbook:'

/** Under which key a workbook's description is kept on this device. */
export const infoKey = (workbook: string): string => `${INFO_KEY}${workbook}`

/** A workbook this device keeps. */
export interface KeptWorkbook {
  readonly id: string
  readonly name: string
  readonly bytes: number
  /** Changes that the server has not confirmed. */
  readonly unsent: number
}

/** The workbooks whose documents this device keeps for a person, the largest first. */
export async function keptWorkbooks(store: DeviceStore, counts: LedgerStorage, person: string): Promise<readonly KeptWorkbook[]> {
  const infos = (await store.values(INFO_KEY)) as readonly WorkbookInfo[]
  const kept = await Promise.all(
    infos.map(async ({ id, name }) => ({
      id,
      name,
      bytes: await store.sizeOf(devicePrefix(person, id)),
      unsent: await unsentOf(store, counts, person, id),
    })),
  )
  return kept.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes)
}

/** How many changes of a workbook the server has not confirmed, of all windows, also closed ones. */
async function unsentOf(store: DeviceStore, counts: LedgerStorage, person: string, workbook: string): Promise<number> {
  const names = await unsentDocuments(store, person, workbook)
  return names.reduce((sum, name) => sum + unsentOnDevice(counts, `${UNSENT_KEY}${person}`, name), 0)
}

async function unsentDocuments(store: DeviceStore, person: string, workbook: string): Promise<readonly string[]> {
  const prefix = devicePrefix(person, workbook)
  return (await store.unsent(prefix)).map(({ name }) => name.slice(prefix.length))
}

/** A workbook's unsent changes as text in JSON: the cells to read, and every update as it was made. */
export async function exportUnsent(
  store: DeviceStore,
  person: string,
  workbook: { id: string; name: string },
  now: number,
): Promise<string> {
  const prefix = devicePrefix(person, workbook.id)
  const documents = (await store.unsent(prefix)).map(({ name, updates }) => {
    const { cells, others } = typedCells(updates)
    const sheet = parseDocumentName(name.slice(prefix.length))
    return {
      document: name.slice(prefix.length),
      ...(sheet !== undefined && 'sheet' in sheet && { sheet: sheet.sheet }),
      cells,
      otherChanges: others,
      updates: updates.map(base64),
    }
  })
  return JSON.stringify({ workbook: { id: workbook.id, name: workbook.name }, exportedAt: new Date(now).toISOString(), documents }, null, 2)
}

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

/** Forgets a workbook on this device, in every window. What was not sent is gone with it. */
export async function forgetWorkbook(counts: LedgerStorage, person: string, workbook: string): Promise<void> {
  await tellForgotten(windowScope(person, workbook))
  const store = await openDeviceStore()
  try {
    const prefix = devicePrefix(person, workbook)
    const documents = await unsentDocuments(store, person, workbook)
    const infos = (await store.values(INFO_KEY)) as readonly WorkbookInfo[]
    // Personal views and unsaved changes of shared ones: a filter says something of the data.
    for (const sheet of infos.find(({ id }) => id === workbook)?.sheets ?? []) counts.removeItem(deviceKey(person, sheet.id as SheetId))
    await store.forget(prefix)
    await store.remove(infoKey(workbook))
    for (const document of documents) dropCounts(counts, person, document)
  } finally {
    store.close()
  }
}

/** Removes every window's count of what a document left unsent. */
export function dropCounts(counts: LedgerStorage, person: string, document: string): void {
  const lead = `${UNSENT_KEY}${person}|${document}|`
  const keys = Array.from({ length: counts.length }, (_, i) => counts.key(i)).filter((key) => key?.startsWith(lead))
  for (const key of keys) if (key !== null) counts.removeItem(key)
}
