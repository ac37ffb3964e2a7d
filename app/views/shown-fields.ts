import type { Field } from '../../workbook/fields.ts'
import type { ViewConfig } from '../../workbook/view.ts'

/** Whether a view hides a field: as the view says, else as the field itself does. */
export const isHiddenIn = (field: Field, config: Pick<ViewConfig, 'hidden'>): boolean => config.hidden[field.id] ?? field.isHidden

/** All fields of a sheet in a view's order: those it names first, the others behind them in the sheet's; the record's key leads unless it is named. */
export function orderedInView(fields: readonly Field[], { fieldOrder }: Pick<ViewConfig, 'fieldOrder'>): readonly Field[] {
  const byId = new Map(fields.map((field) => [field.id, field]))
  const named = fieldOrder.flatMap((id) => byId.get(id) ?? [])
  const isNamed = new Set(named)
  const key = fields.find((field) => field.binding?.isConnectionField && !isNamed.has(field))
  const others = fields.filter((field) => !isNamed.has(field) && field !== key)
  return [...(key === undefined ? [] : [key]), ...named, ...others]
}

/** The fields a view shows, in its order. */
export const shownInView = (fields: readonly Field[], config: Pick<ViewConfig, 'fieldOrder' | 'hidden'>): readonly Field[] =>
  orderedInView(fields, config).filter((field) => !isHiddenIn(field, config))
