import { commandOfProcess } from './config.ts'
import { startServer } from './start.ts'
import { StartError } from './start-error.ts'

/** Longest a graceful stop may take. ms */
const STOP_MS = 5_000

async function main(): Promise<void> {
  const command = commandOfProcess()
  if (command.kind === 'help') {
    process.stdout.write(command.text)
    return
  }
  const server = await startServer(command.config)
  const stop = (): void => {
    // A stop that hangs must not keep the terminal; what was acknowledged is on disk already.
    setTimeout(() => process.exit(1), STOP_MS).unref()
    void server.stop().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.stdout.write(`Tidebook is ready at ${server.oneTimeUrl}\n`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof StartError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
