import type { RunHead } from '../../server/api/contract.ts'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'

/** Who or what started a run. */
export const startedBy = (run: Pick<RunHead, 'trigger' | 'byName'>): string =>
  run.trigger === 'person' ? run.byName : run.trigger === 'api' ? `${TEXTS.run.trigger.api}, ${run.byName}` : TEXTS.run.trigger[run.trigger]

export const tookText = (run: Pick<RunHead, 'startedAt' | 'endedAt'>, times: Times, now: number): string =>
  run.startedAt === null ? '' : times.span(Math.max(0, (run.endedAt ?? now) - run.startedAt))

/** Colour beside the word that says the same. */
export const stateTone = ({ state }: Pick<RunHead, 'state'>): string =>
  state === 'failed' ? 'text-bad' : state === 'partial' || state === 'waiting' ? 'text-warn' : 'text-ink'

/** What a run was about, as it was called when it ran. */
export const aboutText = ({ about }: Pick<RunHead, 'about'>): string =>
  about === undefined ? TEXTS.log.goneConnection : `${about.appName} · ${about.objectName}`

/** Why a run failed, in words that say what is safe and what to do; the server's own where we have none. */
export function failureOf({
  error,
  about,
}: Pick<RunHead, 'error' | 'about'>): { readonly message: string; readonly advice: string } | undefined {
  if (error === null) return undefined
  const words: Partial<Record<string, (app: string) => string>> = TEXTS.log.failed
  const said = words[error.code]
  return said === undefined
    ? { message: error.message, advice: error.advice }
    : { message: said(about?.appName ?? TEXTS.theApp), advice: '' }
}

/** Where a cell is seen in its workbook. */
export const cellAddress = (about: NonNullable<RunHead['about']>, cell: { readonly row: string; readonly field: string }): string =>
  `/w/${about.workbook}?sheet=${about.sheet}&cell=${cell.row}.${cell.field}`
