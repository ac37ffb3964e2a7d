import { Search } from 'lucide-react'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { AnswerOf, ConnectionInfo, RunHead } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { countFilters, isFiltered, NO_FILTERS, type RunFilters } from './filters.ts'

/** After so long without a further key the log is searched. ms. */
const TYPING_MS = 250

const STATES = ['queued', 'settled', 'partial', 'waiting', 'cancelled', 'failed'] as const
/** Under way is one thing to whoever filters, whatever step it is at. */
const UNDER_WAY = 'leased,refreshing,planning,checking,pushing,pulling,reconciling'
const KINDS = ['sync', 'import', 'link', 'create', 'fill', 'refresh', 'search', 'undo'] as const
const TRIGGERS = ['person', 'schedule', 'nightly', 'api'] as const

interface Known {
  readonly integrations: AnswerOf<'listIntegrations'>['integrations']
  readonly connections: readonly ConnectionInfo[]
  readonly workbooks: AnswerOf<'listWorkbooks'>['workbooks']
  readonly people: readonly { readonly id: string; readonly name: string }[]
}

const NOTHING: Known = { integrations: [], connections: [], workbooks: [], people: [] }

/** What can be chosen: what there is now, and whoever used credits of late. */
function useKnown(): Known {
  const [known, setKnown] = useState(NOTHING)
  useEffect(() => {
    const leaving = new AbortController()
    const options = { signal: leaving.signal }
    // Each by itself: a filter whose names cannot be had is left out, the log stays readable.
    const note = (part: Partial<Known>): void => setKnown((before) => ({ ...before, ...part }))
    const ignore = (): undefined => undefined
    void callApi('listIntegrations', {}, options).then(({ integrations }) => note({ integrations }), ignore)
    void callApi('listConnections', { query: {} }, options).then(({ connections }) => note({ connections }), ignore)
    void callApi('listWorkbooks', {}, options).then(({ workbooks }) => note({ workbooks }), ignore)
    void callApi('getUsage', { query: {} }, options).then(
      ({ lines }) =>
        note({ people: [...new Map(lines.map(({ person, personName }) => [person, { id: person, name: personName }])).values()] }),
      ignore,
    )
    return () => leaving.abort()
  }, [])
  return known
}

export interface RunFilterBarProps {
  readonly filters: RunFilters
  readonly runs: readonly RunHead[]
  readonly onChange: (filters: RunFilters) => void
}

/** Search and filters over the log; on a narrow screen the filters open when they are asked for. */
export function RunFilterBar({ filters, runs, onChange }: RunFilterBarProps) {
  const known = useKnown()
  const [isOpen, setOpen] = useState(false)
  const [text, setText] = useState(filters.text)
  useEffect(() => setText(filters.text), [filters.text])
  useEffect(() => {
    if (text === filters.text) return
    const timer = setTimeout(() => onChange({ ...filters, text }), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text, filters, onChange])

  const people = useMemo(() => {
    const names = new Map(known.people.map(({ id, name }) => [id, name]))
    for (const run of runs) if (run.trigger === 'person' || run.trigger === 'api') names.set(run.by, run.byName)
    if (filters.person !== '' && !names.has(filters.person)) names.set(filters.person, filters.person)
    return [...names].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name))
  }, [known.people, runs, filters.person])
  const apps = useMemo(
    () => [...new Map(known.integrations.map(({ app, appName }) => [app, { id: app, name: appName }])).values()],
    [known],
  )
  const integrations = known.integrations.filter(({ app }) => filters.app === '' || app === filters.app)
  const objects = integrations
    .filter(({ id }) => filters.integration === '' || id === filters.integration)
    .flatMap(({ name, objects: own }) => own.map((object) => ({ id: object.id, name: `${name} · ${object.name}` })))
  const connections = known.connections.map(({ id, integration, object, workbook }) => ({
    id,
    name: [`${integration.appName} · ${object.name}`, known.workbooks.find((w) => w.id === workbook)?.name].filter(Boolean).join(' · '),
  }))

  const set = (key: keyof RunFilters) => (value: string) => onChange({ ...filters, [key]: value })
  const count = countFilters(filters)
  return (
    <search className="mb-3 grid gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <label className="relative min-w-52 flex-1">
          <span className="sr-only">{TEXTS.log.search}</span>
          <Search size={14} aria-hidden className="pointer-events-none absolute top-2 left-2.5 text-ink-3" />
          <input
            type="search"
            className="input pl-8!"
            maxLength={200}
            placeholder={TEXTS.log.searchHint}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <Button className="md:hidden" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)}>
          {TEXTS.log.filterCount(count)}
        </Button>
        <Button look="ghost" isDisabled={!isFiltered(filters)} onPress={() => onChange(NO_FILTERS)}>
          {TEXTS.log.clear}
        </Button>
      </div>
      <div className={`${isOpen ? 'grid' : 'hidden'} grid-cols-[repeat(auto-fill,minmax(148px,1fr))] gap-2 md:grid`}>
        <Choice name="app" all={TEXTS.log.any.app} value={filters.app} options={apps} onChange={set('app')} />
        <Choice
          name="integration"
          all={TEXTS.log.any.integration}
          value={filters.integration}
          options={integrations}
          onChange={set('integration')}
        />
        <Choice name="object" all={TEXTS.log.any.object} value={filters.object} options={objects} onChange={set('object')} />
        <Choice
          name="connection"
          all={TEXTS.log.any.connection}
          value={filters.connection}
          options={connections}
          onChange={set('connection')}
        />
        <Choice
          name="workbook"
          all={TEXTS.log.any.workbook}
          value={filters.workbook}
          options={known.workbooks}
          onChange={set('workbook')}
        />
        <Choice
          name="state"
          all={TEXTS.log.anyState}
          value={filters.state}
          options={[
            { id: UNDER_WAY, name: TEXTS.log.underWay },
            ...STATES.map((state) => ({ id: state, name: TEXTS.run.state[state] })),
            { id: 'partial,failed,waiting', name: TEXTS.log.needsALook },
          ]}
          onChange={set('state')}
        />
        <Choice
          name="kind"
          all={TEXTS.log.anyKind}
          value={filters.kind}
          options={KINDS.map((kind) => ({ id: kind, name: TEXTS.run.kind[kind] }))}
          onChange={set('kind')}
        />
        <Choice
          name="trigger"
          all={TEXTS.log.anyTrigger}
          value={filters.trigger}
          options={TRIGGERS.map((trigger) => ({ id: trigger, name: TEXTS.log.trigger[trigger] }))}
          onChange={set('trigger')}
        />
        <Choice name="person" all={TEXTS.log.anyPerson} value={filters.person} options={people} onChange={set('person')} />
        <Labelled name="from">
          <input
            type="date"
            className="input"
            value={filters.from}
            max={filters.to || undefined}
            onChange={(event) => set('from')(event.target.value)}
          />
        </Labelled>
        <Labelled name="to">
          <input
            type="date"
            className="input"
            value={filters.to}
            min={filters.from || undefined}
            onChange={(event) => set('to')(event.target.value)}
          />
        </Labelled>
      </div>
    </search>
  )
}

function Labelled({ name, children }: { readonly name: keyof typeof TEXTS.log.label; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="block min-w-0">
      <span className="label">{TEXTS.log.label[name]}</span>
      {children}
    </label>
  )
}

function Choice(props: {
  readonly name: keyof typeof TEXTS.log.label
  readonly all: string
  readonly value: string
  readonly options: readonly { readonly id: string; readonly name: string }[]
  readonly onChange: (value: string) => void
}) {
  const { name, all, value, options, onChange } = props
  const isKnown = value === '' || options.some(({ id }) => id === value)
  return (
    <Labelled name={name}>
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {!isKnown && <option value={value}>{value}</option>}
        {options.map((option) => (
          <option key={option.id} value={option.id}>
            {option.name}
          </option>
        ))}
      </select>
    </Labelled>
  )
}
