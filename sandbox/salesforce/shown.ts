import { fieldValue, type SfRecord } from './records.ts'
import type { SfField, SfObject, SfValue } from './schema.ts'
import { type Column, follow, type World } from './soql/evaluate.ts'
import { wireValue } from './values.ts'

type Json = Record<string, unknown>

const attributesOf = (of: SfObject, id: string, version: string): Json => ({
  type: of.name,
  url: `/services/data/${version}/sobjects/${of.name}/${id}`,
})

/** A field as it goes over the wire; an address is the object of its parts. */
export function shownField(of: SfObject, record: SfRecord, field: SfField): unknown {
  if (field.type !== 'address') return wireValue(field, fieldValue(of, record, field.name))
  const prefix = field.name.replace(/Address$/, '')
  const part = (name: string): SfValue => record.fields[prefix + name] ?? null
  const parts = {
    city: part('City'),
    country: part('Country'),
    geocodeAccuracy: null,
    latitude: null,
    longitude: null,
    postalCode: part('PostalCode'),
    state: part('State'),
    street: part('Street'),
  }
  return Object.values(parts).every((value) => value === null) ? null : parts
}

/** A record with some of its fields, in the order asked for. */
export function shownRecord(of: SfObject, record: SfRecord, fields: readonly SfField[], version: string): Json {
  const shown: Json = { attributes: attributesOf(of, record.id, version) }
  for (const field of fields) shown[field.name] = shownField(of, record, field)
  return shown
}

/** A row of a query: what a lookup leads to stands under the relationship's name, nothing where it is empty. */
export function shownRow(of: SfObject, record: SfRecord, columns: readonly Column[], world: Pick<World, 'records'>, version: string): Json {
  const row: Json = { attributes: attributesOf(of, record.id, version) }
  for (const column of columns) {
    let at: Json | null = row
    let here: SfRecord | undefined = record
    for (const [index, { field, to }] of column.steps.entries()) {
      const name: string = field.relationshipName ?? field.name
      here = follow({ ...column, steps: column.steps.slice(0, index + 1) }, record, world)
      if (!here) {
        at[name] = null
        at = null
        break
      }
      const known: unknown = at[name]
      const next: Json = isJson(known) ? known : { attributes: attributesOf(to, here.id, version) }
      at[name] = next
      at = next
    }
    if (at && here) at[column.field.name] = shownField(column.of, here, column.field)
  }
  return row
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null
