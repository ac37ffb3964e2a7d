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
    // The letters are a picture of the name, not a text to be read out.
    <span
      className={`face ${isIdle ? 'opacity-55' : ''}`}
      style={{ background: color, color: inkOn(color) }}
      title={title}
      data-initials={initialsOf(name)}
    />
  )
}
