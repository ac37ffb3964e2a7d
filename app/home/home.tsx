'use client'

import { Copy, HardDrive, Pencil, Trash2 } from 'lucide-react'
import { type FormEvent, useCallback, useEffect, useMemo, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import { ApiFailure, callApi } from '../api-client.ts'
import { openDeviceStore } from '../collab/device-store.ts'
import { type KeptWorkbook, keptWorkbooks } from '../collab/kept-workbooks.ts'
import { knownSession } from '../collab/known-session.ts'
import { DuplicateDialog } from '../connect/duplicate-dialog.tsx'
import { DeviceDialog } from '../device/device-dialog.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import { SettingDialog } from '../kit/setting-dialog.tsx'
import { sizeText } from '../kit/sizes.ts'
import { makeTimes } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'

type Workbook = AnswerOf<'listWorkbooks'>['workbooks'][number]
type Deleted = AnswerOf<'listWorkbooks'>['deleted'][number]
const STORE_KEY = 'workbooks'

/** A workbook as the list shows it: what the server tells of it, and what this device keeps of it. */
interface Listed {
  readonly id: string
  readonly name: string
  /** As the server told last; absent where only the device knows it. */
  readonly facts: Workbook | undefined
  readonly kept: KeptWorkbook | undefined
}

/** All workbooks: open one, name a new one, rename, and see what this device keeps. Without a network: those that open from this device. */
export function Home() {
  const [workbooks, setWorkbooks] = useState<readonly Listed[]>()
  const [deleted, setDeleted] = useState<readonly Deleted[]>([])
  const [isFromDevice, setFromDevice] = useState(false)
  const [error, setError] = useState<unknown>()
  const [renaming, setRenaming] = useState<Workbook>()
  const [duplicating, setDuplicating] = useState<Workbook>()
  const [removing, setRemoving] = useState<Workbook>()
  const [shownDevice, setShownDevice] = useState<KeptWorkbook>()
  const person = useMemo(() => (typeof localStorage === 'undefined' ? undefined : knownSession()?.person.id), [])

  const load = useCallback(async (): Promise<void> => {
    const store = await openDeviceStore()
    try {
      const kept = person === undefined ? [] : await keptWorkbooks(store, localStorage, person)
      const keptOf = (id: string): KeptWorkbook | undefined => kept.find((k) => k.id === id)
      try {
        const answer = await callApi('listWorkbooks', {})
        setWorkbooks(answer.workbooks.map((facts) => ({ id: facts.id, name: facts.name, facts, kept: keptOf(facts.id) })))
        setDeleted(answer.deleted)
        setFromDevice(false)
        setError(undefined)
        // Where this browser keeps nothing the list is simply not there without a network.
        await Promise.allSettled([store.set(STORE_KEY, answer.workbooks)])
      } catch (failure) {
        if (!(failure instanceof ApiFailure) || failure.kind !== 'network' || store.health !== 'kept') throw failure
        const told = ((await store.get(STORE_KEY)) ?? []) as readonly Workbook[]
        setWorkbooks(kept.map((k) => ({ id: k.id, name: k.name, facts: told.find(({ id }) => id === k.id), kept: k })))
        setDeleted([])
        setFromDevice(true)
        setError(undefined)
      }
    } catch (failure) {
      setError(failure)
    } finally {
      store.close()
    }
  }, [person])
  useEffect(() => {
    const reload = (): void => void load()
    reload()
    window.addEventListener('online', reload)
    return () => window.removeEventListener('online', reload)
  }, [load])

  return (
    <PageFrame title={TEXTS.home.title}>
      <CreateForm isDisabled={isFromDevice} />
      {isFromDevice && (
        <p role="status" className="mb-3 text-ink-2">
          {workbooks?.length === 0 ? TEXTS.device.offlineNone : TEXTS.device.offlineHome}
        </p>
      )}
      <Failure error={error instanceof ApiFailure && error.status === 401 ? signedOut(error) : error} />
      {workbooks === undefined && error === undefined && <p className="text-ink-3">{TEXTS.home.loading}</p>}
      {workbooks?.length === 0 && !isFromDevice && <p className="text-ink-2">{TEXTS.home.empty}</p>}
      <ul className="m-0 grid list-none gap-2 p-0">
        {workbooks?.map(({ id, name, facts, kept }) => (
          <li key={id} className="flex items-center rounded-lg border border-line pr-2 hover:bg-hover">
            <a href={`/w/${id}`} className="grid min-w-0 flex-1 gap-0.5 px-3.5 py-2.5 text-ink no-underline">
              <b className="truncate font-semibold">{name}</b>
              <span className="text-xs text-ink-3">
                {[...(facts === undefined ? [] : [factsOf(facts)]), ...keptFacts(kept)].join(' · ')}
              </span>
            </a>
            {kept !== undefined && (
              <IconButton label={TEXTS.device.openOf(name)} onPress={() => setShownDevice(kept)}>
                <HardDrive size={14} aria-hidden />
              </IconButton>
            )}
            <IconButton
              label={TEXTS.connect.duplicate.open(name)}
              isDisabled={isFromDevice || facts === undefined}
              onPress={() => setDuplicating(facts)}
            >
              <Copy size={14} aria-hidden />
            </IconButton>
            <IconButton label={TEXTS.home.rename(name)} isDisabled={isFromDevice || facts === undefined} onPress={() => setRenaming(facts)}>
              <Pencil size={14} aria-hidden />
            </IconButton>
            <IconButton
              label={TEXTS.home.remove.open(name)}
              isDisabled={isFromDevice || facts === undefined}
              onPress={() => setRemoving(facts)}
            >
              <Trash2 size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {deleted.length > 0 && <DeletedWorkbooks deleted={deleted} onRestored={() => void load()} />}
      {shownDevice !== undefined && person !== undefined && (
        <DeviceDialog
          person={person}
          workbook={shownDevice}
          onClose={() => setShownDevice(undefined)}
          onForgotten={() => {
            setShownDevice(undefined)
            void load()
          }}
        />
      )}
      {duplicating !== undefined && <DuplicateDialog workbook={duplicating} onClose={() => setDuplicating(undefined)} />}
      {removing !== undefined && (
        <SettingDialog
          title={TEXTS.home.remove.title(removing.name)}
          action={TEXTS.home.remove.button}
          isRight
          save={async () => {
            await callApi('removeWorkbook', { params: { id: removing.id } })
            await load()
          }}
          onClose={() => setRemoving(undefined)}
        >
          <p className="m-0">{TEXTS.home.remove.body}</p>
          <p className="m-0 text-ink-2">{TEXTS.home.remove.kept}</p>
        </SettingDialog>
      )}
      {renaming !== undefined && (
        <RenameDialog
          workbook={renaming}
          onClose={(isChanged) => {
            setRenaming(undefined)
            if (isChanged) void load()
          }}
        />
      )}
    </PageFrame>
  )
}

/** Those that can be brought back. */
function DeletedWorkbooks({ deleted, onRestored }: { deleted: readonly Deleted[]; onRestored: () => void }) {
  const T = TEXTS.home.deleted
  const times = makeTimes(navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, Date.now)
  const [error, setError] = useState<unknown>()
  const restore = (id: string): void => {
    callApi('restoreWorkbook', { params: { id } }).then(() => {
      setError(undefined)
      onRestored()
    }, setError)
  }
  return (
    <section aria-labelledby="deleted-workbooks" className="mt-6">
      <h2 id="deleted-workbooks" className="mb-2 text-sm font-semibold text-ink-2">
        {T.title}
      </h2>
      <Failure error={error} />
      <ul className="m-0 grid list-none gap-2 p-0">
        {deleted.map(({ id, name, deletedAt, deletedByName }) => (
          <li key={id} className="flex items-center gap-2 rounded-lg border border-line px-3.5 py-2">
            <span className="grid min-w-0 flex-1 gap-0.5">
              <span className="truncate">{name}</span>
              <span className="text-xs text-ink-3">{T.facts(times.moment(deletedAt), deletedByName)}</span>
            </span>
            <Button aria-label={T.restore(name)} onPress={() => restore(id)}>
              {T.button}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const signedOut = ({ code, status }: ApiFailure): ApiFailure =>
  new ApiFailure({ kind: 'refused', code, status, message: TEXTS.failure.workbook, advice: TEXTS.failure.signedOut })

function keptFacts(kept: KeptWorkbook | undefined): readonly string[] {
  if (kept === undefined) return []
  const size = TEXTS.device.keptHere(sizeText(kept.bytes, navigator.language))
  return kept.unsent > 0 ? [size, TEXTS.device.unsentHere(kept.unsent)] : [size]
}

function factsOf({ rows, staged, needsPerson, updatedAt }: Workbook): string {
  const times = makeTimes(navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, Date.now)
  const facts = [TEXTS.home.rows(rows)]
  if (staged > 0) facts.push(TEXTS.home.staged(staged))
  if (needsPerson > 0) facts.push(TEXTS.home.needsPerson(needsPerson))
  facts.push(TEXTS.home.changed(times.moment(updatedAt)))
  return facts.join(' · ')
}

function CreateForm({ isDisabled }: { isDisabled: boolean }) {
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>()
  const create = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      const { id } = await callApi('createWorkbook', { body: { name: name.trim() } })
      window.location.assign(`/w/${id}`)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <form onSubmit={(event) => void create(event)} className="mb-4">
      <span className="flex gap-2">
        <input
          className="input"
          aria-label={TEXTS.home.createLabel}
          placeholder={TEXTS.home.create}
          maxLength={120}
          disabled={isDisabled}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" look="primary" isDisabled={isDisabled || name.trim() === ''}>
          {TEXTS.home.createButton}
        </Button>
      </span>
      <Failure error={error} />
    </form>
  )
}

function RenameDialog({ workbook, onClose }: { workbook: Workbook; onClose: (isChanged: boolean) => void }) {
  const [name, setName] = useState(workbook.name)
  const [error, setError] = useState<unknown>()
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      await callApi('renameWorkbook', { params: { id: workbook.id }, body: { name: name.trim() } })
      onClose(true)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Modal isOpen onClose={() => onClose(false)} title={TEXTS.home.rename(workbook.name)} width={420}>
      <form onSubmit={(event) => void save(event)} className="grid gap-3">
        <input
          className="input"
          // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
          autoFocus
          aria-label={TEXTS.home.renameLabel}
          value={name}
          maxLength={120}
          onChange={(event) => setName(event.target.value)}
        />
        <span>
          <Button type="submit" look="primary" isDisabled={name.trim() === ''}>
            {TEXTS.home.save}
          </Button>
        </span>
      </form>
      <Failure error={error} />
    </Modal>
  )
}
