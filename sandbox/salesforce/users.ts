import { makeId } from './ids.ts'

/** A person of the org. */
export interface SfUser {
  readonly id: string
  readonly name: string
  readonly first: string
  readonly last: string
  readonly email: string
  readonly isActive: boolean
  readonly userType: 'Standard' | 'PowerPartner'
}

function user(number: number, first: string, last: string, more: Partial<SfUser> = {}): SfUser {
  const email = `${first}.${last}@northwind.example`.toLowerCase()
  return { id: makeId('005', number), name: `${first} ${last}`, first, last, email, isActive: true, userType: 'Standard', ...more }
}

/** Who works in the org. The first is whom the integration signs in as. */
export const USERS: readonly [SfUser, ...SfUser[]] = [
  user(1, 'Dana', 'Kim'),
  user(2, 'Priya', 'Shah'),
  user(3, 'Marco', 'Rossi'),
  user(4, 'Ines', 'Berg'),
  user(5, 'Tom', 'Okafor'),
  user(6, 'Lena', 'Vogt', { isActive: false }),
  user(7, 'Partner', 'Portal', { userType: 'PowerPartner' }),
]

export const API_USER = USERS[0]
export const DEFAULT_EDITOR = 'Priya Shah'

const BY_ID = new Map(USERS.map((one) => [one.id, one]))
export const userOfId = (id: string): SfUser | undefined => BY_ID.get(id)
export const userNamed = (name: string): SfUser | undefined => USERS.find((one) => one.name.toLowerCase() === name.toLowerCase())
