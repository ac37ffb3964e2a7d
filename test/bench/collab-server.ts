// One server of a comparison, in a process of its own. Arguments: kind, data folder. Talks over IPC: sends `{ url }`, answers `memory`.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hocuspocus } from '@hocuspocus/server'
import { type WebSocket, WebSocketServer } from 'ws'
import { startCollabServer } from '../support/collab-server.ts'

const [, , kind, dataFolder = ''] = process.argv

/** Hocuspocus as its documentation sets it up, keeping nothing. */
function bareHocuspocus(): (ws: WebSocket) => void {
  const hocuspocus = new Hocuspocus({ quiet: true, onAuthenticate: async () => ({}) })
  return (ws) => {
    const client = hocuspocus.handleConnection(ws as never, new Request('http://localhost/'), {})
    ws.on('message', (data: Buffer) => client.handleMessage(new Uint8Array(data)))
    ws.on('close', (code, reason) => client.handleClose({ code, reason: reason.toString() }))
  }
}

/** Every message to everyone, the sender included: what the wire itself costs. */
function relay(): (ws: WebSocket) => void {
  const all = new Set<WebSocket>()
  return (ws) => {
    all.add(ws)
    ws.on('close', () => all.delete(ws))
    ws.on('message', (data: Buffer) => {
      for (const other of all) other.send(data)
    })
  }
}

async function start(): Promise<string> {
  if (kind === 'tidebook') return (await startCollabServer({ dataFolder, authorize: anyone })).url
  const accept = kind === 'relay' ? relay() : bareHocuspocus()
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, accept))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const anyone = async () => ({ actor: { id: 'ann', name: 'Ann', color: 'teal' }, device: 'laptop', canWrite: true })

process.on('message', () => {
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send?.({ used: heapUsed + external, rss })
})
process.send?.({ url: await start() })
