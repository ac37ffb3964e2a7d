/** What each page tells the benchmark of its grid, as `window.grid`. */

/** Fetches the plain rows and makes the objects that these grids are given. */
export async function fetchRows() {
  const { columns, rows } = await (await fetch('/plain.json')).json()
  return {
    columns: columns.map((column, i) => ({ ...column, key: `c${i}` })),
    rows: rows.map((values, id) => {
      const row = { id }
      values.forEach((value, i) => {
        row[`c${i}`] = value
      })
      return row
    }),
  }
}

export const byValue = (a, b) => a.c1 - b.c1
export const inTown = (town) => (row) => row.c2 === town

/** The element that scrolls: the one with the most to scroll. */
export function findScroller(root = document) {
  let best
  for (const element of root.querySelectorAll('*')) {
    if (element.shadowRoot) {
      const inner = findScroller(element.shadowRoot)
      if (inner && (!best || inner.scrollHeight - inner.clientHeight > best.scrollHeight - best.clientHeight)) best = inner
    }
    if (!/auto|scroll/.test(getComputedStyle(element).overflowY)) continue
    if (!best || element.scrollHeight - element.clientHeight > best.scrollHeight - best.clientHeight) best = element
  }
  return best
}

/** The text of the first column at the n-th row in sight, found where a person sees it. */
export function seenText(headerHeight, row) {
  return document.elementFromPoint(110, headerHeight + 32 * row + 16)?.textContent ?? ''
}
