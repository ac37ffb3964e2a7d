import { counted } from './words.ts'

/** Texts of the grid's own parts: column heads and their menu, group heads. */
export const DRAWING_TEXTS = {
  groupCount: (rows: number) => counted(rows, 'row'),
  groupNumber: 'Group',
  openLink: (name: string) => `Open ${name}`,
  sections: { field: 'Field', view: 'View', place: 'Place and width' },
  columnMenu: (name: string) => `Menu of ${name}`,
  numberColumn: 'Row number',
  wider: 'Wider',
  narrower: 'Narrower',
  fit: 'Fit to its cells',
  moveLeft: 'Move left',
  moveRight: 'Move right',
  freezeTo: 'Freeze up to here',
  unfreeze: 'Unfreeze',
}
