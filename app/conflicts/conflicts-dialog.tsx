import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { CellValue } from '../../workbook/cell-value.ts'
import { showValue } from '../../workbook/field-values.ts'
import { keysText, screenCommand } from '../grid/grid-keys.ts'
import { Button } from '../kit/button.tsx'
import { Switches } from '../kit/facts.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { type DryRun, dryRun, inScope, type Problem, placeOf, problemsOf, type Scope, type Side, scopesOf, type Verb } from './resolve.ts'

type Props = DialogsProps & { readonly connection: string | undefined }

const itemsOf = (list: HTMLElement | null): readonly HTMLElement[] => [...(list?.querySelectorAll<HTMLElement>('[data-problem]') ?? [])]

/** Gives a question the focus, round the end. */
function goTo(list: HTMLElement | null, index: number): void {
  const all = itemsOf(list)
  all[(index + all.length) % Math.max(1, all.length)]?.focus()
}

/** Drawn at once; a rule answers all of them. */
const SHOWN = 100

/** Every question of the sheet with its three sides: answered one by one, several, or by a rule, each as one step that can be taken back. */
export function ConflictsDialog(props: Props) {
  const { painter, survey, connection, editing, say, isMac, onClose } = props
  const { sheet } = painter
  const T = TEXTS.conflicts
  const problems = useMemo(
    () => problemsOf(sheet, survey.needing).filter((problem) => connection === undefined || problem.connection === connection),
    [sheet, survey, connection],
  )
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const list = useRef<HTMLOListElement>(null)
  const at = useRef(0)
  const answered = useRef<string>(undefined)
  useEffect(() => goTo(list.current, 0), [])
  // An answered question leaves the list: whoever goes through it by keyboard is at the next one.
  useEffect(() => {
    const place = answered.current
    if (place === undefined || problems.some((problem) => placeOf(problem) === place)) return
    answered.current = undefined
    // After the dialog has looked for a place of its own.
    requestAnimationFrame(() => goTo(list.current, Math.min(at.current, problems.length - 1)))
  }, [problems])
  const onKeyDown = (event: KeyboardEvent): void => {
    const command = screenCommand(event.nativeEvent, isMac)
    const isItem = event.target instanceof HTMLElement && event.target.dataset.problem !== undefined
    const step =
      command?.do === 'next-needing' ? command.direction : !isItem ? 0 : event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    event.stopPropagation()
    const here = itemsOf(list.current).findIndex((item) => item.contains(document.activeElement))
    goTo(list.current, here + step)
  }
  const toggle = (place: string): void => {
    const next = new Set(selected)
    if (!next.delete(place)) next.add(place)
    setSelected(next)
  }
  const isAllSelected = problems.length > 0 && problems.every((problem) => selected.has(placeOf(problem)))
  const answerMany = ({ answers, putBacks }: DryRun): void => {
    const count = editing.chooseMany(answers, putBacks)
    setSelected(new Set())
    say(T.rule.said(count))
  }
  return (
    <Modal
      isOpen
      onClose={onClose}
      width={920}
      title={T.title(problems.length)}
      note={T.lead}
      foot={
        <>
          <Button look={problems.length === 0 ? 'primary' : 'ghost'} onPress={onClose}>
            {TEXTS.close}
          </Button>
          {problems.length > 1 && <span className="hint ml-auto">{T.keys(keysText('Alt+N', isMac), keysText('Alt+Shift+N', isMac))}</span>}
        </>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys that mean the same on every question */}
      <div onKeyDown={onKeyDown} className="grid gap-4">
        {problems.length === 0 && <p className="m-0">{T.done}</p>}
        {problems.length > 1 && <Rule {...props} problems={problems} selected={selected} onAnswer={answerMany} />}
        {problems.length > 1 && (
          <label className="flex min-h-6 items-center gap-2 text-ink-2">
            <input
              type="checkbox"
              checked={isAllSelected}
              onChange={() => setSelected(isAllSelected ? new Set() : new Set(problems.map(placeOf)))}
            />
            {T.selectAll}
          </label>
        )}
        <ol ref={list} className="m-0 grid list-none gap-2.5 p-0">
          {problems.slice(0, SHOWN).map((problem, index) => (
            <li key={placeOf(problem)}>
              <Question
                {...props}
                problem={problem}
                position={T.position(index + 1, problems.length)}
                isSelected={selected.has(placeOf(problem))}
                onSelect={problems.length > 1 ? () => toggle(placeOf(problem)) : undefined}
                onFocus={() => {
                  at.current = index
                }}
                onAnswer={() => {
                  answered.current = placeOf(problem)
                }}
              />
            </li>
          ))}
        </ol>
        {problems.length > SHOWN && <p className="hint m-0">{TEXTS.panel.more(problems.length - SHOWN)}</p>}
      </div>
    </Modal>
  )
}

interface RuleProps extends Props {
  readonly problems: readonly Problem[]
  readonly selected: ReadonlySet<string>
  readonly onAnswer: (dry: DryRun) => void
}

/** One answer for many: which, how, and what that would do, counted before it is done. */
function Rule({ problems, selected, connections, painter, onAnswer }: RuleProps) {
  const T = TEXTS.conflicts.rule
  const [chosen, setChosen] = useState('all')
  const [verb, setVerb] = useState<Verb>('keep-app')
  const scopes = scopesOf(problems, selected).map((scope) => ({ scope, key: keyOf(scope) }))
  const scope: Scope = scopes.find(({ key }) => key === chosen)?.scope ?? { of: 'all' }
  useEffect(() => {
    if (selected.size > 0) setChosen('selected')
  }, [selected])
  const found = inScope(problems, scope, selected)
  const dry = dryRun(found, verb)
  const count = dry.answers.length + dry.putBacks.length
  const nameOf = (one: Scope): string => {
    const n = inScope(problems, one, selected).length
    if (one.of === 'all') return T.all(n)
    if (one.of === 'selected') return T.selected(n)
    if (one.of === 'field') return T.field(painter.sheet.field(one.field)?.name ?? one.field, n)
    if (one.of === 'kind') return T.kind(TEXTS.conflicts.kinds[one.kind], n)
    if (one.of !== 'connection') return ''
    const connection = connections.find(({ id }) => id === one.connection)
    return T.app(connection === undefined ? one.connection : `${connection.integration.appName} · ${connection.object.name}`, n)
  }
  const apps = new Set(found.map((problem) => connections.find(({ id }) => id === problem.connection)?.integration.appName ?? ''))
  const [app = ''] = apps.size === 1 ? apps : []
  const parts = [
    ...(['conflicts', 'differs', 'refused', 'late'] as const)
      .filter((kind) => dry.counts[kind] > 0)
      .map((kind) => T.dry[kind](dry.counts[kind], verb)),
    ...(dry.left > 0 ? [T.dry.left(dry.left)] : []),
  ]
  return (
    <fieldset className="m-0 grid gap-2 rounded-lg border border-line bg-wash p-3">
      <legend className="px-1 text-xs font-semibold text-ink-2">{T.title}</legend>
      <div className="flex flex-wrap items-end gap-3">
        <label className="block min-w-44">
          <span className="label">{T.scope}</span>
          <select className="input" value={keyOf(scope)} onChange={(event) => setChosen(event.target.value)}>
            {scopes.map(({ scope: one, key }) => (
              <option key={key} value={key}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        <Switches
          label={T.verb}
          value={verb}
          options={[
            { key: 'keep-app', text: T['keep-app'](app) },
            { key: 'send-mine', text: T['send-mine'] },
          ]}
          onChange={setVerb}
        />
        <Button look="primary" isDisabled={count === 0} onPress={() => onAnswer(dry)}>
          {T.apply(count)}
        </Button>
      </div>
      <p role="status" className="m-0 text-ink-2">
        {parts.length === 0 ? T.nothing : `${parts.join(', ')}.`} {count > 0 && T.undo}
      </p>
    </fieldset>
  )
}

const keyOf = (scope: Scope): string => {
  if (scope.of === 'field') return `field:${scope.field}`
  if (scope.of === 'connection') return `connection:${scope.connection}`
  return scope.of === 'kind' ? `kind:${scope.kind}` : scope.of
}

interface QuestionProps extends Props {
  readonly problem: Problem
  readonly position: string
  readonly isSelected: boolean
  readonly onSelect: (() => void) | undefined
  readonly onFocus: () => void
  readonly onAnswer: () => void
}

/** One cell: what it was, what is typed here, what the app has, and the choices. */
function Question(props: QuestionProps) {
  const {
    problem,
    position,
    isSelected,
    onSelect,
    onFocus,
    onAnswer,
    painter,
    state,
    nameOf,
    times,
    connections,
    editing,
    onClose,
    onGoTo,
  } = props
  const { sheet, formats } = painter
  const T = TEXTS.conflicts
  const field = sheet.field(problem.field)
  if (field === undefined) return null
  const cell = sheet.cell(problem.row, problem.field)
  const status = painter.statusOf(problem.row, field, cell)
  const me = state.session?.person.id
  const app = connections.find(({ id }) => id === problem.connection)?.integration.appName ?? field.binding?.appName ?? TEXTS.theApp
  const rowName = rowNameOf(sheet.fields(), (one) => sheet.cell(problem.row, one.id).value, sheet.rows().indexOf(problem.row))
  const place = `${rowName} · ${field.name}`
  const whose = (by: string): string => (by === me || by === '' ? '' : nameOf(by))
  // As it is written: capitals and spaces are what is asked about.
  const shown = (value: CellValue): string => {
    if (value === null || value === '') return T.nothing
    const isRaw = typeof value === 'string' && (problem.kind === 'differs' || problem.kind === 'refused')
    return isRaw && field.type !== 'date' && field.type !== 'date-time' && field.type !== 'person'
      ? value
      : showValue(field, value, formats)
  }
  const mineLabel = problem.kind === 'differs' ? T.sent(whose(problem.mine.by)) : T.mine(whose(problem.mine.by))
  const typedAt = (side: Side): string =>
    side.at === undefined ? '' : T.typedAt(side.by === me ? TEXTS.you : nameOf(side.by), times.moment(side.at))
  const seenAt = (side: Side): string =>
    side.at === undefined ? '' : T.seenAt(side.by === '' ? '' : known(side.by, nameOf), times.moment(side.at))
  return (
    <article
      data-problem={placeOf(problem)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: one question after another is gone to by keyboard
      tabIndex={0}
      aria-label={`${place}, ${position}. ${status.text}`}
      onFocus={onFocus}
      className={`rounded-lg border border-line border-l-[3px] ${problem.kind === 'refused' ? 'border-l-bad' : 'border-l-warn'}`}
    >
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 pt-2">
        {onSelect !== undefined && (
          <label className="grid size-6 place-items-center">
            <input type="checkbox" aria-label={T.select(place)} checked={isSelected} onChange={onSelect} />
          </label>
        )}
        <b className="font-semibold">{place}</b>
        <span className="text-ink-3">{T.kinds[problem.kind]}</span>
        <span className="ml-auto text-xs text-ink-3">{position}</span>
      </header>
      <p className="m-0 px-3 py-1 text-ink-2">{status.text}</p>
      <dl className="m-0 grid grid-cols-1 gap-2 px-3 py-2 sm:grid-cols-3">
        {problem.base !== undefined && <SideView label={T.base} text={shown(problem.base)} note="" tone="text-ink-2" />}
        <SideView label={mineLabel} text={shown(problem.mine.value)} note={typedAt(problem.mine)} tone="text-ink" />
        <SideView
          label={problem.kind === 'refused' ? T.refused(app) : T.theirs(app)}
          text={shown(problem.theirs.value)}
          note={seenAt(problem.theirs)}
          run={problem.theirs.run}
          tone="text-ink"
        />
        {problem.others.map((side) => (
          <SideView
            key={`${side.by}:${side.at}`}
            label={T.mine(whose(side.by))}
            text={shown(side.value)}
            note={typedAt(side)}
            tone="text-ink"
          />
        ))}
      </dl>
      <div className="flex flex-wrap gap-1.5 px-3 pb-2.5">
        {status.choices.map((choice, index) => (
          <Button
            key={choice.label}
            isSmall
            look={choice.act === 'put-back' ? 'ghost' : index === 0 ? 'primary' : 'plain'}
            onPress={() => {
              onAnswer()
              editing.choose(problem.row, problem.field, choice)
            }}
          >
            {choice.label}
          </Button>
        ))}
        <Button
          isSmall
          look="ghost"
          className="ml-auto"
          onPress={() => {
            onClose()
            onGoTo({ row: problem.row, field: problem.field })
          }}
        >
          {T.goTo}
        </Button>
      </div>
    </article>
  )
}

/** A name as the app tells it is said as it is; a person of ours by their name here. */
const known = (by: string, nameOf: (person: string) => string): string => {
  const name = nameOf(by)
  return name === TEXTS.someone ? by : name
}

function SideView(props: { label: string; text: string; note: string; run?: string | undefined; tone: string }) {
  const { label, text, note, run, tone } = props
  return (
    <div className="min-w-0 rounded-md border border-line-2 bg-wash px-2.5 py-1.5">
      <dt className="text-xs text-ink-2">{label}</dt>
      <dd className={`m-0 font-medium break-words whitespace-pre-wrap ${tone}`}>
        {text}
        {(note !== '' || run !== undefined) && (
          <small className="block font-normal text-ink-2">
            {note}
            {run !== undefined && (
              <>
                {note === '' ? '' : ' · '}
                <a className="underline" href={`/runs/${run}`}>
                  {TEXTS.conflicts.run}
                </a>
              </>
            )}
          </small>
        )}
      </dd>
    </div>
  )
}
