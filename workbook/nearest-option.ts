import type { Option } from './fields.ts'

const fold = (text: string): string => text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase()

/** The option a mistyped value most likely meant: within a third of its letters, or the only one it begins; `undefined` where none is near. */
export function nearestOption(options: readonly Pick<Option, 'name' | 'retired'>[], value: string): string | undefined {
  const wanted = fold(value)
  if (wanted === '') return undefined
  const furthest = Math.max(1, Math.floor(wanted.length / 3))
  let best: { name: string; distance: number } | undefined
  for (const { name, retired } of options) {
    if (retired) continue
    const folded = fold(name)
    // Each letter more or less is one to insert; a letter is one or two units.
    if (folded.length > 2 * (wanted.length + furthest) || wanted.length > 2 * (folded.length + furthest)) continue
    const distance = editDistance(wanted, folded)
    if (best === undefined || distance < best.distance) best = { name, distance }
  }
  if (best && best.distance <= furthest) return best.name
  const begun = options.filter((option) => !option.retired && fold(option.name).startsWith(wanted))
  return begun.length === 1 ? begun[0]?.name : undefined
}

/** Letters to insert, remove, replace or swap with their neighbour to make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  const from = [...a]
  const to = [...b]
  let before: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(previous, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? at(before, j - 2) + 1 : replaced
      row.push(Math.min(replaced, swapped, at(previous, j) + 1, at(row, j - 1) + 1))
    }
    before = previous
    previous = row
  }
  return at(previous, to.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY
