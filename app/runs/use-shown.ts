import { useMemo } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { makeValueFormats, showValue } from '../../workbook/field-values.ts'
import { describedAs } from '../sync-panel/survey.ts'
import { TEXTS } from '../texts.ts'

/** A field's values as a person reads them: people by name, times in their own zone; names of options as the app spelt them. */
export function useShown(connection: ConnectionInfo | undefined): (field: string, value: CellValue) => string {
  return useMemo(() => {
    const formats = makeValueFormats({
      locale: navigator.language,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      now: Date.now,
    })
    const fields = new Map((connection && describedAs(connection)?.fields)?.map((field) => [field.id, field]))
    const externals = new Map(connection?.fields.map(({ field, external }) => [field, external]))
    return (field, value) => {
      if (value === null || value === '') return TEXTS.grid.cellEmpty
      const described = fields.get(externals.get(field) ?? '')
      if (described === undefined || described.type === 'single-select') return String(value)
      return showValue({ type: described.type, options: described.options ?? [] }, value, formats)
    }
  }, [connection])
}

/** A field's name in the app, as far as the connection's description knows it. */
export const externalName = (connection: ConnectionInfo | undefined, external: string): string =>
  (connection && describedAs(connection)?.fields.find(({ id }) => id === external)?.name) ?? external
