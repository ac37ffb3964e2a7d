import type { Field } from '../../workbook/fields.ts'
import type { AggregateFigure } from '../../workbook/view-lines.ts'
import { TEXTS } from '../texts.ts'

/** The figures of all rows that are shown, under the grid; nothing where none was asked for. */
export function TotalsLine({ totals, fields }: { readonly totals: readonly AggregateFigure[]; readonly fields: readonly Field[] }) {
  if (totals.length === 0) return null
  const nameOf = (figure: AggregateFigure): string => fields.find((field) => field.id === figure.field)?.name ?? TEXTS.views.unknownField
  return (
    <dl
      aria-label={TEXTS.views.totals}
      className="m-0 flex gap-4 overflow-x-auto border-t border-line bg-raised px-3.5 py-1 text-xs whitespace-nowrap"
    >
      {totals.map((figure) => (
        <div key={figure.field} className="flex gap-1.5">
          <dt className="text-ink-3">{nameOf(figure)}</dt>
          <dd className="m-0 font-semibold">{figure.text}</dd>
        </div>
      ))}
    </dl>
  )
}
