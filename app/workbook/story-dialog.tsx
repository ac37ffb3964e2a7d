import { useEffect, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import { showValue } from '../../workbook/field-values.ts'
import { callApi } from '../api-client.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from './open-dialog.ts'
import { rowNameOf } from './row-name.ts'

type Story = AnswerOf<'getStory'>['story']

/** Who typed what when, which run sent it, what the app answered. */
export function StoryDialog({ cell, painter, times, onClose }: DialogsProps & { readonly cell: CellId }) {
  const { sheet, formats } = painter
  const [story, setStory] = useState<Story>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    const leaving = new AbortController()
    const params = { sheet: sheet.id, row: cell.row, field: cell.field }
    callApi('getStory', { params }, { signal: leaving.signal }).then(
      (answer) => setStory(answer.story),
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => leaving.abort()
  }, [sheet, cell])
  const field = sheet.field(cell.field)
  if (field === undefined) return null
  const index = sheet.rows().indexOf(cell.row)
  const row = rowNameOf(sheet.fields(), (f) => sheet.cell(cell.row, f.id).value, index)
  return (
    <Modal isOpen onClose={onClose} title={TEXTS.story.title(`${row} · ${field.name}`)} width={560}>
      {story === undefined && error === undefined && <p className="m-0 text-ink-3">{TEXTS.story.loading}</p>}
      {story?.length === 0 && <p className="m-0 text-ink-2">{TEXTS.story.empty}</p>}
      <Failure error={error} />
      <ol className="m-0 grid list-none gap-0 p-0">
        {story?.map((line, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two lines of one moment may be alike; the list is never reordered
          <li key={`${line.at}:${line.kind}:${i}`} className="grid grid-cols-[96px_1fr] gap-3 border-b border-line-2 py-2 last:border-0">
            <time className="text-ink-3" dateTime={new Date(line.at).toISOString()}>
              {times.moment(line.at)}
            </time>
            <span>
              <b className="font-semibold">{line.byName}</b> <span className="text-ink-2">{TEXTS.story.kind[line.kind]}</span>{' '}
              <span className="font-medium">{line.value === null ? TEXTS.grid.cellEmpty : showValue(field, line.value, formats)}</span>
              {line.note !== null && <span className="block text-ink-2">{line.note}</span>}
              <span className="flex gap-3 text-xs text-ink-3">
                {line.device !== null && <span>{line.device}</span>}
                {line.run !== null && <a href={`/runs/${line.run}`}>{TEXTS.runs.column.run}</a>}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </Modal>
  )
}
