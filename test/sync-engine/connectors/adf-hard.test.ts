import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AdfNode, linesOfBlock, plainText, textOfAdf } from '../../../sync-engine/connectors/adf.ts'
import { mergeText } from '../../../sync-engine/connectors/adf-merge.ts'

// Documents with every node Jira's editor makes, and some it does not know yet.

const ANN = '5f1a2b3c4d5e6f7081920a01'
const words = fc
  .array(fc.constantFrom('alpha', 'beta', 'gamma', 'délta', '𝄞', 'x|y', '- z', '[w]', '10 %'), { minLength: 1, maxLength: 4 })
  .map((all) => all.join(' '))
const mark = fc.constantFrom<Record<string, unknown>>(
  { type: 'strong' },
  { type: 'em' },
  { type: 'code' },
  { type: 'link', attrs: { href: 'https://example.com/a?b=c#d', title: 'There' } },
  { type: 'textColor', attrs: { color: '#97a0af' } },
  { type: 'subsup', attrs: { type: 'sub' } },
)
const text = fc
  .tuple(words, fc.uniqueArray(mark, { maxLength: 2, selector: ({ type }) => type }))
  .map(([value, marks]): AdfNode => ({ type: 'text', text: value, ...(marks.length > 0 && { marks }) }))
const inline = fc.oneof(
  { weight: 5, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.constantFrom<AdfNode>(
      { type: 'mention', attrs: { id: ANN, text: '@Dana Kim', accessLevel: '' } },
      { type: 'emoji', attrs: { shortName: ':wave:', id: '1f44b', text: '👋' } },
      { type: 'status', attrs: { text: 'BLOCKED', color: 'red', localId: 'a1', style: '' } },
      { type: 'date', attrs: { timestamp: '1767225600000' } },
      { type: 'inlineCard', attrs: { url: 'https://example.com/card' } },
      { type: 'hardBreak' },
      { type: 'placeholder', attrs: { text: 'type here' } },
      { type: 'inlineExtension', attrs: { extensionType: 'x', extensionKey: 'y', parameters: { deep: [1, { two: 2 }] } } },
    ),
  },
)
// What shows as nothing but blank lines at an end of a text is not told apart there.
const inlines = fc.tuple(text, fc.array(inline, { maxLength: 3 })).map(([first, others]) => [first, ...others, first])
const paragraph = inlines.map((content): AdfNode => ({ type: 'paragraph', attrs: { localId: 'p' }, content }))
const line = words.map((value): AdfNode => ({ type: 'paragraph', content: [{ type: 'text', text: value }] }))
const cell = fc
  .tuple(fc.constantFrom('tableCell', 'tableHeader'), paragraph)
  .map(([type, one]): AdfNode => ({ type, attrs: { colspan: 1, background: '#deebff' }, content: [one] }))
const item = fc.array(line, { minLength: 1, maxLength: 2 }).map((content): AdfNode => ({ type: 'listItem', content }))
const rich = fc.oneof(
  fc
    .array(
      fc.array(cell, { minLength: 1, maxLength: 2 }).map((content): AdfNode => ({ type: 'tableRow', content })),
      { minLength: 1, maxLength: 2 },
    )
    .map((content): AdfNode => ({ type: 'table', attrs: { isNumberColumnEnabled: false, layout: 'default', localId: 't' }, content })),
  fc
    .array(paragraph, { minLength: 1, maxLength: 2 })
    .map((content): AdfNode => ({ type: 'panel', attrs: { panelType: 'warning' }, content })),
  fc.array(paragraph, { minLength: 1, maxLength: 2 }).map((content): AdfNode => ({ type: 'blockquote', content })),
  fc.array(paragraph, { minLength: 1, maxLength: 2 }).map((content): AdfNode => ({ type: 'expand', attrs: { title: 'More' }, content })),
  fc.array(item, { minLength: 1, maxLength: 3 }).map((content): AdfNode => ({ type: 'orderedList', attrs: { order: 4 }, content })),
  inlines.map(
    (content): AdfNode => ({
      type: 'taskList',
      attrs: { localId: 'l' },
      content: [{ type: 'taskItem', attrs: { localId: 'i', state: 'DONE' }, content }],
    }),
  ),
  inlines.map(
    (content): AdfNode => ({
      type: 'decisionList',
      attrs: { localId: 'l' },
      content: [{ type: 'decisionItem', attrs: { localId: 'i', state: 'DECIDED' }, content }],
    }),
  ),
  fc.constantFrom<AdfNode>(
    { type: 'rule' },
    {
      type: 'mediaSingle',
      attrs: { layout: 'center', width: 50 },
      content: [{ type: 'media', attrs: { id: 'm-1', type: 'file', collection: '' } }],
    },
    { type: 'mediaGroup', content: [{ type: 'media', attrs: { id: 'm-2', type: 'file', collection: '' } }] },
    { type: 'blockCard', attrs: { url: 'https://example.com/block' } },
    { type: 'extension', attrs: { extensionType: 'com.example', extensionKey: 'chart', parameters: { a: [1, 2, 3] } } },
    {
      type: 'layoutSection',
      content: [
        { type: 'layoutColumn', attrs: { width: 50 }, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'left' }] }] },
      ],
    },
    { type: 'somethingOfTomorrow', attrs: { keep: { me: true } } },
  ),
)
const heading = fc
  .tuple(fc.integer({ min: 1, max: 6 }), inlines)
  .map(([level, content]): AdfNode => ({ type: 'heading', attrs: { level }, content }))
const code = words.map(
  (value): AdfNode => ({ type: 'codeBlock', attrs: { language: 'sql' }, content: [{ type: 'text', text: `${value}\n  ${value}` }] }),
)
const plain = words.map((value): AdfNode => ({ type: 'paragraph', content: [{ type: 'text', text: value }] }))
const block = fc.oneof({ weight: 3, arbitrary: rich }, { weight: 2, arbitrary: paragraph }, heading, code, plain)
const documents = fc.array(block, { minLength: 1, maxLength: 7 }).map((content): AdfNode => ({ type: 'doc', version: 1, content }))

const seed = 20_261_121
const numRuns = 400

describe('documents of every kind', () => {
  test('[JI10] their own text put into them changes nothing', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const own = textOfAdf(document)
        const merged = mergeText(document, own)
        if (own === '') return
        expect(merged).toEqual({ kind: 'merged', document })
      }),
      { seed, numRuns },
    )
  })

  test('[JI10] after an edit of one plain line every other block is the same, in its place', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), plain, fc.array(block, { maxLength: 4 }), words, (before, target, after, added) => {
        const document: AdfNode = { type: 'doc', version: 1, content: [...before, target, ...after] }
        const linesBefore = before.flatMap((one) => linesOfBlock(one))
        const was = linesOfBlock(target).join('\n')
        const lines = [...linesBefore, `${was} ${added}`, ...after.flatMap((one) => linesOfBlock(one))]
        const wanted = plainText(lines.join('\n'))
        const merged = mergeText(document, wanted)
        // A line like it inside a table or a panel may be meant as well: then nothing is written, and it is said.
        if (merged.kind === 'refused') return
        expect(textOfAdf(merged.document ?? { type: 'doc', content: [] })).toBe(wanted)
        const content = merged.document?.content ?? []
        for (const [index, one] of before.entries()) expect(content[index]).toEqual(one)
        for (const [index, one] of [...after].reverse().entries()) expect(content.at(-1 - index)).toEqual(one)
      }),
      { seed, numRuns },
    )
  })

  test('[JI10] a line more at the end, or at the beginning, leaves every block as it was', () => {
    fc.assert(
      fc.property(documents, words, fc.boolean(), (document, added, isFirst) => {
        const own = textOfAdf(document)
        if (own === '') return
        const merged = mergeText(document, isFirst ? `${added}\n${own}` : `${own}\n${added}`)
        if (merged.kind === 'refused') throw new Error('refused')
        const kept = (merged.document?.content ?? []).filter((one) =>
          (document.content ?? []).some((was) => JSON.stringify(was) === JSON.stringify(one)),
        )
        expect(kept.length).toBeGreaterThanOrEqual((document.content ?? []).length - (isListEnd(document, isFirst) ? 1 : 0))
      }),
      { seed, numRuns },
    )
  })
})

/** A line beside a list may become an item of it. */
function isListEnd({ content = [] }: AdfNode, isFirst: boolean): boolean {
  const beside = isFirst ? content[0] : content.at(-1)
  return beside?.type === 'orderedList' || beside?.type === 'bulletList'
}
