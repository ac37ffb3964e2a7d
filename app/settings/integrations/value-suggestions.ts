import { nearestOption } from '../../../workbook/nearest-option.ts'

export interface ValuePair {
  readonly app: string
  readonly workbook: string
}

/** Values of the sheets that are neither an option of the app nor what one is called here: a push of them is held. */
export function unknownValues(used: readonly string[], options: readonly { readonly name: string }[], map: readonly ValuePair[]): string[] {
  const known = new Set([...options.map((o) => o.name), ...map.map((pair) => pair.workbook)])
  return used.filter((value) => !known.has(value))
}

/** For values nobody knows: the option each probably means, each option once, in the order of the values. */
export function suggestPairs(
  used: readonly string[],
  options: readonly { readonly name: string; readonly retired?: boolean | undefined }[],
  map: readonly ValuePair[],
): readonly ValuePair[] {
  const taken = new Set(map.map((pair) => pair.app))
  const pairs: ValuePair[] = []
  for (const value of unknownValues(used, options, map)) {
    const free = options.filter((o) => !o.retired && !taken.has(o.name)).map(({ name }) => ({ name }))
    const near = nearestOption(free, value)
    if (near === undefined) continue
    taken.add(near)
    pairs.push({ app: near, workbook: value })
  }
  return pairs
}

/** Why what was entered cannot be kept: the name in question; `undefined` where it can. */
export function clashOf(
  map: readonly ValuePair[],
  options: readonly { readonly name: string }[],
): { readonly kind: 'twice' | 'taken'; readonly name: string } | undefined {
  const seen = new Set<string>()
  for (const { workbook } of map) {
    if (seen.has(workbook)) return { kind: 'twice', name: workbook }
    seen.add(workbook)
  }
  const mapped = new Set(map.map((pair) => pair.app))
  const taken = map.find(({ app, workbook }) => app !== workbook && !mapped.has(workbook) && options.some((o) => o.name === workbook))
  return taken && { kind: 'taken', name: taken.workbook }
}
