/** `npm run url`: prints a fresh one-time address of the running server. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseEnvironment, runTool, type ToolEnvironment, ToolError } from './environment.ts'

const ANSWER = z.object({ url: z.url() })

async function readToken(dataFolder: string): Promise<string> {
  const file = join(dataFolder, 'token')
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new ToolError(`${file} cannot be read. Start Tidebook first (npm start), or name its data folder: TIDEBOOK_DATA=… npm run url`, {
      cause: error,
    })
  }
}

async function fetchOneTimeUrl({ port, dataFolder }: ToolEnvironment): Promise<string> {
  const origin = `http://127.0.0.1:${port}`
  const authorization = `Bearer ${await readToken(dataFolder)}`
  let response: Response
  try {
    response = await fetch(`${origin}/api/session/one-time`, { method: 'POST', headers: { authorization } })
  } catch (error) {
    throw new ToolError(`Nothing answers at ${origin}. Start Tidebook first (npm start), or say its port: PORT=… npm run url`, {
      cause: error,
    })
  }
  if (response.status === 401 || response.status === 403) {
    throw new ToolError(
      `The server at ${origin} does not know the token in ${dataFolder}. Name its data folder: TIDEBOOK_DATA=… npm run url`,
    )
  }
  const answer = ANSWER.safeParse(await response.json().catch(() => undefined))
  if (!response.ok || !answer.success) throw new ToolError(`What answers at ${origin} is no Tidebook (HTTP ${response.status}).`)
  return answer.data.url
}

await runTool(async () => {
  process.stdout.write(`${await fetchOneTimeUrl(parseEnvironment(process.env))}\n`)
})
