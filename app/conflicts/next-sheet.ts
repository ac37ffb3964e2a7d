export interface NeedingSheet {
  readonly sheet: string
  readonly name: string
  readonly cells: number
}

/** The next sheet, in the order of the tabs and round the end, in which cells wait for a person; `undefined` where no other has any. */
export function nextSheetOf(
  sheets: readonly { readonly id: string; readonly name: string }[],
  counted: readonly NeedingSheet[],
  from: string,
  direction: 1 | -1,
): NeedingSheet | undefined {
  const at = sheets.findIndex(({ id }) => id === from)
  for (let step = 1; step < sheets.length; step++) {
    const sheet = sheets[(((at + step * direction) % sheets.length) + sheets.length) % sheets.length]
    const found = counted.find((one) => one.sheet === sheet?.id && one.cells > 0)
    if (sheet !== undefined && found !== undefined && sheet.id !== from) return { ...found, name: sheet.name }
  }
  return undefined
}
