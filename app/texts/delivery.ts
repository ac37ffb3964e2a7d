/** A sheet on its way to this window. */
export const DELIVERY_TEXTS = {
  parts: (loaded: number, all: number) => `${loaded} of ${all} parts`,
} as const
