import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContextOptions, test as base } from '@playwright/test'
import { type ServerProcess, startServer } from '../../support/server-process.ts'
import { OtherSide } from './other-side.ts'
import { Person } from './person.ts'

interface Fixtures {
  /** A server of this test alone, with its first workbook; it is stopped and its data removed at the end. */
  readonly server: ServerProcess
  /** A browser of its own for one more person, let in and known by this name. */
  readonly enter: (name: string, options?: BrowserContextOptions) => Promise<Person>
  /** The stand-in of Jira behind the workbook: its requests and its records. */
  readonly jira: OtherSide
}

interface WorkerFixtures {
  /** Gives each test a fresh server; the next one starts while the test runs. */
  readonly servers: { readonly take: () => Promise<ServerProcess> }
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  servers: [
    // biome-ignore lint/correctness/noEmptyPattern: the first argument must name the fixtures that are used, none here
    async ({}, use) => {
      // Filled once a worker: the stand-ins' records and the first import take a third of a start.
      const filled = await mkdtemp(join(tmpdir(), 'tidebook-filled-'))
      await (await startServer({ dataFolder: filled })).stop()
      const folders = [filled]
      const start = async (): Promise<ServerProcess> => {
        const dataFolder = await mkdtemp(join(tmpdir(), 'tidebook-data-'))
        folders.push(dataFolder)
        await cp(filled, dataFolder, { recursive: true })
        return startServer({ dataFolder, env: { TIDEBOOK_LOG: 'warn' } })
      }
      const begin = (): Promise<ServerProcess> => {
        const starting = start()
        // Told where it is taken; a spare that nobody takes is nobody's failure.
        starting.catch(() => undefined)
        return starting
      }
      let next = begin()
      await use({
        take: () => {
          const taken = next
          next = begin()
          return taken
        },
      })
      await next.then(
        (spare) => spare.stop(),
        () => undefined,
      )
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    },
    { scope: 'worker' },
  ],
  server: async ({ servers }, use, info) => {
    const server = await servers.take()
    await use(server)
    await server.stop()
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: server.output(), contentType: 'text/plain' })
  },
  enter: async ({ browser, server }, use) => {
    const people: Person[] = []
    await use(async (name, options = {}) => {
      const person = await Person.enter({ browser, server, name, options })
      people.push(person)
      return person
    })
    for (const person of people) await person.leave()
  },
  jira: async ({ server }, use) => {
    await use(new OtherSide(server))
  },
})

export { expect } from '@playwright/test'
