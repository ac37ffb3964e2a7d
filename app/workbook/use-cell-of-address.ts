import { useEffect, useRef } from 'react'
import type { GoToCell } from './use-go-to-cell.ts'

const CELL = /^([0-9A-Za-z]{1,32})\.([0-9A-Za-z]{1,32})$/u

/** `?cell=<row>.<field>`: the cell that a link from elsewhere is about; gone to once, and left out of the address from then on. */
export function useCellOfAddress(sheet: string, goToCell: GoToCell): void {
  const isDone = useRef(false)
  useEffect(() => {
    if (isDone.current) return
    isDone.current = true
    const url = new URL(window.location.href)
    const [, row, field] = CELL.exec(url.searchParams.get('cell') ?? '') ?? []
    if (row === undefined || field === undefined) return
    url.searchParams.delete('cell')
    window.history.replaceState(window.history.state, '', `${url.pathname}${url.search}`)
    goToCell(sheet, row, field)
  }, [sheet, goToCell])
}
