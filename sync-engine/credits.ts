/** What a run costs, by rule (V12–V16), in sync credits. */
export interface Credits {
  /** 1 per cell changed and pushed; a refused cell 0, a retried one 1 in all. */
  readonly pushed: number
  /** 1 per record per pull. */
  readonly pulled: number
  /** 1 per record imported or linked; the fill that comes with it is not charged again. */
  readonly linked: number
  /** 1 per field refresh of a record type. */
  readonly refreshed: number
  /** 1 per search run, also with no result, also by key; many pasted keys are one a read call. */
  readonly searched: number
}

export type CreditRule = keyof Credits

export const NO_CREDITS: Credits = { pushed: 0, pulled: 0, linked: 0, refreshed: 0, searched: 0 }

export const totalCredits = (c: Credits): number => c.pushed + c.pulled + c.linked + c.refreshed + c.searched

export const addCredits = (a: Credits, b: Partial<Credits>): Credits => ({
  pushed: a.pushed + (b.pushed ?? 0),
  pulled: a.pulled + (b.pulled ?? 0),
  linked: a.linked + (b.linked ?? 0),
  refreshed: a.refreshed + (b.refreshed ?? 0),
  searched: a.searched + (b.searched ?? 0),
})
