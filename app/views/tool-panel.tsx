import { X } from 'lucide-react'
import { type ReactNode, useSyncExternalStore } from 'react'
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Modal, ModalOverlay, Popover } from 'react-aria-components'
import { IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

const PHONE = '(max-width: 640px)'

function watchPhone(listener: () => void): () => void {
  const media = window.matchMedia(PHONE)
  media.addEventListener('change', listener)
  return () => media.removeEventListener('change', listener)
}

export const useIsPhone = (): boolean => useSyncExternalStore(watchPhone, () => window.matchMedia(PHONE).matches)

export interface ToolPanelProps {
  readonly label: string
  readonly icon: ReactNode
  /** How much of it is in use; shown behind the label. */
  readonly count: number
  readonly title: string
  readonly isOpen?: boolean
  readonly onOpenChange?: (isOpen: boolean) => void
  readonly children: ReactNode
}

/** A button of the view bar and what it opens: a popover, on a phone a sheet from below. */
export function ToolPanel({ label, icon, count, title, isOpen, onOpenChange, children }: ToolPanelProps) {
  const isPhone = useIsPhone()
  const content = (
    <Dialog className="outline-none" aria-label={title}>
      {({ close }) => (
        <>
          <div className="flex items-center gap-2 px-3 pt-2.5">
            <Heading slot="title" level={2} className="m-0 text-[13px] font-semibold">
              {title}
            </Heading>
            <IconButton label={TEXTS.close} isSmall className="ml-auto" onPress={close}>
              <X size={14} aria-hidden />
            </IconButton>
          </div>
          <div className="max-h-[min(560px,70vh)] overflow-auto p-3 pt-1.5">{children}</div>
        </>
      )}
    </Dialog>
  )
  const opened = { ...(isOpen !== undefined && { isOpen }), ...(onOpenChange !== undefined && { onOpenChange }) }
  return (
    <DialogTrigger {...opened}>
      <AriaButton className="button ghost small" data-used={count > 0 || undefined} aria-label={TEXTS.views.counted(label, count)}>
        {icon}
        <span className="view-tool-text">{TEXTS.views.counted(label, count)}</span>
      </AriaButton>
      {isPhone ? (
        <ModalOverlay isDismissable className="overlay">
          <Modal className="view-sheet rises">{content}</Modal>
        </ModalOverlay>
      ) : (
        <Popover placement="bottom end" className="popover view-popover arrives">
          {content}
        </Popover>
      )}
    </DialogTrigger>
  )
}
