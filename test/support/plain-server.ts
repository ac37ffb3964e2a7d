import { startServer } from '../../server/start.ts'
import { testConfig } from './shell-server.ts'

/** A server without pages and sandbox in a process of its own, to be killed: `node test/support/plain-server.ts <data folder>`. */
const server = await startServer(testConfig(process.argv[2] ?? ''))
process.stdout.write(`${JSON.stringify({ origin: server.origin, token: server.bearerToken })}\n`)
