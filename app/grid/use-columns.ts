import { type ColumnDef, columnResizingFeature, columnSizingFeature, type Header, tableFeatures, useTable } from '@tanstack/react-table'
import { useEffect, useMemo, useRef } from 'react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { type Band, bandsOf, type GridColumn, placeColumns, shownFields } from './columns.ts'

const FEATURES = tableFeatures({ columnSizingFeature, columnResizingFeature })
/** The table is given columns only: which rows there are, the sheet knows. */
type NoRow = Record<string, never>
const NO_ROWS: NoRow[] = []

export type ColumnHeader = Header<typeof FEATURES, NoRow>

export interface GridColumns {
  readonly columns: readonly GridColumn[]
  readonly bands: readonly Band[]
  readonly headers: ReadonlyMap<string, ColumnHeader>
  readonly resizing: string | undefined
}

/** The sheet's columns with today's widths; a width that was dragged is written once the drag ends. */
export function useColumns(fields: readonly Field[], onResized: (field: FieldId, width: number) => void): GridColumns {
  const shown = useMemo(() => shownFields(fields), [fields])
  const bands = useMemo(() => bandsOf(shown), [shown])
  const definitions = useMemo(
    (): ColumnDef<typeof FEATURES, NoRow>[] =>
      shown.map((field) => ({ id: field.id, header: field.name, size: field.width, minSize: 56, maxSize: 900 })),
    [shown],
  )
  const table = useTable({ features: FEATURES, columns: definitions, data: NO_ROWS, columnResizeMode: 'onChange' })
  const { columnSizing } = table.state
  const resizing = table.state.columnResizing.isResizingColumn || undefined
  const before = useRef<string>(undefined)
  useEffect(() => {
    const ended = before.current
    before.current = resizing
    if (ended === undefined || resizing !== undefined) return
    const width = columnSizing[ended]
    if (width !== undefined) onResized(ended as FieldId, Math.round(width))
    table.resetColumnSizing(true)
  }, [resizing, columnSizing, onResized, table])
  const columns = useMemo(
    () => placeColumns(shown, (id) => columnSizing[id] ?? shown.find((field) => field.id === id)?.width ?? 160),
    [shown, columnSizing],
  )
  const headers = new Map(table.getHeaderGroups().flatMap((group) => group.headers.map((header) => [header.column.id, header] as const)))
  return { columns, bands, headers, resizing }
}
