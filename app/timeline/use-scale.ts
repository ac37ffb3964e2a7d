import { useCallback, useState } from 'react'
import type { SheetId } from '../../workbook/ids.ts'
import { isScale, type Scale } from './scale.ts'

const keyOf = (sheet: SheetId): string => `tidebook.timeline|${sheet}`

function keptScale(sheet: SheetId): Scale {
  const kept = localStorage.getItem(keyOf(sheet))
  return isScale(kept) ? kept : 'week'
}

/** The scale in which a sheet's time was last looked at on this device. */
export function useScale(sheet: SheetId): readonly [Scale, (scale: Scale) => void] {
  const [scale, setScale] = useState(() => keptScale(sheet))
  const keep = useCallback(
    (next: Scale): void => {
      setScale(next)
      try {
        localStorage.setItem(keyOf(sheet), next)
      } catch (error) {
        // A full or locked store: the scale holds for as long as this window is open.
        if (!(error instanceof DOMException)) throw error
      }
    },
    [sheet],
  )
  return [scale, keep]
}
