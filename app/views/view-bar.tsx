import { ArrowDownUp, Columns3, EyeOff, Filter, Group, Paintbrush, Plus, User } from 'lucide-react'
import { useState } from 'react'
import type { Field } from '../../workbook/fields.ts'
import { conditionsOf, type NamedView } from '../../workbook/view.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import { ColorPanel, FieldsPanel, FilterPanel, GroupPanel, LanesPanel, SortPanel } from './panels.tsx'
import { isHiddenIn } from './shown-fields.ts'
import { ToolPanel } from './tool-panel.tsx'
import type { UsedView } from './use-view.ts'
import { ViewDialog } from './view-dialog.tsx'
import { HeightMenu, LayoutMenu, ViewMenu } from './view-menus.tsx'
import './views.css'

const T = TEXTS.views

export interface ViewBarProps {
  readonly used: UsedView
  /** Every field of the sheet. */
  readonly fields: readonly Field[]
  /** Whether this person may change what others see. */
  readonly canShare: boolean
  readonly say: (text: string) => void
  readonly isFilterOpen?: boolean
  readonly onFilterOpen?: (isOpen: boolean) => void
}

type Asked = { readonly kind: 'create' } | { readonly kind: 'rename'; readonly view: NamedView }

/** The views of the sheet, and what the one that is shown asks of its rows and fields. */
export function ViewBar({ used, fields, canShare, say, isFilterOpen, onFilterOpen }: ViewBarProps) {
  const { views, state, view } = used
  const { current, changed } = state
  const { config } = current
  const [asked, setAsked] = useState<Asked>()
  const [removed, setRemoved] = useState<NamedView>()
  const panel = { config, fields, onChange: (edit: Parameters<typeof views.change>[0]) => views.change(edit) }
  const hidden = fields.filter((field) => isHiddenIn(field, config)).length

  const remove = (which: NamedView): void => {
    views.remove(which)
    setRemoved(which)
    say(T.removed(which.name))
  }
  const collapse = (isCollapsed: boolean): void =>
    views.collapse(isCollapsed ? view.lines.flatMap((line) => (line.kind === 'group' ? [line.key] : [])) : [])

  return (
    <div className="view-bar min-w-0 overflow-hidden border-b border-line bg-paper">
      <nav aria-label={T.tabs} className="relative flex min-w-0 items-center gap-0.5 overflow-x-auto px-2.5 text-ink-2">
        <div role="tablist" aria-label={T.tabs} className="flex flex-none">
          {state.views.map((one) => (
            <button
              key={one.id}
              type="button"
              role="tab"
              aria-selected={one.id === current.id}
              title={one.isPersonal ? T.personal : T.shared}
              onClick={() => views.select(one.id)}
              className="flex h-8 items-center gap-1.5 border-0 border-b-2 border-transparent bg-transparent px-2.5 whitespace-nowrap text-inherit outline-offset-[-2px] aria-selected:border-tide aria-selected:font-semibold aria-selected:text-ink"
            >
              {one.isPersonal && <User size={12} aria-label={T.personal} />}
              {one.name}
            </button>
          ))}
        </div>
        <ViewMenu
          used={used}
          canShare={canShare}
          onRename={() => setAsked({ kind: 'rename', view: current })}
          onRemove={() => remove(current)}
        />
        <IconButton label={T.create} isSmall onPress={() => setAsked({ kind: 'create' })}>
          <Plus size={14} aria-hidden />
        </IconButton>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
        <span role="group" aria-label={T.options} className="ml-auto flex flex-none items-center gap-0.5">
          <LayoutMenu layout={config.layout} onChange={(layout) => used.changeFields({ layout })} />
          <ToolPanel
            label={T.filter}
            title={T.filter}
            icon={<Filter size={13} aria-hidden />}
            count={[...conditionsOf(config.filter)].length}
            {...(isFilterOpen !== undefined && { isOpen: isFilterOpen })}
            {...(onFilterOpen !== undefined && { onOpenChange: onFilterOpen })}
          >
            <FilterPanel {...panel} ignored={view.stats.ignored} />
          </ToolPanel>
          <ToolPanel label={T.sort} title={T.sort} icon={<ArrowDownUp size={13} aria-hidden />} count={config.sorts.length}>
            <SortPanel {...panel} />
          </ToolPanel>
          {config.layout === 'board' ? (
            <ToolPanel label={TEXTS.board.lanes} title={TEXTS.board.lanes} icon={<Columns3 size={13} aria-hidden />} count={0}>
              <LanesPanel {...panel} onChange={used.changeFields} />
            </ToolPanel>
          ) : (
            <ToolPanel label={T.group} title={T.group} icon={<Group size={13} aria-hidden />} count={config.groups.length}>
              <GroupPanel {...panel} onCollapse={collapse} />
            </ToolPanel>
          )}
          <ToolPanel label={T.fields} title={T.fields} icon={<EyeOff size={13} aria-hidden />} count={hidden}>
            <FieldsPanel {...panel} onChange={used.changeFields} />
          </ToolPanel>
          <ToolPanel label={T.color} title={T.color} icon={<Paintbrush size={13} aria-hidden />} count={config.colors.length}>
            <ColorPanel {...panel} />
          </ToolPanel>
          {config.layout !== 'board' && <HeightMenu height={config.rowHeight} onChange={(rowHeight) => views.change({ rowHeight })} />}
        </span>
      </nav>
      {changed.length > 0 && (
        <section aria-label={T.changedView} className="flex flex-wrap items-center gap-2 border-t border-line-2 bg-wash px-3.5 py-1">
          <span className="min-w-0">{T.unsaved}</span>
          {canShare && (
            <Button isSmall onPress={() => views.saveForEverybody()}>
              {T.saveForEverybody}
            </Button>
          )}
          <Button isSmall look="ghost" onPress={() => views.reset()}>
            {T.reset}
          </Button>
        </section>
      )}
      {removed !== undefined && (
        <section aria-label={T.deletedView} className="flex flex-wrap items-center gap-2 border-t border-line-2 bg-wash px-3.5 py-1">
          <span className="min-w-0">{T.removed(removed.name)}</span>
          <Button
            isSmall
            onPress={() => {
              views.restore(removed)
              setRemoved(undefined)
            }}
          >
            {T.undo}
          </Button>
          <Button isSmall look="ghost" onPress={() => setRemoved(undefined)}>
            {TEXTS.dismiss}
          </Button>
        </section>
      )}
      {asked?.kind === 'create' && (
        <ViewDialog
          title={T.createTitle}
          name=""
          canShare={canShare}
          button={T.createButton}
          onDone={(name, isPersonal) => views.create(name, isPersonal, config)}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked?.kind === 'rename' && (
        <ViewDialog
          title={T.renameTitle(asked.view.name)}
          name={asked.view.name}
          button={T.save}
          onDone={(name) => views.rename(asked.view, name)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </div>
  )
}

/** Stands below the rows where a filter lets none through. */
export function NoMatch({ used: { views } }: { readonly used: UsedView }) {
  return (
    <p className="m-0 flex flex-wrap items-center gap-2 p-3 text-ink-2">
      <span role="status">{T.nothing}</span>
      <Button isSmall onPress={() => views.change({ filter: { kind: 'group', join: 'and', parts: [] } })}>
        {T.clearFilter}
      </Button>
    </p>
  )
}
