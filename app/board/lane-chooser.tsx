import { useImperativeHandle, useRef } from 'react'
import { laneFields } from '../../workbook/board.ts'
import { TYPE_ICONS } from '../fields/type-icons.tsx'
import { Button } from '../kit/button.tsx'
import { FIELD_TYPE_NAMES, TEXTS } from '../texts.ts'
import { runOnRow } from '../views/row-commands.ts'
import type { SheetLayoutProps } from '../views/sheet-layout.ts'

const T = TEXTS.board

/** Stands where a board has no lanes yet: which field they should be made of. */
export function LaneChooser({ ref, used, painter, editing, onCommand, onGoTo, say }: SheetLayoutProps) {
  const { sheet } = painter
  const root = useRef<HTMLElement>(null)
  const fields = laneFields(sheet.fields())
  const focus = (): void => root.current?.querySelector('button')?.focus()
  useImperativeHandle(ref, () => ({
    focus,
    goTo: focus,
    reveal: () => undefined,
    show: () => undefined,
    run: (command) => runOnRow(command, undefined, { sheet, editing }, { goTo: onGoTo, screen: onCommand, say, openLink: () => undefined }),
    ground: () => undefined,
  }))
  return (
    <section ref={root} aria-labelledby="lane-chooser" className="mx-auto grid max-w-md gap-2 p-6">
      <h2 id="lane-chooser" className="m-0 text-[15px] font-semibold">
        {T.choose}
      </h2>
      {fields.length === 0 ? (
        <>
          <p className="m-0 text-ink-2">{T.noField}</p>
          <Button className="justify-self-start" onPress={() => used.changeFields({ layout: 'grid' })}>
            {T.noFieldAction}
          </Button>
        </>
      ) : (
        <>
          <p className="m-0 text-ink-2">{T.chooseLead}</p>
          <ul className="m-0 grid list-none gap-1.5 p-0">
            {fields.map((field, i) => {
              const Icon = TYPE_ICONS[field.type]
              const type = FIELD_TYPE_NAMES[field.type]
              return (
                <li key={field.id} className="grid">
                  <Button
                    look={i === 0 ? 'primary' : 'plain'}
                    className="justify-start! gap-2"
                    onPress={() => used.changeFields({ lanes: field.id })}
                  >
                    <Icon size={14} aria-hidden />
                    <span className="min-w-0 truncate">{field.name}</span>
                    <span className="ml-auto text-xs font-normal">{i === 0 ? `${type}, ${T.proposed}` : type}</span>
                  </Button>
                </li>
              )
            })}
          </ul>
        </>
      )}
    </section>
  )
}
