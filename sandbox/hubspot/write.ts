import type { CallFaults } from '../faults.ts'
import type { PropertyFault } from './errors.ts'
import type { HubRecord } from './model.ts'
import { type ObjectType, propertyOf } from './properties.ts'
import type { HubRecords, Patch } from './records.ts'
import { PIPELINES } from './site.ts'
import { formatValue } from './values.ts'

/** What a write means for a record, or what is wrong with it, every property named. */
export type ReadWrite =
  | { readonly kind: 'patch'; readonly patch: Patch }
  | { readonly kind: 'invalid'; readonly faults: readonly PropertyFault[] }

/** Reads the properties of a write. `record` is what they are written to; absent: a record to be made. */
export function readProperties(
  type: ObjectType,
  given: Readonly<Record<string, unknown>>,
  records: HubRecords,
  record: HubRecord | undefined,
  faults?: CallFaults,
): ReadWrite {
  const wrong: PropertyFault[] = []
  const patch: Record<string, string | null> = {}
  for (const [name, value] of Object.entries(given)) {
    const property = propertyOf(type, name)
    const before = record?.properties[name] ?? null
    if (!property) wrong.push({ name, error: 'PROPERTY_DOESNT_EXIST', message: `Property "${name}" does not exist` })
    else if (property.isReadOnly)
      wrong.push({ name, error: 'READ_ONLY_VALUE', message: `"${name}" is a read only property; its value cannot be set.` })
    else {
      const formatted = formatValue(type, property, textOf(value), before)
      if (formatted.kind === 'invalid') wrong.push({ name, error: formatted.error, message: formatted.message })
      else patch[name] = bent(formatted.value, name, property.type === 'number', faults)
    }
  }
  if (record === undefined) wrong.push(...missing(type, patch))
  wrong.push(...taken(type, patch, records, record), ...wrongStage(type, patch, record))
  return wrong.length > 0 ? { kind: 'invalid', faults: wrong } : { kind: 'patch', patch: forwardOnly(patch, record) }
}

/** Numbers and truth values are taken as what they are spelt. */
const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

function missing(type: ObjectType, patch: Patch): PropertyFault[] {
  const names = type.required.filter((name) => (patch[name] ?? null) === null)
  return names.map((name) => ({ name, error: 'REQUIRED_FIELD', message: `Some required properties were not set: ${name}.` }))
}

/** A unique value that another record has. */
function taken(type: ObjectType, patch: Patch, records: HubRecords, record: HubRecord | undefined): PropertyFault[] {
  return Object.entries(patch).flatMap(([name, value]) => {
    if (value === null || !propertyOf(type, name)?.isUnique) return []
    const holder = records.findBy(type, name, value)
    return holder === undefined || holder.id === record?.id
      ? []
      : [{ name, error: 'CONFLICTING_UNIQUE_VALUE', message: `${holder.id} already has that value.` }]
  })
}

/** A stage belongs to one pipeline. */
function wrongStage(type: ObjectType, patch: Patch, record: HubRecord | undefined): PropertyFault[] {
  const names = type.id === 'deals' ? ['pipeline', 'dealstage'] : type.id === 'tickets' ? ['hs_pipeline', 'hs_pipeline_stage'] : undefined
  const pipelines = PIPELINES[type.id]
  if (!names || !pipelines) return []
  const [pipelineName = '', stageName = ''] = names
  const stage = patch[stageName]
  if (stage === undefined || stage === null) return []
  const pipeline = patch[pipelineName] ?? record?.properties[pipelineName] ?? pipelines[0]?.id
  const isIn = pipelines.find(({ id }) => id === pipeline)?.stages.some(({ id }) => id === stage)
  return isIn === false ? [{ name: stageName, error: 'INVALID_OPTION', message: `${stage} is not a stage of pipeline ${pipeline}.` }] : []
}

const STAGES = ['subscriber', 'lead', 'marketingqualifiedlead', 'salesqualifiedlead', 'opportunity', 'customer', 'evangelist', 'other']

/** A lifecycle stage goes forward by a write; one that lies behind is passed over without a word, unless it is cleared first. */
function forwardOnly(patch: Patch, record: HubRecord | undefined): Patch {
  const [now, wanted] = [record?.properties.lifecyclestage, patch.lifecyclestage]
  if (now === undefined || wanted === undefined || wanted === null) return patch
  if (STAGES.indexOf(wanted) >= STAGES.indexOf(now)) return patch
  const { lifecyclestage: _behind, ...rest } = patch
  return rest
}

/** What the dial's quirks make of a value. */
function bent(value: string | null, name: string, isNumber: boolean, faults: CallFaults | undefined): string | null {
  if (value === null || faults === undefined) return value
  let out = value
  if (!isNumber && out !== out.toUpperCase() && faults.isBent('quirk-capitals', name)) out = out.toUpperCase()
  if (out !== out.replace(/\s+/g, ' ').trim() && faults.isBent('quirk-trim', name)) out = out.replace(/\s+/g, ' ').trim()
  if (isNumber && !Number.isInteger(Number(out)) && faults.isBent('quirk-round', name)) out = String(Math.round(Number(out)))
  return out
}
