const RULE = /^- \*\*([A-Z]+-?\d+[a-z]*)\*\*/gm
const ID = '[A-Z]+-?\\d+[a-z]*'
/** The callee of a test: `test`, `it.concurrent`, a suite's own word, or a `)` as in `test.each(rows)`; no `.toBe`. */
const CALLEE = '(?:(?<![.\\w])\\w+(?:\\.(?:only|skip|fails|concurrent|sequential|describe|serial))*|\\))'
/** A call whose first argument is a string that begins with ids in brackets. */
const TITLE = new RegExp(`${CALLEE}\\s*\\(\\s*['"\`]((?:\\[${ID}\\]\\s*)+)`, 'g')
/** A row of a table of tests whose title is `[$rule] …`. */
const ROW = new RegExp(`\\brule: ['"](${ID})['"]`, 'g')

/** The ids that SPEC.md defines, in its order. */
export function rulesOf(spec: string): readonly string[] {
  return [...spec.matchAll(RULE)].map(([, id = '']) => id)
}

/** The ids that a test file shows: at the beginning of its titles, or as `rule: 'F1'` in its tables. */
export function shownRulesOf(source: string): readonly string[] {
  const titles = [...source.matchAll(TITLE)].flatMap(([, ids = '']) => [...ids.matchAll(new RegExp(ID, 'g'))].map(([id]) => id))
  return [...titles, ...[...source.matchAll(ROW)].map(([, id = '']) => id)]
}
