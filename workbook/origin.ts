/** Who makes a transaction. The server's own writes are never taken for a person's. */
export class ServerOrigin {
  /** Why: the run, the recovery, the configuration. For the log. */
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** A person's edit in this window; `by` is their id. */
export class UserOrigin {
  readonly by: string
  constructor(by: string) {
    this.by = by
  }
}

export const isServerOrigin = (origin: unknown): origin is ServerOrigin => origin instanceof ServerOrigin
