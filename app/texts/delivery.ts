/** A sheet on its way to this window. */
export const DELIVERY_TEXTS = {
  parts: (loaded: number, all: number) => `${loaded} of ${all} parts`,
  rowsComing: 'The other rows of this large sheet are on their way.',
  rowsFirst:
    'Not done: not all rows of this large sheet are here yet. They are being fetched now; nothing was changed. Try again in a moment.',
} as const
