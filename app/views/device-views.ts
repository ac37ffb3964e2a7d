import * as z from 'zod'
import type { SheetId } from '../../workbook/ids.ts'
import { type NamedView, PLAIN_VIEW, parseConfig, type ViewConfig } from '../../workbook/view.ts'

/** What this device keeps of a sheet's views for one person: personal views, changes nobody else sees, and where the person was. */
export interface DeviceViews {
  readonly current: string | undefined
  readonly personal: readonly NamedView[]
  /** View → the attributes this person changed and has not saved for everybody. */
  readonly changes: Readonly<Record<string, Partial<ViewConfig>>>
  /** View → the keys of its closed groups. */
  readonly collapsed: Readonly<Record<string, readonly string[]>>
}

export const NOTHING_KEPT: DeviceViews = { current: undefined, personal: [], changes: {}, collapsed: {} }

const config = z.record(z.string(), z.unknown())
const schema = z.object({
  current: z.string().nullish(),
  personal: z.array(z.object({ id: z.string(), name: z.string(), order: z.string(), config })),
  changes: z.record(z.string(), config),
  collapsed: z.record(z.string(), z.array(z.string())),
})

export const deviceKey = (person: string, sheet: SheetId): string => `tidebook.views|${person}|${sheet}`

/** Reads what was kept; what cannot be read (an older program, another's hand) is as if it had not been kept. */
export function parseDeviceViews(text: string | null, sheet: SheetId): DeviceViews {
  const parsed = text === null ? undefined : schema.safeParse(parseJson(text))
  if (parsed?.success !== true) return NOTHING_KEPT
  const { current, personal, changes, collapsed } = parsed.data
  return {
    current: current ?? undefined,
    personal: personal.map((view) => ({
      ...view,
      sheet,
      isPersonal: true,
      config: { ...PLAIN_VIEW, ...parseConfig(view.config).config },
    })),
    changes: Object.fromEntries(Object.entries(changes).map(([id, stored]) => [id, parseConfig(stored).config])),
    collapsed,
  }
}

export const writeDeviceViews = ({ current, personal, changes, collapsed }: DeviceViews): string =>
  JSON.stringify(
    {
      current,
      personal: personal.map(({ id, name, order, config }) => ({ id, name, order, config })),
      changes,
      collapsed,
    },
    // What was taken away is told from what was never changed, as in the workbook.
    (_, value: unknown) => value ?? null,
  )

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
