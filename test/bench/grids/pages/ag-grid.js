import { AllCommunityModule, createGrid, ModuleRegistry } from 'ag-grid-community'
import { fetchRows, findScroller, seenText } from './common.js'

ModuleRegistry.registerModules([AllCommunityModule])
const { columns, rows } = await fetchRows()
const api = createGrid(document.getElementById('root'), {
  rowData: rows,
  columnDefs: columns.map(({ key, name, width }, i) => ({
    field: key,
    headerName: name,
    width,
    filter: i === 2 ? 'agTextColumnFilter' : false,
  })),
  getRowId: ({ data }) => String(data.id),
  rowHeight: 32,
  headerHeight: 40,
  animateRows: false,
  suppressColumnMoveAnimation: true,
  suppressRowHoverHighlight: true,
})
window.grid = {
  seen: (row) => seenText(40, row),
  scroller: () => findScroller(),
  edit: (row, text) => api.getRowNode(String(row)).setDataValue('c0', text),
  sort: (isSorted) => api.applyColumnState({ state: isSorted ? [{ colId: 'c1', sort: 'asc' }] : [], defaultState: { sort: null } }),
  filter: (town) => api.setFilterModel(town === undefined ? null : { c2: { filterType: 'text', type: 'equals', filter: town } }),
}
