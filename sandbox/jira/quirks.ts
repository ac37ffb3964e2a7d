import type { CallFaults } from '../faults.ts'
import { mapText } from './adf.ts'
import { fieldStoredAs, type Patch, type PatchKey, sortLabels } from './fields.ts'

const collapse = (text: string): string => text.trim().replace(/\s+/g, ' ')

/** A text value with its text changed, or `undefined` for values that hold no text. */
function withText(patch: Patch, key: PatchKey, change: (text: string) => string): Patch | undefined {
  switch (key) {
    case 'summary':
    case 'status':
    case 'type':
    case 'priority': {
      const text = patch[key]
      return text === undefined ? undefined : { [key]: change(text) }
    }
    case 'team':
    case 'reference': {
      const text = patch[key]
      return text === undefined || text === null ? undefined : { [key]: change(text) }
    }
    case 'labels':
      return patch.labels && { labels: sortLabels(patch.labels.map((label) => change(label))) }
    case 'description':
      return patch.description ? { description: mapText(patch.description, change) } : undefined
    case 'assignee':
    case 'duedate':
    case 'storyPoints':
    case 'targetStart':
    case 'billable':
    case 'regions':
    case 'components':
    case 'fixVersions':
    case 'reviewers':
    case 'sprint':
      return undefined
  }
}

function isOther(a: Patch, b: Patch): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

/**
 * Bends the values of a write as the quirks of the dial say: capitals, spacing, rounding.
 *
 * A quirk is counted only where it changes the value, so that 'the next one' is one that somebody sees.
 */
export function bend(patch: Patch, faults: CallFaults): Patch {
  const bent: Patch = {}
  for (const key of Object.keys(patch) as PatchKey[]) {
    let part: Patch = { [key]: patch[key] }
    const field = fieldStoredAs(key).id
    const capitals = withText(part, key, (text) => text.toUpperCase())
    if (capitals && isOther(capitals, part) && faults.isBent('quirk-capitals', field)) part = capitals
    const trimmed = withText(part, key, collapse)
    if (trimmed && isOther(trimmed, part) && faults.isBent('quirk-trim', field)) part = trimmed
    const points = part.storyPoints
    if (typeof points === 'number' && !Number.isInteger(points) && faults.isBent('quirk-round', field))
      part = { storyPoints: Math.round(points) }
    Object.assign(bent, part)
  }
  return bent
}
