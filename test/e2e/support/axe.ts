import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

/** Everything WCAG 2.2 asks at level AA, and what axe knows of good practice beyond it. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds on a page, a line each, so that a failing test says what to mend. */
export async function findings(page: Page, hasOverlay = false): Promise<readonly string[]> {
  // What lies over the page stands beside its landmarks, as it should: the page below is not there for a screen reader meanwhile.
  const { violations } = await new AxeBuilder({ page })
    .withTags(RULES)
    // A list below a search box is scrolled by the arrow keys of that box.
    .disableRules(hasOverlay ? ['region', 'scrollable-region-focusable'] : [])
    .analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`))
}
