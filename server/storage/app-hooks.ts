import type { SqlOp } from '../update-log.ts'
import { type Reader, toSqlOp } from './database.ts'

/** The webhook an app was asked for, for one integration. */
export interface AppHookRow {
  readonly integration: string
  /** The app's own id of it; `null`: it takes none, for the reason in `problem`. */
  readonly hook: string | null
  /** What was asked for: where it is sent, and of which records it tells. */
  readonly url: string
  readonly filter: string
  /** When the app stops sending, ms. */
  readonly endsAt: number | null
  /** When it was asked last, ms. */
  readonly at: number
  readonly problem: string | null
}

export async function appHookOf(reader: Reader, integration: string): Promise<AppHookRow | undefined> {
  const row = await reader.kysely.selectFrom('app_hooks').selectAll().where('integration', '=', integration).executeTakeFirst()
  if (row === undefined) return undefined
  const { ends_at: endsAt, ...kept } = row
  return { ...kept, endsAt }
}

/** The webhooks that are sent to a path of this server, under whatever name it is called. */
export async function appHooksAt(reader: Reader, path: string): Promise<readonly Pick<AppHookRow, 'integration' | 'hook'>[]> {
  const rows = await reader.kysely.selectFrom('app_hooks').select(['integration', 'hook', 'url']).execute()
  return rows.filter(({ url }) => new URL(url).pathname === path)
}

export function saveAppHook(reader: Reader, { endsAt, ...row }: AppHookRow): SqlOp {
  const values = { ...row, ends_at: endsAt }
  const { integration: _id, ...changed } = values
  return toSqlOp(
    reader.kysely
      .insertInto('app_hooks')
      .values(values)
      .onConflict((conflict) => conflict.column('integration').doUpdateSet(changed)),
  )
}

export const dropAppHook = (reader: Reader, integration: string): SqlOp =>
  toSqlOp(reader.kysely.deleteFrom('app_hooks').where('integration', '=', integration))
