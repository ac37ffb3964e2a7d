import { Copy, Eye, History, Moon, Plug, Share2, Sun, SunMoon } from 'lucide-react'
import { memo, useState } from 'react'
import type { Peer } from '../collab/presence.ts'
import type { SessionState, WorkbookInfo } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { Button, IconButton } from '../kit/button.tsx'
import type { Times } from '../kit/times.ts'
import { People } from '../people/people.tsx'
import type { Following } from '../people/use-following.ts'
import { accessOf } from '../share/access.ts'
import { TEXTS } from '../texts.ts'
import { SaveState } from './save-state.tsx'

export interface HeaderProps {
  readonly session: WorkbookSession
  readonly state: SessionState
  readonly info: WorkbookInfo
  readonly peers: readonly Peer[]
  readonly times: Times
  readonly following: Following
  readonly onShare: () => void
  readonly onDuplicate: () => void
}

/** Which workbook this is, whether it is saved, who is here. */
export const Header = memo(function Header({ session, state, info, peers, times, following, onShare, onDuplicate }: HeaderProps) {
  const { isGuest, role } = accessOf(state)
  return (
    <header className="flex min-w-0 items-center gap-2 border-b border-line px-3.5 max-[360px]:gap-1 max-[360px]:px-1.5 sm:gap-3">
      {isGuest ? (
        <span className="hidden sm:inline">
          <Drawing />
        </span>
      ) : (
        <a href="/" aria-label={TEXTS.nav.workbooks} title={TEXTS.nav.workbooks} className="-m-1 flex-none rounded-md p-1">
          <Drawing />
        </a>
      )}
      <h1 className="m-0 min-w-0 truncate text-sm font-semibold">{info.name}</h1>
      <SaveState session={session} state={state} />
      {isGuest && <AccessPill role={role} hasEnded={state.link.kind === 'refused'} />}
      <span className="hidden flex-1 sm:inline" />
      <span className="ml-auto sm:hidden" />
      <span className="hidden sm:contents">
        <ThemeButton />
        {!isGuest && (
          <IconButton label={TEXTS.connect.duplicate.menu} onPress={onDuplicate} isDisabled={state.link.kind !== 'online'}>
            <Copy size={15} aria-hidden />
          </IconButton>
        )}
        {!isGuest && <MemberLinks />}
      </span>
      {!isGuest && (
        <Button aria-label={TEXTS.share.button} onPress={onShare} isDisabled={state.link.kind !== 'online'}>
          <Share2 size={14} aria-hidden /> <span className="hidden sm:inline">{TEXTS.share.button}</span>
        </Button>
      )}
      <People
        session={session}
        state={state}
        peers={peers}
        times={times}
        following={following}
        foot={
          <span className="flex flex-wrap gap-1 border-t border-line pt-2 sm:hidden">
            <ThemeButton />
            {!isGuest && (
              <>
                <a className="button ghost" href="/runs">
                  {TEXTS.nav.runs}
                </a>
                <a className="button ghost" href="/settings/integrations">
                  {TEXTS.nav.integrations}
                </a>
              </>
            )}
          </span>
        }
      />
    </header>
  )
})

function Drawing() {
  // biome-ignore lint/performance/noImgElement: a drawing of a few bytes
  return <img src="/icon.svg" alt="" width={22} height={22} className="block flex-none" />
}

/** What a guest's link lets them do, said where it is always seen. */
function AccessPill({ role, hasEnded }: { role: 'owner' | 'editor' | 'viewer'; hasEnded: boolean }) {
  const isViewer = role === 'viewer' || hasEnded
  const text = hasEnded ? TEXTS.share.linkEnded : isViewer ? TEXTS.share.viewOnly : TEXTS.share.byLinkEdit
  return (
    <span className="pill flex-none" title={hasEnded ? TEXTS.share.closedForEdits : isViewer ? TEXTS.share.refusal : undefined}>
      {isViewer ? <Eye size={13} aria-hidden className="hidden sm:inline" /> : <Share2 size={13} aria-hidden />}
      <span className={isViewer ? '' : 'hidden sm:inline'}>{text}</span>
    </span>
  )
}

function MemberLinks() {
  return (
    <>
      <a className="button ghost icon" href="/settings/integrations" aria-label={TEXTS.nav.integrations} title={TEXTS.nav.integrations}>
        <Plug size={15} aria-hidden />
      </a>
      <a className="button" href="/runs">
        <History size={14} aria-hidden /> {TEXTS.nav.runs}
      </a>
    </>
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
