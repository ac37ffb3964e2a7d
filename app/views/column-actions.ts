import type { Field } from '../../workbook/fields.ts'
import { GROUP_DEPTH, type ViewConfig } from '../../workbook/view.ts'
import { TEXTS } from '../texts.ts'
import { newCondition } from './filter-editor.tsx'

export interface ColumnAction {
  readonly id: 'sort-ascending' | 'sort-descending' | 'filter' | 'group' | 'hide'
  readonly label: string
  /** What the action changes of the view. */
  readonly edit: Partial<ViewConfig>
  /** Opens the filter, since a condition wants its value. */
  readonly opensFilter?: boolean
}

/** What a column's menu offers of the view. */
export function columnActions(field: Field, config: ViewConfig): readonly ColumnAction[] {
  const { filter, groups, sorts } = config
  const T = TEXTS.views
  const sortBy = (direction: 'ascending' | 'descending'): Partial<ViewConfig> => ({
    sorts: [{ field: field.id, direction }, ...sorts.filter((key) => key.field !== field.id)].slice(0, 10),
  })
  const others = groups.filter((key) => key.field !== field.id)
  return [
    { id: 'sort-ascending', label: T.sortAscending, edit: sortBy('ascending') },
    { id: 'sort-descending', label: T.sortDescending, edit: sortBy('descending') },
    {
      id: 'filter',
      label: T.filterBy,
      edit: {
        filter:
          filter.join === 'and'
            ? { ...filter, parts: [...filter.parts, newCondition(field)] }
            : { kind: 'group', join: 'and', parts: [filter, newCondition(field)] },
      },
      opensFilter: true,
    },
    {
      id: 'group',
      label: T.groupBy,
      edit: { groups: [...others, { field: field.id, direction: 'ascending' } as const].slice(-GROUP_DEPTH) },
    },
    { id: 'hide', label: T.hideField, edit: { hidden: { ...config.hidden, [field.id]: true } } },
  ]
}
