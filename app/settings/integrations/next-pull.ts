import { INTEGRATIONS_TEXTS } from '../../texts/integrations.ts'

interface Scheduled {
  readonly direction: 'push-pull' | 'push' | 'pull' | 'disabled'
  readonly schedule: number | null
  readonly isNightly: boolean
  readonly nextPull: number | null
}

/** When an object is pulled next by the clock, or why it is not (C18). */
export function nextPullText(object: Scheduled, isOn: boolean, moment: (at: number) => string): string {
  const { noNext } = INTEGRATIONS_TEXTS.page
  if (!isOn) return noNext.paused
  if (object.direction === 'disabled') return noNext.disabled
  if (object.direction === 'push') return noNext.push
  if (object.schedule === null && !object.isNightly) return noNext.manual
  return object.nextPull === null ? noNext.idle : moment(object.nextPull)
}
