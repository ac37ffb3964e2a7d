import type { AnswerOf } from '../../server/api/contract.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import { callApi } from '../api-client.ts'
import { type Check, convertRows, type FilePlan } from './import-plan.ts'
import type { Turns } from './read-file.ts'

export type ImportStatus = AnswerOf<'getImport'>

/** Rows in one request, and text: the server takes 16 MiB, of which a letter may take six bytes. UTF-16 units */
const CHUNK_ROWS = 1_000
const CHUNK_LENGTH = 1_000_000
/** What is reckoned for a value that is no text. */
const VALUE_LENGTH = 24
/** Between two questions how far the server is. ms */
const LOOK_MS = 250

export interface Sending {
  readonly workbook: string
  readonly sheet: string
  readonly newSheet: string | undefined
  readonly name: string
  readonly plan: FilePlan
  readonly check: Check
  readonly formats: ValueFormats
  readonly turns: Turns
  readonly wait: (ms: number) => Promise<void>
  readonly onStep: (step: { readonly kind: 'uploading' | 'writing' | 'undoing'; readonly done: number; readonly total: number }) => void
}

type Column = { field: string } | { name: string; type: 'text'; options: { id: string; name: string }[]; currency?: string }

/** The columns as the server asks for them. */
function columnsOf({ plan, check }: Sending): Column[] {
  return plan.choices.flatMap(({ name, target, currency }, i): Column[] => {
    if (target.kind === 'skip') return []
    if (target.kind === 'field') return [{ field: target.field.id }]
    const options = (check.options[i] ?? []).map((option) => ({ id: option.id, name: option.name }))
    const money = target.type === 'currency' && currency !== undefined ? { currency } : {}
    return [{ name, type: target.type as 'text', options, ...money }]
  })
}

/**
 * Uploads the rows of a file and has them written. Stopped before all are there it leaves nothing behind; stopped later, the server takes
 * out what it wrote.
 * @throws ApiFailure
 */
export async function sendImport(sending: Sending): Promise<ImportStatus> {
  const { workbook, sheet, newSheet, name, check, turns, onStep } = sending
  const { id } = await callApi('startImport', {
    params: { id: workbook, sheet },
    body: { name, columns: columnsOf(sending), rows: check.rowCount, ...(newSheet !== undefined && { newSheet }) },
  })
  try {
    await uploadRows(sending, id)
  } catch (error) {
    // What was uploaded is no part of the sheet; where not even this is heard, the server drops it by itself.
    await callApi('cancelImport', { params: { id } }).catch(() => undefined)
    if (turns.signal.aborted) return callApi('getImport', { params: { id } })
    throw error
  }
  let status = await callApi('commitImport', { params: { id } })
  let isStopping = false
  while (status.state === 'writing' || status.state === 'undoing') {
    onStep({ kind: status.state, done: status.written, total: status.rows })
    if (turns.signal.aborted && !isStopping) {
      isStopping = true
      // Done in the very moment: then it stays, and can be undone.
      await callApi('cancelImport', { params: { id } }).catch(() => undefined)
    } else await sending.wait(LOOK_MS)
    status = await callApi('getImport', { params: { id } })
  }
  return status
}

async function uploadRows({ plan, check, formats, turns, onStep }: Sending, id: string): Promise<void> {
  let chunk = 0
  let sent = 0
  let rows: CellValue[][] = []
  let length = 0
  const put = async (): Promise<void> => {
    turns.signal.throwIfAborted()
    await callApi('addImportRows', { params: { id }, body: { chunk, rows } })
    chunk++
    sent += rows.length
    rows = []
    length = 0
    onStep({ kind: 'uploading', done: sent, total: check.rowCount })
  }
  await convertRows(plan, check, formats, turns, (values) => {
    rows.push([...values])
    for (const value of values) length += typeof value === 'string' ? value.length : VALUE_LENGTH
    return rows.length === CHUNK_ROWS || length >= CHUNK_LENGTH ? put() : undefined
  })
  if (rows.length > 0) await put()
  turns.signal.throwIfAborted()
}
