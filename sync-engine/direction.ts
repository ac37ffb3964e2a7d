/** What a workspace object allows (C10) and what a field mapping asks for (C19). */
export type ObjectDirection = 'push-pull' | 'push' | 'pull' | 'disabled'
export type FieldDirection = 'two-way' | 'push' | 'pull' | 'off'

/** What may happen to a field, and which level decided where something may not. */
export interface EffectiveDirection {
  readonly canPush: boolean
  readonly canPull: boolean
  /** The first level, from the top, that takes something away; `none` where nothing is taken. */
  readonly decidedBy: 'none' | 'toggle' | 'object' | 'field'
}

const OBJECT: Record<ObjectDirection, { push: boolean; pull: boolean }> = {
  'push-pull': { push: true, pull: true },
  push: { push: true, pull: false },
  pull: { push: false, pull: true },
  disabled: { push: false, pull: false },
}
const FIELD: Record<FieldDirection, { push: boolean; pull: boolean }> = {
  'two-way': { push: true, pull: true },
  push: { push: true, pull: false },
  pull: { push: false, pull: true },
  off: { push: false, pull: false },
}

/** Toggle over object direction over field mapping (C5, C13, C23). */
export function effectiveDirection(isOn: boolean, object: ObjectDirection, field: FieldDirection): EffectiveDirection {
  const canPush = isOn && OBJECT[object].push && FIELD[field].push
  const canPull = isOn && OBJECT[object].pull && FIELD[field].pull
  const decidedBy = !isOn ? 'toggle' : object !== 'push-pull' ? 'object' : field !== 'two-way' ? 'field' : 'none'
  return { canPush, canPull, decidedBy }
}

/** Why nothing leaves for a connection that is not on: its integration's switch, or its own pause. */
export function whyOff(o: { readonly appName: string; readonly isPaused?: boolean; readonly isSheetDeleted?: boolean }): string {
  if (o.isSheetDeleted === true) return 'The sheet of this connection is deleted.'
  return o.isPaused === true ? 'This connection is paused.' : `${o.appName} is switched off.`
}

/** Why a staged cell is not pushed, in words a person reads (V28); `undefined` where it may be. */
export function heldByDirection(
  { canPush, decidedBy }: EffectiveDirection,
  object: ObjectDirection,
  field: FieldDirection,
  appName: string,
): string | undefined {
  if (canPush) return undefined
  switch (decidedBy) {
    case 'toggle':
      return `${appName} is switched off.`
    case 'object':
      return object === 'disabled'
        ? `this object does not sync with ${appName}.`
        : object === 'pull'
          ? `this object only pulls from ${appName}.`
          : fieldText(field, appName)
    case 'field':
    case 'none':
      return fieldText(field, appName)
  }
}

const fieldText = (field: FieldDirection, appName: string): string =>
  field === 'off' ? 'this field does not sync.' : `this field only pulls from ${appName}.`
