import { type FormEvent, useState } from 'react'
import { Checkbox } from 'react-aria-components'
import type { AnswerOf, ConnectionInfo } from '../../server/api/contract.ts'
import type { ConnectionId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/dialogs.tsx'
import { rowNameOf } from '../workbook/row-name.ts'

type Found = AnswerOf<'search'>
type Way = 'name' | 'keys'

/** Ties rows to records: found by a part of their name, or by their keys. */
export function LinkDialog({ session, connection, painter, active, onClose }: DialogsProps & { readonly connection: ConnectionInfo }) {
  const { sheet } = painter
  const appName = connection.integration.appName
  const [way, setWay] = useState<Way>('name')
  const [name, setName] = useState('')
  const [keys, setKeys] = useState('')
  const [asked, setAsked] = useState('')
  const [found, setFound] = useState<Found>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  // A row that is selected and tied to nothing takes the record; else each record gets a row of its own.
  const freeRow = active !== undefined && sheet.recordOf(active.row, connection.id as ConnectionId) === undefined ? active.row : undefined
  const rowName = freeRow && rowNameOf(sheet.fields(), (field) => sheet.cell(freeRow, field.id).value, sheet.rows().indexOf(freeRow))

  const search = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const list = keys.split(/[\s,;]+/u).filter(Boolean)
    const body = way === 'name' ? { name: name.trim() } : { keys: list }
    if (way === 'name' ? name.trim() === '' : list.length === 0) return
    setBusy(true)
    setError(undefined)
    try {
      const answer = await callApi('search', { params: { id: connection.id }, body })
      setFound(answer)
      setAsked(way === 'name' ? name.trim() : list.join(', '))
      const free = answer.hits.filter((hit) => hit.linkedRow === null)
      setChosen(new Set(way === 'keys' ? free.map((hit) => hit.id) : free.length === 1 ? [free[0]?.id ?? ''] : []))
      void session.refresh()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const link = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const links = [...chosen].map((recordId, i) => ({ row: i === 0 && freeRow !== undefined ? freeRow : null, recordId }))
      await callApi('link', { params: { id: connection.id }, body: { links } })
      await session.fetchRuns()
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const toggle = (id: string, isOn: boolean): void => {
    const next = new Set(chosen)
    if (isOn) next.add(id)
    else next.delete(id)
    setChosen(next)
  }

  return (
    <Modal
      isOpen
      onClose={onClose}
      title={TEXTS.link.title(`${appName} · ${connection.object.name}`)}
      width={600}
      foot={
        <>
          <Button look="primary" isDisabled={chosen.size === 0 || isBusy} onPress={() => void link()}>
            {TEXTS.link.linkButton(chosen.size)}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          {found !== undefined && <span className="hint ml-auto">{TEXTS.link.charged(found.credits)}</span>}
        </>
      }
    >
      <p className="m-0 mb-3 text-ink-2">{rowName === undefined ? TEXTS.link.newRows : TEXTS.link.toRow(rowName)}</p>
      <div role="radiogroup" aria-label={TEXTS.link.byName} className="mb-3 flex gap-1">
        {(['name', 'keys'] as const).map((option) => (
          <label
            key={option}
            className="rounded-md px-2.5 py-1 has-[:checked]:bg-tide-wash has-[:checked]:font-semibold has-[:checked]:text-tide-ink has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-tide"
          >
            <input type="radio" name="way" className="sr-only" checked={way === option} onChange={() => setWay(option)} />
            {option === 'name' ? TEXTS.link.byName : TEXTS.link.byKeys}
          </label>
        ))}
      </div>
      <form onSubmit={(event) => void search(event)} className="grid gap-2">
        {way === 'name' ? (
          <label className="block">
            <span className="label">{TEXTS.link.nameLabel}</span>
            {/* biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here */}
            <input className="input" autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
          </label>
        ) : (
          <label className="block">
            <span className="label">{TEXTS.link.keysLabel}</span>
            {/* biome-ignore lint/a11y/noAutofocus: as above */}
            <textarea className="input" autoFocus rows={4} value={keys} onChange={(event) => setKeys(event.target.value)} />
            <span className="hint">{TEXTS.link.keysHint}</span>
          </label>
        )}
        <span>
          <Button type="submit" isDisabled={isBusy}>
            {isBusy ? TEXTS.link.searching : way === 'name' ? TEXTS.link.searchButton : TEXTS.link.findButton}
          </Button>
        </span>
      </form>
      <Failure error={error} />
      {found !== undefined && (
        <div className="mt-4" aria-live="polite">
          {found.hits.length > 0 && <h3 className="m-0 mb-1 text-xs font-semibold text-ink-2">{TEXTS.link.results}</h3>}
          {found.hits.map((hit) => (
            <Checkbox
              key={hit.id}
              isSelected={chosen.has(hit.id)}
              isDisabled={hit.linkedRow !== null}
              onChange={(isOn) => toggle(hit.id, isOn)}
              className="menu-item -mx-2.5"
            >
              {({ isSelected }) => (
                <>
                  <span className="tick m-0! flex-none" data-on={isSelected || undefined}>
                    {isSelected ? '✓' : ''}
                  </span>
                  <b className="font-semibold text-tide-ink">{hit.key}</b>
                  <span className="min-w-0 truncate">{hit.name}</span>
                  {hit.linkedRow !== null && <span className="hint ml-auto">{TEXTS.link.alreadyLinked}</span>}
                </>
              )}
            </Checkbox>
          ))}
          {found.hits.length === 0 && way === 'name' && (
            <p className="m-0 text-ink-2">{found.note ?? TEXTS.link.nothing(appName, asked)}</p>
          )}
          {found.missing.length > 0 && <p className="m-0 mt-2 text-ink-2">{TEXTS.link.missing(appName, found.missing)}</p>}
          {found.note !== null && found.hits.length > 0 && <p className="hint m-0 mt-2">{found.note}</p>}
        </div>
      )}
    </Modal>
  )
}
