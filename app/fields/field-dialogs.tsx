import { useEffect, useState } from 'react'
import type { CellValue } from '../../workbook/cell-value.ts'
import { draftOf, type FieldDraft, type FieldPlace } from '../../workbook/field-edits.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import { type Field, type FieldType, hasOptions, type Option } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { type ChangedValue, usesOf } from '../../workbook/type-change.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { FIELD_TYPE_NAMES, TEXTS } from '../texts.ts'
import { FieldForm, OWN_TYPES, TypeList } from './field-form.tsx'
import { EMPTY, type FieldWork, type Rest, type TypePlan } from './field-work.ts'
import { useBusy } from './use-busy.ts'

export type FieldDialogKind =
  | { readonly kind: 'insert-field'; readonly place: FieldPlace }
  | { readonly kind: 'edit-field' | 'change-type' | 'remove-field'; readonly field: FieldId }

export interface FieldDialogsProps {
  readonly dialog: FieldDialogKind
  readonly sheet: Sheet
  readonly work: FieldWork
  readonly formats: ValueFormats
  readonly say: (text: string) => void
  readonly onClose: () => void
}

/** The dialogs about fields. A field that somebody has deleted meanwhile closes them. */
export function FieldDialogs(props: FieldDialogsProps) {
  const { dialog, sheet, onClose } = props
  if (dialog.kind === 'insert-field') {
    return (
      <Modal isOpen onClose={onClose} title={TEXTS.fields.form.addTitle} width={520}>
        <NewField {...props} place={dialog.place} />
      </Modal>
    )
  }
  const field = sheet.field(dialog.field)
  if (field === undefined) return null
  switch (dialog.kind) {
    case 'edit-field':
      return <EditField {...props} field={field} />
    case 'change-type':
      return <ChangeType {...props} field={field} />
    case 'remove-field':
      return <RemoveField {...props} field={field} />
  }
}

/** The form of a new field, within a dialog. */
export function NewField({
  sheet,
  work,
  formats,
  place,
  onClose,
}: Omit<FieldDialogsProps, 'dialog' | 'say'> & { readonly place: FieldPlace }) {
  return (
    <FieldForm
      draft={EMPTY}
      others={sheet.fields()}
      formats={formats}
      isBusy={false}
      onSave={(draft) => {
        work.add(draft, place)
        onClose()
      }}
    />
  )
}

const Progress = ({ share, label }: { share: number; label: string }) => (
  <div className="grid gap-1">
    <span className="hint">{label}</span>
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      className="bar"
    >
      <div style={{ width: `${share * 100}%` }} />
    </div>
  </div>
)

type OneField = FieldDialogsProps & { readonly field: Field }

function EditField({ field, sheet, work, formats, onClose }: OneField) {
  const T = TEXTS.fields.form
  const { share, isBusy, run } = useBusy()
  const [asked, setAsked] = useState<{ draft: FieldDraft; gone: readonly Option[]; counts: ReadonlyMap<CellValue, number> }>()
  const save = (draft: FieldDraft): void => {
    const kept = new Set(draft.options.map((option) => option.id))
    const gone =
      hasOptions(field.type) && field.binding === undefined ? draftOf(field).options.filter((option) => !kept.has(option.id)) : []
    if (gone.length === 0) {
      work.edit(field, draft)
      onClose()
      return
    }
    void run(async (watch) => {
      const counts = await work.count(field, watch)
      if (gone.some((option) => usesOf(field, option, counts) > 0)) setAsked({ draft, gone, counts })
      else {
        work.edit(field, draft)
        onClose()
      }
    })
  }
  const keep = (): void => {
    if (asked !== undefined) work.edit(field, asked.draft)
    onClose()
  }
  const clear = (): void => {
    if (asked === undefined) return
    void run(async (watch) => {
      await work.editAndClear(field, asked.draft, asked.gone, watch)
      onClose()
    })
  }
  return (
    <Modal isOpen onClose={onClose} title={T.editTitle(field.name)} note={FIELD_TYPE_NAMES[field.type]} width={520}>
      <div className={asked === undefined ? '' : 'hidden'}>
        <FieldForm
          draft={draftOf(field)}
          field={field}
          others={sheet.fields().filter((other) => other.id !== field.id)}
          formats={formats}
          isBusy={isBusy}
          onSave={save}
        />
      </div>
      {asked !== undefined && (
        <div className="grid gap-3">
          {asked.gone.map((option) => (
            <p key={option.id} className="m-0">
              {T.gone(option.name, usesOf(field, option, asked.counts))}
            </p>
          ))}
          <span className="flex flex-wrap gap-2">
            <Button look="primary" isDisabled={isBusy} onPress={keep}>
              {T.goneKeep}
            </Button>
            <Button isDisabled={isBusy} onPress={clear}>
              {T.goneClear}
            </Button>
            <Button look="ghost" onPress={() => setAsked(undefined)}>
              {TEXTS.cancel}
            </Button>
          </span>
        </div>
      )}
      {share !== undefined && <Progress share={share} label={T.counting} />}
    </Modal>
  )
}

function RemoveField({ field, work, say, onClose }: OneField) {
  const T = TEXTS.fields.remove
  const { share, run } = useBusy()
  const [count, setCount] = useState<number>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the values are counted once, when the dialog opens
  useEffect(() => {
    void run(async (watch) => {
      const counts = await work.count(field, watch)
      setCount([...counts.values()].reduce((sum, n) => sum + n, 0))
    })
  }, [])
  return (
    <Modal isOpen onClose={onClose} title={T.title(field.name)} width={460}>
      <div className="grid gap-3">
        {count === undefined ? <Progress share={share ?? 0} label={T.counting} /> : <p className="m-0">{T.values(count)}</p>}
        <p className="m-0 text-ink-2">{field.binding === undefined ? T.safe : `${T.connected(field.binding.appName)} ${T.safe}`}</p>
        <span className="flex gap-2">
          <Button
            look="primary"
            onPress={() => {
              work.remove(field)
              say(T.done(field.name))
              onClose()
            }}
          >
            {T.button}
          </Button>
          <Button onPress={onClose}>{TEXTS.cancel}</Button>
        </span>
      </div>
    </Modal>
  )
}

/** Values shown at most; the counts are of all. */
const SHOWN = 100

function ChangeType({ field, work, say, onClose }: OneField) {
  const T = TEXTS.fields.change
  const { share, isBusy, run } = useBusy()
  const [type, setType] = useState<FieldType>(field.type)
  const [plan, setPlan] = useState<TypePlan>()
  const [rest, setRest] = useState<Rest>('new-field')
  const [isWriting, setWriting] = useState(false)
  const choose = (next: FieldType): void => {
    setType(next)
    setPlan(undefined)
    if (next !== field.type) void run(async (watch) => setPlan(await work.planType(field, next, watch)))
  }
  const change = (): void => {
    if (plan === undefined) return
    setWriting(true)
    void run(async (watch) => {
      await work.changeType(plan, rest, watch)
      say(T.done(field.name))
      onClose()
    })
  }
  const cannot = plan === undefined ? 0 : cellsOf(plan.changes, 'cannot')
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.title(field.name)}
      note={FIELD_TYPE_NAMES[field.type]}
      width={620}
      foot={
        <>
          <span className="hint flex-1">{T.undoable}</span>
          <Button onPress={onClose}>{TEXTS.cancel}</Button>
          <Button look="primary" isDisabled={plan === undefined || isBusy} onPress={change}>
            {T.button}
          </Button>
        </>
      }
    >
      {field.binding !== undefined ? (
        <p className="m-0">{TEXTS.fields.form.connected(field.binding.appName)}</p>
      ) : (
        <div className="grid gap-3">
          <TypeList type={type} onType={choose} types={OWN_TYPES} />
          {share !== undefined && <Progress share={share} label={isWriting ? T.writing : T.reading} />}
          {plan !== undefined && !isWriting && <Changes changes={plan.changes} />}
          {plan !== undefined && !isWriting && cannot > 0 && (
            <fieldset className="m-0 grid gap-1 border-0 p-0">
              <legend className="label">{T.rest}</legend>
              {(['new-field', 'clear'] as const).map((way) => (
                <label key={way} className="flex min-h-6 items-center gap-2">
                  <input type="radio" name="rest" checked={rest === way} onChange={() => setRest(way)} />
                  {way === 'clear' ? T.restClear : T.restField}
                </label>
              ))}
            </fieldset>
          )}
        </div>
      )}
    </Modal>
  )
}

const cellsOf = (changes: readonly ChangedValue[], kind: ChangedValue['becomes']['kind']): number =>
  changes.reduce((sum, change) => sum + (change.becomes.kind === kind ? change.count : 0), 0)

/** What cannot be read first, then what loses something: these are what a person must see. */
const FIRST = { cannot: 0, changes: 1, converts: 2, stays: 3 } as const

function Changes({ changes }: { changes: readonly ChangedValue[] }) {
  const T = TEXTS.fields.change
  if (changes.length === 0) return <p className="m-0 text-ink-2">{T.none}</p>
  const sorted = [...changes].sort((a, b) => FIRST[a.becomes.kind] - FIRST[b.becomes.kind])
  const kinds = (['stays', 'converts', 'changes', 'cannot'] as const).filter((kind) => cellsOf(changes, kind) > 0)
  return (
    <div className="grid gap-2">
      <p className="m-0" role="status">
        {`${kinds.map((kind) => T[kind](cellsOf(changes, kind))).join(', ')}.`}
      </p>
      <div className="max-h-64 overflow-auto rounded-md border border-line">
        <table className="w-full border-collapse text-left [&_td]:px-2.5 [&_td]:py-1 [&_th]:px-2.5 [&_th]:py-1 [&_tr+tr]:border-t [&_tr]:border-line-2">
          <thead className="text-ink-2">
            <tr>
              <th scope="col">{T.was}</th>
              <th scope="col">{T.becomes}</th>
              <th scope="col" className="text-right">
                {T.cells}
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, SHOWN).map(({ from, text, becomes, shown, count }) => (
              <tr key={`${typeof from}${String(from)}`}>
                <td className="max-w-52 truncate" dir="auto">
                  {text}
                </td>
                <td className="max-w-64">
                  {becomes.kind === 'cannot' ? (
                    <span className="text-bad">
                      {T.cannotBe}: {becomes.reason}
                    </span>
                  ) : (
                    <span className={becomes.kind === 'changes' ? 'text-warn' : ''} dir="auto">
                      {shown}
                    </span>
                  )}
                </td>
                <td className="text-right">{count.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > SHOWN && <p className="hint m-0">{T.more(sorted.length - SHOWN)}</p>}
    </div>
  )
}
