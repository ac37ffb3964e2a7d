import { Check, Plus } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { Autocomplete, Input, ListBox, ListBoxItem, Popover, SearchField, useFilter } from 'react-aria-components'
import { type CellValue, choicesOf, choicesValue } from '../../../workbook/cell-value.ts'
import { optionOf } from '../../../workbook/field-values.ts'
import { type Field, hasOptions, type Option } from '../../../workbook/fields.ts'
import { heldFor, optionsOf } from '../../../workbook/typed-choices.ts'
import { type FieldsContextValue, useFields } from '../../fields/fields-context.ts'
import { chipColor } from '../../kit/app-colors.ts'
import { TEXTS } from '../../texts.ts'
import { type EditorProps, leaveKey } from './editing.tsx'

/** Keys of the items that are no option; ids never begin so. */
const EMPTY = '\u0000empty'
const CREATE = '\u0000create'
/** Before the name of an option that is made when several choices are written. */
const NEW = '\u0000new '

/**
 * A list with a search above it. One choice is written at once; several are marked and written when the person leaves. What is not there
 * yet can be made, where the field is one of this workbook.
 */
export function ChoiceEditor({ field, value, typed, onCommit, onCancel, commitRef }: EditorProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  const fields = useFields()
  const { contains } = useFilter({ sensitivity: 'base' })
  const [search, setSearch] = useState(typed ?? '')
  const [held, setHeld] = useState<readonly string[]>(() => heldBy(field, value))
  const isMany = field.type === 'multi-select'
  const chosen = useMemo(() => chosenOptions(field, held), [field, held])
  const offered = useMemo(() => offeredOptions(field, chosen, fields), [field, chosen, fields])
  const wanted = search.trim()
  const canCreate =
    fields !== undefined &&
    hasOptions(field.type) &&
    field.binding === undefined &&
    wanted !== '' &&
    offered.every((option) => option.name.toLowerCase() !== wanted.toLowerCase())
  const asValue = (ids: readonly string[]): CellValue => (isMany ? choicesValue(ids) : (ids[0] ?? null))
  const [opened] = useState(value)
  const isDirty = isMany && asValue(held) !== opened
  /** Options that are made come with the choice itself: whoever cancels has made none. */
  const madeOf = (id: string): string => (id.startsWith(NEW) ? (fields?.work.addOption(field, id.slice(NEW.length)).id ?? id) : id)
  const finish = (then: Parameters<typeof onCommit>[1]): void => (isDirty ? onCommit(asValue(held.map(madeOf)), then) : leave(then))
  const leave = (then: Parameters<typeof onCommit>[1]): void => (then === undefined ? onCancel() : onCommit(undefined, then))
  useEffect(() => {
    commitRef.current = () => {
      finish(undefined)
      return true
    }
    return () => {
      commitRef.current = undefined
    }
  })
  const take = (option: Option, then?: Parameters<typeof onCommit>[1]): void => {
    if (field.type === 'person') fields?.work.addPerson(field, option)
    const id = heldFor(field, option)
    if (!isMany) {
      onCommit(id, then)
      return
    }
    setHeld(held.includes(id) ? held.filter((other) => other !== id) : [...held, id])
    setSearch('')
  }
  const choose = (key: string, then?: Parameters<typeof onCommit>[1]): void => {
    if (key === EMPTY) {
      onCommit(null, then)
      return
    }
    if (key === CREATE) {
      if (isMany) take({ id: NEW + wanted, name: wanted })
      else if (fields !== undefined) take(fields.work.addOption(field, wanted), then)
      return
    }
    const option = offered.find((o) => o.id === key)
    if (option === undefined) onCancel()
    else take(option, then)
  }
  const firstMatch = (): string | undefined => {
    if (wanted === '') return undefined
    return offered.find((option) => contains(option.name, wanted))?.id ?? (canCreate ? CREATE : undefined)
  }
  /**
   * Enter takes the option that is marked, or else the first that matches; without either it ends several choices. The list passes the keys
   * of the search on to its items: only the search itself is listened to, so that one press is one choice.
   */
  const onSearchKey = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLInputElement) || event.nativeEvent.isComposing) return
    if (event.key === 'Backspace' && search === '' && isMany) setHeld(chosen.slice(0, -1).map((option) => heldFor(field, option)))
    if (event.key !== 'Enter') return
    const key = markedKey(event.target) ?? firstMatch()
    if (key === undefined && !isMany) return
    event.preventDefault()
    event.stopPropagation()
    if (key === undefined) finish(leaveKey(event))
    else choose(key)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      event.preventDefault()
      onCancel()
      return
    }
    if (event.key !== 'Tab') return
    event.preventDefault()
    const first = isMany ? undefined : firstMatch()
    if (first === undefined) finish(leaveKey(event))
    else choose(first, leaveKey(event))
  }
  return (
    <span
      ref={anchor}
      className="flex size-full items-center gap-1 overflow-hidden bg-paper px-2.5 outline-2 -outline-offset-2 outline-tide"
    >
      {chosen.map((option) => (
        <OptionLabel key={option.id} option={option} isChip={hasOptions(field.type)} />
      ))}
      <Popover
        triggerRef={anchor}
        isOpen
        isNonModal
        onOpenChange={(isOpen) => !isOpen && finish(undefined)}
        placement="bottom start"
        offset={2}
        className="popover arrives w-64"
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the list inside must not reach the grid */}
        <div onKeyDownCapture={onSearchKey} onKeyDown={onKeyDown} className="grid max-h-80 grid-rows-[auto_1fr_auto]">
          <Autocomplete filter={(text, input) => text === CREATE || contains(text, input)} inputValue={search} onInputChange={setSearch}>
            <SearchField aria-label={TEXTS.editor.label(field.name)} autoFocus className="p-1.5">
              <Input
                className="input"
                dir="auto"
                placeholder={canMake(field, fields) ? TEXTS.fields.searchOrCreate : TEXTS.editor.search}
              />
            </SearchField>
            <ListBox
              aria-label={field.name}
              className="menu overflow-auto pt-0"
              selectionMode="none"
              onAction={(key) => choose(String(key))}
              renderEmptyState={() => <p className="hint m-0 px-2.5 py-1.5">{TEXTS.editor.none}</p>}
            >
              {offered.map((option) => {
                const isChosen = chosen.includes(option)
                return (
                  <ListBoxItem
                    key={option.id}
                    id={option.id}
                    textValue={option.name}
                    className="menu-item"
                    aria-label={isChosen ? TEXTS.fields.chosen(option.name) : option.name}
                  >
                    <OptionLabel option={option} isChip={hasOptions(field.type)} />
                    {isChosen && <Check size={14} aria-hidden className="ml-auto text-ink-3" />}
                  </ListBoxItem>
                )
              })}
              {canCreate && (
                <ListBoxItem id={CREATE} textValue={CREATE} aria-label={TEXTS.fields.create(wanted)} className="menu-item">
                  <Plus size={14} aria-hidden /> <span className="truncate">{TEXTS.fields.create(wanted)}</span>
                </ListBoxItem>
              )}
              {value !== null && search === '' && (
                <ListBoxItem id={EMPTY} textValue={TEXTS.editor.empty} className="menu-item text-ink-2">
                  {TEXTS.editor.empty}
                </ListBoxItem>
              )}
            </ListBox>
          </Autocomplete>
          {isMany && <p className="hint m-0 border-t border-line px-2.5 py-1.5">{TEXTS.fields.manyHint}</p>}
        </div>
      </Popover>
    </span>
  )
}

/** The item that the list has marked while the search keeps the focus. */
const markedKey = (input: HTMLInputElement): string | undefined =>
  document.getElementById(input.getAttribute('aria-activedescendant') ?? '')?.dataset.key

/** The options that are chosen, and behind them those that are to be made. */
const chosenOptions = (field: Field, held: readonly string[]): readonly Option[] => [
  ...optionsOf(field, choicesValue(held.filter((id) => !id.startsWith(NEW)))),
  ...held.filter((id) => id.startsWith(NEW)).map((id) => ({ id, name: id.slice(NEW.length) })),
]

const heldBy = (field: Field, value: CellValue): readonly string[] =>
  field.type === 'multi-select' ? choicesOf(value) : value === null ? [] : [optionOf(field, value)?.id ?? String(value)]

const canMake = (field: Field, fields: FieldsContextValue | undefined): boolean =>
  fields !== undefined && hasOptions(field.type) && field.binding === undefined

/** What can be chosen: the field's options, those that are gone only while they are chosen, and for people everybody who is known here. */
function offeredOptions(field: Field, chosen: readonly Option[], fields: FieldsContextValue | undefined): readonly Option[] {
  const fresh = chosen.filter((option) => option.id.startsWith(NEW))
  const own = [...field.options.filter((option) => option.retired !== true || chosen.includes(option)), ...fresh]
  if (field.type !== 'person' || field.binding !== undefined) return own
  const known = new Set(own.map((option) => option.id))
  return [...own, ...(fields?.people ?? []).filter((person) => !known.has(person.id))]
}

function OptionLabel({ option, isChip }: { option: Option; isChip: boolean }) {
  return (
    <>
      {isChip ? (
        <span className="chip" data-color={chipColor(option)} data-retired={option.retired || undefined} dir="auto">
          {option.name}
        </span>
      ) : (
        <span className="text truncate" dir="auto">
          {option.name}
        </span>
      )}
      {option.retired && <span className="hint">{TEXTS.editor.retired}</span>}
    </>
  )
}
