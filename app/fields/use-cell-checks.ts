import { useCallback, useEffect, useMemo, useState } from 'react'
import type { CellValue } from '../../workbook/cell-value.ts'
import { invalidReason } from '../../workbook/field-rules.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { TEXTS } from '../texts.ts'
import { UniqueValues } from './unique-values.ts'

/** Why a cell's value is not what its field should hold. The answer is another function when other cells may be marked. */
export function useCellChecks(sheet: Sheet, formats: ValueFormats): (field: Field, value: CellValue) => string | undefined {
  const [version, setVersion] = useState(0)
  const unique = useMemo(() => new UniqueValues(sheet, () => setVersion((v) => v + 1)), [sheet])
  useEffect(() => unique.start(), [unique])
  return useCallback(
    (field, value) => {
      const reason = invalidReason(field, value, formats)
      if (reason !== undefined || field.rules?.unique !== true || value === null || value === '') return reason
      return unique.isTwice(field.id, value) && version >= 0 ? TEXTS.fields.twice : undefined
    },
    [unique, formats, version],
  )
}
