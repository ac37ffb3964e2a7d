import { TEXTS } from '../texts.ts'
import type { NamedTotals } from './use-selection-totals.ts'

/** Sum, average and the like of what is selected, in the status bar. */
export function SelectionTotals({ totals, isCounting }: { readonly totals: NamedTotals; readonly isCounting: boolean }) {
  if (totals.length === 0) return null
  return (
    <dl aria-label={TEXTS.commands.stats.label} aria-busy={isCounting} className="m-0 flex min-w-0 gap-3 overflow-hidden">
      {totals.map(([name, text], i) => (
        <div key={name} className={`gap-1 ${i === 0 || i === totals.length - 1 ? 'flex' : 'hidden lg:flex'}`}>
          <dt>{name}</dt>
          <dd className="m-0 font-semibold text-ink tabular-nums">
            {text}
            {isCounting ? '…' : ''}
          </dd>
        </div>
      ))}
    </dl>
  )
}
