import type { SqlOp } from '../update-log.ts'
import { type Reader, toSqlOp } from './database.ts'

/** Who let an integration call its app, and whether that still holds. Of the credential itself nothing stands here. */
export interface AuthorisationRow {
  readonly integration: string
  /** Id of the way to sign in. */
  readonly method: string
  readonly state: 'authorised' | 'expired' | 'revoked'
  /** Id of a person. */
  readonly by: string
  /** ms */
  readonly at: number
  /** When the sign-in ends by itself, ms; `null`: it does not. */
  readonly expiresAt: number | null
}

export async function authorisationOf(reader: Reader, integration: string): Promise<AuthorisationRow | undefined> {
  const row = await reader.kysely.selectFrom('authorisations').selectAll().where('integration', '=', integration).executeTakeFirst()
  return (
    row && {
      integration: row.integration,
      method: row.method,
      state: row.state as AuthorisationRow['state'],
      by: row.actor,
      at: row.at,
      expiresAt: row.expires_at,
    }
  )
}

export function saveAuthorisation(reader: Reader, { by, expiresAt, ...row }: AuthorisationRow): SqlOp {
  const values = { ...row, actor: by, expires_at: expiresAt }
  const { integration: _id, ...changed } = values
  return toSqlOp(
    reader.kysely
      .insertInto('authorisations')
      .values(values)
      .onConflict((conflict) => conflict.column('integration').doUpdateSet(changed)),
  )
}

export const dropAuthorisation = (reader: Reader, integration: string): SqlOp =>
  toSqlOp(reader.kysely.deleteFrom('authorisations').where('integration', '=', integration))
