/** Who makes a transaction. The server's own writes are never taken for a person's. */
export class ServerOrigin {
  /** Why: the run, the recovery, the configuration. For the log. */
  readonly kind: string
  constructor(reason: string) {
    this.kind = reason
  }
}

/** A person's edit in this window; `by` is their id. */
export class UserOrigin {
  readonly by: string
  readonly kind = 'user'
  constructor(by: string) {
    this.by = by
  }
}

export const isServerOrigin = (origin: unknown): origin is ServerOrigin => origin instanceof ServerOrigin
