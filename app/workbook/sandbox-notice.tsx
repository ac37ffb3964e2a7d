import { X } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

const KEY = 'tidebook.sandbox-notice'

/** One line, until it is dismissed on this device. */
export function SandboxNotice({ isShown }: { isShown: boolean }) {
  const [isDismissed, setDismissed] = useState(() => localStorage.getItem(KEY) !== null)
  if (!isShown || isDismissed) return <div />
  return (
    <section
      aria-label={TEXTS.notice.label}
      className="flex min-h-9 items-center gap-x-3 gap-y-1 border-b border-line bg-tide-wash py-1 pr-1.5 pl-3.5 text-tide-ink"
    >
      <p className="m-0 min-w-0 flex-1">
        {TEXTS.notice.sandbox}{' '}
        <a className="font-semibold whitespace-nowrap" href="/sandbox" target="_blank" rel="noopener">
          {TEXTS.notice.openSandbox}
        </a>
      </p>
      <IconButton
        label={TEXTS.dismiss}
        isSmall
        onPress={() => {
          localStorage.setItem(KEY, 'dismissed')
          setDismissed(true)
        }}
      >
        <X size={14} aria-hidden />
      </IconButton>
    </section>
  )
}
