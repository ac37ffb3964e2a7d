// The server of the synchronisation's figures, in a process of its own. Argument: data folder. Over IPC: sends `{ url, token }`.
import { startServer } from '../../server/start.ts'
import { testConfig } from '../support/shell-server.ts'

const [folder = ''] = process.argv.slice(2)
const server = await startServer(testConfig(folder))
process.send?.({ url: server.origin, token: server.bearerToken })
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)))
