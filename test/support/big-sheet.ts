import { type SeededSheet, seedSheet } from '../../server/seed-sheet.ts'
import { makeRandom } from '../../tools/random.ts'

/** A workbook with a sheet of `rows` rows and `fields` (20) fields in a data folder on which no server runs yet; about 2 s for 100,000 rows. */
export const makeBigSheet = (dataFolder: string, rows: number, fields?: number): Promise<SeededSheet> =>
  seedSheet({ dataFolder, rows, now: 1_790_000_000_000, random: makeRandom(1), ...(fields !== undefined && { fields }) })
