import { useEffect, useState } from 'react'
import type { AnswerOf } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { SettingDialog } from '../kit/setting-dialog.tsx'
import { TEXTS } from '../texts.ts'

type Days = AnswerOf<'getSettings'>['logRetentionDays']

const FIRST_DAYS = 90
const MOST_DAYS = 3_650

/** How long calls and cells are kept, and where that is changed. */
export function Retention() {
  const [days, setDays] = useState<Days>()
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    const leaving = new AbortController()
    callApi('getSettings', {}, { signal: leaving.signal }).then(
      (settings) => setDays(settings.logRetentionDays),
      // The log is there without it; the list says that the server does not answer.
      () => undefined,
    )
    return () => leaving.abort()
  }, [])
  if (days === undefined) return null
  return (
    <>
      <Button onPress={() => setOpen(true)}>{TEXTS.log.retention.short(days)}</Button>
      {isOpen && <RetentionDialog days={days} onSaved={setDays} onClose={() => setOpen(false)} />}
    </>
  )
}

function RetentionDialog({ days, onSaved, onClose }: { days: Days; onSaved: (days: Days) => void; onClose: () => void }) {
  const T = TEXTS.log.retention
  const [isForever, setForever] = useState(days === null)
  const [text, setText] = useState(String(days ?? FIRST_DAYS))
  const wanted = Number(text)
  const isRight = isForever || (/^\d+$/u.test(text) && wanted >= 1 && wanted <= MOST_DAYS)
  const isShorter = !isForever && isRight && (days === null || wanted < days)
  const save = async (): Promise<void> => {
    const settings = await callApi('patchSettings', { body: { logRetentionDays: isForever ? null : wanted } })
    onSaved(settings.logRetentionDays)
  }
  return (
    <SettingDialog title={T.title} action={T.save} isRight={isRight} save={save} onClose={onClose}>
      <fieldset className="m-0 grid gap-2 border-0 p-0">
        <legend className="sr-only">{T.title}</legend>
        <label className="flex min-h-7 items-center gap-2">
          <input type="radio" name="retention" checked={isForever} onChange={() => setForever(true)} />
          {T.forever}
        </label>
        <label className="flex min-h-7 items-center gap-2">
          <input type="radio" name="retention" checked={!isForever} onChange={() => setForever(false)} />
          {T.days}
        </label>
        {!isForever && (
          <label className="ml-6 block w-40">
            <span className="label">{T.number}</span>
            <input
              className="input"
              inputMode="numeric"
              value={text}
              aria-invalid={!isRight}
              aria-describedby="retention-hint"
              onChange={(event) => setText(event.target.value.trim())}
            />
          </label>
        )}
      </fieldset>
      <p id="retention-hint" className={`m-0 ${isRight ? 'text-ink-2' : 'error'}`}>
        {isRight ? T.hint : T.wrong}
      </p>
      {isShorter && (
        <p role="status" className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">
          {T.shorter(wanted)}
        </p>
      )}
    </SettingDialog>
  )
}
