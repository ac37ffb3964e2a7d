/** What may go wrong in a sync so that the run cannot go on by itself: a closed set, one line of policy each. */
export const ERROR_POLICY = {
  'auth-expired': { retry: false, status: 409, advice: 'Sign in to the app again. Staged edits are kept.' },
  'not-allowed': { retry: false, status: 403, advice: 'Ask for the right in the app, or use another account. Staged edits are kept.' },
  'rate-limited': {
    retry: true,
    status: 503,
    advice: 'The app wants a longer pause than we wait. Sync again later; what was not sent stays staged, nothing is lost.',
  },
  'app-unavailable': { retry: true, status: 502, advice: 'The app does not answer. Try again later; staged edits are kept.' },
  'bad-answer': { retry: false, status: 502, advice: 'The app answered in a form we do not know. Staged edits are kept; tell us the run.' },
  'bad-request': { retry: false, status: 400, advice: 'Correct the request and try again.' },
  'not-found': { retry: false, status: 404, advice: 'Choose something that exists.' },
  'plan-changed': { retry: false, status: 409, advice: 'Look at the preview again: direction, right or mapping changed since.' },
  'lease-lost': { retry: true, status: 409, advice: 'Another process took this run over; it goes on there.' },
  cancelled: { retry: false, status: 409, advice: 'The run was cancelled. What was already sent is in its receipt.' },
  paused: { retry: false, status: 409, advice: 'Switch the integration on, then sync again. Staged edits are kept.' },
  'over-allowance': {
    retry: false,
    status: 409,
    advice: 'Raise the monthly allowance in the settings, or wait for the next month. Staged edits are kept.',
  },
  'commit-failed': {
    retry: true,
    status: 503,
    advice: 'The disk did not take the change. Nothing was acknowledged; free space or check the disk.',
  },
} as const satisfies Record<string, { retry: boolean; status: number; advice: string }>

export type SyncErrorCode = keyof typeof ERROR_POLICY

export class SyncError extends Error {
  readonly code: SyncErrorCode
  /** How long the app asked us to wait, where it did. */
  readonly retryAfterMs: number | undefined

  /** `message` says what happened and names the app; the remedy is the code's `advice`. */
  constructor(code: SyncErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'SyncError'
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
}
