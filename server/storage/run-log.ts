import { OPEN_RECEIPT_STATES } from '../../sync-engine/ports.ts'
import type { SqlOp } from '../update-log.ts'
import type { Reader } from './database.ts'
import type { RunRow, RunStore } from './runs.ts'

/** What a list of runs is narrowed to; all that is given must hold. */
export interface RunFilter {
  readonly connections?: readonly string[] | undefined
  readonly workbook?: string | undefined
  readonly integration?: string | undefined
  readonly object?: string | undefined
  readonly app?: string | undefined
  readonly states?: readonly string[] | undefined
  readonly kinds?: readonly string[] | undefined
  readonly triggers?: readonly string[] | undefined
  readonly person?: string | undefined
  /** Made at or after, made before. ms since 1970 */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly text?: string | undefined
  /** People whose name holds the text. */
  readonly peopleNamed?: readonly string[] | undefined
}

export interface UsageLine {
  readonly at: number
  readonly integration: string
  readonly integrationName: string
  readonly app: string
  readonly actor: string
  readonly pushed: number
  readonly pulled: number
  readonly linked: number
  readonly refreshed: number
  readonly searched: number
}

/** Runs pruned in one go. */
const PRUNE_RUNS = 50

/** The log of runs as people look through it, and its end. */
export class RunLog {
  readonly #reader: Reader
  readonly #runs: RunStore

  constructor(reader: Reader, runs: RunStore) {
    this.#reader = reader
    this.#runs = runs
  }

  /** Newest first. `cursor`: from the page before. */
  async page(filter: RunFilter, limit: number, cursor?: string): Promise<{ runs: readonly RunRow[]; next: string | null }> {
    const { where, params } = whereOf(filter)
    const after = cursor === undefined ? undefined : parseCursor(cursor)
    if (after !== undefined) {
      where.push('(created_at < ? OR (created_at = ? AND id > ?))')
      params.push(after.at, after.at, after.id)
    }
    const sql = `SELECT id, created_at FROM runs ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY created_at DESC, id LIMIT ?`
    const found = this.#reader.raw.prepare(sql).all(...params, limit + 1) as { id: string; created_at: number }[]
    const page = found.slice(0, limit)
    const runs = await Promise.all(page.map(({ id }) => this.#runs.run(id)))
    const last = page.at(-1)
    return {
      runs: runs.flatMap((run) => run ?? []),
      next: found.length > limit && last !== undefined ? `${last.created_at}_${last.id}` : null,
    }
  }

  /** The ledger's lines of a span, with whom and what they were for; what older versions wrote has no integration. */
  usage(
    from: number,
    to: number,
    filter: { integration?: string | undefined; workbook?: string | undefined; person?: string | undefined },
  ): readonly UsageLine[] {
    const where = ['c.at >= ?', 'c.at < ?']
    const params: (string | number)[] = [from, to]
    for (const [column, value] of [
      ['integration', filter.integration],
      ['workbook', filter.workbook],
      ['actor', filter.person],
    ] as const) {
      if (value === undefined) continue
      where.push(`r.${column} = ?`)
      params.push(value)
    }
    const sql = `SELECT c.at, c.pushed, c.pulled, c.linked, c.refreshed, c.searched, r.integration, r.app, r.actor,
        coalesce(json_extract(r.about, '$.integrationName'), '') AS integrationName
      FROM credits c JOIN runs r ON r.id = c.run WHERE ${where.join(' AND ')} ORDER BY c.at, c.id`
    return this.#reader.raw.prepare(sql).all(...params) as unknown as UsageLine[]
  }

  /** Everybody who ever started a run. */
  actors(): readonly string[] {
    return (this.#reader.raw.prepare('SELECT DISTINCT actor FROM runs').all() as { actor: string }[]).map((row) => row.actor)
  }

  /** Runs that ended before `before`, still have calls or cells, and owe nothing: their details may go. */
  prunable(before: number): readonly string[] {
    const open = OPEN_RECEIPT_STATES.map((s) => `'${s}'`).join(', ')
    const sql = `SELECT id FROM runs WHERE ended_at < ?
      AND NOT EXISTS (SELECT 1 FROM receipts WHERE run = runs.id AND state IN (${open}))
      AND NOT EXISTS (SELECT 1 FROM creates WHERE run = runs.id AND state IN (${open}))
      AND (EXISTS (SELECT 1 FROM run_calls WHERE run = runs.id) OR EXISTS (SELECT 1 FROM run_cells WHERE run = runs.id))
      ORDER BY ended_at LIMIT ${PRUNE_RUNS}`
    return (this.#reader.raw.prepare(sql).all(before) as { id: string }[]).map((row) => row.id)
  }
}

/** The calls and cells of runs; the runs themselves, their counts, receipts and the ledger stay. */
export const pruneOps = (runs: readonly string[]): SqlOp[] =>
  runs.flatMap((run) => [
    { sql: 'DELETE FROM run_calls WHERE run = ?', params: [run] },
    { sql: 'DELETE FROM run_cells WHERE run = ?', params: [run] },
  ])

/** A cursor as `page` gave it; anything else begins at the start. */
function parseCursor(cursor: string): { at: number; id: string } | undefined {
  const [at = '', id = ''] = cursor.split('_', 2)
  return /^\d+$/.test(at) ? { at: Number(at), id } : undefined
}

function whereOf(filter: RunFilter): { where: string[]; params: (string | number)[] } {
  const where: string[] = []
  const params: (string | number)[] = []
  const among = (column: string, values: readonly string[] | undefined): void => {
    if (values === undefined) return
    where.push(values.length === 0 ? '0' : `${column} IN (${values.map(() => '?').join(', ')})`)
    params.push(...values)
  }
  const one = (column: string, value: string | number | undefined, operator = '='): void => {
    if (value === undefined) return
    where.push(`${column} ${operator} ?`)
    params.push(value)
  }
  among('connection', filter.connections)
  among('state', filter.states)
  among('kind', filter.kinds)
  among('"trigger"', filter.triggers)
  one('workbook', filter.workbook)
  one('integration', filter.integration)
  one('object', filter.object)
  one('app', filter.app)
  one('actor', filter.person)
  one('created_at', filter.from, '>=')
  one('created_at', filter.to, '<')
  if (filter.text !== undefined && filter.text !== '') {
    const like = `%${filter.text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
    const people = filter.peopleNamed ?? []
    const named = people.length === 0 ? '0' : `actor IN (${people.map(() => '?').join(', ')})`
    where.push(`(id = ? OR ${named} OR about LIKE ? ESCAPE '\\' OR error LIKE ? ESCAPE '\\'
      OR EXISTS (SELECT 1 FROM run_cells WHERE run = runs.id AND (record_key LIKE ? ESCAPE '\\' OR note LIKE ? ESCAPE '\\'))
      OR EXISTS (SELECT 1 FROM run_transitions WHERE run = runs.id AND note LIKE ? ESCAPE '\\'))`)
    params.push(filter.text, ...people, like, like, like, like, like)
  }
  return { where, params }
}
