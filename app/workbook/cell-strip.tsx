import type { KeyboardEvent } from 'react'
import type { CellChoice, CellStatus, CellStatusKind } from '../../workbook/cell-status.ts'
import type { Field } from '../../workbook/fields.ts'
import { keysText } from '../grid/grid-keys.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

const TONE: Partial<Record<CellStatusKind, string>> = {
  staged: 'text-staged',
  held: 'text-staged',
  sending: 'text-staged',
  differs: 'text-warn',
  conflict: 'text-warn',
  concurrent: 'text-warn',
  refused: 'text-bad',
  gone: 'text-bad',
}

export interface CellStripProps {
  readonly cell: CellId
  readonly field: Field
  readonly rowName: string
  readonly status: CellStatus
  readonly isMac: boolean
  readonly onChoose: (choice: CellChoice) => void
  /** Absent where the story is not for this person. */
  readonly onStory: (() => void) | undefined
  readonly onLeave: () => void
}

/** What the focused cell's state is, and what a person may choose. */
export function CellStrip({ field, rowName, status, isMac, onChoose, onStory, onLeave }: CellStripProps) {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    onLeave()
  }
  return (
    // Esc leads back to the cell.
    <section aria-label={TEXTS.strip.label} onKeyDown={onKeyDown} className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
      <p className="m-0 min-w-0">
        <span className="mr-2 text-ink-2">
          <b className="font-semibold text-ink">{rowName}</b> · {field.name}
        </span>
        <span className={`font-medium ${TONE[status.kind] ?? 'text-ink-2'}`}>{status.text}</span>
      </p>
      {status.choices.length > 0 && (
        <span className="flex flex-wrap gap-1.5">
          {status.choices.map((choice, index) => (
            <Button
              key={choice.label}
              isSmall
              look={choice.act === 'put-back' ? 'ghost' : index === 0 ? 'primary' : 'plain'}
              onPress={() => onChoose(choice)}
            >
              {choice.label}
              {choice.act === 'put-back' && <kbd className="hint hidden font-sans md:inline">{keysText('Alt+U', isMac)}</kbd>}
            </Button>
          ))}
        </span>
      )}
      {onStory !== undefined && field.binding !== undefined && status.kind !== 'read-only' && (
        <Button look="ghost" isSmall className="ml-auto" onPress={onStory}>
          {TEXTS.strip.story}
        </Button>
      )}
    </section>
  )
}
