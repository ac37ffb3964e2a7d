import type { SheetEditing } from '../grid/use-sheet-editing.ts'

/** What a person may also do who may only look: everything else of editing is refused with its reason. */
const READS: ReadonlySet<PropertyKey> = new Set(['copy'])

/**
 * Editing of somebody who may not edit: nothing is written, and each attempt says why. What is added to editing later is refused too,
 * until it is named here as reading.
 */
export function readOnlyEditing(editing: SheetEditing, refusal: string, say: (text: string) => void): SheetEditing {
  const refuse = (): void => say(refusal)
  return new Proxy(editing, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || READS.has(name)) return value
      if (name !== 'refuseEdit') return refuse
      return () => {
        refuse()
        return true
      }
    },
  })
}
