import { join } from 'node:path'
import { seedHubSpot } from './hubspot/seed-records.ts'
import { JiraIssues } from './jira/issues.ts'
import { makeSeedIssue } from './jira/seed-issues.ts'
import { PROJECTS } from './jira/site.ts'
import { seedPlan, seedSalesforce } from './salesforce/seed.ts'

/** How many of the first issues all belong to the first project: what a fresh sandbox has. */
export const FIRST_ISSUES = 60

/** Issues held in memory at most before they are written, while many are made. */
const BATCH = 10_000

/**
 * Fills the stand-in Jira under `dataFolder` (`<data>/sandbox`) up to `count` issues; what is there stays. The same random numbers
 * make the same issues, apart from their dates, which lie around `now`. No sandbox may be running on the folder.
 *
 * The first 60 belong to TB; of those after them every tenth to OPS.
 */
export async function seedJira(dataFolder: string, count: number, random: () => number, now: () => number = Date.now): Promise<void> {
  const issues = await JiraIssues.open({ folder: join(dataFolder, 'jira'), saveDelayMs: 60_000 })
  try {
    const nowMs = now()
    for (let index = issues.size; index < count; index++) {
      const project = PROJECTS[index >= FIRST_ISSUES && index % 10 === 9 ? 1 : 0]
      if (!project) throw new Error('The site has no projects.')
      issues.seed(project, (place) => makeSeedIssue({ ...place, index, nowMs }, random))
      if (index % BATCH === BATCH - 1) await issues.flush()
    }
  } finally {
    await issues.stop()
  }
}

/** How many records a stand-in is filled up to from the command line, by app; `dataFolder` is `<data>/sandbox`. */
export const STAND_IN_SEEDS: Readonly<
  Record<string, { readonly what: string; readonly run: (dataFolder: string, count: number, random: () => number) => Promise<void> }>
> = {
  jira: { what: 'records', run: seedJira },
  salesforce: {
    what: 'records of all objects',
    run: (dataFolder, count, random) => seedSalesforce(join(dataFolder, 'salesforce'), seedPlan(count), random, Date.now),
  },
  hubspot: {
    what: 'companies, and records of the other objects,',
    run: (dataFolder, count, random) => seedHubSpot(join(dataFolder, 'hubspot'), count, random),
  },
}
