import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

/** Everything WCAG 2.2 asks at level AA, and what axe knows of good practice beyond it. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds on a page in light, and of its colours in dark; a line each, so that a failing test says what to mend. */
export async function findings(page: Page, hasOverlay = false): Promise<readonly string[]> {
  // Without motion from here on, so that no colour is measured on its way: given back, it would let what is open arrive again.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const light = await linesOf(everyRule(page, hasOverlay))
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await linesOf(axeOf(page, hasOverlay).withRules(['color-contrast']))
  await page.emulateMedia({ colorScheme: null })
  return [...light, ...dark.map((line) => `dark: ${line}`)]
}

/** The same, and once more as wide as a phone, where nothing may scroll sideways. The page is as wide as before afterwards. */
export async function findingsAtAnyWidth(page: Page, hasOverlay = false): Promise<readonly string[]> {
  const wide = await findings(page, hasOverlay)
  const size = page.viewportSize()
  await page.setViewportSize({ width: 390, height: 844 })
  const phone = await linesOf(everyRule(page, hasOverlay))
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (size !== null) await page.setViewportSize(size)
  return [...wide, ...[...phone, ...(over > 0 ? [`${over} px too wide`] : [])].map((line) => `phone: ${line}`)]
}

function everyRule(page: Page, hasOverlay: boolean): AxeBuilder {
  // What lies over the page stands beside its landmarks, as it should: the page below is not there for a screen reader meanwhile.
  return (
    axeOf(page, hasOverlay)
      .withTags(RULES)
      // A list below a search box is scrolled by the arrow keys of that box.
      .disableRules(hasOverlay ? ['region', 'scrollable-region-focusable'] : [])
  )
}

/** The rows of the grid are most of the work: they are looked at where nothing lies over them. */
function axeOf(page: Page, hasOverlay: boolean): AxeBuilder {
  // Of what is right nothing is told, and no page is opened to gather it: there are no frames.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
  return hasOverlay ? axe.exclude('[role=grid] [role=row]') : axe
}

async function linesOf(builder: AxeBuilder): Promise<readonly string[]> {
  const { violations } = await builder.analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`))
}
