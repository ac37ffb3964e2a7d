import { createServer } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { sendAnswer } from './http.ts'
import { isLoopbackHost } from './origin.ts'
import { startSandbox } from './sandbox.ts'

/** `node sandbox/main.ts [--port 3100] [--data ./data/sandbox] [--seed 60]`: the sandbox as a process of its own, for this machine only. */

const HOST = '127.0.0.1'
const USAGE = 'Usage: node sandbox/main.ts [--port 3100] [--data ./data/sandbox] [--seed 60]\n'

const argumentsShape = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(3100),
  data: z.string().min(1).default('./data/sandbox'),
  seed: z.coerce.number().int().min(0).max(1_000_000).default(60),
})

function parseArguments(argv: readonly string[]): z.infer<typeof argumentsShape> {
  const { values } = parseArgs({
    args: [...argv],
    options: { port: { type: 'string' }, data: { type: 'string' }, seed: { type: 'string' } },
  })
  return argumentsShape.parse(values)
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return `${z.prettifyError(error)}\n${USAGE}`
  return error instanceof Error ? `${error.message}\n` : `${String(error)}\n`
}

async function main(): Promise<void> {
  const { port, data, seed } = parseArguments(process.argv.slice(2))
  const sandbox = await startSandbox({ dataFolder: data, now: Date.now, random: Math.random, firstRecordCount: seed })
  const server = createServer((req, res) => {
    const address = server.address()
    const ownPort = typeof address === 'object' && address !== null ? address.port : port
    if (!isLoopbackHost(req.headers.host, ownPort)) {
      sendAnswer(res, { status: 403, text: 'This sandbox answers to names of this machine only.\n' })
      return
    }
    sandbox
      .handle(req, res)
      .then((isAnswered) => {
        if (!isAnswered)
          sendAnswer(res, { status: req.url === '/' ? 302 : 404, headers: { Location: '/sandbox' }, text: 'See /sandbox.\n' })
      })
      .catch((error: unknown) => {
        process.stderr.write(messageOf(error))
        sendAnswer(res, { status: 500, text: 'The sandbox failed. Its own output says why.\n' })
      })
  })
  server.once('error', (error) => {
    process.stderr.write(messageOf(error))
    process.exitCode = 1
    void sandbox.stop()
  })
  server.listen(port, HOST, () => {
    const address = server.address()
    const ownPort = typeof address === 'object' && address !== null ? address.port : port
    const { email, apiToken } = sandbox.credentials('jira')
    const origin = `http://${HOST}:${ownPort}/sandbox`
    process.stdout.write(`The sandbox is ready at ${origin} (Jira: ${origin}/jira, ${email}, token ${apiToken})\n`)
    for (const [app, name] of [
      ['salesforce', 'Salesforce'],
      ['hubspot', 'HubSpot'],
    ] as const)
      process.stdout.write(`${name}: ${origin}/${app}, sign-ins in ${join(data, app, 'credentials.json')}\n`)
  })
  const stop = (): void => {
    server.close()
    server.closeAllConnections()
    sandbox.stop().catch((error: unknown) => {
      process.stderr.write(messageOf(error))
      process.exitCode = 1
    })
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

try {
  await main()
} catch (error) {
  process.stderr.write(messageOf(error))
  process.exitCode = 1
}
