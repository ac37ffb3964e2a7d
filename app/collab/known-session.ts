import type { SessionInfo } from './session-state.ts'

const KEY = 'tidebook.session'

/** Who was signed in here last, as this device knows it; `undefined` where nobody was. */
export function knownSession(): SessionInfo | undefined {
  const text = localStorage.getItem(KEY)
  try {
    return text === null ? undefined : (JSON.parse(text) as SessionInfo)
  } catch {
    return undefined
  }
}

/** Notes who is signed in, for the next opening without a network. */
export function noteSession(session: SessionInfo): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(session))
  } catch {
    // No room even for this: the next opening needs the server once.
    return
  }
}
