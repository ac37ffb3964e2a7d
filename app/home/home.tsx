'use client'

import { Pencil } from 'lucide-react'
import { type FormEvent, useCallback, useEffect, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import { ApiFailure, callApi } from '../api-client.ts'
import { openDeviceStore } from '../collab/device-store.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import { makeTimes } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'

type Workbook = AnswerOf<'listWorkbooks'>['workbooks'][number]
const STORE_KEY = 'workbooks'

/** All workbooks: open one, name a new one, rename. */
export function Home() {
  const [workbooks, setWorkbooks] = useState<readonly Workbook[]>()
  const [isFromDevice, setFromDevice] = useState(false)
  const [error, setError] = useState<unknown>()
  const [renaming, setRenaming] = useState<Workbook>()

  const load = useCallback(async (): Promise<void> => {
    const store = await openDeviceStore()
    try {
      const answer = await callApi('listWorkbooks', {})
      setWorkbooks(answer.workbooks)
      setFromDevice(false)
      // Where this browser keeps nothing the list is simply not there without a network.
      await Promise.allSettled([store.set(STORE_KEY, answer.workbooks)])
    } catch (failure) {
      const kept = (await store.get(STORE_KEY)) as readonly Workbook[] | undefined
      if (failure instanceof ApiFailure && failure.kind === 'network' && kept !== undefined) {
        setWorkbooks(kept)
        setFromDevice(true)
      } else setError(failure)
    }
  }, [])
  useEffect(() => void load(), [load])

  return (
    <PageFrame title={TEXTS.home.title}>
      <CreateForm isDisabled={isFromDevice} />
      {isFromDevice && <p className="mb-3 text-ink-2">{TEXTS.home.fromDevice}</p>}
      <Failure error={error instanceof ApiFailure && error.status === 401 ? signedOut(error) : error} />
      {workbooks === undefined && error === undefined && <p className="text-ink-3">{TEXTS.home.loading}</p>}
      {workbooks?.length === 0 && <p className="text-ink-2">{TEXTS.home.empty}</p>}
      <ul className="m-0 grid list-none gap-2 p-0">
        {workbooks?.map((workbook) => (
          <li key={workbook.id} className="flex items-center rounded-lg border border-line hover:bg-hover">
            <a href={`/w/${workbook.id}`} className="grid min-w-0 flex-1 gap-0.5 px-3.5 py-2.5 text-ink no-underline">
              <b className="truncate font-semibold">{workbook.name}</b>
              <span className="text-xs text-ink-3">{factsOf(workbook)}</span>
            </a>
            <IconButton
              label={TEXTS.home.rename(workbook.name)}
              className="mr-2"
              isDisabled={isFromDevice}
              onPress={() => setRenaming(workbook)}
            >
              <Pencil size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
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

const signedOut = ({ code, status }: ApiFailure): ApiFailure =>
  new ApiFailure({ kind: 'refused', code, status, message: TEXTS.failure.workbook, advice: TEXTS.failure.signedOut })

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
