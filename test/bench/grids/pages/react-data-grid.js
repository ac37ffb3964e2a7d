import 'react-data-grid/lib/styles.css'
import { createElement, useMemo, useState } from 'react'
import { DataGrid } from 'react-data-grid'
import { createRoot } from 'react-dom/client'
import { byValue, fetchRows, findScroller, inTown, seenText } from './common.js'

const data = await fetchRows()
const columns = data.columns.map(({ key, name, width }) => ({ key, name, width, sortable: true, frozen: false }))
const rowKeyGetter = (row) => row.id
let set

function Page() {
  const [state, setState] = useState({ rows: data.rows, isSorted: false, town: undefined })
  set = setState
  const rows = useMemo(() => {
    const kept = state.town === undefined ? state.rows : state.rows.filter(inTown(state.town))
    return state.isSorted ? [...kept].sort(byValue) : kept
  }, [state])
  return createElement(DataGrid, {
    columns,
    rows,
    rowKeyGetter,
    rowHeight: 32,
    headerRowHeight: 40,
    className: 'rdg-light',
    style: { blockSize: '100%' },
  })
}
createRoot(document.getElementById('root')).render(createElement(Page))

window.grid = {
  seen: (row) => seenText(40, row),
  scroller: () => findScroller(),
  edit: (row, text) =>
    set((state) => {
      const rows = [...state.rows]
      rows[row] = { ...rows[row], c0: text }
      return { ...state, rows }
    }),
  sort: (isSorted) => set((state) => ({ ...state, isSorted })),
  filter: (town) => set((state) => ({ ...state, town })),
}
