// The stand-in app of the synchronisation's figures, in a process of its own. Arguments: data folder, app. Over IPC: sends `{ url, credentials }`.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isSandboxApp, startSandbox } from '../../sandbox/sandbox.ts'
import { makeRandom } from '../../tools/random.ts'

const [folder = '', app = ''] = process.argv.slice(2)
if (!isSandboxApp(app)) throw new Error(`There is no stand-in ${app}`)
const sandbox = await startSandbox({ dataFolder: folder, now: Date.now, random: makeRandom(2) })
const server = createServer((request, response) => void sandbox.handle(request, response))
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ url: `http://127.0.0.1:${port}/sandbox/${app}`, credentials: sandbox.credentials(app) })
})
process.once('SIGTERM', () => void sandbox.stop().then(() => process.exit(0)))
