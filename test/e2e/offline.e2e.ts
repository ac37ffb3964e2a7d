import { startServer } from '../support/server-process.ts'
import { expect, test } from './support/fixture.ts'

// What works without a network works by it.
test.use({ serviceWorkers: 'allow' })

test('[T4] two people edit one cell offline, close their tabs, come back, and keep both values', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  let [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  for (const window of [mine, theirs]) {
    await window.expectKept()
    await window.workOffline()
  }
  await mine.type('TB-1', 'Summary', 'From Ana')
  await mine.type('TB-2', 'Story points', '21')
  await theirs.type('TB-1', 'Summary', 'From Ben')
  await theirs.choose('TB-3', 'Priority', 'Highest')
  await theirs.type('TB-4', 'Summary', 'Ben alone')
  await expect(mine.saveState).toHaveText('Offline: 2 changes kept on this device')
  await expect(theirs.saveState).toHaveText('Offline: 3 changes kept on this device')
  await expect(mine.value('TB-4', 'Summary')).toHaveText('Decide the rate limits of the public API')

  await test.step('the tabs are closed, and opened again without a network', async () => {
    for (const [person, window] of [[ana, mine] as const, [ben, theirs] as const]) {
      await window.page.close()
      await person.context.setOffline(true)
    }
    ;[mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
    await expect(mine.saveState).toHaveText('Offline: 2 changes kept on this device')
    await expect(theirs.saveState).toHaveText('Offline: 3 changes kept on this device')
    await expect(mine.value('TB-1', 'Summary')).toHaveText('From Ana')
    await expect(mine.value('TB-2', 'Story points')).toHaveText('21')
    await expect(theirs.value('TB-1', 'Summary')).toHaveText('From Ben')
    await expect(theirs.cell('TB-3', 'Priority')).toHaveAccessibleDescription('Staged: Medium → Highest. Goes out with the next sync.')
  })

  await test.step('online again: everything is there, and both values of the one cell are offered', async () => {
    for (const [person, window] of [[ana, mine] as const, [ben, theirs] as const]) {
      await person.context.setOffline(false)
      await window.goOnline()
    }
    for (const window of [mine, theirs]) {
      await expect(window.value('TB-2', 'Story points')).toHaveText('21')
      await expect(window.value('TB-3', 'Priority')).toHaveText('Highest')
      await expect(window.value('TB-4', 'Summary')).toHaveText('Ben alone')
      await expect(window.cell('TB-1', 'Summary')).toHaveAccessibleDescription(/^You and (Ana|Ben) set this at the same time\. Showing /)
      await expect(window.card.getByRole('heading', { name: 'Needs you · 1' })).toBeVisible()
      await expect(window.card).toContainText('Staged4 cells in 4 records')
    }
  })

  await test.step('one click shows the other value, for both', async () => {
    const isMineShown = (await mine.value('TB-1', 'Summary').textContent()) === 'From Ana'
    const [loser, lost] = isMineShown ? [theirs, 'From Ben'] : [mine, 'From Ana']
    await loser.focus('TB-1', 'Summary')
    await loser.thisCell.getByRole('button', { name: `Use mine (${lost})` }).click()
    for (const window of [mine, theirs]) {
      await expect(window.value('TB-1', 'Summary')).toHaveText(lost)
      await expect(window.cell('TB-1', 'Summary')).toHaveAccessibleDescription(/^Staged: Write the launch announcement → /)
    }
  })
})

test('[T5] one person’s two windows, both offline, keep both values of a cell', async ({ enter }) => {
  const ana = await enter('Ana')
  let [left, right] = [await ana.openWorkbook(), await ana.openWorkbook()]
  await right.expectKept()
  await left.workOffline()
  await right.workOffline()
  await left.type('TB-1', 'Summary', 'Left')
  await left.type('TB-2', 'Summary', 'Left alone')
  await right.type('TB-1', 'Summary', 'Right')
  await right.type('TB-3', 'Summary', 'Right alone')
  await left.page.close()
  await right.page.close()

  await ana.context.setOffline(true)
  left = await ana.openWorkbook()
  await expect(left.saveState).toHaveText('Offline: 4 changes kept on this device')
  await expect(left.value('TB-2', 'Summary')).toHaveText('Left alone')
  await expect(left.value('TB-3', 'Summary')).toHaveText('Right alone')

  await ana.context.setOffline(false)
  await left.goOnline()
  right = await ana.openWorkbook()
  for (const window of [left, right]) {
    await expect(window.cell('TB-1', 'Summary')).toHaveAccessibleDescription('You set this in two windows. Showing yours.')
    await expect(window.value('TB-2', 'Summary')).toHaveText('Left alone')
    await expect(window.value('TB-3', 'Summary')).toHaveText('Right alone')
  }
  const other = (await left.value('TB-1', 'Summary').textContent()) === 'Left' ? 'Right' : 'Left'
  await left.focus('TB-1', 'Summary')
  await left.thisCell.getByRole('button', { name: `Use mine (${other})` }).click()
  await expect(right.value('TB-1', 'Summary')).toHaveText(other)
  await expect(right.cell('TB-1', 'Summary')).toHaveAccessibleDescription(/^Staged: /)
})

test('[T6] a network that goes away and comes back is told, and costs nothing', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  await mine.expectSaved()
  await ana.context.setOffline(true)
  await expect(mine.saveState).toHaveText('Offline: everything is saved')
  await mine.type('TB-1', 'Summary', 'Typed without a network')
  await expect(mine.saveState).toHaveText('Offline: 1 change kept on this device')
  await expect(mine.card).toContainText('Offline. Your edits stay staged; syncing needs a connection.')
  await expect(mine.card.getByRole('button', { name: /^Sync ·/ })).toBeDisabled()
  await theirs.type('TB-2', 'Summary', 'Typed meanwhile')

  await ana.context.setOffline(false)
  await mine.expectSaved()
  await expect(mine.value('TB-2', 'Summary')).toHaveText('Typed meanwhile')
  await expect(theirs.value('TB-1', 'Summary')).toHaveText('Typed without a network')

  await test.step('the same by choice, in a window that stays open', async () => {
    for (const text of ['First absence', 'Second absence']) {
      await mine.workOffline()
      await mine.type('TB-1', 'Summary', text)
      await expect(mine.saveState).toHaveText('Offline: 1 change kept on this device')
      await mine.goOnline()
      await expect(theirs.value('TB-1', 'Summary')).toHaveText(text)
    }
  })
})

test('[T7] a change is saved on this device first, and on the server only when its disk has it', async ({ server, enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  await window.expectSaved()
  process.kill(server.pid, 'SIGSTOP')
  await window.type('TB-1', 'Summary', 'While the server stands still')
  await expect(window.saveState).toHaveText('Saved on this device')
  process.kill(server.pid, 'SIGCONT')
  await window.expectSaved()
})

test('[T8] a killed server loses nothing, and what was typed meanwhile joins it when it is back', async ({ server, enter }) => {
  const ana = await enter('Ana')
  let window = await ana.openWorkbook()
  await window.expectKept()
  await window.type('TB-1', 'Summary', 'Saved before')
  await window.expectSaved()
  await server.kill()
  await expect(window.page.getByText(/^Reconnecting in \d+ s$/)).toBeVisible()
  await window.type('TB-2', 'Summary', 'Typed without a server')
  await expect(window.page.getByText('1 change kept on this device')).toBeVisible()

  await window.page.close()
  window = await ana.openWorkbook()
  await expect(window.value('TB-1', 'Summary')).toHaveText('Saved before')
  await expect(window.value('TB-2', 'Summary')).toHaveText('Typed without a server')

  const again = await startServer({ env: { TIDEBOOK_LOG: 'warn' }, dataFolder: server.dataFolder, port: server.port })
  try {
    // The next attempt may be half a minute away; the device says that its network is back, as after a sleep.
    await window.page.evaluate(() => globalThis.dispatchEvent(new Event('online')))
    await window.expectSaved()
    const fresh = await (await enter('Ben')).openWorkbook()
    await expect(fresh.value('TB-1', 'Summary')).toHaveText('Saved before')
    await expect(fresh.value('TB-2', 'Summary')).toHaveText('Typed without a server')
    await expect(fresh.grid).toHaveAttribute('aria-rowcount', '62')
  } finally {
    await again.stop()
  }
})
