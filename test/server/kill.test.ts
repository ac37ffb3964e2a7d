import { expect, test } from 'vitest'
import { runKills } from '../support/kill-harness.ts'
import { tempFolder } from '../support/temp-folder.ts'

const KILLS = Number(process.env.KILLS ?? 5)
const SEED = Number(process.env.SEED ?? 20_261_121)

test(
  `[L15] no acknowledged edit is lost when server and clients are killed (${KILLS} times)`,
  async () => {
    await using folder = await tempFolder()
    const report = await runKills({ kills: KILLS, seed: SEED, writers: 5, dataFolder: folder.path })
    process.stdout.write(`kill -9: ${JSON.stringify({ ...report, lost: report.lost.length })}, seed ${SEED}\n`)
    expect(report.lost).toEqual([])
    expect(report.emptyRounds).toBeLessThan(KILLS)
    expect(report.acknowledged).toBeGreaterThan(KILLS * 10)
  },
  KILLS * 20_000,
)
