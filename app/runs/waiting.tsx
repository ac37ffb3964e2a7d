import { useEffect, useState } from 'react'
import type { AnswerOf, RunHead } from '../../server/api/contract.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { DataTable } from '../kit/facts.tsx'
import { Failure } from '../kit/message.tsx'
import { TEXTS } from '../texts.ts'

export interface WaitingProps {
  readonly run: Pick<RunHead, 'id' | 'about'>
  readonly shown: (field: string, value: CellValue) => string
  /** It was confirmed or dropped: what is shown of the run is to be fetched anew. */
  readonly onDecided: () => void
}

/** What a run that waits would change, with samples, and the two ways on. */
export function Waiting({ run, shown, onDecided }: WaitingProps) {
  const [waiting, setWaiting] = useState<AnswerOf<'getWaiting'>>()
  const [error, setError] = useState<unknown>()
  const [isDeciding, setDeciding] = useState(false)
  const T = TEXTS.log.waiting
  useEffect(() => {
    const leaving = new AbortController()
    callApi('getWaiting', { params: { id: run.id } }, { signal: leaving.signal }).then(
      setWaiting,
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => leaving.abort()
  }, [run.id])
  const decide = async (call: Promise<unknown>): Promise<void> => {
    setDeciding(true)
    setError(undefined)
    try {
      await call
      onDecided()
    } catch (failure) {
      setError(failure)
    } finally {
      setDeciding(false)
    }
  }
  return (
    <div className="grid gap-3">
      {waiting === undefined && error === undefined && <p className="m-0 text-ink-3">{TEXTS.runs.loading}</p>}
      {waiting !== undefined && (
        <>
          <p className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">
            {T.text(waiting.rows, waiting.linked, waiting.cells)}
          </p>
          <div className="flex flex-wrap items-center gap-2">
            <Button look="primary" isDisabled={isDeciding} onPress={() => void decide(callApi('confirmRun', { params: { id: run.id } }))}>
              {T.confirm(waiting.cells)}
            </Button>
            <Button isDisabled={isDeciding} onPress={() => void decide(callApi('cancelRun', { params: { id: run.id } }))}>
              {T.cancel}
            </Button>
            <span className="hint">{T.cancelHint}</span>
          </div>
          <h3 className="m-0 text-xs font-semibold text-ink-2">{T.sample(waiting.sample.length, waiting.cells)}</h3>
          <DataTable caption={T.look} heads={[TEXTS.runs.column.record, TEXTS.runs.column.field, T.before, T.after]}>
            {waiting.sample.map((cell) => (
              <tr key={`${cell.row}:${cell.field}`}>
                <th scope="row" className="font-medium!">
                  {cell.recordKey}
                </th>
                <td>{cell.fieldName}</td>
                <td className="max-w-60 break-words">{shown(cell.field, cell.before)}</td>
                <td className="max-w-60 break-words">{shown(cell.field, cell.after)}</td>
              </tr>
            ))}
          </DataTable>
        </>
      )}
      <Failure error={error} />
    </div>
  )
}
