import type { Answer } from '../../http.ts'
import { objectOf, type SfCall, type SfRoute } from '../call.ts'
import { describeGlobal, describeObject } from '../describe.ts'
import { SfRefusal } from '../errors.ts'
import { ORG_ID } from '../oauth.ts'
import { type SfRecord, secondsOf } from '../records.ts'
import { API_USER } from '../users.ts'
import { wireTime } from '../values.ts'

/** The versions the stand-in speaks: what the connector may be pinned to. */
export const VERSIONS: readonly { readonly version: string; readonly label: string }[] = [
  { version: '59.0', label: "Winter '24" },
  { version: '60.0', label: "Spring '24" },
  { version: '61.0', label: "Summer '24" },
  { version: '62.0', label: "Winter '25" },
  { version: '63.0', label: "Spring '25" },
  { version: '64.0', label: "Summer '25" },
  { version: '65.0', label: "Winter '26" },
  { version: '66.0', label: "Spring '26" },
]

const DAY_MS = 86_400_000
/** How far back changes are told. */
const WINDOW_MS = 30 * DAY_MS

export function versionsAnswer(): Answer {
  return { status: 200, json: VERSIONS.map(({ version, label }) => ({ label, url: `/services/data/v${version}`, version })) }
}

/** The describe of an object may be asked for only where it changed: the org's never does while it runs. */
function describe(call: SfCall): Answer {
  return { status: 200, json: describeObject(objectOf(call), call.version, call.base) }
}

function resources({ version, base }: SfCall): Answer {
  const at = (name: string): string => `/services/data/${version}/${name}`
  const names = ['sobjects', 'query', 'queryAll', 'search', 'parameterizedSearch', 'composite', 'limits']
  return {
    status: 200,
    json: { ...Object.fromEntries(names.map((name) => [name, at(name)])), identity: `${base}/id/${ORG_ID}/${API_USER.id}` },
  }
}

function limits({ site }: SfCall): Answer {
  const { used, max } = site.usage
  const whole = (count: number) => ({ Max: count, Remaining: count })
  return {
    status: 200,
    json: {
      DailyApiRequests: { Max: max, Remaining: Math.max(0, max - used) },
      DailyBulkApiBatches: whole(15_000),
      DailyStreamingApiEvents: whole(10_000),
      DataStorageMB: whole(5),
      FileStorageMB: whole(20),
      SingleEmail: whole(15),
    },
  }
}

/** The span a replication call asks for, in the org's own clock. */
function windowOf(call: SfCall): { readonly from: number; readonly to: number } {
  const read = (name: string): number => Date.parse((call.query.get(name) ?? '').replace(' ', '+').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  const [from, to] = [read('start'), read('end')]
  if (Number.isNaN(from) || Number.isNaN(to)) throw new SfRefusal(400, 'INVALID_REPLICATION_DATE', 'start and end must be dates with times')
  if (to <= from) throw new SfRefusal(400, 'INVALID_REPLICATION_DATE', 'end date must be later than the start date')
  if (from < call.nowMs - WINDOW_MS) throw new SfRefusal(400, 'INVALID_REPLICATION_DATE', 'startDate before org replication enabled date')
  return { from, to }
}

const covered = (call: SfCall, to: number): string => wireTime(secondsOf(Math.min(to, call.nowMs)))

function idsIn(call: SfCall, timeOf: (record: SfRecord) => string | null): readonly SfRecord[] {
  const { from, to } = windowOf(call)
  const found: SfRecord[] = []
  for (const record of call.site.records.all(objectOf(call))) {
    const at = timeOf(record)
    const ms = at === null ? Number.NaN : Date.parse(at)
    if (ms >= from && ms < to && !call.site.isHidden(record.id)) found.push(record)
  }
  return found
}

function updated(call: SfCall): Answer {
  const found = idsIn(call, ({ deleted, modified }) => (deleted === null ? modified : null))
  return { status: 200, json: { ids: found.map(({ id }) => id), latestDateCovered: covered(call, windowOf(call).to) } }
}

function deleted(call: SfCall): Answer {
  const found = idsIn(call, (record) => record.deleted)
  return {
    status: 200,
    json: {
      deletedRecords: found.map(({ id, deleted: at }) => ({ id, deletedDate: wireTime(at ?? '') })),
      earliestDateAvailable: wireTime(secondsOf(call.nowMs - 15 * DAY_MS)),
      latestDateCovered: covered(call, windowOf(call).to),
    },
  }
}

const READ = { writes: false, takesBody: false } as const

export const META_ROUTES: readonly SfRoute[] = [
  { method: 'GET', path: '', ...READ, handle: resources },
  { method: 'GET', path: '/', ...READ, handle: resources },
  { method: 'GET', path: '/limits', ...READ, handle: limits },
  { method: 'GET', path: '/sobjects', ...READ, handle: ({ version }) => ({ status: 200, json: describeGlobal(version) }) },
  { method: 'GET', path: '/sobjects/{object}/describe', ...READ, handle: describe },
  { method: 'GET', path: '/sobjects/{object}/updated', ...READ, handle: updated },
  { method: 'GET', path: '/sobjects/{object}/deleted', ...READ, handle: deleted },
]
