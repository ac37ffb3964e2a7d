import { inspectFile } from '../../app/files/read-file.ts'

/** A CSV of 500 MB and fewer rows than one import takes, so that all of it is read: `node test/bench/csv.ts`. */
const SIZE = 500 * 1024 * 1024
const SLICE = 256 * 1024

const line = `${Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? String(i * 1234.5) : `some words of column ${i} ${'x'.repeat(110)}`)).join(',')}\n`
const text = new TextEncoder().encode(line.repeat(Math.ceil(SLICE / line.length)))
const whole = text.slice(0, Math.floor(text.length / line.length) * line.length)

const file = {
  size: SIZE,
  slice: (from: number, to: number) => {
    const start = from % line.length
    return { arrayBuffer: async () => whole.slice(start, start + Math.min(to, SIZE) - from).buffer }
  },
}

let longest = 0
let last = performance.now()
let heap = 0
const turn = (): void => {
  longest = Math.max(longest, performance.now() - last)
  heap = Math.max(heap, process.memoryUsage().heapUsed)
}
const started = performance.now()
const found = await inspectFile(
  file as unknown as Blob,
  {},
  { numbers: { decimal: '.', group: ',' }, dates: 'ymd' },
  {
    now: () => performance.now(),
    pause: async () => {
      turn()
      await new Promise((resolve) => setImmediate(resolve))
      last = performance.now()
    },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  },
)
const rows = 'kind' in found ? 0 : found.rowCount
const seconds = (performance.now() - started) / 1000
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`
process.stdout.write(
  `500 MB, ${rows} rows of 20: ${seconds.toFixed(1)} s, longest turn ${longest.toFixed(0)} ms, heap at most ${megabytes(heap)}\n`,
)
