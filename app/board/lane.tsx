import { ChevronsLeft, ChevronsRight, Plus } from 'lucide-react'
import { type CSSProperties, memo, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useDrop } from 'react-aria-components'
import { type Lane, placeInLanes, rowInLane, shownIn } from '../../workbook/board.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { PeerMark } from '../grid/scene.ts'
import { chipColor } from '../kit/app-colors.ts'
import { IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import type { GridView } from '../views/view-controller.ts'
import { CARD_TYPE, Card, type CardGround } from './card.tsx'

const T = TEXTS.board

/** Between two cards, px. */
export const CARD_GAP = 8
/** Above the first card and below the last one, px. */
const LANE_PADDING = 8
/** Cards that are drawn beyond what is in sight, so that a scroll shows none that is blank. */
const BEYOND = 6
/** As many as any window shows, until it is known how tall this one is. */
const FIRST_DRAWN = 12
/** So many lanes are drawn until it is known which are in sight, and so far beyond these. Pixels. */
const FIRST_LANES = 8
const NEAR = '0px 600px'
/** The window of drawn cards moves by so many at once. */
const DRAWN_STEP = 4

export interface LaneViewProps {
  readonly lane: Lane
  readonly index: number
  readonly view: GridView
  readonly ground: CardGround
  readonly chosen: RowId | undefined
  readonly dragged: RowId | undefined
  /** Cards are dropped between others; else where the view sorts them. */
  readonly hasOrder: boolean
  readonly canDrop: boolean
  readonly canAdd: boolean
  readonly peers: ReadonlyMap<string, readonly PeerMark[]>
  readonly onToggle: (lane: Lane) => void
  readonly onAdd: (lane: Lane) => void
  /** `place` is that of the card it was dropped before; `undefined` where places are the view's. */
  readonly onDrop: (lane: Lane, place: number | undefined) => void
}

export const laneName = ({ label }: Pick<Lane, 'label'>): string => label ?? T.empty

/** One lane: its head, and of its cards those that are in sight. */
export const LaneView = memo(function LaneView(props: LaneViewProps) {
  const { lane, index, view, ground, chosen, dragged, hasOrder, canDrop, canAdd, peers, onToggle, onAdd, onDrop } = props
  const section = useRef<HTMLDivElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const [drawn, setDrawn] = useState({ first: 0, last: FIRST_DRAWN })
  const [isNear, setNear] = useState(index < FIRST_LANES)
  const [dropPlace, setDropPlace] = useState<number>()
  const count = shownIn(lane)
  const pitch = ground.shape.height + CARD_GAP
  const name = laneName(lane)

  const look = (): void => {
    const { current: element } = scroller
    if (element === null) return
    const top = Math.floor(element.scrollTop / pitch) - BEYOND
    const bottom = Math.ceil((element.scrollTop + element.clientHeight) / pitch) + BEYOND
    const next = { first: Math.floor(top / DRAWN_STEP) * DRAWN_STEP, last: Math.ceil(bottom / DRAWN_STEP) * DRAWN_STEP }
    setDrawn((now) => (now.first === next.first && now.last === next.last ? now : next))
  }
  const latestLook = useRef(look)
  useLayoutEffect(() => {
    latestLook.current = look
  })
  const { isOpen } = lane
  // biome-ignore lint/correctness/useExhaustiveDependencies: a lane that is opened has another element to look at, other cards another height
  useLayoutEffect(() => {
    const { current: element } = scroller
    if (element === null) return
    const observer = new ResizeObserver(() => latestLook.current())
    observer.observe(element)
    latestLook.current()
    return () => observer.disconnect()
  }, [isOpen, pitch])

  useEffect(() => {
    const { current: element } = section
    if (element === null) return
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting === true), {
      root: element.parentElement,
      rootMargin: NEAR,
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const placeAt = (y: number): number => {
    const { current: element } = scroller
    if (element === null) return 0
    const inside = y - element.offsetTop + element.scrollTop - LANE_PADDING
    return Math.max(0, Math.min(count, Math.round(inside / pitch)))
  }
  const { dropProps, isDropTarget } = useDrop({
    ref: section,
    // A file that is dragged over the board is the page's to take.
    isDisabled: !canDrop || dragged === undefined,
    getDropOperation: (types) => (types.has(CARD_TYPE) ? 'move' : 'cancel'),
    onDropMove: ({ y }) => setDropPlace(hasOrder && isOpen ? placeAt(y) : undefined),
    onDropExit: () => setDropPlace(undefined),
    onDrop: ({ y }) => {
      setDropPlace(undefined)
      onDrop(lane, hasOrder && isOpen ? placeAt(y) : undefined)
    },
  })

  const places: number[] = []
  const last = isNear ? Math.min(count - 1, drawn.last) : -1
  for (let place = Math.max(0, drawn.first); place <= last; place++) places.push(place)
  const cards = places.flatMap((place) => {
    const row = rowInLane(lane, place, view.lines)
    return row === undefined ? [] : [{ row, place }]
  })
  // The card that has the focus, and the one that is being dragged, stay wherever the lane is scrolled to.
  for (const row of new Set([chosen, dragged])) {
    if (row === undefined || cards.some((card) => card.row === row)) continue
    const found = placeInLanes([lane], view.lineOf(row))
    if (found !== undefined) cards.push({ row, place: found.place })
  }

  // Tab stops once in each lane: at the chosen card, else at the first in sight.
  const chosenCard = cards.find(({ row }) => row === chosen)
  const tabPlace = chosenCard?.place ?? Math.max(0, Math.min(count - 1, drawn.first + BEYOND))

  const head = (
    <h2 className="board-lane-name">
      {lane.option === undefined || ground.lanes.type === 'person' ? (
        <span className="truncate font-semibold">{name}</span>
      ) : (
        <span className="chip" data-color={chipColor(lane.option)} data-retired={lane.option.retired}>
          {name}
        </span>
      )}
      <span className="board-lane-count" aria-hidden>
        {lane.count.toLocaleString('en')}
      </span>
    </h2>
  )
  const toggle = (
    <IconButton label={isOpen ? T.close(name) : T.open(name)} isSmall onPress={() => onToggle(lane)}>
      {isOpen ? <ChevronsLeft size={14} aria-hidden /> : <ChevronsRight size={14} aria-hidden />}
    </IconButton>
  )
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      {...dropProps}
      ref={section}
      role="group"
      aria-label={T.lane(name, lane.count)}
      data-lane={index}
      data-open={isOpen || undefined}
      data-target={isDropTarget || undefined}
      className="board-lane"
    >
      <div className="board-lane-head">
        {isOpen ? (
          <>
            {head}
            <span className="ml-auto flex flex-none">
              {canAdd && (
                <IconButton label={T.add(name)} isSmall onPress={() => onAdd(lane)}>
                  <Plus size={14} aria-hidden />
                </IconButton>
              )}
              {toggle}
            </span>
          </>
        ) : (
          <>
            {toggle}
            {head}
          </>
        )}
      </div>
      {isOpen && lane.figures.length > 0 && (
        <p className="board-lane-figures">
          {lane.figures.map(({ field, text }) => `${ground.painter.sheet.field(field)?.name ?? ''} ${text}`).join(' · ')}
        </p>
      )}
      {isOpen && (
        <div ref={scroller} className="board-lane-scroll" onScroll={look}>
          {/* biome-ignore lint/a11y/useSemanticElements: a table cannot leave out the rows that are not seen */}
          <div
            role="grid"
            aria-label={T.lane(name, lane.count)}
            aria-describedby="board-hint"
            aria-rowcount={count}
            aria-colcount={1}
            className="board-cards"
            style={{ height: count * pitch + LANE_PADDING } satisfies CSSProperties}
          >
            {cards.map(({ row, place }) => (
              <Card
                key={row}
                row={row}
                ground={ground}
                top={LANE_PADDING + place * pitch}
                index={place + 1}
                isChosen={row === chosen}
                isTabStop={place === tabPlace}
                isMoving={view.isMoving(row)}
                peers={peers.get(row)}
              />
            ))}
            {dropPlace !== undefined && (
              <div role="presentation" className="board-drop-line" style={{ top: LANE_PADDING + dropPlace * pitch - CARD_GAP / 2 }} />
            )}
          </div>
          {count === 0 && !view.stats.isBuilding && <p className="board-lane-empty">{T.noCards}</p>}
        </div>
      )}
    </div>
  )
})
