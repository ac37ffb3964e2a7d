import { useCallback, useEffect, useRef, useState } from 'react'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import { cryptoRandomBytes, makeFieldId } from '../../workbook/ids.ts'
import { TEXTS } from '../texts.ts'
import type { Refusal } from './decode.ts'
import { localeStyle } from './guess.ts'
import { type Check, type ColumnChoice, checkFile, type FilePlan, type Person, proposeColumns, withPeople } from './import-plan.ts'
import { pause } from './pause.ts'
import { type FormatChoice, type Inspection, inspectFile, type Turns } from './read-file.ts'
import { type ImportStatus, sendImport } from './send.ts'

/** What the dialog shows. */
export type ImportStep =
  | { readonly kind: 'choose' }
  | { readonly kind: 'busy'; readonly text: string; readonly share: number }
  | { readonly kind: 'refused'; readonly why: Refusal }
  | { readonly kind: 'settings' }
  | { readonly kind: 'report'; readonly check: Check }
  | { readonly kind: 'ended'; readonly status: ImportStatus }

export interface FileImport {
  readonly step: ImportStep
  readonly file: File | undefined
  readonly inspection: Inspection | undefined
  readonly choices: readonly ColumnChoice[]
  readonly newSheet: string | undefined
  readonly takesApostrophes: boolean
  readonly error: unknown
  readonly open: (file: File) => void
  readonly setFormat: (change: FormatChoice) => void
  readonly setChoice: (index: number, change: Partial<ColumnChoice>) => void
  readonly setNewSheet: (name: string | undefined) => void
  readonly setTakesApostrophes: (takes: boolean) => void
  readonly check: () => void
  readonly start: (where: { readonly workbook: string; readonly sheet: string }) => void
  readonly stop: () => void
  readonly back: () => void
  readonly plan: FilePlan | undefined
  readonly turns: () => Turns
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const makeOptionId = (): string => `o${makeFieldId(cryptoRandomBytes)}${makeFieldId(cryptoRandomBytes)}`
/** Between two tellings how far a piece of work is. ms */
const TELL_MS = 100
const isStopped = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'

/** From a chosen file to its rows in the sheet, a step at a time. */
export function useFileImport(
  first: File | undefined,
  fields: readonly Field[],
  formats: ValueFormats,
  people: readonly Person[],
): FileImport {
  const [step, setStep] = useState<ImportStep>({ kind: 'choose' })
  const [file, setFile] = useState<File>()
  const [chosen, setChosen] = useState<FormatChoice>({})
  const [inspection, setInspection] = useState<Inspection>()
  const [choices, setChoices] = useState<readonly ColumnChoice[]>([])
  const [newSheet, setSheet] = useState<string>()
  const [takesApostrophes, setTakesApostrophes] = useState(true)
  const [error, setError] = useState<unknown>()
  const working = useRef<AbortController>(undefined)

  /** Runs one piece of work; what ran before is stopped. Where it is stopped or fails, `otherwise` is shown. */
  const work = useCallback(
    async (otherwise: ImportStep, job: (turns: Turns) => Promise<void>, text: (done: number, total: number) => string) => {
      working.current?.abort()
      const mine = new AbortController()
      working.current = mine
      setError(undefined)
      let told = Number.NEGATIVE_INFINITY
      const onProgress = (done: number, total: number): void => {
        // Reading tells of every piece; drawing each of them would take longer than reading it.
        if (working.current !== mine || performance.now() - told < TELL_MS) return
        told = performance.now()
        setStep({ kind: 'busy', text: text(done, total), share: total === 0 ? 0 : done / total })
      }
      onProgress(0, 1)
      try {
        await job({ now: () => performance.now(), pause, signal: mine.signal, onProgress })
      } catch (failure) {
        if (working.current !== mine) return
        setStep(otherwise)
        if (!isStopped(failure)) setError(failure)
      }
    },
    [],
  )

  useEffect(() => () => working.current?.abort(), [])

  const inspect = useCallback(
    (from: File, format: FormatChoice, isNewSheet: boolean) => {
      const done = async (turns: Turns): Promise<void> => {
        const found = await inspectFile(from, format, localeStyle(formats), turns)
        if (turns.signal.aborted) return
        if ('kind' in found) {
          setStep({ kind: 'refused', why: found })
          return
        }
        const seen = { ...found, proposals: withPeople(found.proposals, people) }
        setInspection(seen)
        setChoices(proposeColumns(seen, fields, isNewSheet))
        setStep({ kind: 'settings' })
      }
      void work({ kind: 'choose' }, done, TEXTS.files.reading)
    },
    [work, fields, formats, people],
  )

  const open = useCallback(
    (next: File): void => {
      setFile(next)
      setChosen({})
      setInspection(undefined)
      inspect(next, {}, newSheet !== undefined)
    },
    [inspect, newSheet],
  )

  const isOpened = useRef(false)
  useEffect(() => {
    if (first === undefined || isOpened.current) return
    isOpened.current = true
    open(first)
  }, [first, open])

  const plan: FilePlan | undefined = file &&
    inspection && {
      file,
      format: inspection.format,
      choices,
      // A workbook says itself what is a formula: an apostrophe in it is one.
      takesApostrophes: takesApostrophes && inspection.format.kind === 'text',
      people,
    }

  const check = (): void => {
    if (plan === undefined) return
    const done = async (turns: Turns): Promise<void> => {
      const found = await checkFile(plan, formats, makeOptionId, turns)
      if (!turns.signal.aborted) setStep({ kind: 'report', check: found })
    }
    void work({ kind: 'settings' }, done, TEXTS.files.checking)
  }

  const start = (where: { readonly workbook: string; readonly sheet: string }): void => {
    if (plan === undefined || step.kind !== 'report') return
    const { check: checked } = step
    const done = async (turns: Turns): Promise<void> => {
      const onStep: Parameters<typeof sendImport>[0]['onStep'] = ({ kind, done: count, total }) => {
        const text = kind === 'undoing' ? TEXTS.files.undoing : TEXTS.files[kind](count, total)
        // Sending is the first half of the bar, writing the second.
        const share = kind === 'undoing' ? 0.5 : (count / total) * 0.5 + (kind === 'writing' ? 0.5 : 0)
        setStep({ kind: 'busy', text, share })
      }
      const status = await sendImport({
        ...where,
        newSheet,
        name: plan.file instanceof File ? plan.file.name : '',
        plan,
        check: checked,
        formats,
        turns: { ...turns, onProgress: () => undefined },
        wait,
        onStep,
      })
      setStep({ kind: 'ended', status })
    }
    void work(step, done, () => TEXTS.files.uploading(0, checked.rowCount))
  }

  return {
    step,
    file,
    inspection,
    choices,
    newSheet,
    takesApostrophes,
    error,
    open,
    setFormat: (change) => {
      // Of another sheet all is asked anew, and of a table that begins elsewhere whether its first row names the columns.
      const { hasHeader, ...kept } = chosen
      const next =
        change.sheet !== undefined
          ? change
          : { ...kept, ...(change.from === undefined && hasHeader !== undefined && { hasHeader }), ...change }
      setChosen(next)
      if (file !== undefined) inspect(file, next, newSheet !== undefined)
    },
    setChoice: (index, change) => setChoices((all) => all.map((choice, i) => (i === index ? { ...choice, ...change } : choice))),
    setNewSheet: (name) => {
      const wasNew = newSheet !== undefined
      setSheet(name)
      if (inspection !== undefined && wasNew !== (name !== undefined)) setChoices(proposeColumns(inspection, fields, name !== undefined))
    },
    setTakesApostrophes,
    check,
    start,
    stop: () => working.current?.abort(new DOMException('Stopped', 'AbortError')),
    back: () => setStep(inspection === undefined ? { kind: 'choose' } : { kind: 'settings' }),
    plan,
    turns: () => ({ now: () => performance.now(), pause, signal: new AbortController().signal, onProgress: () => undefined }),
  }
}
