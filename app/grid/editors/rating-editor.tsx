import { Star } from 'lucide-react'
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { CellValue } from '../../../workbook/cell-value.ts'
import { starsOf } from '../../../workbook/typed-numbers.ts'
import { TEXTS } from '../../texts.ts'
import { type EditorProps, leaveKey } from './editing.tsx'

/** Stars set with the figures 0–9, the arrows or the pointer. A figure typed on the cell is written at once. */
export function RatingEditor({ field, value, typed, onCommit, onCancel, commitRef }: EditorProps) {
  const most = starsOf(field.format)
  const ref = useRef<HTMLSpanElement>(null)
  const [stars, setStars] = useState(typeof value === 'number' ? value : 0)
  const [opened] = useState(stars)
  const asValue = (n: number): CellValue => (n === 0 ? null : n)
  const asChanged = (): CellValue | undefined => (stars === opened ? undefined : asValue(stars))
  const within = (n: number): number => Math.max(0, Math.min(most, n))
  useLayoutEffect(() => ref.current?.focus({ preventScroll: true }), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what opened the editor is read once
  useEffect(() => {
    if (typed !== undefined && /^\d$/u.test(typed) && Number(typed) <= most) onCommit(asValue(Number(typed)), undefined)
  }, [])
  useEffect(() => {
    commitRef.current = () => {
      onCommit(asChanged(), undefined)
      return true
    }
    return () => {
      commitRef.current = undefined
    }
  })
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      onCancel()
      return
    }
    const then = leaveKey(event)
    if (then !== undefined) {
      event.preventDefault()
      onCommit(asChanged(), then)
      return
    }
    const next = nextStars(event.key, stars, most)
    if (next === undefined) return
    event.preventDefault()
    setStars(within(next))
  }
  return (
    <span
      ref={ref}
      role="slider"
      tabIndex={0}
      aria-label={TEXTS.editor.label(field.name)}
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={stars}
      aria-valuetext={TEXTS.fields.stars(stars, most)}
      onKeyDown={onKeyDown}
      onBlur={() => onCommit(asChanged(), undefined)}
      className="flex size-full items-center gap-0.5 bg-paper px-2 outline-2 -outline-offset-2 outline-tide"
    >
      {Array.from({ length: most }, (_, i) => i + 1).map((n) => (
        <Star
          key={n}
          size={15}
          aria-hidden
          className={n <= stars ? 'fill-current text-staged' : 'text-control'}
          onPointerDown={(event) => {
            event.preventDefault()
            onCommit(asValue(n === stars ? 0 : n), undefined)
          }}
        />
      ))}
    </span>
  )
}

function nextStars(key: string, stars: number, most: number): number | undefined {
  if (/^\d$/u.test(key)) return Number(key)
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return stars + 1
    case 'ArrowLeft':
    case 'ArrowDown':
      return stars - 1
    case 'Home':
    case 'Delete':
    case 'Backspace':
      return 0
    case 'End':
      return most
    default:
      return undefined
  }
}
