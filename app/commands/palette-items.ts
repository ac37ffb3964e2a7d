import type { GridCommand } from '../grid/grid-keys.ts'
import { TEXTS } from '../texts.ts'
import type { PaletteItem } from './palette.tsx'

const T = TEXTS.commands.menu

/** Every command that the palette offers, with the words it is found by. */
export const PALETTE_COMMANDS: readonly (readonly [label: string, command: GridCommand])[] = [
  [T.undo, { do: 'undo' }],
  [T.redo, { do: 'redo' }],
  [T.find, { do: 'find', isReplacing: false }],
  [T.replace, { do: 'find', isReplacing: true }],
  [T.copy, { do: 'copy' }],
  [T.cut, { do: 'cut' }],
  [T.paste, { do: 'paste', isPlain: false }],
  [T.pasteText, { do: 'paste', isPlain: true }],
  [T.edit, { do: 'edit' }],
  [T.clear, { do: 'clear' }],
  [T.look, { do: 'look' }],
  [T.fillDown, { do: 'fill', direction: 'down' }],
  [T.fillRight, { do: 'fill', direction: 'right' }],
  [T.insertAbove(1), { do: 'insert-rows', where: 'above' }],
  [T.insertBelow(1), { do: 'insert-rows', where: 'below' }],
  [T.duplicate(1), { do: 'duplicate-rows' }],
  [T.remove(1), { do: 'delete-rows' }],
  [T.moveUp, { do: 'move-rows', direction: -1 }],
  [T.moveDown, { do: 'move-rows', direction: 1 }],
  [T.selectAll, { do: 'select', what: 'all' }],
  [T.selectRows, { do: 'select', what: 'rows' }],
  [T.selectColumns, { do: 'select', what: 'columns' }],
  [T.story, { do: 'story' }],
  [T.putBack, { do: 'put-back' }],
  [T.preview, { do: 'preview' }],
  [T.nextNeeding, { do: 'next-needing', direction: 1 }],
  [T.link, { do: 'open-link' }],
  [TEXTS.sheets.all, { do: 'sheets' }],
  [T.keys, { do: 'keys' }],
]

export const commandItems = (run: (command: GridCommand) => void): readonly PaletteItem[] =>
  PALETTE_COMMANDS.map(([label, command]) => ({
    id: JSON.stringify(command),
    kind: 'command',
    label,
    command,
    // The palette has to be gone before the grid can take the focus.
    run: () => requestAnimationFrame(() => run(command)),
  }))

const P = TEXTS.commands.pages
const PAGES = [
  ['/', P.workbooks],
  ['/runs', P.runs],
  ['/usage', P.usage],
  ['/settings/integrations', P.integrations],
] as const

/** What the toolbar offers, by name: for those who see more than this workbook. */
export function screenItems(does: {
  readonly share: () => void
  readonly addField: () => void
  readonly addRow: () => void
  readonly importFile: () => void
}): readonly PaletteItem[] {
  const line = (id: string, label: string, run: () => void): PaletteItem => ({
    id: `screen:${id}`,
    kind: 'command',
    label,
    run: () => requestAnimationFrame(run),
  })
  return [
    line('share', T.share, does.share),
    line('add-field', T.addField, does.addField),
    line('add-row', T.addRow, does.addRow),
    line('import-file', TEXTS.files.importFile, does.importFile),
    ...PAGES.map(([href, label]) => line(href, label, () => window.location.assign(href))),
  ]
}
