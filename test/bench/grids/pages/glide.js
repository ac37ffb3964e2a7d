import '@glideapps/glide-data-grid/dist/index.css'
import { DataEditor, GridCellKind } from '@glideapps/glide-data-grid'
import { createElement, useCallback, useMemo, useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { byValue, fetchRows, findScroller, inTown } from './common.js'

const data = await fetchRows()
const columns = data.columns.map(({ key, name, width }) => ({ id: key, title: name, width }))
/** What was drawn last in the first column: a canvas tells nobody. */
const drawn = new Map()
let set
let editor

function Page() {
  const [state, setState] = useState({ rows: data.rows, isSorted: false, town: undefined })
  set = setState
  editor = useRef(null)
  const rows = useMemo(() => {
    const kept = state.town === undefined ? state.rows : state.rows.filter(inTown(state.town))
    return state.isSorted ? [...kept].sort(byValue) : kept
  }, [state])
  const getCellContent = useCallback(
    ([column, row]) => {
      const value = rows[row]?.[`c${column}`]
      if (column === 0) drawn.set(row, String(value))
      return typeof value === 'number'
        ? { kind: GridCellKind.Number, data: value, displayData: String(value), allowOverlay: true }
        : { kind: GridCellKind.Text, data: value ?? '', displayData: value ?? '', allowOverlay: true }
    },
    [rows],
  )
  return createElement(DataEditor, {
    ref: editor,
    columns,
    rows: rows.length,
    getCellContent,
    rowHeight: 32,
    headerHeight: 40,
    width: '100%',
    height: '100%',
    smoothScrollX: true,
    smoothScrollY: true,
  })
}
createRoot(document.getElementById('root')).render(createElement(Page))
window.grid = {
  isCanvas: true,
  seen: (row) => drawn.get(row) ?? '',
  scroller: () => findScroller(),
  edit: (row, text) => {
    data.rows[row].c0 = text
    editor.current?.updateCells([{ cell: [0, row] }])
  },
  sort: (isSorted) => set((state) => ({ ...state, isSorted })),
  filter: (town) => set((state) => ({ ...state, town })),
}
