const ADDRESS = /^\/w\/([0-9A-Za-z]{1,32})(?:\/([0-9A-Za-z]{1,32}))?\/?$/u

/** What an address of the app shows: a workbook, and the sheet where it says which. */
export interface WorkbookAddress {
  readonly workbook: string
  readonly sheet: string | undefined
}

/** Reads `/w/<workbook>/<sheet>`, `/w/<workbook>?sheet=<sheet>` and `/w/<workbook>`; `undefined` for any other address. */
export function parseAddress({ pathname, search }: Pick<URL, 'pathname' | 'search'>): WorkbookAddress | undefined {
  const [, workbook, sheet] = ADDRESS.exec(pathname) ?? []
  if (workbook === undefined) return undefined
  return { workbook, sheet: sheet ?? new URLSearchParams(search).get('sheet') ?? undefined }
}

/** The address of a sheet, with what else the one before asked for but a row of another sheet. */
export function sheetAddress(href: string, { workbook, sheet }: { readonly workbook: string; readonly sheet: string }): string {
  const url = new URL(href)
  url.pathname = `/w/${workbook}/${sheet}`
  url.searchParams.delete('sheet')
  url.searchParams.delete('row')
  return `${url.pathname}${url.search}`
}
