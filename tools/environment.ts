import { join, resolve } from 'node:path'

/** What the command-line tools need of the environment; the names and defaults are the server's (`npm start -- --help`). */
export interface ToolEnvironment {
  readonly port: number
  readonly dataFolder: string
}

/** A failure that the reader can do something about: shown without a stack. */
export class ToolError extends Error {}

export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): ToolEnvironment {
  const port = Number(env.PORT || 3000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ToolError(`PORT=${env.PORT} is no port number.`)
  return { port, dataFolder: resolve(env.TIDEBOOK_DATA || join(import.meta.dirname, '..', 'data')) }
}

/** Runs a tool to its end, and ends the process with a plain message where it fails for a reason that a person can mend. */
export async function runTool(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
