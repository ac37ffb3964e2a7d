import type { CallFaults } from '../faults.ts'
import { isPathMatch } from '../faults.ts'
import { noSuchColumn, type SfError, SfRefusal } from './errors.ts'
import { fullId } from './ids.ts'
import type { SalesforceRecords, SfRecord, Writer } from './records.ts'
import { type Fields, fieldNamed, objectNamed, objectOfId, type SfField, type SfObject, type SfValue } from './schema.ts'
import { userOfId } from './users.ts'
import { parseValue, roundTo } from './values.ts'

/** What the operations of the API work on. */
export interface SaveSite {
  readonly records: SalesforceRecords
  readonly writer: Writer
  readonly faults: CallFaults
  readonly isHidden: (id: string) => boolean
  /** Whether the org's workflow rules run. */
  readonly hasWorkflow: boolean
  /** Whether the dial's `partial` has already had its record in this call. */
  readonly partial: { isSpent: boolean }
}

export type Saved =
  | { readonly kind: 'saved'; readonly record: SfRecord; readonly isNew: boolean }
  | { readonly kind: 'refused'; readonly errors: readonly SfError[] }

const fail = (errorCode: string, message: string, fields: readonly string[] = []): Saved => ({
  kind: 'refused',
  errors: [{ errorCode, message, fields }],
})

/** A JSON object of field values, `attributes` and `Id` aside. */
export type Input = Readonly<Record<string, unknown>>
const isOwnField = (name: string): boolean => name !== 'attributes' && name.toLowerCase() !== 'id'

/**
 * Reads the values of a call.
 * @throws SfRefusal where the whole request cannot be read: a field the object does not have, a number where a text should be
 */
function readFields(
  of: SfObject,
  input: Input,
  verb: 'createable' | 'updateable',
): { readonly patch: Fields } | { readonly refused: Saved } {
  const patch: Record<string, SfValue> = {}
  const readOnly: string[] = []
  const errors: SfError[] = []
  for (const [name, json] of Object.entries(input)) {
    if (!isOwnField(name)) continue
    const field = fieldNamed(of, name)
    if (!field) throw noSuchColumn(name, of.name)
    if (!field[verb]) {
      readOnly.push(field.name)
      continue
    }
    const parsed = parseValue(field, json)
    if (parsed.kind === 'unreadable') throw new SfRefusal(400, 'JSON_PARSER_ERROR', parsed.message)
    if (parsed.kind === 'refused') errors.push({ errorCode: parsed.code, message: parsed.message, fields: [field.name] })
    else patch[field.name] = parsed.value
  }
  if (readOnly.length > 0) {
    const message = `Unable to create/update fields: ${readOnly.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`
    return { refused: fail('INVALID_FIELD_FOR_INSERT_UPDATE', message, readOnly) }
  }
  return errors.length > 0 ? { refused: { kind: 'refused', errors } } : { patch }
}

const isRequired = (field: SfField): boolean =>
  !field.nillable && field.createable && field.type !== 'boolean' && field.type !== 'id' && field.name !== 'OwnerId'

/** What is against the record as it would be saved; `undefined` where nothing is. */
function checkWhole(of: SfObject, fields: Fields, patch: Fields, records: SalesforceRecords, own: string | undefined): Saved | undefined {
  const missing = of.fields.filter((field) => isRequired(field) && (fields[field.name] ?? null) === null).map(({ name }) => name)
  if (missing.length > 0) return fail('REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing)
  for (const field of of.fields) {
    const value = patch[field.name]
    if (typeof value !== 'string' && typeof value !== 'number') continue
    if (field.type === 'reference' && !isKnownReference(field, String(value), records)) {
      return fail('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name])
    }
    const other = field.unique ? records.withExternalId(of, field.name, String(value)) : undefined
    if (other && other.id !== own) {
      return fail('DUPLICATE_VALUE', `duplicate value found: ${field.name} duplicates value on record with id: ${other.id}`, [field.name])
    }
  }
  const invalid = of.validate?.(fields)
  return invalid && fail('FIELD_CUSTOM_VALIDATION_EXCEPTION', invalid.message, invalid.fields)
}

function isKnownReference(field: SfField, id: string, records: SalesforceRecords): boolean {
  if (field.referenceTo.includes('User') && userOfId(id)) return true
  const target = objectOfId(id)
  const record = target && records.get(target, id)
  return record !== undefined && record.deleted === null
}

/** Bends values as the quirks of the dial say. A quirk counts only where it changes something. */
function bend(of: SfObject, patch: Fields, faults: CallFaults): Fields {
  const bent: Record<string, SfValue> = {}
  for (const [name, value] of Object.entries(patch)) {
    let next = value
    const type = fieldNamed(of, name)?.type
    if (typeof next === 'string' && type !== 'date' && type !== 'datetime' && type !== 'reference') {
      const capitals = next.toUpperCase()
      if (capitals !== next && faults.isBent('quirk-capitals', name)) next = capitals
      const collapsed = next.replace(/\s+/g, ' ').trim()
      if (collapsed !== next && faults.isBent('quirk-trim', name)) next = collapsed
    }
    if (typeof next === 'number' && !Number.isInteger(next) && faults.isBent('quirk-round', name)) next = roundTo(next, 0)
    bent[name] = next
  }
  return bent
}

/** The fields as saved: what was given, bent by the dial, then what the org's workflow makes of it. */
function finished(site: SaveSite, of: SfObject, before: Fields, patch: Fields): Fields {
  const merged = { ...before, ...bend(of, patch, site.faults) }
  const changed = new Set(Object.keys(patch).filter((name) => patch[name] !== before[name]))
  return site.hasWorkflow && of.workflow ? of.workflow(merged, changed) : merged
}

export function createRecord(site: SaveSite, of: SfObject, input: Input): Saved {
  if (!of.writable) return fail('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `entity type ${of.name} cannot be inserted`)
  const read = readFields(of, input, 'createable')
  if ('refused' in read) return read.refused
  const defaults: Record<string, SfValue> = {}
  for (const field of of.fields) if (field.defaultValue !== null) defaults[field.name] = field.defaultValue
  const given = { OwnerId: site.writer.by, ...read.patch }
  const numbered = of.fields.filter(({ autoNumber }) => autoNumber)
  const placeholders = Object.fromEntries(numbered.map(({ name }) => [name, '#']))
  const wrong = checkWhole(of, { ...defaults, ...placeholders, ...given }, given, site.records, undefined)
  if (wrong) return wrong
  const fields = finished(site, of, defaults, given)
  const record = site.records.create(of, (number) => ({ ...fields, ...autoNumbers(numbered, number) }), site.writer)
  return { kind: 'saved', record, isNew: true }
}

/** The automatic numbers of a record by its place in the count. */
export function autoNumbers(fields: readonly SfField[], number: number): Fields {
  return Object.fromEntries(
    fields.map(({ name, numbered }) => [
      name,
      (numbered?.pattern ?? '{0}').replace('{0}', String(number).padStart(numbered?.digits ?? 0, '0')),
    ]),
  )
}

/** The live record an id of a call means, or what Salesforce says instead. */
export function targetOf(site: SaveSite, given: unknown, of: SfObject | undefined): { of: SfObject; record: SfRecord } | Saved {
  const id = typeof given === 'string' ? fullId(given) : undefined
  if (id === undefined) return fail('MALFORMED_ID', `bad id ${String(given ?? '')}`, ['Id'])
  const found = site.records.find(id)
  if (of && id.slice(0, 3) !== of.keyPrefix) return fail('MALFORMED_ID', `bad id ${String(given)}`, ['Id'])
  if (!found || site.isHidden(id)) return fail('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')
  if (found.record.deleted !== null) return fail('ENTITY_IS_DELETED', 'entity is deleted')
  return found
}

export function updateRecord(site: SaveSite, id: unknown, input: Input, of: SfObject | undefined): Saved {
  const target = targetOf(site, id, of)
  if ('kind' in target) return target
  if (!target.of.writable) return fail('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id')
  const read = readFields(target.of, input, 'updateable')
  if ('refused' in read) return read.refused
  const { fields } = target.record
  const wrong = checkWhole(target.of, { ...fields, ...read.patch }, read.patch, site.records, target.record.id)
  if (wrong) return wrong
  const next = finished(site, target.of, fields, read.patch)
  return { kind: 'saved', record: site.records.save(target.of, target.record, next, site.writer), isNew: false }
}

/** Updates the record with this external id, or makes it. */
export function upsertRecord(site: SaveSite, of: SfObject, fieldName: string, given: unknown, input: Input): Saved {
  const field = fieldNamed(of, fieldName)
  if (!field || (!field.externalId && field.type !== 'id')) {
    throw new SfRefusal(400, 'INVALID_FIELD', `Provided external ID field does not exist or is not accessible: ${fieldName}`)
  }
  const { [field.name]: _own, ...rest } = input
  if (field.type === 'id') return given === undefined || given === null ? createRecord(site, of, rest) : updateRecord(site, given, rest, of)
  const name = typeof given === 'string' || typeof given === 'number' ? String(given).trim() : ''
  if (name === '') return fail('MISSING_ARGUMENT', `${field.name} not specified`)
  const known = site.records.withExternalId(of, field.name, name)
  if (known && known.deleted === null) return updateRecord(site, known.id, rest, of)
  return createRecord(site, of, { ...rest, [field.name]: name })
}

export function deleteRecord(site: SaveSite, id: unknown, of: SfObject | undefined): Saved {
  const target = targetOf(site, id, of)
  if ('kind' in target) return target
  if (!target.of.writable) return fail('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id')
  site.records.remove(target.of, target.record, site.writer)
  return { kind: 'saved', record: target.record, isNew: false }
}

/** The object of a record of a collection call. */
export function objectOfInput(input: Input): SfObject {
  const attributes = input.attributes
  const type = typeof attributes === 'object' && attributes !== null && 'type' in attributes ? attributes.type : undefined
  if (typeof type !== 'string') throw new SfRefusal(400, 'INVALID_FIELD', 'Each record needs attributes with a type.')
  const of = objectNamed(type)
  if (!of) throw new SfRefusal(404, 'NOT_FOUND', `The requested resource does not exist: ${type}`)
  return of
}

/**
 * Which record of a collection the dial's `partial` refuses, and in which words: the one whose id the fault's path names, else the first
 * of the call. `code` of the fault is the status code, so that a locked row (`UNABLE_TO_LOCK_ROW`) can be played too.
 */
export function refusedOne(site: SaveSite, ids: readonly string[]): { readonly index: number; readonly saved: Saved } | undefined {
  const fault = site.partial.isSpent ? undefined : site.faults.partial()
  if (!fault) return undefined
  const { path } = fault.match ?? {}
  const namesRecord = path !== undefined && /[A-Za-z0-9]{15}/.test(path)
  const index = namesRecord ? ids.findIndex((id) => isPathMatch(path, id)) : 0
  if (index < 0) return undefined
  site.partial.isSpent = true
  const { field, message, code } = fault.refuse ?? { field: undefined, message: 'The record cannot be saved right now.', code: undefined }
  const fields = field === undefined || code === 'UNABLE_TO_LOCK_ROW' ? [] : [field]
  return { index, saved: fail(code ?? 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message, fields) }
}
