import { useRef } from 'react'
import { Dialog, Heading, Popover } from 'react-aria-components'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

export interface QuickLookProps {
  readonly box: DOMRect
  readonly title: string
  readonly text: string
  /** Why the cell cannot be typed into, where it cannot. */
  readonly reason: string | undefined
  /** The rest of the row, name and text. */
  readonly row: readonly (readonly [name: string, text: string])[]
  readonly onClose: () => void
}

/** The whole of a cell and of its row, beside the cell; Space or Esc closes it. */
export function QuickLook({ box, title, text, reason, row, onClose }: QuickLookProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  const { left, top, width, height } = box
  return (
    <>
      <span ref={anchor} aria-hidden className="pointer-events-none fixed" style={{ left, top, width, height }} />
      <Popover
        triggerRef={anchor}
        isOpen
        onOpenChange={(isOpen) => !isOpen && onClose()}
        placement="bottom start"
        className="popover arrives w-[380px] overflow-auto"
      >
        <Dialog className="p-3 outline-none">
          <Heading slot="title" level={2} className="m-0 mb-1 text-xs font-semibold text-ink-2">
            {title}
          </Heading>
          <p className="m-0 max-h-52 overflow-auto break-words whitespace-pre-wrap select-text">
            {text === '' ? TEXTS.commands.look.empty : text}
          </p>
          {reason !== undefined && <p className="m-0 mt-1.5 text-xs text-ink-2">{reason}</p>}
          {row.length > 0 && (
            <dl className="m-0 mt-2 grid grid-cols-[minmax(72px,auto)_1fr] gap-x-3 gap-y-0.5 border-t border-line pt-2 text-xs [&_dd]:m-0 [&_dd]:truncate [&_dt]:text-ink-3">
              {row.map(([name, value]) => (
                <div key={name} className="contents">
                  <dt>{name}</dt>
                  <dd title={value}>{value}</dd>
                </div>
              ))}
            </dl>
          )}
          <Button isSmall look="ghost" className="mt-2" autoFocus onPress={onClose}>
            {TEXTS.commands.look.close}
          </Button>
        </Dialog>
      </Popover>
    </>
  )
}
