import { type CellValue, choicesOf } from '../../workbook/cell-value.ts'
import { matchOption } from '../options.ts'
import type { ExternalField, FieldChange, ObjectDescription, PlannedCall, RecordDelta } from './connector.ts'
import { jiraBodyOf, wireOf } from './jira-values.ts'

// Jira changes many issues in one call only where all of them get the same values, later, and without answering what it stored.

/** Most issues of one bulk operation. */
export const BULK_LIMIT = 1000
/** Most looks at a task that a small group's price is reckoned with; a task of a few issues takes one or two. */
const RECKONED_POLLS = 4
export const BULK_EDIT_PATH = '/rest/api/3/bulk/issues/fields'
export const BULK_MOVE_PATH = '/rest/api/3/bulk/issues/transition'

/** What a group costs as one operation: the call, its lookup, the polls, and the reads that verify what it stored. */
export const bulkCost = (issues: number, lookups: number): number => 1 + lookups + RECKONED_POLLS + Math.ceil(issues / 100)

type Entry = Readonly<Record<string, unknown>>

/** The part of a bulk edit's input that gives a field a value; `undefined` where bulk edits cannot. */
function bulkEntry(
  field: ExternalField,
  value: CellValue,
): { readonly part: string; readonly entry: Entry; readonly isOne?: true } | undefined {
  const fieldId = field.id
  const isEmpty = value === null || value === ''
  switch (wireOf(field, field.id)) {
    case 'number':
      return { part: 'clearableNumberFields', entry: { fieldId, value: typeof value === 'number' ? value : null } }
    case 'date':
      return { part: 'datePickerFields', entry: { fieldId, date: { formattedDate: isEmpty ? '' : String(value) } } }
    case 'date-time':
      return isEmpty
        ? undefined
        : { part: 'dateTimePickerFields', entry: { fieldId, dateTime: { formattedDateTime: jiraBodyOf(field, value) } } }
    case 'url':
      return isEmpty ? undefined : { part: 'urlFields', entry: { fieldId, url: String(value).trim() } }
    case 'account':
      return { part: 'singleSelectClearableUserPickerFields', entry: { fieldId, user: isEmpty ? null : { accountId: String(value) } } }
    case 'words': {
      const words = jiraBodyOf(field, value)
      const labels = Array.isArray(words) ? words.map((name) => ({ name })) : []
      const verb = labels.length === 0 ? 'REMOVE_ALL' : 'REPLACE'
      return { part: 'labelsFields', entry: { fieldId, bulkEditMultiSelectFieldOption: verb, labels } }
    }
    case 'option': {
      const optionId = isEmpty ? -1 : idOf(field, value)
      return optionId === undefined ? undefined : { part: 'singleSelectFields', entry: { fieldId, option: { optionId } } }
    }
    case 'choices': {
      // Versions and components are other parts of the input; lists of options are the common case.
      if (!field.id.startsWith('customfield_')) return undefined
      const options = choicesOf(value).map((id) => ({ optionId: Number(id) }))
      if (options.some(({ optionId }) => !Number.isSafeInteger(optionId))) return undefined
      const verb = options.length === 0 ? 'REMOVE_ALL' : 'REPLACE'
      return { part: 'multipleSelectFields', entry: { fieldId, bulkEditMultiSelectFieldOption: verb, options } }
    }
    case 'named': {
      const optionId = field.id === 'priority' && !isEmpty ? idOf(field, value) : undefined
      return optionId === undefined ? undefined : { part: 'priority', entry: { priorityId: String(optionId) }, isOne: true }
    }
    default:
      return undefined
  }
}

function idOf(field: ExternalField, value: CellValue): number | undefined {
  const match = matchOption(field, value)
  const option = match.kind === 'match' ? field.options?.find(({ name }) => name === match.value) : undefined
  const id = Number(option?.id ?? Number.NaN)
  return Number.isSafeInteger(id) ? id : undefined
}

/** The input of a bulk edit for these changes, or `undefined` where one of them has no place in it. */
function bulkInput(
  changes: readonly FieldChange[],
  fields: ReadonlyMap<string, ExternalField>,
): Readonly<Record<string, unknown>> | undefined {
  const input: Record<string, unknown> = {}
  const lists: Record<string, Entry[]> = {}
  for (const { field: id, value } of changes) {
    const field = fields.get(id)
    const entry = field && bulkEntry(field, value)
    if (entry === undefined) return undefined
    if (entry.isOne) input[entry.part] = entry.entry
    else lists[entry.part] = [...(lists[entry.part] ?? []), entry.entry]
  }
  return { ...input, ...lists }
}

/** Deltas with the same changes, in the order in which they first came. */
export function sameChanges(deltas: readonly RecordDelta[]): readonly (readonly RecordDelta[])[] {
  const groups = new Map<string, RecordDelta[]>()
  for (const delta of deltas) {
    const key = JSON.stringify([...delta.changes].sort((a, b) => (a.field < b.field ? -1 : 1)).map(({ field, value }) => [field, value]))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [delta])
    else group.push(delta)
  }
  return [...groups.values()]
}

/** One bulk edit for a group that gets the same values, where that is fewer calls; else `undefined`. */
export function planBulkEdit(group: readonly RecordDelta[], fields: ReadonlyMap<string, ExternalField>): PlannedCall | undefined {
  const [first] = group
  if (first === undefined || bulkCost(group.length, 0) >= group.length) return undefined
  const editedFieldsInput = bulkInput(first.changes, fields)
  if (editedFieldsInput === undefined) return undefined
  return {
    method: 'POST',
    path: BULK_EDIT_PATH,
    body: {
      selectedIssueIdsOrKeys: group.map(({ recordId }) => recordId),
      selectedActions: first.changes.map(({ field }) => field),
      editedFieldsInput,
    },
    deltas: group,
  }
}

/** One bulk transition for a group that moves to one status, where that is fewer calls than a lookup and a transition each. */
export function planBulkMove(group: readonly RecordDelta[], status: string): PlannedCall | undefined {
  if (group.length === 0 || bulkCost(group.length, 1) >= group.length * 2) return undefined
  const ids = group.map(({ recordId }) => recordId)
  return {
    method: 'POST',
    path: BULK_MOVE_PATH,
    body: { bulkTransitionInputs: [{ selectedIssueIdsOrKeys: ids, transitionId: `{transition to ${status}}` }] },
    lookup: {
      method: 'GET',
      path: `${BULK_MOVE_PATH}?issueIdsOrKeys=${ids.join(',')}`,
      finds: `the transitions to ${status} from each status`,
    },
    deltas: group,
  }
}

/** Whether an object's account may change many issues at once. */
export const mayBulk = ({ batchUpdate = 1 }: Pick<ObjectDescription, 'batchUpdate'>): boolean => batchUpdate > 1
