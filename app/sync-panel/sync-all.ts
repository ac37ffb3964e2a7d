import type { ConnectionInfo, Preview } from '../../server/api/contract.ts'

/** A connection with what its sync would cost, or why it would not run. */
export interface PricedConnection {
  readonly connection: ConnectionInfo
  readonly preview: Preview | undefined
  /** Nothing runs for it, and it costs nothing. */
  readonly isLeftOut: boolean
}

export interface PricedApp {
  readonly integration: ConnectionInfo['integration']
  readonly lines: readonly PricedConnection[]
  readonly credits: number
}

export const isLeftOut = ({ integration, isPaused }: Pick<ConnectionInfo, 'integration' | 'isPaused'>): boolean =>
  !integration.isOn || isPaused

/** The connections of a workbook by account, each with its price and the sum: two accounts of one app are two. */
export function pricedApps(connections: readonly ConnectionInfo[], previews: ReadonlyMap<string, Preview>): readonly PricedApp[] {
  const apps = new Map<string, PricedConnection[]>()
  for (const connection of connections) {
    const left = isLeftOut(connection)
    const line = { connection, preview: left ? undefined : previews.get(connection.id), isLeftOut: left }
    apps.set(connection.integration.id, [...(apps.get(connection.integration.id) ?? []), line])
  }
  return [...apps.values()].flatMap((lines) => {
    const [first] = lines
    return first === undefined ? [] : [{ integration: first.connection.integration, lines, credits: creditsOf(lines) }]
  })
}

const creditsOf = (lines: readonly PricedConnection[]): number => lines.reduce((sum, { preview }) => sum + (preview?.totalCredits ?? 0), 0)
