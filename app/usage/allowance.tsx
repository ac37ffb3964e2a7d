import { useState } from 'react'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Part } from '../kit/facts.tsx'
import { SettingDialog } from '../kit/setting-dialog.tsx'
import { TEXTS } from '../texts.ts'
import type { Usage } from './usage.ts'

type Allowance = Usage['allowance']

const FIRST_CREDITS = 10_000
const FIRST_PERCENT = 80

export interface AllowanceProps {
  readonly allowance: Allowance
  /** A day as people read it. */
  readonly dayOf: (at: number) => string
  readonly onSaved: () => void
}

/** What is left of the month's allowance, in words and as a meter, and where it is changed. */
export function AllowanceCard({ allowance, dayOf, onSaved }: AllowanceProps) {
  const [isOpen, setOpen] = useState(false)
  const T = TEXTS.usage.allowance
  const { monthly, used, left, state, warnAtPercent, whenUsed, resetsAt } = allowance
  const isUp = state === 'used-up'
  const said = isUp ? T.state['used-up'][whenUsed] : state === 'warning' ? T.state.warning(warnAtPercent) : ''
  return (
    <Part title={T.title} tools={<Button onPress={() => setOpen(true)}>{monthly === null ? T.set : T.change}</Button>}>
      {monthly === null ? (
        <p className="m-0 text-ink-2">{T.none}</p>
      ) : (
        <div className="grid gap-1.5">
          <p className="m-0 flex flex-wrap gap-x-3">
            <b className="font-semibold">{T.used(used, monthly)}</b>
            <span className="text-ink-2">{T.left(left ?? 0, dayOf(resetsAt))}</span>
          </p>
          <meter
            aria-label={T.meter}
            min={0}
            max={Math.max(1, monthly)}
            high={(Math.max(1, monthly) * warnAtPercent) / 100}
            optimum={0}
            value={Math.min(used, Math.max(1, monthly))}
            aria-valuetext={T.used(used, monthly)}
            className="w-full max-w-md"
          />
          {said !== '' && (
            <p role="status" className={`m-0 font-medium ${isUp ? 'text-bad' : 'text-warn'}`}>
              {said}
            </p>
          )}
        </div>
      )}
      {isOpen && <AllowanceDialog allowance={allowance} onClose={() => setOpen(false)} onSaved={onSaved} />}
    </Part>
  )
}

const wholeOf = (text: string): number | undefined => (/^\d{1,10}$/u.test(text.trim()) ? Number(text) : undefined)

function AllowanceDialog({ allowance, onClose, onSaved }: { allowance: Allowance; onClose: () => void; onSaved: () => void }) {
  const T = TEXTS.usage.allowance
  const [isSet, setSet] = useState(true)
  const [creditsText, setCredits] = useState(String(allowance.monthly ?? FIRST_CREDITS))
  const [percentText, setPercent] = useState(String(allowance.monthly === null ? FIRST_PERCENT : allowance.warnAtPercent))
  const [whenUsed, setWhenUsed] = useState(allowance.whenUsed)
  const credits = wholeOf(creditsText)
  const percent = wholeOf(percentText)
  const isPercentRight = percent !== undefined && percent >= 1 && percent <= 100
  const isRight = !isSet || (credits !== undefined && credits <= 1_000_000_000 && isPercentRight)
  const stopsAtOnce = isSet && whenUsed === 'block' && credits !== undefined && credits <= allowance.used
  const save = async (): Promise<void> => {
    const body = isSet ? { monthly: credits ?? 0, warnAtPercent: percent ?? FIRST_PERCENT, whenUsed } : { monthly: null }
    await callApi('patchSettings', { body: { allowance: body } })
    onSaved()
  }
  return (
    <SettingDialog title={T.title} note={T.now(allowance.used)} action={T.save} isRight={isRight} save={save} onClose={onClose}>
      <label className="flex min-h-7 items-center gap-2">
        <input type="checkbox" checked={isSet} onChange={(event) => setSet(event.target.checked)} />
        {T.has}
      </label>
      {isSet && (
        <>
          <Numbered
            label={T.monthly}
            value={creditsText}
            problem={credits === undefined ? T.wrongCredits : undefined}
            onChange={setCredits}
          />
          <Numbered label={T.warnAt} value={percentText} problem={isPercentRight ? undefined : T.wrongPercent} onChange={setPercent} />
          <fieldset className="m-0 grid gap-1 border-0 p-0">
            <legend className="label">{T.whenUsed}</legend>
            {(['warn', 'block'] as const).map((choice) => (
              <label key={choice} className="flex min-h-7 items-center gap-2">
                <input type="radio" name="when-used" checked={whenUsed === choice} onChange={() => setWhenUsed(choice)} />
                {T[choice]}
              </label>
            ))}
          </fieldset>
          {stopsAtOnce && (
            <p role="status" className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">
              {T.atOnce}
            </p>
          )}
        </>
      )}
    </SettingDialog>
  )
}

function Numbered(props: { label: string; value: string; problem: string | undefined; onChange: (value: string) => void }) {
  const { label, value, problem, onChange } = props
  return (
    <label className="block max-w-72">
      <span className="label">{label}</span>
      <input
        className="input"
        inputMode="numeric"
        value={value}
        aria-invalid={problem !== undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem !== undefined && <span className="error">{problem}</span>}
    </label>
  )
}
