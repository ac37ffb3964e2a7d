'use client'

import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react'
import * as z from 'zod'
import type { AnswerOf } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { noteSession } from '../collab/known-session.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { ProfileFields } from '../people/profile-fields.tsx'
import { TEXTS } from '../texts.ts'

// The page's content policy allows no code from text, which zod would otherwise try to make.
z.config({ jitless: true })

const WORDS = TEXTS.share.open

type Entered = AnswerOf<'openLink'>
type State =
  | { readonly kind: 'opening' | 'missing' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly token: string }
  | { readonly kind: 'asking'; readonly entered: Entered }

/** Where a shared link leads: it is exchanged, taken out of the address, and whoever is new says who they are. */
export function LinkPage() {
  const [state, setState] = useState<State>({ kind: 'opening' })
  const isOpening = useRef(false)

  const open = useCallback(async (token: string): Promise<void> => {
    if (isOpening.current) return
    isOpening.current = true
    setState({ kind: 'opening' })
    try {
      const entered = await callApi('openLink', { body: { token } })
      if (entered.isNew) setState({ kind: 'asking', entered })
      else await goTo(entered)
    } catch (error) {
      setState({ kind: 'failed', error, token })
    } finally {
      isOpening.current = false
    }
  }, [])

  useEffect(() => {
    const read = (): void => {
      const token = window.location.hash.slice(1)
      // Out of the address at once: not in the history, not in what is copied from the bar.
      if (token !== '') window.history.replaceState(null, '', '/l')
      if (token !== '') void open(token)
      else if (!isOpening.current) setState((now) => (now.kind === 'opening' ? { kind: 'missing' } : now))
    }
    read()
    window.addEventListener('hashchange', read)
    return () => window.removeEventListener('hashchange', read)
  }, [open])

  return (
    <main className="mx-auto grid min-h-full max-w-md content-center gap-4 p-6">
      <title>{`${WORDS.title} · ${TEXTS.product}`}</title>
      {/* biome-ignore lint/performance/noImgElement: a drawing of a few bytes */}
      <img src="/icon.svg" alt="" width={32} height={32} className="block" />
      {state.kind === 'opening' && <p role="status">{WORDS.opening}</p>}
      {state.kind === 'missing' && (
        <>
          <h1 className="m-0 text-lg font-semibold">{WORDS.missing}</h1>
          <p className="m-0 text-ink-2">{WORDS.missingText}</p>
        </>
      )}
      {state.kind === 'failed' && (
        <>
          <h1 className="m-0 text-lg font-semibold">{WORDS.title}</h1>
          <Failure error={state.error} />
          <span>
            <Button onPress={() => void open(state.token)}>{WORDS.again}</Button>
          </span>
        </>
      )}
      {state.kind === 'asking' && <Hello entered={state.entered} />}
    </main>
  )
}

function Hello({ entered }: { entered: Entered }) {
  const [name, setName] = useState(entered.person.name)
  const [color, setColor] = useState(entered.person.color)
  const [error, setError] = useState<unknown>()
  const enter = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(undefined)
    try {
      await callApi('patchSession', { body: { name, color } })
      await goTo(entered)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <form className="grid gap-4" onSubmit={(event) => void enter(event)}>
      <h1 className="m-0 text-lg font-semibold">{WORDS.hello(entered.name)}</h1>
      <p className="m-0 text-ink-2">{WORDS.may[entered.role]}</p>
      <ProfileFields nameLabel={WORDS.name} name={name} color={color} onName={setName} onColor={setColor} />
      <Failure error={error} />
      <span>
        <Button type="submit" look="primary" isDisabled={name.trim() === ''}>
          {WORDS.go}
        </Button>
      </span>
    </form>
  )
}

/** The workbook, for the person this browser is from now on: what it knew of another one does not open it. */
async function goTo(entered: Entered): Promise<void> {
  noteSession(await callApi('getSession', { query: { workbook: entered.workbook } }))
  window.location.replace(`/w/${entered.workbook}`)
}
