import { useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import * as Y from 'yjs'
import { Grid } from '../../app/grid/grid.tsx'
import type { Painter } from '../../app/grid/scene.ts'
import type { SheetEditing } from '../../app/grid/use-sheet-editing.ts'
import { ViewController } from '../../app/views/view-controller.ts'
import { cellStatus } from '../../workbook/cell-status.ts'
import { type Editor, editCells } from '../../workbook/edit.ts'
import { makeValueFormats, showValue } from '../../workbook/field-values.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { PLAIN_VIEW, type ViewConfig } from '../../workbook/view.ts'

/** The product's grid over a real sheet, for `npm run bench:grid`: never part of the product's pages. */
const fetchUpdate = async (path: string): Promise<Uint8Array> => new Uint8Array(await (await fetch(path)).arrayBuffer())
const docOf = (update: Uint8Array): Y.Doc => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  return doc
}
const [info, book, sys, firstShard] = await Promise.all([
  (await fetch('/info.json')).json() as Promise<{ sheet: SheetId; shards: number }>,
  fetchUpdate('/book'),
  fetchUpdate('/sys'),
  fetchUpdate('/shard/0'),
])
const docs = { book: docOf(book), sys: docOf(sys), base: [docOf(firstShard)], edits: new Y.Doc(), annotations: new Y.Doc() }
const sheet = new Sheet(info.sheet, docs)
const editor: Editor = { by: 'me', now: Date.now }
const formats = makeValueFormats({ locale: 'en', timeZone: 'UTC', now: Date.now })
const controller = new ViewController({ sheet, formats, me: 'me', now: Date.now, onToggle: () => undefined }, PLAIN_VIEW, new Set())
const nameOf = (id: string): string => id
const painter: Painter = {
  sheet,
  formats,
  statusOf: (row, field, cell) =>
    cellStatus({
      cell,
      field,
      record: field.binding && sheet.recordMark(row, field.binding.connection),
      isLinked: false,
      me: 'me',
      nameOf,
      showValue: (value) => showValue(field, value, formats),
      showTime: String,
    }),
}
const nothing = (): void => undefined

function Page() {
  const view = useSyncExternalStore(controller.subscribe, controller.view)
  return (
    <Grid
      ref={null}
      label="Benchmark"
      view={view}
      painter={painter}
      editing={{} as SheetEditing}
      peers={NO_PEERS}
      isMac={false}
      isLoaded
      bandText={bandText}
      onActive={nothing}
      onResized={nothing}
      onCommand={nothing}
      onGoTo={nothing}
      say={nothing}
      card={null}
      foot={null}
    />
  )
}
const NO_PEERS = [] as const
const bandText = () => ({ text: 'This workbook', color: undefined })
const root = document.getElementById('root')
if (root !== null) createRoot(root).render(<Page />)

let config: ViewConfig = PLAIN_VIEW
const show = (change: Partial<ViewConfig>): void => {
  config = { ...config, ...change }
  controller.show(config, new Set())
}
const fieldAt = (index: number) => sheet.fields()[index]?.id ?? ''
Object.assign(window, {
  grid: {
    seen: (row: number) => document.elementFromPoint(110, 54 + 32 * row + 16)?.textContent ?? '',
    scroller: () => document.querySelector('.grid-scroll'),
    edit: (row: number, text: string) => {
      const [line, field] = [sheet.rows()[row], sheet.fields()[0]]
      if (line !== undefined && field !== undefined) editCells(sheet, [{ row: line, field: field.id, value: text }], editor)
    },
    sort: (isSorted: boolean) =>
      show({ sorts: isSorted ? [{ field: fieldAt(1), direction: 'ascending' } as ViewConfig['sorts'][number]] : [] }),
    filter: (town: string | undefined) =>
      show({
        filter:
          town === undefined
            ? PLAIN_VIEW.filter
            : ({
                kind: 'group',
                join: 'and',
                parts: [{ kind: 'condition', field: fieldAt(2), operator: 'is', operand: town }],
              } as ViewConfig['filter']),
      }),
  },
})

// The shard in sight was first; the others follow as the product's delivery brings them, three under way at once.
let next = 1
const follow = async (): Promise<void> => {
  for (let shard = next++; shard < info.shards; shard = next++) sheet.addShard(docOf(await fetchUpdate(`/shard/${shard}`)), shard)
}
await Promise.all([follow(), follow(), follow()])
Object.assign(window, { isAllLoaded: true })
