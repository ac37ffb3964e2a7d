import { type ReactNode, useCallback, useEffect, useState } from 'react'
import type { DeviceHealth } from '../collab/device-store.ts'
import { openDeviceStore } from '../collab/device-store.ts'
import { exportUnsent, forgetWorkbook, type KeptWorkbook, keptWorkbooks } from '../collab/kept-workbooks.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { sizeText } from '../kit/sizes.ts'
import { TEXTS } from '../texts.ts'
import { download } from './download.ts'

const WORDS = TEXTS.device

export interface DeviceDialogProps {
  readonly person: string
  readonly workbook: { readonly id: string; readonly name: string }
  /** The save line's sentence and its note, where the workbook is open. */
  readonly line?: { readonly text: string; readonly note: string }
  readonly onClose: () => void
  /** Called once the workbook is forgotten here. */
  readonly onForgotten: () => void
}

interface Kept {
  readonly health: DeviceHealth
  readonly workbooks: readonly KeptWorkbook[]
  readonly used: number | undefined
  readonly offered: number | undefined
  readonly isPersisted: boolean | undefined
}

/** What this device keeps of the workbooks, whether it will stay, and how to export and forget it. */
export function DeviceDialog({ person, workbook, line, onClose, onForgotten }: DeviceDialogProps) {
  const [kept, setKept] = useState<Kept>()
  const [isAsking, setAsking] = useState(false)
  const [said, setSaid] = useState('')
  const look = useCallback(async (): Promise<void> => setKept(await readKept(person)), [person])
  useEffect(() => void look(), [look])

  const here = kept?.workbooks.find(({ id }) => id === workbook.id)
  const unsent = here?.unsent ?? 0
  const size = (bytes: number): string => sizeText(bytes, navigator.language)

  const exportNow = async (): Promise<void> => {
    const store = await openDeviceStore()
    try {
      const text = await exportUnsent(store, person, workbook, Date.now())
      download(`${workbook.name} ${new Date().toISOString().slice(0, 10)} unsent.json`, text)
      setSaid(WORDS.exported(unsent))
    } finally {
      store.close()
    }
  }
  const forget = async (): Promise<void> => {
    try {
      await forgetWorkbook(localStorage, person, workbook.id)
      onForgotten()
    } catch {
      setSaid(WORDS.failed)
    }
  }
  const persist = async (): Promise<void> => {
    const isGranted = await navigator.storage.persist()
    if (!isGranted) setSaid(WORDS.refusedPersist)
    await look()
  }

  return (
    <Modal isOpen onClose={onClose} title={WORDS.title} width={480}>
      <div className="grid gap-4">
        {line !== undefined && (
          <p className="m-0">
            <b className="font-semibold">{line.text}</b>
            {line.note !== '' && <span className="block text-ink-2">{line.note}</span>}
          </p>
        )}
        {kept !== undefined && kept.health !== 'kept' && <p className="m-0 text-ink-2">{WORDS.notKept[kept.health]}</p>}
        {kept?.health === 'kept' && (
          <Section title={WORDS.size}>
            <ul className="m-0 grid list-none gap-1 p-0">
              {kept.workbooks.map(({ id, name, bytes }) => (
                <li key={id} className={`flex gap-3 ${id === workbook.id ? 'font-semibold' : 'text-ink-2'}`}>
                  <span className="min-w-0 flex-1 truncate">{name}</span>
                  <span className="tabular-nums">{size(bytes)}</span>
                </li>
              ))}
            </ul>
            {kept.used !== undefined && kept.offered !== undefined && (
              <p className="m-0 mt-2 text-xs text-ink-3">{WORDS.total(size(kept.used), size(kept.offered))}</p>
            )}
            {kept.isPersisted !== undefined && (
              <p className="m-0 mt-1 flex flex-wrap items-center gap-x-2 text-xs text-ink-3">
                {kept.isPersisted ? WORDS.persisted : WORDS.notPersisted}
                {!kept.isPersisted && (
                  <Button look="link" className="text-xs" onPress={() => void persist()}>
                    {WORDS.askPersist}
                  </Button>
                )}
              </p>
            )}
          </Section>
        )}
        {here !== undefined && (
          <div className="grid gap-2">
            <p className="m-0">{unsent === 0 ? WORDS.allSaved : WORDS.unsent(unsent)}</p>
            {isAsking && (
              <p role="alert" className="m-0 rounded-md border border-line border-l-[3px] border-l-bad px-3 py-2">
                {unsent > 0 ? WORDS.forgetUnsent(unsent) : WORDS.forgetHint}
              </p>
            )}
            <span className="flex flex-wrap gap-2">
              {unsent > 0 && (
                <Button look={isAsking ? 'primary' : 'plain'} onPress={() => void exportNow()}>
                  {WORDS.export}
                </Button>
              )}
              {isAsking ? (
                <>
                  <Button look={unsent > 0 ? 'plain' : 'primary'} className={unsent > 0 ? 'text-bad!' : ''} onPress={() => void forget()}>
                    {unsent > 0 ? WORDS.forgetAnyway(unsent) : WORDS.forgetNow}
                  </Button>
                  <Button look="ghost" onPress={() => setAsking(false)}>
                    {TEXTS.cancel}
                  </Button>
                </>
              ) : (
                <Button look="ghost" onPress={() => setAsking(true)}>
                  {WORDS.forget}
                </Button>
              )}
            </span>
          </div>
        )}
        <p role="status" className="m-0 text-ink-2">
          {said}
        </p>
      </div>
    </Modal>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section>
      <h3 className="label m-0">{title}</h3>
      {children}
    </section>
  )
}

async function readKept(person: string): Promise<Kept> {
  const store = await openDeviceStore()
  try {
    const [workbooks, estimate, isPersisted] = await Promise.all([
      keptWorkbooks(store, localStorage, person),
      navigator.storage?.estimate?.(),
      navigator.storage?.persisted?.(),
    ])
    return { health: store.health, workbooks, used: estimate?.usage, offered: estimate?.quota, isPersisted }
  } finally {
    store.close()
  }
}
