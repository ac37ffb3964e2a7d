import { Link2, Pencil, X } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { copyText } from '../kit/copy-text.ts'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'
import { EXPIRY_CHOICES, type ExpiryChoice, endOf, linkAddress, shareOrigin } from './expiry.ts'

const WORDS = TEXTS.share

type SharedLink = AnswerOf<'patchLink'>

export interface ShareDialogProps {
  readonly workbook: { readonly id: string; readonly name: string }
  readonly times: Times
  readonly onClose: () => void
}

/** The shared links of a workbook: making, changing and closing them. */
export function ShareDialog({ workbook, times, onClose }: ShareDialogProps) {
  const [answer, setAnswer] = useState<AnswerOf<'listLinks'>>()
  const [made, setMade] = useState<{ link: SharedLink; token: string }>()
  const [error, setError] = useState<unknown>()

  useEffect(() => {
    callApi('listLinks', { query: { workbook: workbook.id } }).then(setAnswer, setError)
  }, [workbook.id])

  const take = (link: SharedLink): void => {
    setAnswer((known) => {
      if (known === undefined) return known
      const isKnown = known.links.some(({ id }) => id === link.id)
      const links = isKnown ? known.links.map((l) => (l.id === link.id ? link : l)) : [link, ...known.links]
      return { ...known, links }
    })
    if (made?.link.id === link.id && link.state !== 'open') setMade(undefined)
  }

  const open = answer?.links.filter(({ state }) => state === 'open') ?? []
  const ended = answer?.links.filter(({ state }) => state !== 'open') ?? []
  const addresses = answer?.addresses ?? []
  const origin = shareOrigin(window.location, addresses)

  return (
    <Modal isOpen onClose={onClose} title={WORDS.title(workbook.name)} width={580}>
      <div className="grid gap-4">
        <p className="m-0 text-ink-2">{WORDS.lead}</p>
        {answer !== undefined && (
          <p className="m-0 text-ink-3">{addresses.length === 0 ? WORDS.onlyHere : WORDS.reached(addresses.join(', '))}</p>
        )}
        {made === undefined ? (
          <NewLink
            workbook={workbook.id}
            onMade={(created) => {
              take(created.link)
              setMade(created)
            }}
          />
        ) : (
          <MadeLink address={linkAddress(origin, made.token)} onAnother={() => setMade(undefined)} />
        )}
        <section aria-labelledby="links-title" className="grid gap-2">
          <h3 id="links-title" className="label m-0">
            {WORDS.list}
          </h3>
          <Failure error={error} />
          {answer === undefined && error === undefined && <p className="m-0 text-ink-3">{WORDS.loading}</p>}
          {answer !== undefined && answer.links.length === 0 && <p className="m-0 text-ink-3">{WORDS.none}</p>}
          <ul className="m-0 grid list-none gap-2 p-0">
            {open.map((link) => (
              <LinkRow key={link.id} link={link} times={times} onChanged={take} />
            ))}
          </ul>
          {ended.length > 0 && (
            <details>
              <summary className="cursor-pointer text-ink-2">{WORDS.earlier(ended.length)}</summary>
              <ul className="m-0 mt-2 grid list-none gap-2 p-0">
                {ended.map((link) => (
                  <LinkRow key={link.id} link={link} times={times} onChanged={take} />
                ))}
              </ul>
            </details>
          )}
        </section>
      </div>
    </Modal>
  )
}

function NewLink({ workbook, onMade }: { workbook: string; onMade: (made: AnswerOf<'createLink'>) => void }) {
  const [role, setRole] = useState<SharedLink['role']>('viewer')
  const [name, setName] = useState('')
  const [choice, setChoice] = useState<ExpiryChoice>('week')
  const [date, setDate] = useState('')
  const [error, setError] = useState<unknown>()
  const [isMaking, setMaking] = useState(false)
  const create = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const expiresAt = endOf(choice, date, Date.now())
    if (expiresAt === undefined) return
    setMaking(true)
    setError(undefined)
    try {
      onMade(await callApi('createLink', { body: { workbook, role, name, expiresAt } }))
    } catch (failure) {
      setError(failure)
    } finally {
      setMaking(false)
    }
  }
  return (
    <form className="grid gap-3" onSubmit={(event) => void create(event)}>
      <fieldset className="m-0 flex gap-4 border-0 p-0">
        <legend className="label">{WORDS.roleLabel}</legend>
        {(['viewer', 'editor'] as const).map((option) => (
          <label key={option} className="inline-flex min-h-6 items-center gap-1.5">
            <input type="radio" name="role" checked={role === option} onChange={() => setRole(option)} /> {WORDS.role[option]}
          </label>
        ))}
      </fieldset>
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_auto]">
        <label className="block min-w-0">
          <span className="label">{WORDS.name}</span>
          <input
            className="input"
            maxLength={80}
            value={name}
            placeholder={WORDS.namePlaceholder}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <ExpiryField choice={choice} date={date} onChoice={setChoice} onDate={setDate} />
      </div>
      <Failure error={error} />
      <span>
        <Button type="submit" look="primary" isDisabled={isMaking}>
          <Link2 size={14} aria-hidden /> {WORDS.create}
        </Button>
      </span>
    </form>
  )
}

interface ExpiryFieldProps {
  readonly choice: ExpiryChoice | 'keep'
  readonly date: string
  readonly onChoice: (choice: ExpiryChoice) => void
  readonly onDate: (date: string) => void
  /** What stands already, where a link is changed. */
  readonly kept?: string
}

function ExpiryField({ choice, date, onChoice, onDate, kept }: ExpiryFieldProps) {
  const isMissing = choice === 'date' && endOf('date', date, Date.now()) === undefined
  return (
    <div className="flex flex-wrap items-end gap-2">
      <label className="block">
        <span className="label">{WORDS.expiry}</span>
        <select className="input" value={choice} onChange={(event) => onChoice(event.target.value as ExpiryChoice)}>
          {kept !== undefined && <option value="keep">{WORDS.keepEnd(kept)}</option>}
          {EXPIRY_CHOICES.map((option) => (
            <option key={option} value={option}>
              {WORDS.expiryOf[option]}
            </option>
          ))}
        </select>
      </label>
      {choice === 'date' && (
        <label className="block">
          <span className="label">{WORDS.date}</span>
          <input
            className="input"
            type="date"
            required
            min={dayText(new Date())}
            value={date}
            aria-invalid={isMissing}
            onChange={(event) => onDate(event.target.value)}
          />
        </label>
      )}
      {isMissing && <span className="basis-full text-ink-3">{WORDS.dateMissing}</span>}
    </div>
  )
}

/** The one time a link's address is shown in full. */
function MadeLink({ address, onAnother }: { address: string; onAnother: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  const [said, setSaid] = useState('')
  useEffect(() => field.current?.select(), [])
  const copy = async (): Promise<void> => {
    const isCopied = await copyText(address)
    // Where the browser keeps the clipboard to itself, the text is selected for the person.
    if (!isCopied) field.current?.select()
    setSaid(isCopied ? WORDS.copied : WORDS.notCopied)
  }
  return (
    <div className="grid gap-2 rounded-md border border-line bg-wash p-3">
      <b className="font-semibold">{WORDS.made}</b>
      <div className="flex gap-2">
        <input ref={field} className="input min-w-0 flex-1" aria-label={WORDS.address} readOnly value={address} />
        <Button look="primary" onPress={() => void copy()}>
          {WORDS.copy}
        </Button>
      </div>
      <span className="flex items-center gap-3">
        <Button look="link" onPress={onAnother}>
          {WORDS.createAnother}
        </Button>
        <span role="status" className="text-ink-2">
          {said}
        </span>
      </span>
    </div>
  )
}

function LinkRow({ link, times, onChanged }: { link: SharedLink; times: Times; onChanged: (link: SharedLink) => void }) {
  const [mode, setMode] = useState<'shown' | 'changing' | 'closing'>('shown')
  const [error, setError] = useState<unknown>()
  const name = link.name || `${WORDS.unnamed[link.role]} ${WORDS.end(link.end)}`
  const send = async (call: Promise<SharedLink>): Promise<void> => {
    setError(undefined)
    try {
      onChanged(await call)
      setMode('shown')
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <li className="grid gap-2 rounded-md border border-line p-2.5" aria-label={name}>
      <div className="flex min-w-0 items-center gap-2">
        <span className="min-w-0 flex-1">
          <b className="block truncate font-semibold">{name}</b>
          <span className="text-ink-2">
            {[WORDS.role[link.role], stateText(link, times), WORDS.visits(link.uses, times.moment(link.lastUsedAt ?? 0))].join(' · ')}
            {link.name !== '' && <span className="text-ink-3"> · {WORDS.end(link.end)}</span>}
          </span>
        </span>
        {link.state !== 'closed' && (
          <IconButton label={WORDS.change(name)} onPress={() => setMode(mode === 'changing' ? 'shown' : 'changing')}>
            <Pencil size={14} aria-hidden />
          </IconButton>
        )}
        {link.state === 'open' && (
          <IconButton label={WORDS.close(name)} onPress={() => setMode('closing')}>
            <X size={15} aria-hidden />
          </IconButton>
        )}
      </div>
      {mode === 'changing' && (
        <ChangeLink
          link={link}
          kept={stateText(link, times)}
          onSave={(body) => void send(callApi('patchLink', { params: { id: link.id }, body }))}
          onCancel={() => setMode('shown')}
        />
      )}
      {mode === 'closing' && (
        <div role="alertdialog" aria-label={WORDS.closeTitle(name)} className="grid gap-2">
          <p className="m-0 text-ink-2">{WORDS.closeText}</p>
          <span className="flex gap-2">
            <Button look="primary" autoFocus onPress={() => void send(callApi('revokeLink', { params: { id: link.id } }))}>
              {WORDS.closeButton}
            </Button>
            <Button onPress={() => setMode('shown')}>{TEXTS.cancel}</Button>
          </span>
        </div>
      )}
      <Failure error={error} />
    </li>
  )
}

interface ChangeLinkProps {
  readonly link: SharedLink
  readonly kept: string
  readonly onSave: (body: { name: string; expiresAt?: number | null }) => void
  readonly onCancel: () => void
}

function ChangeLink({ link, kept, onSave, onCancel }: ChangeLinkProps) {
  const [name, setName] = useState(link.name)
  const [choice, setChoice] = useState<ExpiryChoice | 'keep'>('keep')
  const [date, setDate] = useState('')
  const save = (event: FormEvent): void => {
    event.preventDefault()
    const expiresAt = choice === 'keep' ? undefined : endOf(choice, date, Date.now())
    if (choice === 'keep') onSave({ name })
    else if (expiresAt !== undefined) onSave({ name, expiresAt })
  }
  return (
    <form className="grid gap-2" onSubmit={save}>
      <label className="block">
        <span className="label">{WORDS.name}</span>
        <input className="input" maxLength={80} value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <ExpiryField choice={choice} date={date} kept={kept} onChoice={setChoice} onDate={setDate} />
      <span className="flex gap-2">
        <Button type="submit" look="primary">
          {WORDS.save}
        </Button>
        <Button onPress={onCancel}>{TEXTS.cancel}</Button>
      </span>
    </form>
  )
}

function stateText(link: SharedLink, times: Times): string {
  if (link.state === 'closed') return WORDS.closed(times.moment(link.closedAt ?? 0), link.closedByName ?? TEXTS.someone)
  if (link.expiresAt === null) return WORDS.never
  return link.state === 'expired' ? WORDS.ended(times.moment(link.expiresAt)) : WORDS.until(times.moment(link.expiresAt))
}

/** A day as a date field takes it. */
function dayText(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
