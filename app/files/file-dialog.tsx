'use client'

import { useEffect, useState } from 'react'
import { FileTrigger, ProgressBar } from 'react-aria-components'
import { EXCEL_TYPE } from '../../workbook/excel-values.ts'
import { FIELD_TYPES, type Field, type FieldType } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { FIELD_TYPE_NAMES, TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { Radios, Tick } from './choices.tsx'
import { CHANGE_KINDS, MOST_OPTIONS } from './convert.ts'
import { ENCODINGS, type Encoding, type Refusal } from './decode.ts'
import { type FileCell, textOf } from './file-record.ts'
import { DATE_ORDERS, type DateOrder, DELIMITERS, type Delimiter, NUMBER_STYLES, type Proposal } from './guess.ts'
import { IMPORT_LIMITS } from './import-limits.ts'
import { type Check, type ColumnChoice, changeCount, isChoosable, isImportable, reportFile, type Target } from './import-plan.ts'
import { importStep } from './import-step.ts'
import type { Inspection } from './read-file.ts'
import { saveFile } from './save-file.ts'
import { type FileImport, useFileImport } from './use-file-import.ts'

/** Columns of the preview; more of them are imported all the same. */
const PREVIEW_COLUMNS = 40
const BROKEN_SHOWN = 5
const T = TEXTS.files

export interface FileDialogProps extends DialogsProps {
  readonly file: File | undefined
}

/** Imports a file or a pasted table: how it is read, where its columns go, what would change, and then its rows. */
export default function FileDialog(props: FileDialogProps) {
  const { file, open, state, painter, onClose } = props
  const { sheet } = open
  const fields = sheet.fields()
  const flow = useFileImport(file, fields, painter.formats, props.info.people)
  const isOnline = state.link.kind === 'online'
  const title = flow.file === undefined ? T.title : T.titleOf(flow.file.name)
  return (
    <Modal isOpen onClose={onClose} title={title} width={820} foot={<Foot {...props} flow={flow} isOnline={isOnline} />}>
      {!isOnline && (
        <p role="status" className="m-0 mb-3 rounded-md border border-line border-l-[3px] border-l-staged px-3 py-2">
          {T.offline}
        </p>
      )}
      <Step {...props} flow={flow} fields={fields} />
      <Failure error={flow.error} />
    </Modal>
  )
}

interface PartProps extends FileDialogProps {
  readonly flow: FileImport
}

function Step(props: PartProps & { fields: readonly Field[] }) {
  const { flow } = props
  switch (flow.step.kind) {
    case 'choose':
      return <Choose flow={flow} />
    case 'busy':
      return <Busy text={flow.step.text} share={flow.step.share} />
    case 'refused':
      return (
        <p role="alert" className="m-0">
          {refusalText(flow.step.why)}
        </p>
      )
    case 'settings':
      return flow.inspection === undefined ? null : <Settings {...props} inspection={flow.inspection} />
    case 'report':
      return <Report flow={flow} check={flow.step.check} formats={props.painter.formats} />
    case 'ended':
      return (
        <p role="status" className="m-0 font-medium">
          {flow.step.status.state === 'done'
            ? T.ended(flow.step.status.written, flow.file?.name ?? '')
            : flow.step.status.state === 'undone'
              ? T.undone(flow.file?.name ?? '')
              : T.cancelled}
        </p>
      )
  }
}

function refusalText(why: Refusal): string {
  switch (why.kind) {
    case 'empty':
      return T.refused.empty
    case 'binary':
      return T.refused[why.what]
    case 'workbook':
      return T.workbooks[why.trouble]
  }
}

function Foot({ flow, isOnline, info, open, session, editing, say, onClose, onGoTo }: PartProps & { isOnline: boolean }) {
  const { step } = flow
  const problem = step.kind === 'settings' ? problemOf(flow.choices) : undefined
  const ended = step.kind === 'ended' ? step.status : undefined
  const isDone = ended?.state === 'done'
  const id = ended?.id
  useEffect(() => {
    if (!isDone || id === undefined) return
    editing.pushStep(importStep(id, { session, editing, say }))
    void session.refresh()
  }, [isDone, id, session, editing, say])
  if (step.kind === 'busy') {
    return (
      <Button look="plain" onPress={flow.stop}>
        {T.stop}
      </Button>
    )
  }
  if (step.kind === 'choose' || step.kind === 'refused') {
    return (
      <>
        {step.kind === 'refused' && <Pick flow={flow} label={T.again} />}
        <Button look="ghost" onPress={onClose}>
          {TEXTS.cancel}
        </Button>
      </>
    )
  }
  if (step.kind === 'settings') {
    return (
      <>
        <Button look="primary" isDisabled={problem !== undefined} onPress={flow.check}>
          {T.check}
        </Button>
        <Button look="ghost" onPress={onClose}>
          {TEXTS.cancel}
        </Button>
        {problem !== undefined && (
          <span role="alert" className="error">
            {problem}
          </span>
        )}
      </>
    )
  }
  if (step.kind === 'report') {
    const isFull = step.check.overfull.length > 0
    return (
      <>
        <Button
          look="primary"
          isDisabled={!isOnline || isFull || step.check.rowCount === 0}
          onPress={() => flow.start({ workbook: info.id, sheet: open.info.id })}
        >
          {T.start(step.check.rowCount)}
        </Button>
        <Button onPress={flow.back}>{T.back}</Button>
        <Button look="ghost" onPress={onClose}>
          {TEXTS.cancel}
        </Button>
      </>
    )
  }
  const { status } = step
  const undo = (): void => {
    editing.undo()
    onClose()
  }
  const show = (): void => {
    onClose()
    if (status.sheet !== open.info.id) void session.openSheet(status.sheet)
    else if (status.firstRow !== null) onGoTo({ row: status.firstRow as RowId, field: (status.fields[0] ?? '') as FieldId })
  }
  return (
    <>
      {status.state === 'done' && (
        <>
          <Button look="primary" onPress={show}>
            {T.goTo}
          </Button>
          <Button onPress={undo}>{T.undo}</Button>
        </>
      )}
      <Button look="ghost" onPress={onClose}>
        {T.done}
      </Button>
    </>
  )
}

/** Why the columns cannot go as they are chosen. */
function problemOf(choices: readonly ColumnChoice[]): string | undefined {
  const taken = new Set<string>()
  let hasAny = false
  for (const { target } of choices) {
    if (target.kind !== 'skip') hasAny = true
    if (target.kind !== 'field') continue
    if (taken.has(target.field.id)) return T.twice(target.field.name)
    taken.add(target.field.id)
  }
  return hasAny ? undefined : T.nothing
}

const ACCEPTED = ['.xlsx', '.xlsm', '.csv', '.tsv', '.tab', '.txt', EXCEL_TYPE, 'text/csv', 'text/tab-separated-values', 'text/plain']

function Pick({ flow, label }: { flow: FileImport; label: string }) {
  return (
    <FileTrigger
      acceptedFileTypes={ACCEPTED}
      onSelect={(list) => {
        const file = list?.[0]
        if (file !== undefined) flow.open(file)
      }}
    >
      <Button look="primary">{label}</Button>
    </FileTrigger>
  )
}

function Choose({ flow }: { flow: FileImport }) {
  const [text, setText] = useState('')
  return (
    <div className="grid gap-3">
      <p className="m-0 flex flex-wrap items-center gap-3">
        <Pick flow={flow} label={T.choose} />
        <span className="text-ink-2">{T.orDrop}</span>
      </p>
      <label className="block">
        <span className="label">{T.paste}</span>
        <textarea className="input font-mono" rows={8} value={text} spellCheck={false} onChange={(event) => setText(event.target.value)} />
      </label>
      <span>
        <Button isDisabled={text.trim() === ''} onPress={() => flow.open(new File([text], T.pastedName, { type: 'text/plain' }))}>
          {T.readPasted}
        </Button>
      </span>
    </div>
  )
}

function Busy({ text, share }: { text: string; share: number }) {
  return (
    <ProgressBar value={share * 100} aria-label={text} className="grid gap-2">
      <p role="status" className="m-0">
        {text}
      </p>
      <span className="block h-2 overflow-hidden rounded-full bg-line-2">
        <span className="block h-full rounded-full bg-tide" style={{ width: `${Math.round(share * 100)}%` }} />
      </span>
    </ProgressBar>
  )
}

function Settings({ flow, open, inspection, fields }: PartProps & { inspection: Inspection; fields: readonly Field[] }) {
  return (
    <div className="grid gap-4">
      <p className="m-0 font-medium">{T.found(inspection.rowCount, inspection.names.length)}</p>
      <Remarks inspection={inspection} />
      <Format flow={flow} inspection={inspection} />
      <Radios
        label={T.target}
        value={flow.newSheet === undefined ? 'this' : 'new'}
        options={[
          { id: 'this', name: T.thisSheet(open.info.name) },
          { id: 'new', name: T.newSheet },
        ]}
        onChange={(value) => flow.setNewSheet(value === 'this' ? undefined : sheetNameOf(flow.file, inspection))}
      >
        {flow.newSheet !== undefined && (
          <input
            className="input max-w-64"
            aria-label={T.sheetName}
            value={flow.newSheet}
            maxLength={120}
            onChange={(event) => flow.setNewSheet(event.target.value)}
          />
        )}
      </Radios>
      <Columns flow={flow} inspection={inspection} fields={fields} />
      <Preview inspection={inspection} />
    </div>
  )
}

const GLANCE = 50

/** What a record holds, at a glance. */
const glanceOf = (cells: readonly FileCell[]): string => {
  const text = cells.map(textOf).filter(Boolean).join(' · ')
  return text.length > GLANCE ? `${text.slice(0, GLANCE).toWellFormed()}…` : text
}

/** How the file is read: what cannot be told from it for certain can be chosen. */
function Format({ flow, inspection }: { flow: FileImport; inspection: Inspection }) {
  const { format, sheets, starts } = inspection
  const begin = starts.find(({ line }) => line >= format.from)?.line ?? 1
  const start = (
    <Choice
      label={T.begins}
      value={String(begin)}
      options={starts.map(({ line, cells }) => ({ id: String(line), name: T.beginsAt(T.place(line, format.kind), glanceOf(cells)) }))}
      onChange={(line) => flow.setFormat({ from: Number(line) })}
    />
  )
  const header = <Tick label={T.header[format.kind]} isOn={format.hasHeader} onChange={(hasHeader) => flow.setFormat({ hasHeader })} />
  if (format.kind === 'workbook') {
    return (
      <fieldset className="m-0 grid gap-3 border-0 p-0 sm:grid-cols-3">
        <legend className="label">{T.format}</legend>
        <Choice
          label={T.sheetOfBook}
          value={String(format.sheet)}
          options={sheets.map((sheet, i) => ({
            id: String(i),
            name: T.sheetChoice(sheet.name, sheet.isHidden, sheet.isEmpty),
            isDisabled: sheet.isEmpty,
          }))}
          onChange={(id) => {
            const sheet = Number(id)
            // A name that was proposed follows the sheet; one that was typed stays.
            if (flow.newSheet === sheetNameOf(flow.file, inspection)) flow.setNewSheet(sheetNameOf(flow.file, inspection, sheet))
            flow.setFormat({ sheet })
          }}
        />
        {start}
        <span className="grid content-end pb-1">{header}</span>
      </fieldset>
    )
  }
  return (
    <fieldset className="m-0 grid gap-3 border-0 p-0 sm:grid-cols-3">
      <legend className="label">{T.format}</legend>
      <Choice
        label={T.encoding}
        value={format.encoding}
        options={ENCODINGS.map((id) => ({ id, name: T.encodings[id] }))}
        onChange={(encoding) => flow.setFormat({ encoding: encoding as Encoding })}
      />
      <Choice
        label={T.delimiter}
        value={format.delimiter}
        options={DELIMITERS.map((id) => ({ id, name: T.delimiters[id] }))}
        onChange={(delimiter) => flow.setFormat({ delimiter: delimiter as Delimiter })}
      />
      {start}
      <span className="grid gap-1 sm:col-span-3 sm:flex sm:gap-5">
        {header}
        <Tick label={T.apostrophes} isOn={flow.takesApostrophes} onChange={flow.setTakesApostrophes} />
      </span>
    </fieldset>
  )
}

/** What a new sheet is called at first: like the file, and where that has several sheets, like the one that is read. */
function sheetNameOf(
  file: File | undefined,
  { format, sheets }: Inspection,
  sheet = format.kind === 'workbook' ? format.sheet : -1,
): string {
  const own = sheets.filter(({ isEmpty }) => !isEmpty).length > 1 ? sheets[sheet]?.name : undefined
  return (own ?? file?.name.replace(/\.[^.]+$/u, '') ?? '').slice(0, 120) || T.newSheet
}

const SHEET_REMARKS = ['hiddenRows', 'hiddenColumns', 'merged', 'formulas', 'uncomputed', 'errors'] as const

/** What a person should know of the file before its rows go anywhere. */
function Remarks({ inspection }: { inspection: Inspection }) {
  const { isOverRows, columnsLeftOut, blankLines, shortRows, longRows, unreadable, issues, issueCount, sheet } = inspection
  const above = inspection.starts.filter(({ line }) => line < inspection.format.from).length
  const said = [
    isOverRows && T.over(IMPORT_LIMITS.rows, inspection.readBytes, inspection.totalBytes),
    columnsLeftOut > 0 && T.columnsLeftOut(columnsLeftOut, IMPORT_LIMITS.columns),
    unreadable > 0 && T.unreadable(unreadable),
    above > 0 && T.above(above, inspection.format.kind),
    blankLines > 0 && T.blank(blankLines, inspection.format.kind),
    shortRows > 0 && T.short(shortRows),
    longRows > 0 && T.long(longRows),
    ...(sheet === undefined ? [] : SHEET_REMARKS.map((kind) => sheet[kind] > 0 && T[kind](sheet[kind]))),
  ].filter((text) => typeof text === 'string')
  if (said.length === 0 && issueCount === 0) return null
  return (
    <div role="note" className="grid gap-1 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">
      {said.map((text) => (
        <p key={text} className="m-0">
          {text}
        </p>
      ))}
      {issueCount > 0 && (
        <>
          <p className="m-0 font-medium">{T.broken(issueCount)}</p>
          <ul className="m-0 grid list-none gap-1 p-0 text-ink-2">
            {issues.slice(0, BROKEN_SHOWN).map((issue) => (
              <li key={`${issue.line}:${issue.readAs}`}>
                {T.brokenKinds[issue.kind](issue.line)} <code className="break-all">{issue.readAs}</code>
              </li>
            ))}
            {issueCount > BROKEN_SHOWN && <li>{T.moreBroken(issueCount - BROKEN_SHOWN)}</li>}
          </ul>
        </>
      )}
    </div>
  )
}

function Columns({ flow, inspection, fields }: { flow: FileImport; inspection: Inspection; fields: readonly Field[] }) {
  const targets = flow.newSheet === undefined ? fields.filter(isImportable) : []
  return (
    <section aria-label={T.columns} className="grid gap-1">
      <h3 className="label m-0">{T.columns}</h3>
      <ul className="m-0 grid list-none gap-0 p-0">
        {flow.choices.map((choice, i) => (
          <ColumnLine
            key={choice.name}
            choice={choice}
            proposal={inspection.proposals[i]}
            of={inspection.format.kind}
            targets={targets}
            onChange={(change) => flow.setChoice(i, change)}
          />
        ))}
      </ul>
    </section>
  )
}

interface ColumnLineProps {
  readonly choice: ColumnChoice
  readonly proposal: Proposal | undefined
  readonly of: 'text' | 'workbook'
  readonly targets: readonly Field[]
  readonly onChange: (change: Partial<ColumnChoice>) => void
}

const NEW = '+'
const SKIP = '-'
const TYPES = FIELD_TYPES.filter(isChoosable)

function ColumnLine({ choice, proposal, of, targets, onChange }: ColumnLineProps) {
  const { target, name } = choice
  const type = target.kind === 'field' ? target.field.type : target.kind === 'new' ? target.type : undefined
  const choose = (id: string): void => {
    const field = targets.find((f) => f.id === id)
    const next: Target = field ? { kind: 'field', field } : id === NEW ? { kind: 'new', type: proposal?.type ?? 'text' } : { kind: 'skip' }
    onChange({ target: next })
  }
  return (
    <li className="grid items-start gap-x-3 gap-y-1 border-b border-line-2 py-1.5 last:border-0 sm:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)]">
      <span className="min-w-0 self-center">
        <b className="block truncate font-semibold">{name}</b>
        <span className="hint block truncate">{proposal?.example}</span>
      </span>
      <select
        className="input"
        aria-label={T.into(name)}
        value={target.kind === 'field' ? target.field.id : target.kind === 'new' ? NEW : SKIP}
        onChange={(event) => choose(event.target.value)}
      >
        <option value={NEW}>{T.newField}</option>
        <option value={SKIP}>{T.skip}</option>
        {targets.map((field) => (
          <option key={field.id} value={field.id}>
            {field.name}
          </option>
        ))}
      </select>
      {target.kind === 'new' ? (
        <select
          className="input"
          aria-label={T.typeOf(name)}
          value={target.type}
          onChange={(event) => onChange({ target: { kind: 'new', type: event.target.value as FieldType } })}
        >
          {TYPES.map((option) => (
            <option key={option} value={option}>
              {T.newOf(FIELD_TYPE_NAMES[option], option === 'currency' ? choice.currency : undefined)}
            </option>
          ))}
        </select>
      ) : (
        <span className="hint self-center">{type === undefined ? '' : FIELD_TYPE_NAMES[type]}</span>
      )}
      {proposal?.hasTexts === false ? <span /> : <ReadAs choice={choice} type={type} onChange={onChange} />}
      <Doubt proposal={proposal} of={of} type={type} />
    </li>
  )
}

const HAS_DAY: ReadonlySet<string> = new Set(['date', 'date-time'])
const HAS_NUMBER: ReadonlySet<string> = new Set(['number', 'currency', 'percent'])

/** How days and numbers of the column are written. */
function ReadAs({ choice, type, onChange }: { choice: ColumnChoice; type: FieldType | undefined; onChange: ColumnLineProps['onChange'] }) {
  if (type !== undefined && HAS_DAY.has(type)) {
    return (
      <select
        className="input"
        aria-label={T.readOf(choice.name)}
        value={choice.dates}
        onChange={(event) => onChange({ dates: event.target.value as DateOrder })}
      >
        {DATE_ORDERS.map((order) => (
          <option key={order} value={order}>
            {T.dates[order]}
          </option>
        ))}
      </select>
    )
  }
  if (type === undefined || !HAS_NUMBER.has(type)) return <span />
  const key = `${choice.numbers.decimal}${choice.numbers.group}`
  return (
    <select
      className="input"
      aria-label={T.readOf(choice.name)}
      value={key}
      onChange={(event) => {
        const numbers = NUMBER_STYLES.find((style) => style.decimal + style.group === event.target.value)
        if (numbers !== undefined) onChange({ numbers })
      }}
    >
      {NUMBER_STYLES.map(({ decimal, group }) => (
        <option key={decimal + group} value={decimal + group}>
          {T.numbers(decimal, group)}
        </option>
      ))}
    </select>
  )
}

/** What the guess could not tell, said where it is to be answered. */
function Doubt({ proposal, of, type }: Pick<ColumnLineProps, 'proposal' | 'of'> & { type: FieldType | undefined }) {
  if (proposal === undefined || type === undefined) return null
  const isGuessed = type === proposal.type
  const nearly = proposal.nearly
  const text =
    isGuessed && proposal.ambiguous === 'date'
      ? T.dayOrMonth(proposal.example)
      : isGuessed && proposal.ambiguous === 'number'
        ? T.thousands(proposal.example)
        : isGuessed && nearly !== undefined
          ? T.nearly(
              FIELD_TYPE_NAMES[nearly.type],
              nearly.misfitCount,
              nearly.misfits[0]?.text ?? '',
              T.place(nearly.misfits[0]?.line ?? 0, of),
            )
          : undefined
  return text === undefined ? null : <span className="text-warn sm:col-span-4">{text}</span>
}

const isNumber = (cell: FileCell | undefined): boolean => typeof cell === 'object' && cell.value !== undefined

function Preview({ inspection }: { inspection: Inspection }) {
  const names = inspection.names.slice(0, PREVIEW_COLUMNS)
  return (
    <details open>
      <summary className="label">{T.preview(inspection.preview.length)}</summary>
      <section
        className="max-h-72 overflow-auto rounded-md border border-line"
        aria-label={T.preview(inspection.preview.length)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        tabIndex={0}
      >
        <table className="w-max border-collapse">
          <thead>
            <tr>
              {names.map((name) => (
                <th
                  key={name}
                  scope="col"
                  className="sticky top-0 max-w-60 truncate border-b border-line bg-wash px-2 py-1 text-left font-semibold"
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {inspection.preview.map((record) => (
              <tr key={record.line}>
                {names.map((name, i) => (
                  <td
                    key={name}
                    dir="auto"
                    className={`max-w-60 truncate border-b border-line-2 px-2 py-1 ${isNumber(record.cells[i]) ? 'text-right tabular-nums' : ''}`}
                  >
                    {textOf(record.cells[i]).slice(0, 120)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}

function Report({ flow, check, formats }: { flow: FileImport; check: Check; formats: FileDialogProps['painter']['formats'] }) {
  const [isMaking, setMaking] = useState(false)
  const total = check.columns.reduce((sum, column) => sum + changeCount(column), 0)
  const asText = (index: number): void => {
    flow.setChoice(index, { target: { kind: 'new', type: 'text' } })
    flow.back()
  }
  const keep = async (): Promise<void> => {
    if (flow.plan === undefined) return
    setMaking(true)
    try {
      saveFile(await reportFile(flow.plan, check, formats, flow.turns(), T.change), T.reportName(flow.file?.name ?? ''))
    } finally {
      setMaking(false)
    }
  }
  return (
    <section aria-label={T.report} className="grid gap-3">
      <h3 className="m-0 text-[13px] font-semibold">{T.report}</h3>
      <p className="m-0">{total === 0 ? T.kept : T.changes(total)}</p>
      {check.overfull.map((index) => (
        <p key={index} role="alert" className="error m-0">
          {T.overfull(flow.choices[index]?.name ?? '', MOST_OPTIONS)}
        </p>
      ))}
      <ul className="m-0 grid list-none gap-3 p-0">
        {check.columns.map((column, i) => {
          const name = flow.choices[i]?.name ?? ''
          if (changeCount(column) === 0) return null
          return (
            <li key={name} className="rounded-md border border-line px-3 py-2">
              <p className="m-0 flex flex-wrap items-center gap-2">
                <b className="font-semibold">{name}</b>
                {changeCount(column) > column.counts.error && (
                  <span className="ml-auto">
                    <Button isSmall aria-label={T.asTextOf(name)} onPress={() => asText(i)}>
                      {T.asText}
                    </Button>
                  </span>
                )}
              </p>
              {CHANGE_KINDS.filter((kind) => column.counts[kind] > 0).map((kind) => (
                <div key={kind} className="mt-1">
                  <span className={kind === 'lost' || kind === 'cut' ? 'font-medium text-warn' : 'text-ink-2'}>
                    {column.counts[kind].toLocaleString('en')} · {T.change[kind]}
                  </span>
                  <ul className="m-0 list-none p-0">
                    {column.examples[kind].map((example) => (
                      <li key={example.line} className="flex flex-wrap gap-x-2">
                        <span className="hint w-20 shrink-0">{T.place(example.line, flow.plan?.format.kind ?? 'text')}</span>
                        <code dir="auto" className="max-w-full break-all">
                          {example.from}
                        </code>
                        {example.to !== '' && (
                          <>
                            <span aria-hidden>→</span>
                            <code dir="auto" className="max-w-full break-all">
                              {example.to}
                            </code>
                          </>
                        )}
                        {example.why !== undefined && <span className="text-ink-2">{example.why}</span>}
                      </li>
                    ))}
                  </ul>
                </div>
              ))}
            </li>
          )
        })}
      </ul>
      {total > 0 && (
        <span>
          <Button isDisabled={isMaking} onPress={() => void keep()}>
            {T.download}
          </Button>
        </span>
      )}
    </section>
  )
}

function Choice(props: {
  readonly label: string
  readonly value: string
  readonly options: readonly { readonly id: string; readonly name: string; readonly isDisabled?: boolean }[]
  readonly onChange: (id: string) => void
}) {
  return (
    <label className="block">
      <span className="label">{props.label}</span>
      <select className="input truncate" value={props.value} onChange={(event) => props.onChange(event.target.value)}>
        {props.options.map((option) => (
          <option key={option.id} value={option.id} disabled={option.isDisabled}>
            {option.name}
          </option>
        ))}
      </select>
    </label>
  )
}
