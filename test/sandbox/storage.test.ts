import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RequestLog } from '../../sandbox/request-log.ts'
import { seedJira } from '../../sandbox/seed.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type Json, START_MS, seededRandom, World } from './world.ts'

const fileOf = (world: World, page = 0): string => join(world.folder, 'jira', `issues-000${page}.json`)
const readPage = (world: World, page = 0): Json => JSON.parse(readFileSync(fileOf(world, page), 'utf8'))

/** Edits a file as a person with an editor does. */
function editFile(world: World, change: (records: Json[]) => Json[]): void {
  writeFileSync(fileOf(world), JSON.stringify({ records: change(readPage(world).records) }, null, 2))
}

describe('files', () => {
  test('[SB28] issues lie a thousand to a file, in words a person can read', async () => {
    await using world = await World.fresh({ firstRecordCount: 2100 })
    const files = readdirSync(join(world.folder, 'jira')).filter((name) => name.startsWith('issues-'))
    expect(files).toEqual(['issues-0000.json', 'issues-0001.json', 'issues-0002.json'])
    expect(files.map((_, page) => readPage(world, page).records.length)).toEqual([1000, 1000, 100])
    const [first] = readPage(world).records
    expect([first.key, first.summary, first.status, first.assignee]).toEqual([
      'TB-1',
      'Write the launch announcement',
      'To Do',
      'Ben Ortiz',
    ])
    expect(readFileSync(fileOf(world), 'utf8').split('\n').slice(0, 6).join('\n')).toBe(
      '{\n  "records": [\n    {\n      "id": "10001",\n      "key": "TB-1",\n      "formerKeys": [],',
    )
  })

  test('[SB28] an edit in a file is seen at once, with a time, an author and a history', async () => {
    await using world = await World.fresh()
    world.wait(60_000)
    editFile(world, (records) =>
      records.map((record) =>
        record.key === 'TB-3' ? { ...record, summary: 'By hand', priority: 'lowest', description: 'Two\nlines' } : record,
      ),
    )
    const { json } = await world.jira('GET', '/issue/TB-3?fields=summary,priority,description,updated&expand=changelog')
    expect([json.fields.summary, json.fields.priority.name, json.fields.updated]).toEqual([
      'By hand',
      'lowest',
      '2026-02-01T12:01:00.000+0000',
    ])
    expect(json.fields.description.content).toHaveLength(2)
    const [latest] = json.changelog.histories
    expect([latest.author.displayName, latest.items.map((item: Json) => item.field)]).toEqual([
      'Ben Ortiz',
      ['summary', 'priority', 'description'],
    ])
    expect(await world.search('updated >= -1m')).toEqual(['TB-3'])
  })

  test('[SB28] issues can be added and taken out by hand', async () => {
    await using world = await World.fresh()
    const at = '2026-01-01T00:00:00Z'
    editFile(world, (records) => [
      ...records.filter((record) => record.key !== 'TB-2'),
      { id: '10900', key: 'TB-900', summary: 'Typed in', created: at, updated: at, statusChanged: at },
    ])
    expect((await world.jira('GET', '/issue/TB-2')).status).toBe(404)
    const made = await world.fields('TB-900')
    expect([made.summary, made.status.name, made.issuetype.name, made.labels]).toEqual(['Typed in', 'To Do', 'Task', []])
    const next = await world.jira('POST', '/issue', { fields: { project: { key: 'TB' }, summary: 'Next', issuetype: { name: 'Task' } } })
    expect([next.json.id, next.json.key]).toEqual(['10901', 'TB-901'])
  })

  test.each([
    ['half a file', '{"records": [{"id": "10001", ', 'It is not JSON'],
    [
      'a status that is none',
      { status: 'Blocked' },
      "Record TB-1: ✖ there is no status 'Blocked'; there are To Do, In Progress, In Review, Done",
    ],
    ['a word misspelt', { sumary: 'x' }, 'sumary'],
    ['a key of another issue', { key: 'TB-2' }, 'TB-2 belongs to another record'],
    ['an id of another issue', { id: '10002' }, 'the id 10002 belongs to another record'],
  ])('[SB28] %s is said, and the last good records stay', async (_what, broken, message) => {
    await using world = await World.fresh()
    if (typeof broken === 'string') writeFileSync(fileOf(world), broken)
    else editFile(world, (records) => records.map((record, index) => (index === 0 ? { ...record, ...broken } : record)))
    expect((await world.fields('TB-1', 'summary')).summary).toBe('Write the launch announcement')
    const { problems } = (await world.control()).json
    expect(problems).toEqual([{ file: 'issues-0000.json', message: expect.stringContaining(message) }])
    const page = await world.fetch('GET', `${world.origin}/sandbox`)
    expect(page.text).toContain('issues-0000.json is not used as it stands')
  })

  test('[SB28] a mended file is used again; a save meanwhile keeps the broken text beside it', async () => {
    await using world = await World.fresh()
    const good = readFileSync(fileOf(world), 'utf8')
    writeFileSync(fileOf(world), 'oops')
    await world.jira('GET', '/myself')
    writeFileSync(fileOf(world), good)
    expect((await world.control()).json.problems).toEqual([])
    writeFileSync(fileOf(world), 'oops again')
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Saved over it' } })
    expect(readFileSync(`${fileOf(world)}.broken`, 'utf8')).toBe('oops again')
    expect(readPage(world).records[0].summary).toBe('Saved over it')
    expect((await world.control()).json.problems).toEqual([])
  })

  test('[SB28] an edit by hand and one over the API to other issues of a file both stay', async () => {
    await using world = await World.fresh({ saveDelayMs: 60_000 })
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Over the API' } })
    editFile(world, (records) => records.map((record) => (record.key === 'TB-2' ? { ...record, summary: 'By hand' } : record)))
    await world.flush()
    expect(
      readPage(world)
        .records.slice(0, 2)
        .map((record: Json) => record.summary),
    ).toEqual(['Over the API', 'By hand'])
    expect((await world.fields('TB-2', 'summary')).summary).toBe('By hand')
  })
})

describe('saving', () => {
  test('[SB29] without a delay a change is on disk before its answer', async () => {
    await using world = await World.fresh({ saveDelayMs: 0 })
    for (const summary of ['One', 'Two', 'Three']) {
      await world.jira('PUT', '/issue/TB-1', { fields: { summary } })
      expect(readPage(world).records[0].summary).toBe(summary)
    }
  })

  test('[SB29] with a delay changes are gathered, and a flush or a stop writes them', async () => {
    await using world = await World.fresh({ saveDelayMs: 60_000 })
    const before = readFileSync(fileOf(world), 'utf8')
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Gathered' } })
    expect(readFileSync(fileOf(world), 'utf8')).toBe(before)
    await world.flush()
    expect(readPage(world).records[0].summary).toBe('Gathered')
    await world.jira('DELETE', '/issue/TB-1')
    await world.stop()
    expect(readPage(world).records[0].key).toBe('TB-2')
  })

  test('[SB29] a restart finds everything as it was', async () => {
    await using world = await World.fresh()
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Kept', customfield_10016: 1.5 } })
    await world.jira('DELETE', '/issue/TB-60')
    const ask = (of: World) => of.jira('POST', '/search/jql', { jql: 'project = TB ORDER BY key', fields: ['*all'], maxResults: 100 })
    const before = (await ask(world)).text.replaceAll(world.origin, '')
    await world.stop()
    const again = await World.start(world.folder)
    expect((await ask(again)).text.replaceAll(again.origin, '')).toBe(before)
    const made = await again.jira('POST', '/issue', { fields: { project: { key: 'TB' }, summary: 'After', issuetype: { name: 'Task' } } })
    expect([made.json.key, made.json.id]).toEqual(['TB-61', '10061'])
    await again.stop()
  })

  test('[SB29] a sandbox whose last issue was deleted is not filled again', async () => {
    await using world = await World.fresh({ firstRecordCount: 1 })
    await world.jira('DELETE', '/issue/TB-1')
    await world.stop()
    const again = await World.start(world.folder)
    expect(await again.search('project = TB')).toEqual([])
    await again.stop()
  })

  test('[SB29] a settings file that cannot be read stops the start and is named', async () => {
    await using world = await World.fresh()
    await world.stop()
    for (const name of ['counters.json', 'control.json', 'credentials.json']) {
      const path = join(world.folder, 'jira', name)
      const good = readFileSync(path, 'utf8')
      writeFileSync(path, '{"half": ')
      await expect(World.start(world.folder)).rejects.toThrow(`cannot read ${path}`)
      writeFileSync(path, good)
    }
  })
})

describe('seeding', () => {
  test('[SB34] seeding fills up to a number, with a tenth in OPS after the first 60', async () => {
    await using folder = await tempFolder()
    await seedJira(folder.path, 100, seededRandom(3), () => START_MS)
    await seedJira(folder.path, 260, seededRandom(4), () => START_MS)
    const world = await World.start(folder.path)
    expect([(await world.search('project = TB')).length, (await world.search('project = OPS')).length]).toEqual([240, 20])
    await world.stop()
  })

  test('[SB34] the same random numbers make the same issues', async () => {
    await using one = await tempFolder()
    await using other = await tempFolder()
    for (const folder of [one, other]) await seedJira(folder.path, 1200, seededRandom(3), () => START_MS)
    const text = (folder: { path: string }) => readFileSync(join(folder.path, 'jira', 'issues-0001.json'), 'utf8')
    expect(text(one)).toBe(text(other))
  })
})

describe('the request log on disk', () => {
  test('[SB27] the log turns over at its size and keeps three older files', async () => {
    await using folder = await tempFolder()
    const log = new RequestLog(folder.path, 1000)
    const line = { at: '', method: 'GET', query: {}, status: 200, ms: 1, requestBytes: 0, responseBytes: 0, saved: false }
    for (let count = 0; count < 60; count++) log.append({ ...line, path: `/rest/${count}` })
    log.stop()
    expect(readdirSync(folder.path).sort()).toEqual(['requests.1.jsonl', 'requests.2.jsonl', 'requests.3.jsonl', 'requests.jsonl'])
    const text = ['requests.1.jsonl', 'requests.jsonl'].map((name) => readFileSync(join(folder.path, name), 'utf8')).join('')
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((one) => Number(JSON.parse(one).path.slice(6)))
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 60 - numbers.length + index))
  })

  test('[SB27] the latest requests are known after a restart, a torn last line is passed over', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'requests.jsonl')
    writeFileSync(path, '{"at":"","method":"GET","path":"/a","query":{},"status":200,"saved":false}\n{"at":"","meth')
    const log = new RequestLog(folder.path)
    expect(log.latest(5).map((line) => line.path)).toEqual(['/a'])
    log.stop()
    rmSync(path)
    expect(existsSync(path)).toBe(false)
  })
})
