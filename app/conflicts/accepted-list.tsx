import { useEffect, useState } from 'react'
import { acceptedOnSheet } from '../../workbook/accepted-kinds.ts'
import { DIFFERENCE } from '../../workbook/cell-status.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'

type Accepted = ReturnType<typeof acceptedOnSheet>

/** What is always accepted on the fields of a sheet, as the document says it now. */
export function useAccepted(sheet: Sheet): Accepted {
  const [accepted, setAccepted] = useState<Accepted>([])
  useEffect(() => {
    const read = (): void => {
      const found = acceptedOnSheet(sheet)
      setAccepted((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found))
    }
    read()
    return sheet.onChange(({ isFields }) => {
      if (isFields) read()
    })
  }, [sheet])
  return accepted
}

export interface AcceptedListProps {
  readonly sheet: Sheet
  readonly connection: string
  readonly isOnline: boolean
  readonly times: Times
  readonly nameOf: (person: string) => string
}

/** Kinds of difference that are always accepted on a connection's fields: who said so, when, and the way back. */
export function AcceptedList({ sheet, connection, isOnline, times, nameOf }: AcceptedListProps) {
  const accepted = useAccepted(sheet).filter(({ field }) => sheet.field(field)?.binding?.connection === connection)
  const [error, setError] = useState<unknown>()
  const T = TEXTS.conflicts.accepted
  if (accepted.length === 0) return null
  return (
    <div className="mt-3">
      <h3 className="m-0 mb-1 text-xs font-semibold text-ink-2">
        {T.title} · {accepted.length}
      </h3>
      <ul className="m-0 grid list-none gap-0.5 p-0 text-xs">
        {accepted.map(({ field, accepted: { kind, by, at } }) => {
          const name = sheet.field(field)?.name ?? field
          return (
            <li key={`${field}:${kind}`} className="flex min-h-7 items-center gap-2">
              <span className="min-w-0 flex-1">
                {T.line(DIFFERENCE[kind], name)}{' '}
                <small className="text-ink-3">{T.by(by === '' ? '' : nameOf(by), at === 0 ? '' : times.moment(at))}</small>
              </span>
              <Button
                isSmall
                look="ghost"
                isDisabled={!isOnline}
                aria-label={T.stopLabel(DIFFERENCE[kind], name)}
                onPress={() => {
                  setError(undefined)
                  callApi('removeAccepted', { params: { id: connection, field, kind } }).catch(setError)
                }}
              >
                {T.stop}
              </Button>
            </li>
          )
        })}
      </ul>
      <Failure error={error} />
    </div>
  )
}
