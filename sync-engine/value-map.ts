import type { CellValue } from '../workbook/cell-value.ts'

/**
 * What options of an app are called in the workbook, one pair an option. An option that no pair names goes as it is, both ways. No two pairs
 * name the same option of the app, nor the same value of the workbook: what goes out comes back as it was.
 */
export type ValueMap = readonly { readonly app: string; readonly workbook: string }[]

/** What the workbook shows for a value of the app. */
export const toWorkbook = (map: ValueMap | undefined, value: CellValue): CellValue =>
  map?.find((pair) => pair.app === value)?.workbook ?? value

/** What the app is sent for a value of the workbook. */
export const toApp = (map: ValueMap | undefined, value: CellValue): CellValue => map?.find((pair) => pair.workbook === value)?.app ?? value

/** Why a map cannot be kept, in words a person reads; `undefined` where it can. */
export function problemOfValueMap(map: ValueMap, options: readonly { readonly name: string }[] | undefined): string | undefined {
  const apps = new Set<string>()
  const workbooks = new Set<string>()
  for (const { app, workbook } of map) {
    if (app === '' || workbook.trim() === '') return 'A pair needs the app’s value and the workbook’s.'
    if (apps.has(app)) return `“${app}” is mapped twice.`
    if (workbooks.has(workbook)) return `Two options would both be shown as “${workbook}”.`
    apps.add(app)
    workbooks.add(workbook)
  }
  // A value that stays as it is would be taken for the one that was renamed to it.
  const clash = map.find(({ app, workbook }) => app !== workbook && !apps.has(workbook) && options?.some((o) => o.name === workbook))
  return clash && `“${clash.workbook}” is an option of its own in the app; map that one to another name first.`
}
