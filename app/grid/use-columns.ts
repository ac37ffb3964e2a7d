import { useCallback, useMemo, useState } from 'react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { type Band, bandsOf, type GridColumn, placeColumns } from './columns.ts'

export const NARROWEST = 56
export const WIDEST = 900
/** One press of a key makes a column so much wider or narrower, in pixels. */
export const WIDTH_STEP = 16

export const widthWithin = (width: number): number => Math.round(Math.max(NARROWEST, Math.min(WIDEST, width)))

export interface GridColumns {
  readonly columns: readonly GridColumn[]
  readonly bands: readonly Band[]
  /** The field whose width is being dragged. */
  readonly resizing: FieldId | undefined
  /** Shows a width while it is dragged; it is written once, at the end. */
  readonly showWidth: (field: FieldId, width: number) => void
  readonly keepWidth: (field: FieldId, width: number) => void
}

/** The fields as columns, with the width of one that is being dragged. */
export function useColumns(options: {
  readonly fields: readonly Field[]
  readonly frozen: number
  readonly viewWidth: number
  readonly onResized: (field: FieldId, width: number) => void
}): GridColumns {
  const { fields, frozen, viewWidth, onResized } = options
  const [dragged, setDragged] = useState<{ readonly field: FieldId; readonly width: number }>()
  const bands = useMemo(() => bandsOf(fields), [fields])
  const columns = useMemo(() => {
    const widths = new Map(fields.map((field) => [field.id, field.width]))
    const widthOf = (id: FieldId): number => (dragged?.field === id ? dragged.width : (widths.get(id) ?? NARROWEST))
    return placeColumns(fields, widthOf, frozen, viewWidth)
  }, [fields, dragged, frozen, viewWidth])
  const showWidth = useCallback((field: FieldId, width: number) => setDragged({ field, width: widthWithin(width) }), [])
  const keepWidth = (field: FieldId, width: number): void => {
    onResized(field, widthWithin(width))
    setDragged(undefined)
  }
  return { columns, bands, resizing: dragged?.field, showWidth, keepWidth }
}
