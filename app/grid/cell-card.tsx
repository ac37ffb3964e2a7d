import { type ReactNode, type Ref, useImperativeHandle, useLayoutEffect, useRef } from 'react'
import type { GridBody } from './body.ts'
import { NUMBER_WIDTH } from './columns.ts'
import type { Place } from './grid-model.ts'

const CARD_WIDTH = 356
/** Room that a card below its cell needs, px. */
const CARD_ROOM = 170
const GAP = 6

export interface CellCardHandle {
  follow(): void
}

/** Stands below the focused cell, above it where there is no room, and never covers it; it goes where the cell goes. */
export function CellCard(props: {
  readonly ref: Ref<CellCardHandle>
  readonly body: () => GridBody | undefined
  readonly place: Place
  readonly children: ReactNode
}) {
  const { ref, body, place, children } = props
  const card = useRef<HTMLDivElement>(null)
  const follow = (): void => {
    const now = body()
    const box = now?.boxOf(place)
    if (card.current === null || now === undefined || box === undefined) return
    const { width, height } = now.view
    const left = Math.max(NUMBER_WIDTH, Math.min(box.left, width - CARD_WIDTH - 12))
    const isAbove = box.top + box.height + CARD_ROOM > height && box.top > CARD_ROOM
    const { style } = card.current
    style.left = `${left}px`
    style.top = `${isAbove ? box.top - GAP : box.top + box.height + GAP}px`
    style.transform = isAbove ? 'translateY(-100%)' : 'none'
  }
  useImperativeHandle(ref, () => ({ follow }))
  useLayoutEffect(follow)
  return (
    <div
      ref={card}
      className="popover arrives absolute z-[7] hidden p-3 whitespace-normal md:block"
      style={{ width: CARD_WIDTH }}
      onPointerDown={(event) => event.stopPropagation()}
    >
      {children}
    </div>
  )
}
