// The server of the delivery's figures, in a process of its own. Argument: data folder. Over IPC: sends `{ url, token }`; answers `figures`
// and `pull`, which writes so many rows of a sheet as a run does, a hundred a commit, to all of its shards.
import { buildApp } from '../../server/app.ts'
import type { Documents } from '../../server/collab-ports.ts'
import { makeLogger } from '../../server/logger.ts'
import { startServer } from '../../server/start.ts'
import { currentEpoch } from '../../workbook/documents.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { ServerOrigin } from '../../workbook/origin.ts'
import { baseName, packBaseRow, parseBaseRow } from '../../workbook/schema.ts'
import { testConfig } from '../support/shell-server.ts'

export type Order =
  | { readonly kind: 'figures' }
  | { readonly kind: 'pull'; readonly sheet: SheetId; readonly shards: number; readonly rows: number }

const ROWS_PER_COMMIT = 100

let documents: Documents | undefined
const server = await startServer(testConfig(process.argv[2] ?? ''), {
  logger: makeLogger({ level: 'silent' }),
  buildApp: (parts) => {
    documents = parts.documents
    return buildApp(parts)
  },
})

async function pull({ sheet, shards, rows }: Extract<Order, { kind: 'pull' }>): Promise<void> {
  if (documents === undefined) throw new Error('not started')
  const { openDocument } = documents
  const open = await Promise.all(Array.from({ length: shards }, (_, shard) => openDocument(baseName(sheet, shard, 0))))
  const ids = open.map(({ doc }) => [...(currentEpoch(doc)?.keys() ?? [])])
  process.send?.({ pulling: true })
  for (let done = 0; done < rows; done += ROWS_PER_COMMIT) {
    for (const [shard, { doc }] of open.entries()) {
      doc.transact(() => {
        for (let row = done + shard; row < Math.min(rows, done + ROWS_PER_COMMIT); row += shards) {
          const id = ids[shard]?.[row % 4_000] ?? ''
          const old = currentEpoch(doc)?.get(id)
          if (old === undefined) continue
          const base = parseBaseRow(old)
          currentEpoch(doc)?.set(id, packBaseRow({ ...base, values: [`pulled ${row}`, ...base.values.slice(1)] }))
        }
      }, new ServerOrigin('pull'))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const held of open) await held.release()
}

process.on('message', (order: Order) => {
  if (order.kind === 'pull') void pull(order)
  else {
    globalThis.gc?.()
    const { user, system } = process.cpuUsage()
    process.send?.({ rss: process.memoryUsage().rss, cpuMs: (user + system) / 1_000 })
  }
})
process.send?.({ url: server.origin, token: server.bearerToken })
