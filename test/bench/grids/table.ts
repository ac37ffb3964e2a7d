import type { Figures } from './measure.ts'

interface Row {
  readonly name: string
  readonly unit: string
  readonly digits: number
  readonly of: (figures: Figures) => number | undefined
  readonly isMoreBetter?: true
}

const ROWS: readonly Row[] = [
  { name: 'open: first rows painted', unit: 'ms', digits: 0, of: (f) => f.open },
  { name: 'open: all rows in memory', unit: 'ms', digits: 0, of: (f) => f.openAll },
  { name: 'heap', unit: 'MB', digits: 0, of: (f) => f.heap },
  { name: 'slow scroll: frame p50', unit: 'ms', digits: 1, of: (f) => f.slowP50 },
  { name: 'slow scroll: frame p95', unit: 'ms', digits: 1, of: (f) => f.slowP95 },
  { name: 'slow scroll: rate', unit: 'frames/s', digits: 1, of: (f) => f.slowRate, isMoreBetter: true },
  { name: 'slow scroll: work a frame', unit: 'ms', digits: 1, of: (f) => f.slowWork },
  { name: 'fast scroll: frame p50', unit: 'ms', digits: 1, of: (f) => f.fastP50 },
  { name: 'fast scroll: frame p95', unit: 'ms', digits: 1, of: (f) => f.fastP95 },
  { name: 'fast scroll: rate', unit: 'frames/s', digits: 1, of: (f) => f.fastRate, isMoreBetter: true },
  { name: 'fast scroll: work a frame', unit: 'ms', digits: 1, of: (f) => f.fastWork },
  { name: 'fast scroll: blank area', unit: '%', digits: 1, of: (f) => f.blank && f.blank * 100 },
  { name: 'edit to paint', unit: 'ms', digits: 1, of: (f) => f.edit },
  { name: 'edit: work', unit: 'ms', digits: 1, of: (f) => f.editWork },
  { name: 'sort by a number', unit: 'ms', digits: 0, of: (f) => f.sort },
  { name: 'filter by a text', unit: 'ms', digits: 0, of: (f) => f.filter },
]

/** The figures side by side; behind each what it is of the best of the others that draw with elements, and of all for the canvas. */
export function tableOf(figures: ReadonlyMap<string, Figures>, ours: string): string {
  const names = [...figures.keys()]
  const dom = names.filter((name) => name !== 'glide')
  const lines = ROWS.map(({ name, unit, digits, of, isMoreBetter }) => {
    const figureOf = (grid: string): number | undefined => {
      const found = figures.get(grid)
      return found && of(found)
    }
    const values = dom.flatMap((grid) => figureOf(grid) ?? [])
    const best = isMoreBetter ? Math.max(...values) : Math.min(...values)
    const cells = names.map((grid) => {
      const value = figureOf(grid)
      if (value === undefined) return '–'
      const ratio = best === 0 ? '' : ` (${(value / best).toFixed(2)})`
      return `${value.toFixed(digits)}${ratio}`
    })
    return [`${name}, ${unit}`, ...cells]
  })
  const head = ['', ...names.map((name) => (name === ours ? 'Tidebook' : name))]
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i]?.length ?? 0)))
  const textOf = (line: readonly string[]): string => `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [
    textOf(head),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...lines.map(textOf),
    '',
    'In brackets: times the best grid that draws with elements.',
  ].join('\n')
}
