import { counted } from './words.ts'

/** Texts of the grid's own parts: column heads and their menu, group heads, what is dragged. */
export const DRAWING_TEXTS = {
  groupCount: (rows: number) => counted(rows, 'row'),
  groupNumber: 'Group',
  openLink: (name: string) => `Open ${name}`,
  sections: { field: 'Field', view: 'View', place: 'Place and width' },
  columnMenu: (name: string) => `Menu of ${name}`,
  numberColumn: 'Row number. Selects everything.',
  wider: 'Wider',
  narrower: 'Narrower',
  fit: 'Fit to its cells',
  moveLeft: 'Move left',
  moveRight: 'Move right',
  freezeTo: 'Freeze up to here',
  unfreeze: 'Unfreeze',
  hide: 'Hide this field',
  widthOf: (name: string, width: number) => `${name} is ${width} pixels wide.`,
  movedField: (name: string, before: string | undefined) =>
    before === undefined ? `${name} is the last field now.` : `${name} stands before ${before}.`,
  frozenTo: (name: string) => `${name} and what is left of it stay in sight.`,
  unfrozen: 'No field is frozen now.',
  hidden: (name: string) => `${name} is hidden. Show it again under Fields.`,
}
