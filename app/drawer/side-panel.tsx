import { X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'
import { IconButton } from '../kit/button.tsx'

export interface SidePanelProps {
  readonly label: string
  readonly title: ReactNode
  readonly closeLabel: string
  /** Stand before the way out. */
  readonly tools?: ReactNode
  readonly onClose: () => void
  readonly children: ReactNode
  /** What is shown is another thing when this changes: the panel takes the focus. */
  readonly focusKey: string
}

/** A panel over the right of the screen, beside which the grid goes on; on a phone it fills the screen. Esc leads back. */
export function SidePanel({ label, title, closeLabel, tools, onClose, children, focusKey }: SidePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus follows what is shown
  useEffect(() => {
    const panel = heading.current?.closest('aside')
    // What was opened to write in has the focus already.
    const isWriting = document.activeElement?.matches('input, textarea') === true && panel?.contains(document.activeElement) === true
    if (!isWriting) heading.current?.focus({ preventScroll: true })
  }, [focusKey])
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    event.stopPropagation()
    onClose()
  }
  return (
    <aside
      aria-label={label}
      data-region="drawer"
      onKeyDown={onKeyDown}
      className="arrives fixed inset-0 z-40 flex min-w-0 flex-col border-line bg-raised shadow-(--shadow) md:inset-y-0 md:top-[84px] md:left-auto md:w-[440px] md:border-l"
    >
      <header className="flex items-center gap-2 border-b border-line px-4 py-2.5">
        <h2 ref={heading} tabIndex={-1} className="m-0 min-w-0 flex-1 truncate text-[14px] font-semibold outline-none">
          {title}
        </h2>
        {tools}
        <IconButton label={closeLabel} onPress={onClose}>
          <X size={16} aria-hidden />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-auto px-4 py-3">{children}</div>
    </aside>
  )
}
