import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react'
import { useId, useState } from 'react'
import { laneFields } from '../../workbook/board.ts'
import type { Field, FieldType } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { kindOfField, type ValueKind } from '../../workbook/value-kind.ts'
import { type Aggregate, type ColorRule, GROUP_DEPTH, NO_FILTER, TINTS, type Tint, type ViewConfig } from '../../workbook/view.ts'
import type { Ignored } from '../../workbook/view-filter.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { FilterEditor, newCondition } from './filter-editor.tsx'
import { KeyList } from './key-list.tsx'
import { isHiddenIn, orderedInView } from './shown-fields.ts'

const T = TEXTS.views

export interface PanelProps {
  readonly config: ViewConfig
  readonly fields: readonly Field[]
  readonly onChange: (edit: Partial<ViewConfig>) => void
}

export function FilterPanel({ config, fields, ignored, onChange }: PanelProps & { readonly ignored: readonly Ignored[] }) {
  const { filter } = config
  return (
    <div className="grid gap-2 sm:min-w-[520px]">
      {filter.parts.length === 0 && <p className="hint m-0">{T.noFilter}</p>}
      {ignored.length > 0 && (
        <p role="status" className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-2 py-1">
          {T.ignored(ignored.length)}
        </p>
      )}
      <FilterEditor group={filter} fields={fields} onChange={(next) => onChange({ filter: next })} />
      {filter.parts.length > 0 && (
        <Button isSmall className="justify-self-start" onPress={() => onChange({ filter: NO_FILTER })}>
          {T.clearAll}
        </Button>
      )}
    </div>
  )
}

export function SortPanel({ config, fields, onChange }: PanelProps) {
  return (
    <div className="sm:min-w-96">
      <KeyList
        keys={config.sorts}
        fields={fields}
        limit={10}
        addText={T.addSort}
        emptyText={T.noSort}
        onChange={(sorts) => onChange({ sorts })}
      />
    </div>
  )
}

const FIGURES: Readonly<Record<ValueKind, readonly Aggregate[]>> = {
  number: ['sum', 'average', 'min', 'max', 'filled', 'empty', 'unique'],
  day: ['min', 'max', 'filled', 'empty', 'unique'],
  instant: ['min', 'max', 'filled', 'empty', 'unique'],
  check: ['checked'],
  text: ['filled', 'empty', 'unique'],
  option: ['filled', 'empty', 'unique'],
  options: ['filled', 'empty', 'unique'],
  person: ['filled', 'empty', 'unique'],
}

/** Rows of these fall into groups; by a key or a text each row would be a group of its own. */
const OF_FEW_VALUES: ReadonlySet<FieldType> = new Set(['single-select', 'person', 'checkbox', 'rating', 'multi-select'])

export function GroupPanel({ config, fields, onChange, onCollapse }: PanelProps & { readonly onCollapse: (isCollapsed: boolean) => void }) {
  return (
    <div className="grid gap-2 sm:min-w-96">
      <KeyList
        keys={config.groups}
        fields={fields}
        limit={GROUP_DEPTH}
        prefers={OF_FEW_VALUES}
        addText={T.addGroupBy}
        emptyText={T.noGroup}
        onChange={(groups) => onChange({ groups })}
      />
      {config.groups.length > 0 && (
        <span className="flex gap-1.5">
          <Button isSmall onPress={() => onCollapse(true)}>
            {T.collapseAll}
          </Button>
          <Button isSmall onPress={() => onCollapse(false)}>
            {T.expandAll}
          </Button>
        </span>
      )}
      <Figures config={config} fields={fields} onChange={onChange} />
    </div>
  )
}

/** What the lanes of a board are made of, and what is added up in each. */
export function LanesPanel({ config, fields, onChange }: PanelProps) {
  const suitable = laneFields(fields)
  return (
    <div className="grid gap-2 sm:min-w-96">
      {suitable.length === 0 ? (
        <p className="hint m-0">{TEXTS.board.noField}</p>
      ) : (
        <label className="flex items-center gap-2">
          <span className="flex-1">{TEXTS.board.laneField}</span>
          <select
            className="input view-select"
            value={suitable.some(({ id }) => id === config.lanes) ? config.lanes : ''}
            onChange={(event) => onChange({ lanes: event.target.value as FieldId })}
          >
            {!suitable.some(({ id }) => id === config.lanes) && <option value="">{TEXTS.board.noLaneField}</option>}
            {suitable.map((field) => (
              <option key={field.id} value={field.id}>
                {field.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <Figures config={config} fields={fields} onChange={onChange} />
    </div>
  )
}

function Figures({ config: { aggregates }, fields, onChange }: PanelProps) {
  const setFigure = (field: FieldId, aggregate: string): void => {
    const { [field]: _, ...others } = aggregates
    onChange({ aggregates: aggregate === '' ? others : { ...others, [field]: aggregate as Aggregate } })
  }
  return (
    <>
      <h3 className="label m-0 mt-1">{T.figures}</h3>
      <div className="grid max-h-56 gap-1 overflow-auto">
        {fields.map((field) => (
          <label key={field.id} className="flex items-center gap-2">
            <span className="min-w-0 flex-1 truncate">{field.name}</span>
            <select
              className="input view-select"
              aria-label={T.figureOf(field.name)}
              value={aggregates[field.id] ?? ''}
              onChange={(event) => setFigure(field.id, event.target.value)}
            >
              <option value="">{T.noFigure}</option>
              {FIGURES[kindOfField(field.type)].map((aggregate) => (
                <option key={aggregate} value={aggregate}>
                  {T.aggregate[aggregate]}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
    </>
  )
}

export function FieldsPanel({ config, fields, onChange }: PanelProps) {
  const [search, setSearch] = useState('')
  const ordered = orderedInView(fields, config)
  const found = ordered.filter((field) => field.name.toLowerCase().includes(search.trim().toLowerCase()))
  const hide = (some: readonly Field[], isHidden: boolean): void =>
    onChange({ hidden: { ...config.hidden, ...Object.fromEntries(some.map((field) => [field.id, isHidden])) } })
  const swap = (field: Field, by: -1 | 1): void => {
    const ids = ordered.map(({ id }) => id)
    const at = ids.indexOf(field.id)
    const [here, there] = [ids[at], ids[at + by]]
    if (here === undefined || there === undefined) return
    onChange({ fieldOrder: ids.map((id, i) => (i === at ? there : i === at + by ? here : id)) })
  }
  return (
    <div className="grid gap-2 sm:min-w-80">
      <input
        type="search"
        className="input"
        aria-label={T.searchFields}
        placeholder={T.searchFields}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <div className="grid max-h-80 gap-0.5 overflow-auto">
        {found.map((field) => (
          <div key={field.id} className="flex items-center gap-1">
            <label className="flex min-h-7 min-w-0 flex-1 items-center gap-2 rounded px-1 hover:bg-hover">
              <input
                type="checkbox"
                aria-label={T.showField(field.name)}
                checked={!isHiddenIn(field, config)}
                onChange={(event) => hide([field], !event.target.checked)}
              />
              <span className="truncate">{field.name}</span>
            </label>
            <IconButton label={T.earlier} isSmall isDisabled={field === ordered[0]} onPress={() => swap(field, -1)}>
              <ArrowUp size={14} aria-hidden />
            </IconButton>
            <IconButton label={T.later} isSmall isDisabled={field === ordered.at(-1)} onPress={() => swap(field, 1)}>
              <ArrowDown size={14} aria-hidden />
            </IconButton>
          </div>
        ))}
        {found.length === 0 && <p className="hint m-0">{T.noField}</p>}
      </div>
      <span className="flex gap-1.5">
        <Button isSmall onPress={() => hide(found, true)}>
          {T.hideAll}
        </Button>
        <Button isSmall onPress={() => hide(found, false)}>
          {T.showAll}
        </Button>
      </span>
    </div>
  )
}

export function ColorPanel({ config, fields, onChange }: PanelProps) {
  const { colors } = config
  const setRule = (at: number, rule: ColorRule | undefined): void =>
    onChange({ colors: colors.flatMap((known, i) => (i !== at ? [known] : rule === undefined ? [] : [rule])) })
  const add = (): void => {
    const tint = TINTS[(colors.length * 3) % TINTS.length] ?? 'yellow'
    onChange({ colors: [...colors, { when: { ...NO_FILTER, parts: [newCondition(fields[0])] }, tint, target: 'row' }] })
  }
  return (
    <div className="grid gap-3 sm:min-w-[520px]">
      {colors.length === 0 && <p className="hint m-0">{T.noColor}</p>}
      {colors.map((rule, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rules have no name of their own; the first that holds colours
        <fieldset key={i} className="m-0 grid gap-2 rounded-md border border-line p-2">
          <legend className="label m-0 px-1">{T.rule(i + 1)}</legend>
          <span className="flex flex-wrap items-center gap-2">
            <TintChoice tint={rule.tint} onChange={(tint) => setRule(i, { ...rule, tint })} />
            <select
              className="input view-select"
              aria-label={T.target}
              value={rule.target}
              onChange={(event) => setRule(i, { ...rule, target: event.target.value === 'row' ? 'row' : (event.target.value as FieldId) })}
            >
              <option value="row">{T.wholeRow}</option>
              {fields.map((field) => (
                <option key={field.id} value={field.id}>
                  {field.name}
                </option>
              ))}
            </select>
            <IconButton label={T.removeRule} isSmall className="ml-auto" onPress={() => setRule(i, undefined)}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          </span>
          <FilterEditor group={rule.when} fields={fields} depth={2} onChange={(when) => setRule(i, { ...rule, when })} />
        </fieldset>
      ))}
      <Button isSmall look="ghost" className="justify-self-start" onPress={add}>
        <Plus size={14} aria-hidden /> {T.addColor}
      </Button>
    </div>
  )
}

function TintChoice({ tint, onChange }: { tint: Tint; onChange: (tint: Tint) => void }) {
  const name = useId()
  return (
    <span role="radiogroup" aria-label={T.tint} className="flex flex-wrap gap-1">
      {TINTS.map((one) => (
        <label key={one} title={T.tints[one]} className="relative flex">
          <input
            type="radio"
            className="absolute inset-0 m-0 opacity-0"
            name={name}
            aria-label={T.tints[one]}
            checked={tint === one}
            onChange={() => onChange(one)}
          />
          <span className="view-swatch" data-tint={one} aria-hidden />
        </label>
      ))}
    </span>
  )
}
