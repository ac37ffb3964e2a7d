import type { CreateIntent } from '../sync-engine/ports.ts'
import type { FieldId } from '../workbook/ids.ts'
import type { Room } from './sheets.ts'
import { createStateOp } from './storage/creates.ts'
import type { UpdateLog } from './update-log.ts'

/** A person looked and says that a record whose creation got no answer is not there: its row may be sent again. Durable when it resolves. */
export async function decideNotThere({ sheet, authority }: Room, keyField: FieldId, create: CreateIntent, log: UpdateLog): Promise<void> {
  const { row } = create
  const { refused: _refused, ...marks } = sheet.marks(row, keyField)
  authority.write({ cells: [{ row, field: keyField, entry: { kind: 'keep' }, marks }] }, 'create')
  log.execute([createStateOp(create.key, 'not-landed')])
  await log.durable()
}
