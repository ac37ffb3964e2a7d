import { type ReactNode, useRef } from 'react'
import { Popover } from 'react-aria-components'

export interface PointPopoverProps {
  /** Where it was asked for, in pixels of the window. */
  readonly at: { readonly x: number; readonly y: number }
  readonly label: string
  readonly onClose: () => void
  readonly children: ReactNode
}

/** Opens beside a point: the menu of what was pressed there. */
export function PointPopover({ at, label, onClose, children }: PointPopoverProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  return (
    <>
      <span ref={anchor} aria-hidden className="fixed h-0 w-0" style={{ left: at.x, top: at.y }} />
      <Popover
        aria-label={label}
        triggerRef={anchor}
        isOpen
        onOpenChange={(isOpen) => !isOpen && onClose()}
        placement="bottom start"
        offset={2}
        className="popover arrives overflow-auto"
      >
        {children}
      </Popover>
    </>
  )
}
