import { CARD_KEYS } from '../board/board-keys.ts'
import { KEY_LINES, keysOf, keysText } from '../grid/grid-keys.ts'
import { Modal } from '../kit/modal.tsx'
import { KEY_TEXTS } from '../texts/keys.ts'
import { TIMELINE_TEXTS } from '../texts/timeline.ts'
import { TEXTS } from '../texts.ts'
import { TIMELINE_KEYS } from '../timeline/keys.ts'

const GROUPS = ['move', 'select', 'edit', 'find', 'sync'] as const

const SECTIONS = [
  ...GROUPS.map((group) => ({ title: KEY_TEXTS.groups[group], lines: KEY_LINES.filter((line) => line.group === group) })),
  { title: TEXTS.board.keys.group, lines: CARD_KEYS },
  { title: TIMELINE_TEXTS.keys.group, lines: TIMELINE_KEYS },
]

export function KeysDialog({ isMac, onClose }: { isMac: boolean; onClose: () => void }) {
  return (
    <Modal isOpen onClose={onClose} title={TEXTS.keys.title} width={620}>
      <div className="grid gap-5 sm:grid-cols-2">
        {SECTIONS.map(({ title, lines }) => (
          <section key={title}>
            <h3 className="m-0 mb-1.5 text-xs font-semibold text-ink-2">{title}</h3>
            <dl className="m-0 grid gap-1">
              {lines.map((line) => (
                <div key={line.does} className="flex justify-between gap-3">
                  <dd className="m-0">{line.does}</dd>
                  <dt className="text-right text-ink-2">
                    <kbd className="font-sans text-xs">{keysText(keysOf(line), isMac)}</kbd>
                  </dt>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  )
}
