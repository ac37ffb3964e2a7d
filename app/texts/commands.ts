import { counted } from './words.ts'

const cells = (count: number): string => counted(count, 'cell')
const rows = (count: number): string => counted(count, 'row')
const is = (count: number): string => (count === 1 ? 'is' : 'are')

/** Texts of what commands say, of menus, the palette, the find bar, and the totals of a selection. */
export const COMMAND_TEXTS = {
  pasted: (done: number, total: number) => `${done.toLocaleString('en')} of ${cells(total)} pasted.`,
  moved: (done: number, total: number) => `${done.toLocaleString('en')} of ${cells(total)} moved.`,
  notPasted: (count: number, first: string) => `${cells(count)} did not fit and ${count === 1 ? 'was' : 'were'} left as before: ${first}`,
  rowsAdded: (count: number) => `${rows(count)} added.`,
  cutKept: (count: number) => `${cells(count)} changed since the cut ${is(count)} left where ${count === 1 ? 'it was' : 'they were'}.`,
  cut: (count: number) => `${cells(count)} cut. Paste to move ${count === 1 ? 'it' : 'them'}; Esc keeps ${count === 1 ? 'it' : 'them'}.`,
  cutEnded: 'Nothing is moved.',
  noBlock: 'These ranges make no block: copy ranges of the same rows, or of the same columns.',
  doesNotTile: 'What was copied does not fit into these ranges a whole number of times. Nothing was pasted.',
  pasteNowhere: 'Nothing was pasted: select the cell to begin at first.',
  nothingToPaste: 'The clipboard holds no text.',
  pasteByKeys: (keys: string) => `This browser gives the clipboard to the keys alone. Press ${keys}.`,
  copyByKeys: (keys: string) => `This browser lets the keys alone write the clipboard. Press ${keys}.`,
  filled: (count: number) => `${cells(count)} filled.`,
  notFilled: (count: number, first: string) => `${cells(count)} could not be filled: ${first}`,
  nothingAbove: 'There is nothing above to fill from.',
  nothingLeft: 'There is nothing to the left to fill from.',
  rowsDeleted: (count: number) => `${rows(count)} deleted. Take it back with undo.`,
  linkedDeleted: (count: number, linked: number) =>
    `${rows(count)} deleted here. ${linked === 1 ? '1 record' : `${linked.toLocaleString('en')} records`} in the connected app ${linked === 1 ? 'stays' : 'stay'} as ${linked === 1 ? 'it is' : 'they are'}.`,
  rowsInserted: (count: number) => `${rows(count)} inserted.`,
  rowsDuplicated: (count: number, linked: number) =>
    linked === 0
      ? `${rows(count)} duplicated.`
      : `${rows(count)} duplicated. The ${linked === 1 ? 'copy is' : 'copies are'} not linked to the record.`,
  rowsMoved: (count: number) => `${rows(count)} moved.`,
  notMovable: 'The rows already stand there.',
  sortedView: 'This view sorts its rows: clear the sort to move them by hand.',
  undone: (count: number) => `${counted(count, 'change')} taken back.`,
  redone: (count: number) => `${counted(count, 'change')} done again.`,
  kept: (name: string, count: number) =>
    `${name} changed ${count.toLocaleString('en')} of these since; ${count === 1 ? 'that stays' : 'those stay'}.`,
  somebody: 'Somebody or an app',
  nothingToUndo: 'Nothing to take back.',
  nothingToRedo: 'Nothing to do again.',
  hiddenField: (name: string) => `${name} is hidden. Show it again from the fields of the view.`,
  unbound: 'This key does nothing here.',

  menu: {
    label: 'Cells',
    cut: 'Cut',
    copy: 'Copy',
    paste: 'Paste',
    pasteText: 'Paste as text',
    look: 'Look at the whole value',
    edit: 'Edit',
    clear: 'Empty the cells',
    fillDown: 'Fill down',
    fillRight: 'Fill right',
    insertAbove: (count: number) => `Insert ${rows(count)} above`,
    insertBelow: (count: number) => `Insert ${rows(count)} below`,
    duplicate: (count: number) => (count === 1 ? 'Duplicate the row' : `Duplicate ${rows(count)}`),
    moveUp: 'Move up',
    moveDown: 'Move down',
    remove: (count: number) => (count === 1 ? 'Delete the row' : `Delete ${rows(count)}`),
    story: 'The cell’s story',
    putBack: 'Put back what the app has',
    link: 'Open the link',
    undo: 'Take back',
    redo: 'Do again',
    find: 'Find',
    replace: 'Find and replace',
    selectAll: 'Select all',
    selectRows: 'Select whole rows',
    selectColumns: 'Select whole columns',
    keys: 'Keys',
    preview: 'Preview and sync this connection',
    nextNeeding: 'Next cell that needs a person',
    addField: 'Add a field',
    addRow: 'Add a row',
    hideField: 'Hide the field',
    share: 'Share…',
  },

  /** Ways to the other pages, as the palette names them. */
  pages: {
    workbooks: 'Go to the workbooks',
    runs: 'Go to the sync log',
    usage: 'Go to usage',
    integrations: 'Go to integrations',
  },

  find: {
    label: 'Find in this sheet',
    find: 'Find',
    replace: 'Replace with',
    count: (at: number, total: number) => `${at.toLocaleString('en')} of ${total.toLocaleString('en')}`,
    counting: (total: number) => `${total.toLocaleString('en')} so far…`,
    none: 'Nothing found',
    hidden: (count: number) => `${count.toLocaleString('en')} more in rows this view hides`,
    next: 'Next',
    previous: 'Previous',
    matchCase: 'Match capitals',
    wholeCell: 'Whole cell',
    scope: 'Where to look',
    scopes: { sheet: 'This sheet', field: 'This field', selection: 'Selection' },
    showReplace: 'Replace…',
    replaceOne: 'Replace',
    replaceAll: 'Replace all',
    replaced: (count: number) => `${cells(count)} replaced.`,
    notReplaced: (count: number, first: string) => `${cells(count)} could not be replaced: ${first}`,
    close: 'Close the search',
  },

  stats: {
    label: 'Of the selection',
    count: 'Count',
    sum: 'Sum',
    average: 'Average',
    min: 'Min',
    max: 'Max',
    counting: 'Counting…',
  },

  palette: {
    title: 'Go to or do anything',
    placeholder: 'A command, a sheet, a field, or a row’s key',
    none: (text: string) => `Nothing is called “${text}”.`,
    recent: 'Lately',
    groups: { command: 'Commands', sheet: 'Sheets', field: 'Fields', row: 'Rows' },
    hint: '↑ ↓ choose · Enter does it · Esc closes',
  },

  look: {
    title: (place: string) => place,
    empty: 'This cell is empty.',
    close: 'Close',
  },
} as const
