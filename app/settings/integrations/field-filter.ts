/** Which fields the page of mappings shows. */
export type FieldFilter = 'all' | 'used' | 'changed' | 'held'

interface Mapped {
  readonly external: { readonly id: string; readonly name: string; readonly type: string }
  readonly isOwn: boolean
  readonly places: readonly { readonly fieldName: string }[]
  readonly effective: { readonly decidedBy: string }
}

/** Fields whose name, id, type or column holds every word that is looked for, less what the filter leaves out. */
export function fieldsShown<F extends Mapped>(fields: readonly F[], search: string, filter: FieldFilter): readonly F[] {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean)
  return fields.filter((field) => {
    const { id, name, type } = field.external
    const text = [id, name, type, ...field.places.map((p) => p.fieldName)].join(' ').toLowerCase()
    return words.every((word) => text.includes(word)) && PASSES[filter](field)
  })
}

const PASSES: Record<FieldFilter, (field: Mapped) => boolean> = {
  all: () => true,
  used: (field) => field.places.length > 0,
  changed: (field) => field.isOwn,
  held: (field) => field.effective.decidedBy === 'toggle' || field.effective.decidedBy === 'object',
}

/** Whether a field may have a direction at all: what the app does not take values for is pulled or left out. */
export const isAllowed = (external: { readonly writable: true | { readonly reason: string } }, way: string): boolean =>
  external.writable === true || way === 'pull' || way === 'off'
