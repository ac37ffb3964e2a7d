import { type FormEvent, useState } from 'react'
import { ListBox, ListBoxItem } from 'react-aria-components'
import { callApi } from '../../api-client.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { Modal } from '../../kit/modal.tsx'
import { TEXTS } from '../../texts.ts'
import type { Integration } from './parts.tsx'

const WORDS = TEXTS.integrations.newObject

interface Offered {
  readonly id: string
  readonly name: string
  readonly isSearchable?: boolean
}

export interface ObjectDialogProps {
  readonly integration: Integration
  readonly onAdded: () => Promise<void>
  readonly onClose: () => void
}

/** Names a workspace object and points it at exactly one external object (C6, C7). */
export function ObjectDialog({ integration, onAdded, onClose }: ObjectDialogProps) {
  const { id, appName, known, canDiscover } = integration
  const [name, setName] = useState('')
  const [offered, setOffered] = useState<readonly Offered[]>(known)
  const [search, setSearch] = useState('')
  const [chosen, setChosen] = useState<Offered | undefined>(known.length === 1 ? known[0] : undefined)
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState<'adding' | 'asking'>()
  const during = async (kind: 'adding' | 'asking', work: () => Promise<void>): Promise<void> => {
    if (busy !== undefined) return
    setBusy(kind)
    setError(undefined)
    try {
      await work()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(undefined)
    }
  }
  const discover = (): Promise<void> =>
    during('asking', async () => {
      const { objects } = await callApi('discoverObjects', { params: { id } })
      setOffered(objects)
    })
  const add = (event: FormEvent): void => {
    event.preventDefault()
    if (chosen === undefined || name.trim() === '') return
    void during('adding', async () => {
      await callApi('addObject', { params: { id }, body: { name: name.trim(), external: chosen.id, externalName: chosen.name } })
      await onAdded()
      onClose()
    })
  }
  const wanted = search.trim().toLowerCase()
  const matching = offered.filter((o) => o.name.toLowerCase().includes(wanted) || o.id.toLowerCase().includes(wanted))
  return (
    <Modal isOpen onClose={onClose} title={WORDS.title} width={520}>
      <form className="grid gap-3" onSubmit={add}>
        <label className="block">
          <span className="label">{WORDS.name}</span>
          <input
            className="input"
            // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
            autoFocus
            required
            maxLength={120}
            placeholder={WORDS.suggestions}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <div className="grid gap-1.5">
          <span className="label m-0">{WORDS.points(appName)}</span>
          <span className="hint">{WORDS.one}</span>
          {offered.length > 8 && (
            <input
              className="input"
              type="search"
              aria-label={WORDS.find}
              placeholder={WORDS.find}
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          )}
          <ListBox
            aria-label={WORDS.points(appName)}
            className="menu max-h-56 overflow-auto rounded-md border border-line"
            selectionMode="single"
            selectedKeys={chosen === undefined ? [] : [chosen.id]}
            onSelectionChange={(keys) => {
              const key = keys === 'all' ? undefined : keys.values().next().value
              setChosen(offered.find((o) => o.id === key))
            }}
            renderEmptyState={() => <p className="hint m-0 px-2.5 py-1.5">{WORDS.none}</p>}
          >
            {matching.map((object) => (
              <ListBoxItem key={object.id} id={object.id} textValue={object.name} className="menu-item">
                <span className="min-w-0 flex-1 truncate">{object.name}</span>
                <span className="hint truncate">
                  {object.id}
                  {object.isSearchable === false ? ` · ${WORDS.notSearchable}` : ''}
                </span>
              </ListBoxItem>
            ))}
          </ListBox>
          {canDiscover && (
            <span>
              <Button isSmall onPress={() => void discover()}>
                {busy === 'asking' ? WORDS.discovering : WORDS.discover(appName)}
              </Button>
            </span>
          )}
        </div>
        <p className="hint m-0">{WORDS.pullOnly}</p>
        <Failure error={error} />
        <span className="flex items-center gap-2">
          <Button type="submit" look="primary" isDisabled={chosen === undefined || name.trim() === ''}>
            {WORDS.add}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          {(chosen === undefined || name.trim() === '') && <span className="hint">{WORDS.choose}</span>}
        </span>
      </form>
    </Modal>
  )
}
