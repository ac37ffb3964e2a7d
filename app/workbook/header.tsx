import { History, Moon, Plug, Sun, SunMoon } from 'lucide-react'
import { useState } from 'react'
import { Dialog, DialogTrigger, Popover } from 'react-aria-components'
import { initialsOf, inkOn, type Peer, peopleOf } from '../collab/presence.ts'
import type { SessionState, WorkbookInfo, WorkbookSession } from '../collab/workbook-session.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'
import { SaveState } from './save-state.tsx'

export interface HeaderProps {
  readonly session: WorkbookSession
  readonly state: SessionState
  readonly info: WorkbookInfo
  readonly peers: readonly Peer[]
  readonly times: Times
}

/** Which workbook this is, whether it is saved, who is here. */
export function Header({ session, state, info, peers }: HeaderProps) {
  return (
    <header className="flex min-w-0 items-center gap-3 border-b border-line px-3.5">
      <a href="/" aria-label={TEXTS.nav.workbooks} className="flex-none">
        {/* biome-ignore lint/performance/noImgElement: a drawing of a few bytes */}
        <img src="/icon.svg" alt="" width={22} height={22} className="block" />
      </a>
      <h1 className="m-0 min-w-0 truncate text-sm font-semibold">{info.name}</h1>
      <SaveState session={session} state={state} />
      <span className="flex-1" />
      <span className="hidden sm:contents">
        <ThemeButton />
        <a className="button ghost icon" href="/settings/integrations" aria-label={TEXTS.nav.integrations} title={TEXTS.nav.integrations}>
          <Plug size={15} aria-hidden />
        </a>
        <a className="button" href="/runs">
          <History size={14} aria-hidden /> {TEXTS.nav.runs}
        </a>
      </span>
      <People session={session} state={state} peers={peers} />
    </header>
  )
}

function Face({ name, color, title = name }: { name: string; color: string; title?: string }) {
  return (
    <span className="face -ml-1.5 first:ml-0" style={{ background: color, color: inkOn(color) }} title={title}>
      {initialsOf(name)}
    </span>
  )
}

const SHOWN_FACES = 4
const COLORS = ['#7048e8', '#d6336c', '#2f9e44', '#1c6fd1', '#c2410c', '#0b7285', '#a16207', '#5f3dc4']

function People({ session, state, peers }: { session: WorkbookSession; state: SessionState; peers: readonly Peer[] }) {
  const people = peopleOf(peers)
  const me = state.session?.person
  const [name, setName] = useState<string>()
  const [color, setColor] = useState<string>()
  const [error, setError] = useState<unknown>()
  if (me === undefined) return null
  const chosen = { name: name ?? me.name, color: color ?? me.color }
  const label = people.length === 0 ? TEXTS.profile.onlyYou : TEXTS.profile.here(people.length + 1)
  const save = async (close: () => void): Promise<void> => {
    try {
      await session.setProfile(chosen)
      close()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <DialogTrigger>
      <Button look="ghost" className="px-1!" aria-label={label}>
        {people.slice(0, SHOWN_FACES).map((peer) => (
          <Face key={peer.client} name={peer.name} color={peer.color} />
        ))}
        {people.length > SHOWN_FACES && <span className="text-xs">+{people.length - SHOWN_FACES}</span>}
        <Face name={me.name} color={me.color} title={`${me.name} (${TEXTS.you.toLowerCase()})`} />
      </Button>
      <Popover placement="bottom end" className="popover w-72">
        <Dialog aria-label={TEXTS.profile.title} className="grid gap-3 p-3.5 outline-none">
          {({ close }) => (
            <>
              <b className="font-semibold">{label}</b>
              {people.length > 0 && (
                <ul className="m-0 grid list-none gap-1 p-0">
                  {people.map((peer) => (
                    <li key={peer.client} className="flex items-center gap-2">
                      <span className="swatch" style={{ background: peer.color }} /> {peer.name}
                    </li>
                  ))}
                </ul>
              )}
              <form
                className="grid gap-3 border-t border-line pt-3"
                onSubmit={(event) => {
                  event.preventDefault()
                  void save(close)
                }}
              >
                <label className="block">
                  <span className="label">{TEXTS.profile.title}</span>
                  <input
                    className="input"
                    aria-label={TEXTS.profile.name}
                    maxLength={60}
                    value={chosen.name}
                    onChange={(event) => setName(event.target.value)}
                  />
                </label>
                <fieldset className="m-0 flex flex-wrap gap-1.5 border-0 p-0">
                  <legend className="label">{TEXTS.profile.color}</legend>
                  {COLORS.map((option) => (
                    <label
                      key={option}
                      className="grid size-7 place-items-center rounded-full border-2 border-transparent has-[:checked]:border-ink has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-tide"
                    >
                      <input
                        type="radio"
                        name="color"
                        className="sr-only"
                        aria-label={option}
                        checked={chosen.color === option}
                        onChange={() => setColor(option)}
                      />
                      <span className="size-5 rounded-full" style={{ background: option }} />
                    </label>
                  ))}
                </fieldset>
                <Failure error={error} />
                <span>
                  <Button type="submit" look="primary" isDisabled={chosen.name.trim() === ''}>
                    {TEXTS.profile.save}
                  </Button>
                </span>
              </form>
              <span className="flex flex-wrap gap-1 border-t border-line pt-2 sm:hidden">
                <ThemeButton />
                <a className="button ghost" href="/runs">
                  {TEXTS.nav.runs}
                </a>
                <a className="button ghost" href="/settings/integrations">
                  {TEXTS.nav.integrations}
                </a>
              </span>
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}

type Theme = 'light' | 'dark' | undefined
const THEME_KEY = 'tidebook.theme'
const NEXT: Record<'light' | 'dark' | 'system', Theme> = { system: 'dark', dark: 'light', light: undefined }
const themeOf = (stored: string | null): Theme => (stored === 'light' || stored === 'dark' ? stored : undefined)

/** System, dark, light, and round again. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(() =>
    typeof localStorage === 'undefined' ? undefined : themeOf(localStorage.getItem(THEME_KEY)),
  )
  const next = NEXT[theme ?? 'system']
  const change = (): void => {
    setTheme(next)
    if (next === undefined) {
      localStorage.removeItem(THEME_KEY)
      delete document.documentElement.dataset.theme
    } else {
      localStorage.setItem(THEME_KEY, next)
      document.documentElement.dataset.theme = next
    }
  }
  const label = next === 'dark' ? TEXTS.theme.toDark : next === 'light' ? TEXTS.theme.toLight : TEXTS.theme.toSystem
  const Icon = theme === 'dark' ? Moon : theme === 'light' ? Sun : SunMoon
  return (
    <IconButton label={label} onPress={change}>
      <Icon size={15} aria-hidden />
    </IconButton>
  )
}
