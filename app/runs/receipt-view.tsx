import type { Run, RunHead } from '../../server/api/contract.ts'
import { TEXTS } from '../texts.ts'
import { type CellFilter, chargedRules, type ReceiptPart, receiptOf } from './receipt.ts'

const TONE: Readonly<Record<ReceiptPart, string>> = {
  pushed: 'text-ink',
  refused: 'text-bad',
  skipped: 'text-staged',
  unknown: 'text-warn',
}

const FACTS = ['held', 'differs', 'conflicts', 'pulled', 'changed', 'created', 'linked'] as const

export interface ReceiptViewProps {
  readonly run: Pick<RunHead, 'counts' | 'credits' | 'totalCredits'>
  readonly cells: readonly Pick<Run['cells'][number], 'outcome'>[]
  /** Where the cells of a part are shown; a part without cells, or without this, is no button. */
  readonly onShow?: ((filter: CellFilter) => void) | undefined
}

/** A run's receipt: planned = pushed + refused + skipped + unknown, and its credits by rule. */
export function ReceiptView({ run, cells, onShow }: ReceiptViewProps) {
  const { planned, lines, open } = receiptOf(run.counts, cells)
  const T = TEXTS.log.receipt
  const facts = FACTS.filter((fact) => run.counts[fact] > 0)
  const rules = chargedRules(run.credits)
  return (
    <div className="grid gap-4 md:grid-cols-[minmax(0,1fr)_280px]">
      <div className="min-w-0">
        {planned > 0 && (
          <dl className="m-0 flex flex-wrap items-stretch gap-x-3 gap-y-2">
            <Figure label={T.planned} count={planned} />
            {lines.map(({ part, count, why }, index) => (
              <Figure
                key={part}
                sign={index === 0 ? '=' : '+'}
                label={T[part]}
                count={count}
                tone={count === 0 ? 'text-ink-3' : TONE[part]}
                hint={why.map((reason) => `${reason.count.toLocaleString('en')} ${WHY[reason.outcome] ?? reason.outcome}`)}
                {...(onShow !== undefined && count > 0 && { onPress: () => onShow(part) })}
              />
            ))}
          </dl>
        )}
        <p className="m-0 mt-2 text-ink-2">{planned === 0 ? TEXTS.runs.noCells : open > 0 ? T.open(open) : T.balances}</p>
        {facts.length > 0 && (
          <>
            <h3 className="m-0 mt-3 mb-1 text-xs font-semibold text-ink-2">{T.also}</h3>
            <ul className="m-0 grid list-none gap-0.5 p-0">
              {facts.map((fact) => (
                <li key={fact}>{T.facts[fact](run.counts[fact])}</li>
              ))}
            </ul>
          </>
        )}
      </div>
      <table className="data-table h-fit rounded-lg border border-line">
        <caption className="sr-only">{T.credits}</caption>
        <thead>
          <tr>
            <th scope="col">{T.rule}</th>
            <th scope="col" className="text-right">
              {T.credits}
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map(({ rule, count }) => (
            <tr key={rule}>
              <th scope="row">{T.rules[rule]}</th>
              <td className="text-right">{count.toLocaleString()}</td>
            </tr>
          ))}
          {rules.length === 0 && (
            <tr>
              <td colSpan={2} className="text-ink-2">
                {T.free}
              </td>
            </tr>
          )}
        </tbody>
        {rules.length > 0 && (
          <tfoot>
            <tr>
              <th scope="row">{T.total}</th>
              <td className="text-right">{run.totalCredits.toLocaleString()}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  )
}

const WHY: Partial<Record<Run['cells'][number]['outcome'], string>> = TEXTS.log.receipt.why

function Figure(props: { sign?: '=' | '+'; label: string; count: number; tone?: string; hint?: readonly string[]; onPress?: () => void }) {
  const { sign, label, count, tone = 'text-ink', hint = [], onPress } = props
  return (
    <div
      data-sign={sign}
      className={`min-w-16 ${sign === undefined ? '' : 'relative pl-7 before:absolute before:top-2.5 before:left-1 before:text-lg before:text-ink-3 before:content-[attr(data-sign)]'}`}
    >
      <dt className="text-xs text-ink-3">{label}</dt>
      <dd className={`m-0 text-xl font-semibold ${tone}`}>
        {onPress === undefined ? (
          count.toLocaleString()
        ) : (
          <button type="button" className="textlink text-[inherit]!" aria-label={`${TEXTS.log.show(count)}: ${label}`} onClick={onPress}>
            {count.toLocaleString()}
          </button>
        )}
        {hint.map((text) => (
          <span key={text} className="block max-w-40 text-xs font-normal text-ink-3">
            {text}
          </span>
        ))}
      </dd>
    </div>
  )
}
