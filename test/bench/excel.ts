import { checkFile, proposeColumns } from '../../app/files/import-plan.ts'
import { inspectFile, type Turns } from '../../app/files/read-file.ts'
import { excelFile } from '../../workbook/excel-rows.ts'
import { makeValueFormats } from '../../workbook/field-values.ts'
import type { FieldType } from '../../workbook/fields.ts'

/** An Excel file of 100,000 rows of 10, written and read as a page does: `node test/bench/excel.ts`. */
const ROWS = 100_000
const TYPES: readonly FieldType[] = ['text', 'number', 'currency', 'date', 'date-time', 'checkbox', 'text', 'percent', 'email', 'long-text']
const fields = TYPES.map((type, i) => ({ id: String(i), name: `Column ${i}`, type, options: [] }))
const clock = makeValueFormats({ locale: 'de-DE', timeZone: 'Europe/Berlin', now: Date.now })

const sampleOf = (row: number, { id }: { id: string }) =>
  [
    `Task number ${row}`,
    row * 1.5,
    row / 100,
    '2026-11-21',
    `2026-11-21T10:${String(row % 60).padStart(2, '0')}:00.000Z`,
    row % 2 === 0,
    `State ${row % 7}`,
    (row % 100) / 100,
    `ann.${row}@example.com`,
    `A somewhat longer text of row ${row} & what is <known> of it`,
  ][Number(id)] ?? null

let longest = 0
let last = 0
let heap = 0
const pause = async (): Promise<void> => {
  longest = Math.max(longest, performance.now() - last)
  heap = Math.max(heap, process.memoryUsage().heapUsed)
  await new Promise((resolve) => setImmediate(resolve))
  last = performance.now()
}
const turns: Turns = { now: () => performance.now(), pause, signal: new AbortController().signal, onProgress: () => undefined }

async function timed<T>(what: string, job: () => Promise<T>): Promise<T> {
  ;[longest, heap, last] = [0, 0, performance.now()]
  const started = performance.now()
  const made = await job()
  const seconds = (performance.now() - started) / 1000
  process.stdout.write(
    `${what}: ${seconds.toFixed(1)} s, longest turn ${longest.toFixed(0)} ms, heap at most ${Math.round(heap / 1024 / 1024)} MB\n`,
  )
  return made
}

const rows = Array.from({ length: ROWS }, (_, i) => i)
const file = await timed(`writing ${ROWS} rows of ${fields.length}`, async () => {
  const parts: Blob[] = []
  for await (const piece of excelFile(rows, fields, sampleOf, { sheetName: 'Bench', clock }).bytes) {
    parts.push(new Blob([piece]))
    if (performance.now() - last > 10) await pause()
  }
  return new Blob(parts)
})
process.stdout.write(`${(file.size / 1024 / 1024).toFixed(1)} MB\n`)
const found = await timed('looking at all of it', () =>
  inspectFile(file, {}, { numbers: { decimal: ',', group: '.' }, dates: 'dmy' }, turns),
)
if (!('kind' in found)) {
  const choices = proposeColumns(found, [], true)
  let made = 0
  const plan = { file, format: found.format, choices, takesApostrophes: false, people: [] }
  await timed('checking every value', () => checkFile(plan, clock, () => `o${made++}`, turns))
}
