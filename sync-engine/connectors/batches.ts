import { SyncError } from '../sync-error.ts'
import type { Connector } from './connector.ts'

/** What one call for several records told. */
export interface Sent<I, A> {
  readonly answers: ReadonlyMap<I, A>
  /** Records of which nothing was saved, because others refused the whole call: to be sent again, a call each list. */
  readonly again?: readonly (readonly I[])[]
}

/**
 * Sends records a call each part, and again those that were refused only because of others, until each has its answer. Where the app stops
 * taking calls after a part may have been saved, the records that are left are `notSent`; before that the error is thrown.
 *
 * `send` never gives all records of a call back as one list: it blames some, or parts them. `isLater`: something was saved before already.
 */
export async function sendApart<I, A extends { readonly kind: string }>(
  parts: readonly (readonly I[])[],
  send: (part: readonly I[]) => Promise<Sent<I, A>>,
  notSent: (input: I, error: SyncError) => A,
  isLater = false,
): Promise<ReadonlyMap<I, A>> {
  const answers = new Map<I, A>()
  const todo = parts.filter((part) => part.length > 0)
  while (todo.length > 0) {
    const part = todo.shift() ?? []
    try {
      const sent = await send(part)
      for (const [input, answer] of sent.answers) answers.set(input, answer)
      todo.unshift(...(sent.again ?? []).filter((list) => list.length > 0))
    } catch (error) {
      const mayBeSaved = isLater || [...answers.values()].some(({ kind }) => kind !== 'refused')
      if (!(error instanceof SyncError) || !mayBeSaved) throw error
      for (const input of [...part, ...todo.flat()]) answers.set(input, notSent(input, error))
      return answers
    }
  }
  return answers
}

/**
 * Which of the records that a batch did not find are gone. None where that cannot be asked now: others of the batch are saved, and no error
 * may hide that.
 */
export async function goneAmong(
  connector: Pick<Connector, 'proveGone'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return ids.length === 0 ? [] : await connector.proveGone(ids, signal)
  } catch (error) {
    if (error instanceof SyncError) return []
    throw error
  }
}

/** The two halves of a list. */
export function halved<T>(list: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(list.length / 2)
  return [list.slice(0, middle), list.slice(middle)]
}
