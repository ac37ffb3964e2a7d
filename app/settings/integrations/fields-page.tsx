import { ChevronLeft } from 'lucide-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { AnswerOf } from '../../../server/api/contract.ts'
import type { FieldType } from '../../../workbook/fields.ts'
import { ApiFailure, callApi } from '../../api-client.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import type { Times } from '../../kit/times.ts'
import { FIELD_TYPE_NAMES, TEXTS } from '../../texts.ts'
import { type FieldFilter, fieldsShown, isAllowed } from './field-filter.ts'
import { integrationPath } from './place.ts'
import { useAhead } from './use-ahead.ts'
import { ValuesDialog } from './values-dialog.tsx'

const WORDS = TEXTS.integrations.fields

type Mappings = AnswerOf<'getMappings'>
export type FieldMapping = Mappings['fields'][number]
type Way = FieldMapping['direction']

const WAYS = ['two-way', 'push', 'pull', 'off'] as const satisfies readonly Way[]
const FILTERS = ['all', 'used', 'changed', 'held'] as const satisfies readonly FieldFilter[]

/** The field mappings of one object (C19): every field of the app, its direction, its values, and what finally happens. */
export function FieldsPage({ integration, object, times }: { integration: string; object: string; times: Times }) {
  const [answer, setAnswer] = useState<Mappings>()
  const [error, setError] = useState<unknown>()
  const [loadError, setLoadError] = useState<unknown>()
  const [search, setSearch] = useState('')
  const [filter, setFilter] = useState<FieldFilter>('all')
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [said, setSaid] = useState('')
  const [mapping, setMapping] = useState<string>()
  const params = useMemo(() => ({ id: integration, object }), [integration, object])
  const load = useCallback(async (): Promise<void> => {
    try {
      setAnswer(await callApi('getMappings', { params }))
      setLoadError(undefined)
    } catch (failure) {
      setLoadError(failure)
    }
  }, [params])
  useEffect(() => void load(), [load])
  const shown = useMemo(() => fieldsShown(answer?.fields ?? [], search, filter), [answer, search, filter])

  const during = async (work: () => Promise<unknown>): Promise<void> => {
    setError(undefined)
    setSaid('')
    try {
      await work()
    } catch (failure) {
      setError(failure)
    }
    await load()
  }
  const setWay = (fields: readonly FieldMapping[], direction: Way): Promise<void> =>
    during(async () => {
      const taken = fields.filter((field) => isAllowed(field.external, direction))
      if (taken.length > 0) {
        await callApi('patchMappings', { params, body: { changes: taken.map((field) => ({ external: field.external.id, direction })) } })
      }
      const left = fields.length - taken.length
      if (fields.length > 1) setSaid([WORDS.bulkDone(taken.length), left > 0 ? WORDS.bulkSkipped(left) : ''].join(' ').trim())
    })
  const setPlace = (connection: string, field: string, direction: Way): Promise<void> =>
    during(() => callApi('patchConnection', { params: { id: connection }, body: { fields: [{ field, direction }] } }))

  const isMissing = loadError instanceof ApiFailure && loadError.status === 404 && answer === undefined
  const connection = answer?.fields.flatMap((f) => f.places)[0]?.connection
  const open = answer?.fields.find((f) => f.external.id === mapping)
  return (
    <PageFrame title={answer === undefined ? WORDS.title('') : WORDS.title(answer.object.name)} wide>
      <p className="m-0 -mt-2 mb-2">
        <a href={integrationPath(integration)} className="inline-flex min-h-6 items-center gap-1">
          <ChevronLeft size={14} aria-hidden /> {answer?.integration.name ?? TEXTS.integrations.title}
        </a>
      </p>
      {isMissing ? <p className="text-ink-2">{TEXTS.integrations.missing}</p> : <Failure error={error ?? loadError} />}
      {answer === undefined && loadError === undefined && <p className="text-ink-3">{TEXTS.integrations.loading}</p>}
      {answer !== undefined && (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
          <Lead answer={answer} times={times} />
          <div className="flex flex-wrap items-end gap-3">
            <label className="block min-w-44 flex-1">
              <span className="label">{WORDS.search}</span>
              <input className="input" type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
            </label>
            <label className="block">
              <span className="label">{WORDS.only}</span>
              <select className="input w-auto" value={filter} onChange={(event) => setFilter(event.target.value as FieldFilter)}>
                {FILTERS.map((f) => (
                  <option key={f} value={f}>
                    {WORDS.filter[f]}
                  </option>
                ))}
              </select>
            </label>
            {answer.integration.isOn && (
              <Button onPress={() => void during(() => readFields(connection, object))}>
                {answer.describedAt === null ? WORDS.readNow : WORDS.refresh}
              </Button>
            )}
            <span role="status" className="min-h-[30px] content-center text-ink-2">
              {said === '' ? WORDS.shown(shown.length, answer.fields.length) : said}
            </span>
          </div>
          {selected.size > 0 && (
            <BulkBar
              count={selected.size}
              onSet={(way) =>
                void setWay(
                  answer.fields.filter((f) => selected.has(f.external.id)),
                  way,
                )
              }
              onClear={() => setSelected(new Set())}
            />
          )}
          {answer.fields.length > 0 && shown.length === 0 && <p className="m-0 text-ink-2">{WORDS.none}</p>}
          {shown.length > 0 && (
            <Table
              answer={answer}
              shown={shown}
              selected={selected}
              onSelect={setSelected}
              onWay={(field, way) => setWay([field], way)}
              onPlace={setPlace}
              onValues={setMapping}
            />
          )}
        </div>
      )}
      {answer !== undefined && open !== undefined && (
        <ValuesDialog
          params={params}
          appName={answer.integration.appName}
          mapping={open}
          onSaved={load}
          onClose={() => setMapping(undefined)}
        />
      )}
    </PageFrame>
  )
}

/**
 * Reads the fields anew and waits for it, so that the page shows what came. Where no sheet uses the object yet, a connection is prepared in
 * the newest workbook: nothing of it is seen there.
 */
async function readFields(connection: string | undefined, object: string): Promise<void> {
  await callApi('describeConnection', { params: { id: connection ?? (await prepared(object)) } })
}

async function prepared(object: string): Promise<string> {
  const [newest] = (await callApi('listWorkbooks', {})).workbooks
  if (newest === undefined) throw new Error(WORDS.noWorkbook)
  const [sheet] = (await callApi('getWorkbook', { params: { id: newest.id } })).sheets
  if (sheet === undefined) throw new Error(WORDS.noWorkbook)
  return (await callApi('draftConnection', { body: { workbook: newest.id, sheet: sheet.id, object } })).id
}

function Lead({ answer, times }: { answer: Mappings; times: Times }) {
  const { integration, object, describedAt } = answer
  return (
    <div>
      <p className="m-0 text-ink-2">{WORDS.lead(integration.appName, object.externalName)}</p>
      <p className="m-0 text-ink-2">
        {WORDS.order} {WORDS.objectSays(TEXTS.integrations.direction[object.direction](integration.appName))}{' '}
        {integration.isOn ? '' : <b className="font-semibold text-warn">{WORDS.isPaused(integration.name)}</b>}
      </p>
      {describedAt === null ? (
        <p className="m-0 mt-2">{WORDS.never}</p>
      ) : (
        describedAt > 0 && <p className="hint m-0">{WORDS.read(times.moment(describedAt))}</p>
      )}
    </div>
  )
}

function BulkBar({ count, onSet, onClear }: { count: number; onSet: (way: Way) => void; onClear: () => void }) {
  const [way, setWay] = useState<Way | ''>('')
  return (
    <fieldset
      aria-label={WORDS.selected(count)}
      className="m-0 flex flex-wrap items-center gap-2 rounded-md border border-line bg-wash px-3 py-2"
    >
      <span>{WORDS.selected(count)}</span>
      <select className="input w-auto" aria-label={WORDS.bulk} value={way} onChange={(event) => setWay(event.target.value as Way | '')}>
        <option value="">{WORDS.bulkChoose}</option>
        {WAYS.map((w) => (
          <option key={w} value={w}>
            {WORDS.ways[w]}
          </option>
        ))}
      </select>
      <Button look="primary" isDisabled={way === ''} onPress={() => way !== '' && onSet(way)}>
        {WORDS.bulkApply}
      </Button>
      <Button look="ghost" onPress={onClear}>
        {WORDS.clear}
      </Button>
    </fieldset>
  )
}

interface TableProps {
  readonly answer: Mappings
  readonly shown: readonly FieldMapping[]
  readonly selected: ReadonlySet<string>
  readonly onSelect: (selected: ReadonlySet<string>) => void
  readonly onWay: (field: FieldMapping, way: Way) => Promise<void>
  readonly onPlace: (connection: string, field: string, way: Way) => Promise<void>
  readonly onValues: (external: string) => void
}

function Table({ answer, shown, selected, onSelect, onWay, onPlace, onValues }: TableProps) {
  const isAll = shown.every((f) => selected.has(f.external.id))
  const toggle = (id: string, isOn: boolean): void => {
    const next = new Set(selected)
    if (isOn) next.add(id)
    else next.delete(id)
    onSelect(next)
  }
  const toggleAll = (isOn: boolean): void => {
    const next = new Set(selected)
    for (const { external } of shown) {
      if (isOn) next.add(external.id)
      else next.delete(external.id)
    }
    onSelect(next)
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keys too
    <section className="overflow-x-auto rounded-lg border border-line" aria-label={WORDS.title(answer.object.name)} tabIndex={0}>
      <table className="w-full border-collapse text-left [&_td]:border-t [&_td]:border-line-2 [&_td]:px-2 [&_td]:py-2 [&_td]:align-top sm:[&_td]:px-3 [&_th]:bg-wash [&_th]:px-2 [&_th]:py-2 sm:[&_th]:px-3 [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-2">
        <thead>
          <tr>
            <th className="w-8">
              <input type="checkbox" aria-label={WORDS.selectAll} checked={isAll} onChange={(event) => toggleAll(event.target.checked)} />
            </th>
            <th>{WORDS.field}</th>
            <th>{WORDS.direction}</th>
            <th>{WORDS.effective}</th>
            <th>{WORDS.values}</th>
            <th>{WORDS.here}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((field) => (
            <Row
              key={field.external.id}
              field={field}
              isSelected={selected.has(field.external.id)}
              onSelect={(isOn) => toggle(field.external.id, isOn)}
              onWay={(way) => onWay(field, way)}
              onPlace={onPlace}
              onValues={() => onValues(field.external.id)}
            />
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface RowProps {
  readonly field: FieldMapping
  readonly isSelected: boolean
  readonly onSelect: (isOn: boolean) => void
  readonly onWay: (way: Way) => Promise<void>
  readonly onPlace: TableProps['onPlace']
  readonly onValues: () => void
}

function Row({ field, isSelected, onSelect, onWay, onPlace, onValues }: RowProps) {
  const { external, direction, places, valueMap, effective } = field
  const type = FIELD_TYPE_NAMES[external.type as FieldType] ?? external.type
  const hasOptions = external.type === 'single-select' && (external.options?.length ?? 0) > 0
  const decided = WORDS.decided[effective.decidedBy]
  const values = valueMap.length === 0 ? WORDS.asInApp : WORDS.mapped(valueMap.length, external.options?.length ?? 0)
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={WORDS.select(external.name)}
          checked={isSelected}
          onChange={(event) => onSelect(event.target.checked)}
        />
      </td>
      <th scope="row" className="border-t border-line-2 !bg-transparent align-top !text-[length:inherit] !text-ink">
        {external.name}
        <span className="hint block font-normal">
          {[external.id, type, external.required ? WORDS.required : ''].filter((text) => text !== '').join(' · ')}
        </span>
        {external.writable !== true && <span className="hint block font-normal">{external.writable.reason}</span>}
      </th>
      <td>
        <WaySelect label={WORDS.directionOf(external.name)} external={external} value={direction} onChange={onWay} />
      </td>
      <td className="min-w-32 sm:min-w-40">
        {WORDS.happens(effective.canPush, effective.canPull)}
        {decided !== '' && <span className="hint block">{decided}</span>}
      </td>
      <td>
        {hasOptions && (
          <Button look="link" aria-label={WORDS.mapValues(external.name, values)} onPress={onValues}>
            {values}
          </Button>
        )}
      </td>
      <td>
        {places.length === 0 ? (
          <span className="text-ink-3">{WORDS.notUsed}</span>
        ) : (
          <ul className="m-0 grid list-none gap-1 p-0">
            {places.map((place) => (
              <li key={place.connection} className="flex flex-wrap items-center gap-x-2">
                <span>{WORDS.place(place.fieldName, place.workbook.name)}</span>
                {place.direction !== direction && (
                  <WaySelect
                    label={WORDS.directionOf(WORDS.place(place.fieldName, place.workbook.name))}
                    external={external}
                    value={place.direction}
                    onChange={(way) => onPlace(place.connection, place.field, way)}
                  />
                )}
              </li>
            ))}
          </ul>
        )}
      </td>
    </tr>
  )
}

interface WaySelectProps {
  readonly label: string
  readonly external: FieldMapping['external']
  readonly value: Way
  readonly onChange: (way: Way) => Promise<void>
}

function WaySelect({ label, external, value, onChange }: WaySelectProps) {
  const [way, choose] = useAhead(value, onChange)
  return (
    <select className="input w-auto" aria-label={label} value={way} onChange={(event) => choose(event.target.value as Way)}>
      {WAYS.map((offered) => (
        <option key={offered} value={offered} disabled={!isAllowed(external, offered)}>
          {WORDS.ways[offered]}
        </option>
      ))}
    </select>
  )
}
