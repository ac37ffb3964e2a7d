import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Checkout } from './checkout.ts'

const made: Checkout[] = []

function makeCheckout(options: ConstructorParameters<typeof Checkout>[0] = {}): Checkout {
  const checkout = new Checkout(options)
  made.push(checkout)
  return checkout
}

afterEach(() => {
  for (const checkout of made.splice(0)) checkout.remove('.')
})

/** The boot script takes this Node for too old. */
const TOO_OLD = { oldestMajor: 999 }
const isPackaged = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)

describe('a boot', () => {
  test('[F1] a fresh clone is installed and built, with a line for each', async () => {
    const checkout = makeCheckout()
    const { code, output } = await checkout.boot('start')
    expect({ code, calls: checkout.takeCalls() }).toEqual({ code: 0, calls: ['ci', 'build'] })
    expect(output).toMatch(/^Installing the packages of package-lock.json \.\.\. \d+\.\d s\nBuilding the pages \.\.\. \d+\.\d s\n$/)
  })

  test('[F2] a second boot has nothing to do and says nothing', async () => {
    const checkout = makeCheckout()
    await checkout.boot('test')
    checkout.takeCalls()
    expect(await checkout.boot('test')).toEqual({ code: 0, output: '' })
    expect(checkout.takeCalls()).toEqual([])
  })

  test.each([
    { task: 'start', calls: ['ci', 'build'] },
    { task: 'test', calls: ['ci', 'build'] },
    { task: 'dev', calls: ['ci'] },
    { task: 'check', calls: ['ci'] },
    { task: 'install', calls: ['ci'] },
  ])('[F3] $task needs $calls', async ({ task, calls }) => {
    const checkout = makeCheckout()
    await checkout.boot(task)
    expect(checkout.takeCalls()).toEqual(calls)
  })

  test.each([
    { changed: 'package-lock.json', calls: ['ci', 'build with cache'] },
    { changed: 'app/page.tsx', calls: ['build with cache'] },
    { changed: 'app/new/page.tsx', calls: ['build with cache'] },
    { changed: 'workbook/sheet.ts', calls: ['build with cache'] },
    { changed: 'server/api/contract.ts', calls: ['build with cache'] },
    { changed: 'server/main.ts', calls: [] },
    { changed: 'test/some.test.ts', calls: [] },
  ])('[F3] a change of $changed leads to $calls', async ({ changed, calls }) => {
    const checkout = makeCheckout()
    await checkout.boot('start')
    checkout.takeCalls()
    checkout.write(changed, ' changed')
    await checkout.boot('start')
    expect(checkout.takeCalls()).toEqual(calls)
  })
})

describe.runIf(isPackaged)('a Node that is too old', () => {
  test('[F4] is replaced by one that npm brings, for what runs next', async () => {
    const checkout = makeCheckout(TOO_OLD)
    const { code, output } = await checkout.boot('install')
    expect({ code, calls: checkout.takeCalls() }).toEqual({ code: 0, calls: ['install', 'ci'] })
    expect(output).toContain(`Fetching Node`)
    const linked = realpathSync(join(checkout.root, 'node_modules/.bin/node'))
    expect(linked).toContain(`${realpathSync(checkout.root)}/.runtime/`)
  })

  test('[F4] a boot under the brought Node keeps the link to it', async () => {
    const checkout = makeCheckout(TOO_OLD)
    await checkout.boot('install')
    // As if the sources asked for no more than what the brought Node is.
    checkout.write('tools/boot.mjs', checkout.read('tools/boot.mjs').replace('OLDEST_MAJOR = 999', 'OLDEST_MAJOR = 24'))
    const node = join(checkout.root, 'node_modules/.bin/node')
    expect(await checkout.boot('install', { node })).toEqual({ code: 0, output: '' })
    checkout.append('package-lock.json', ' ')
    await checkout.boot('install', { node })
    expect(realpathSync(node)).toContain('/.runtime/')
  })

  test('[F5] is said plainly where npm cannot bring another', async () => {
    const checkout = makeCheckout(TOO_OLD)
    checkout.write('npm-fails', 'npm error code ETARGET\nnpm error No matching version found\n')
    const { code, output } = await checkout.boot('start')
    expect(code).toBe(1)
    expect(output).toContain('No matching version found')
    expect(output).toContain('Install Node 999 or newer yourself, then run the same command again.')
    expect(output).not.toContain('    at ')
    expect(checkout.list('.runtime')).toEqual([])
  })
})

describe('a boot that cannot go on', () => {
  test('[F5] says that the network is missing, and goes on at the next try', async () => {
    const checkout = makeCheckout()
    checkout.write('npm-fails', 'npm error code EAI_AGAIN\n')
    const { code, output } = await checkout.boot('start')
    expect({ code, calls: checkout.takeCalls() }).toEqual({ code: 1, calls: ['ci'] })
    expect(output).toContain('Check the network connection. Then run the same command again.')
    expect(output).not.toContain('    at ')

    checkout.remove('npm-fails')
    await checkout.boot('start')
    expect(checkout.takeCalls()).toEqual(['ci', 'build'])
  })

  test('[F5] names npm where there is none', async () => {
    const checkout = makeCheckout()
    const { code, output } = await checkout.boot('start', { env: { npm_execpath: '', PATH: '/nowhere' } })
    // A Node that lies beside its npm finds that one.
    if (code !== 0) expect(output).toContain('npm was not found. Install Node with npm')
    expect(output).not.toContain('    at ')
  })

  test('[F6] a failed build is tried once more, without the cache that would repeat it', async () => {
    const checkout = makeCheckout()
    await checkout.boot('start')
    checkout.takeCalls()
    checkout.write('app/page.tsx', 'other')
    checkout.write('build-fails', '1')
    const { code, output } = await checkout.boot('start')
    expect({ code, calls: checkout.takeCalls() }).toEqual({ code: 0, calls: ['build with cache', 'build'] })
    expect(output).toContain('Building the pages once more, from nothing')
  })

  test('[F6] a build that fails twice ends with its own words and is tried again next time', async () => {
    const checkout = makeCheckout()
    checkout.write('build-fails', '2')
    const { code, output } = await checkout.boot('start')
    expect(code).toBe(1)
    expect(output).toContain('The pages could not be built:\n\n  the page does not compile\n')
    checkout.takeCalls()
    expect((await checkout.boot('start')).code).toBe(0)
    expect(checkout.takeCalls()).toEqual(['build with cache'])
  })
})

describe('two boots of one checkout', () => {
  test('[F7] do the work once, and both end well', async () => {
    const checkout = makeCheckout()
    checkout.write('npm-waits', '')
    const first = checkout.start('start')
    await first.said('Installing')
    const second = checkout.start('start')
    await second.said(`Waiting for another boot of this checkout (process ${first.pid})`)
    checkout.remove('npm-waits')
    expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0])
    expect(checkout.takeCalls()).toEqual(['ci', 'build'])
    expect(checkout.list('.runtime')).toEqual([])
  })

  test('[F7] a killed one is followed by the next, once what it had started is over', async () => {
    const checkout = makeCheckout()
    checkout.write('npm-waits', '')
    const first = checkout.start('start')
    await first.said('Installing')
    first.kill()
    await first.ended
    const second = checkout.start('start')
    await second.said('Waiting')
    checkout.remove('npm-waits')
    expect((await second.ended).code).toBe(0)
    expect(checkout.takeCalls().filter((call) => call === 'build')).toHaveLength(1)
    expect(checkout.list('.runtime')).toEqual([])
  })

  test('[F7] the lock of a process that is gone holds nobody up', async () => {
    const checkout = makeCheckout()
    const gone = checkout.start('install')
    await gone.ended
    checkout.remove('node_modules')
    checkout.write('.runtime/boot.lock', JSON.stringify({ pid: gone.pid, host: (await import('node:os')).hostname() }))
    expect((await checkout.boot('install')).code).toBe(0)
  })
})
