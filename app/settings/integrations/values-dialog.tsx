import { useEffect, useState } from 'react'
import { callApi } from '../../api-client.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { Modal } from '../../kit/modal.tsx'
import { TEXTS } from '../../texts.ts'
import type { FieldMapping } from './fields-page.tsx'
import { clashOf, suggestPairs, unknownValues, type ValuePair } from './value-suggestions.ts'

const WORDS = TEXTS.integrations.values

export interface ValuesDialogProps {
  readonly params: { readonly id: string; readonly object: string }
  readonly appName: string
  readonly mapping: FieldMapping
  readonly onSaved: () => Promise<void>
  readonly onClose: () => void
}

/** What each option of a field is called in the workbook (C19): one line an option. */
export function ValuesDialog({ params, appName, mapping, onSaved, onClose }: ValuesDialogProps) {
  const { external } = mapping
  const options = external.options ?? []
  const [names, setNames] = useState<ReadonlyMap<string, string>>(() => new Map(mapping.valueMap.map((pair) => [pair.app, pair.workbook])))
  const [used, setUsed] = useState<readonly string[]>([])
  const [said, setSaid] = useState('')
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const { id, object } = params
  useEffect(() => {
    callApi('getUsedValues', { params: { id, object }, query: { external: external.id } }).then(
      (answer) => setUsed(answer.used.map((u) => u.value)),
      setError,
    )
  }, [id, object, external.id])
  // A pair that names an option its own name says nothing.
  const map: readonly ValuePair[] = [...names]
    .map(([app, workbook]) => ({ app, workbook: workbook.trim() }))
    .filter(({ app, workbook }) => workbook !== '' && workbook !== app)
  const clash = clashOf(map, options)
  const unknown = unknownValues(used, options, map)
  const rename = (app: string, workbook: string): void => {
    setSaid('')
    setNames((known) => new Map(known).set(app, workbook))
  }
  const suggest = (): void => {
    const pairs = suggestPairs(used, options, map)
    setNames((known) => new Map([...known, ...pairs.map(({ app, workbook }) => [app, workbook] as const)]))
    setSaid(WORDS.suggested(pairs.length))
  }
  const save = async (): Promise<void> => {
    if (isBusy) return
    setBusy(true)
    setError(undefined)
    try {
      await callApi('patchMappings', { params, body: { changes: [{ external: external.id, valueMap: [...map] }] } })
      await onSaved()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  // Options that are gone from the app may still be mapped: they stay to be seen and cleared.
  const gone = [...names.keys()].filter((app) => !options.some((o) => o.name === app))
  const lines = [...options, ...gone.map((name) => ({ id: name, name, retired: true }))]
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={WORDS.title(external.name)}
      width={600}
      foot={
        <>
          <Button look="primary" isDisabled={clash !== undefined} onPress={() => void save()}>
            {WORDS.save}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          <span className="text-ink-2">{WORDS.follows}</span>
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
        <p className="m-0 text-ink-2">
          {WORDS.lead(appName)} {external.optionsCaseSensitive === true ? WORDS.sensitive(appName) : ''}
        </p>
        <span className="flex flex-wrap items-center gap-2">
          <Button isSmall onPress={suggest} isDisabled={unknown.length === 0}>
            {WORDS.suggest}
          </Button>
          <Button isSmall onPress={() => setNames(new Map())} isDisabled={map.length === 0}>
            {WORDS.clear}
          </Button>
          <span role="status" className="text-ink-2">
            {said}
          </span>
        </span>
        {unknown.length > 0 && (
          <p className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">{WORDS.unmapped(unknown, appName)}</p>
        )}
        <table className="w-full border-collapse text-left [&_td]:border-t [&_td]:border-line-2 [&_td]:py-1 [&_td]:pr-3 [&_th]:pb-1 [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-2">
          <thead>
            <tr>
              <th>{WORDS.app(appName)}</th>
              <th>{WORDS.here}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((option) => (
              <tr key={option.name}>
                <td>
                  {option.name}
                  {option.retired === true && <span className="hint"> · {WORDS.retired}</span>}
                </td>
                <td className="w-1/2">
                  <input
                    className="input"
                    aria-label={WORDS.hereOf(option.name)}
                    placeholder={WORDS.same}
                    maxLength={500}
                    value={names.get(option.name) ?? ''}
                    onChange={(event) => rename(option.name, event.target.value)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {clash !== undefined && (
          <p role="alert" className="m-0 error">
            {WORDS[clash.kind](clash.name)}
          </p>
        )}
        <Failure error={error} />
      </div>
    </Modal>
  )
}
