/** What one import may bring. More is said, and what can be done about it. */
export const IMPORT_LIMITS = { rows: 200_000, columns: 500 } as const
