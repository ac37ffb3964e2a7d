import { ChevronLeft, ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, IconButton } from '../kit/button.tsx'
import { Switches } from '../kit/facts.tsx'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { SCALES, type Scale } from './scale.ts'

interface TimelineToolsProps {
  readonly scale: Scale
  readonly onScale: (scale: Scale) => void
  /** A screen earlier or later. */
  readonly onPage: (by: -1 | 1) => void
  readonly onToday: () => void
  readonly children: ReactNode
}

/** Which dates and how fine, and the way to other times. */
export function TimelineTools({ scale, onScale, onPage, onToday, children }: TimelineToolsProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div role="group" aria-label={T.tools} className="tl-tools">
      {children}
      <span className="ml-auto flex items-center gap-0.5">
        <IconButton label={T.earlier} isSmall onPress={() => onPage(-1)}>
          <ChevronLeft size={14} aria-hidden />
        </IconButton>
        <Button isSmall look="ghost" onPress={onToday}>
          {T.today}
        </Button>
        <IconButton label={T.later} isSmall onPress={() => onPage(1)}>
          <ChevronRight size={14} aria-hidden />
        </IconButton>
      </span>
      <Switches label={T.scale} value={scale} options={SCALES.map((key) => ({ key, text: T.scales[key] }))} onChange={onScale} />
    </div>
  )
}
