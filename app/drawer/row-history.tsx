import { useEffect, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import { showValue } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import type { Painter } from '../grid/scene.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'

type Line = AnswerOf<'getStory'>['story'][number] & { readonly field: Field }

export interface RowHistoryProps {
  readonly painter: Painter
  readonly row: RowId
  readonly fields: readonly Field[]
  readonly times: Times
  readonly isOnline: boolean
}

/** What happened to the cells of a row, newest first; asked for when somebody wants to see it. */
export function RowHistory(props: RowHistoryProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <section aria-label={TEXTS.drawer.history} className="grid gap-1.5">
      <h3 className="label m-0">{TEXTS.drawer.history}</h3>
      {isOpen ? (
        <Lines {...props} />
      ) : (
        <span>
          <Button isSmall isDisabled={!props.isOnline} onPress={() => setOpen(true)}>
            {TEXTS.drawer.showHistory}
          </Button>
        </span>
      )}
      {!props.isOnline && <p className="hint m-0">{TEXTS.drawer.historyOffline}</p>}
    </section>
  )
}

function Lines({ painter, row, fields, times }: RowHistoryProps) {
  const { sheet, formats } = painter
  const [lines, setLines] = useState<readonly Line[]>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    const leaving = new AbortController()
    const ask = async (field: Field): Promise<readonly Line[]> => {
      const { story } = await callApi('getStory', { params: { sheet: sheet.id, row, field: field.id } }, { signal: leaving.signal })
      return story.map((line) => ({ ...line, field }))
    }
    Promise.all(fields.map(ask)).then(
      (stories) => setLines(stories.flat().sort((a, b) => b.at - a.at)),
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => leaving.abort()
  }, [sheet, row, fields])
  if (error !== undefined) return <Failure error={error} />
  if (lines === undefined) return <p className="hint m-0">{TEXTS.story.loading}</p>
  if (lines.length === 0) return <p className="m-0 text-ink-2">{TEXTS.drawer.noHistory}</p>
  return (
    <ol className="m-0 grid list-none p-0">
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two lines of one moment may be alike; the list is never reordered
        <li key={`${line.field.id}:${line.at}:${i}`} className="grid grid-cols-[88px_1fr] gap-2 border-b border-line-2 py-1 last:border-0">
          <time className="hint" dateTime={new Date(line.at).toISOString()}>
            {times.moment(line.at)}
          </time>
          <span className="min-w-0 break-words">
            <b className="font-semibold">{line.byName}</b> <span className="text-ink-2">{TEXTS.story.kind[line.kind]}</span>{' '}
            {line.field.name}:{' '}
            <span dir="auto">{line.value === null ? TEXTS.grid.cellEmpty : showValue(line.field, line.value, formats)}</span>
          </span>
        </li>
      ))}
    </ol>
  )
}
