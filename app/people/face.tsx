import { initialsOf, inkOn } from '../collab/presence.ts'

export interface FaceProps {
  readonly name: string
  readonly color: string
  readonly title?: string
  readonly isIdle?: boolean
}

/** Somebody as two letters on their colour; the name stands beside it or in its title. */
export function Face({ name, color, title = name, isIdle }: FaceProps) {
  return (
    <span className={`face ${isIdle ? 'opacity-55' : ''}`} style={{ background: color, color: inkOn(color) }} title={title}>
      {initialsOf(name)}
    </span>
  )
}
