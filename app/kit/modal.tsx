import { X } from 'lucide-react'
import { type CSSProperties, type ReactNode, useEffect, useRef } from 'react'
import { Dialog, Heading, ModalOverlay, Modal as RawModal } from 'react-aria-components'
import { TEXTS } from '../texts.ts'
import { IconButton } from './button.tsx'

export interface ModalProps {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly title: string
  readonly lead?: ReactNode
  /** Stands beside the title. */
  readonly note?: ReactNode
  /** Stands at the right of the head. */
  readonly tools?: ReactNode
  readonly foot?: ReactNode
  /** Pixels. */
  readonly width?: number
  readonly children: ReactNode
}

/** A dialog over the page, with a head, a body that scrolls and a foot. */
export function Modal({ isOpen, onClose, title, lead, note, tools, foot, width = 520, children }: ModalProps) {
  const dialog = useRef<HTMLElement>(null)
  // What had the focus may be gone or disabled by now: then the page has it, and its keys do not come by the overlay.
  useEffect(() => {
    const listen = ({ key, target, defaultPrevented }: KeyboardEvent): void => {
      const isUppermost = [...document.querySelectorAll('[role=dialog]')].at(-1) === dialog.current
      if (key === 'Escape' && target === document.body && !defaultPrevented && isUppermost) onClose()
    }
    if (isOpen) document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [isOpen, onClose])
  return (
    <ModalOverlay isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable className="overlay">
      <RawModal className="modal arrives" style={{ '--modal-width': `${width}px` } as CSSProperties}>
        <Dialog ref={dialog}>
          <div className="modal-head">
            {lead}
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {note !== undefined && <span className="text-ink-3">{note}</span>}
            <span className="ml-auto flex items-center gap-1">
              {tools}
              <IconButton label={TEXTS.close} onPress={onClose}>
                <X size={16} aria-hidden />
              </IconButton>
            </span>
          </div>
          <div className="modal-body">{children}</div>
          {foot !== undefined && <div className="modal-foot">{foot}</div>}
        </Dialog>
      </RawModal>
    </ModalOverlay>
  )
}
