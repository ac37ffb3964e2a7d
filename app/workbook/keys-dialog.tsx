import { KEY_LIST, keysText } from '../grid/grid-keys.ts'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'

export function KeysDialog({ isMac, onClose }: { isMac: boolean; onClose: () => void }) {
  return (
    <Modal isOpen onClose={onClose} title={TEXTS.keys.title} width={620}>
      <div className="grid gap-5 sm:grid-cols-2">
        {KEY_LIST.map(({ group, keys }) => (
          <section key={group}>
            <h3 className="m-0 mb-1.5 text-xs font-semibold text-ink-2">{group}</h3>
            <dl className="m-0 grid gap-1">
              {keys.map(([combination, does]) => (
                <div key={combination} className="flex justify-between gap-3">
                  <dd className="m-0">{does}</dd>
                  <dt className="text-right text-ink-2">
                    <kbd className="font-sans text-xs">{keysText(combination, isMac)}</kbd>
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
