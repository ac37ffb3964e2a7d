import { defineCustomElements } from '@revolist/revogrid/loader'
import { fetchRows, findScroller, seenText } from './common.js'

defineCustomElements()
const { columns, rows } = await fetchRows()
const grid = document.createElement('revo-grid')
grid.style.height = '100%'
grid.rowSize = 32
grid.theme = 'default'
grid.filter = true
grid.columns = columns.map(({ key, name, width }) => ({ prop: key, name, size: width, sortable: true }))
grid.source = rows
document.getElementById('root').append(grid)
window.grid = {
  seen: (row) => seenText(grid.querySelector('revogr-header')?.getBoundingClientRect().bottom ?? 45, row),
  scroller: () => findScroller(),
  edit: (row, text) => grid.setDataAt({ row, col: 0, val: text }),
  sort: (isSorted) =>
    isSorted ? grid.updateColumnSorting({ prop: 'c1', cellCompare: (prop, a, b) => a[prop] - b[prop] }, 'asc', false) : grid.clearSorting(),
  filter: (town) => {
    grid.filter = town === undefined ? {} : { multiFilterItems: { c2: [{ id: 0, type: 'eq', value: town, relation: 'and' }] } }
  },
}
