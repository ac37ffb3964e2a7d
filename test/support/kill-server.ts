// A server of its own for the kill test: the whole shell without pages and business. Arguments: data folder. Says one JSON line when ready.
import { startServer } from '../../server/start.ts'
import { emptyApp, testConfig } from './shell-server.ts'

const [, , dataFolder] = process.argv
if (dataFolder === undefined) throw new Error('The data folder is missing')
const server = await startServer(testConfig(dataFolder), { buildApp: emptyApp })
process.stdout.write(`${JSON.stringify({ url: server.origin.replace('http', 'ws'), token: server.bearerToken })}\n`)
