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

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: the first argument must name the fixtures that are used, none here
  server: async ({}, use, info) => {
    const server = await startServer({ env: { TIDEBOOK_LOG: 'warn' } })
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
