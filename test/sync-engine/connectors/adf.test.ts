import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdfNode, adfOfText, isAdfDocument, plainText, textOfAdf } from '../../../sync-engine/connectors/adf.ts'
import { mergeText } from '../../../sync-engine/connectors/adf-merge.ts'

const text = (value: string, ...marks: string[]): AdfNode => ({
  type: 'text',
  text: value,
  ...(marks.length > 0 && { marks: marks.map((type) => ({ type })) }),
})
const paragraph = (...content: AdfNode[]): AdfNode => ({ type: 'paragraph', content })
const doc = (...content: AdfNode[]): AdfNode => ({ type: 'doc', version: 1, content })
const item = (...content: AdfNode[]): AdfNode => ({ type: 'listItem', content })
const bullets = (...content: AdfNode[]): AdfNode => ({ type: 'bulletList', content })
const cell = (value: string): AdfNode => ({ type: 'tableCell', content: [paragraph(text(value))] })
const table: AdfNode = {
  type: 'table',
  content: [
    { type: 'tableRow', content: [cell('Plan'), cell('Price')] },
    { type: 'tableRow', content: [cell('Basic'), cell('12')] },
  ],
}
const mention: AdfNode = { type: 'mention', attrs: { id: 'a1', text: '@Ann' } }

const rich = doc(
  { type: 'heading', attrs: { level: 2 }, content: [text('Steps')] },
  paragraph(text('Ask '), mention, text(' for the '), text('blue', 'strong'), text(' key')),
  bullets(item(paragraph(text('first'))), item(paragraph(text('second', 'em')), bullets(item(paragraph(text('below')))))),
  table,
  { type: 'panel', attrs: { panelType: 'info' }, content: [paragraph(text('careful'))] },
  { type: 'mediaSingle', content: [{ type: 'media', attrs: { id: 'x', alt: 'shot.png' } }] },
)
const richText = 'Steps\nAsk @Ann for the blue key\n- first\n- second\n  - below\nPlan | Price\nBasic | 12\ncareful\n[picture: shot.png]'

const merged = (current: AdfNode, wanted: string): AdfNode => {
  const result = mergeText(current, wanted)
  if (result.kind !== 'merged' || result.document === null) throw new Error(`no document: ${JSON.stringify(result)}`)
  return result.document
}

describe('rich text', () => {
  it('[J1] a document reads as its plain text', () => {
    expect(textOfAdf(rich)).toBe(richText)
    expect(
      textOfAdf(
        doc(paragraph(text('a'), { type: 'hardBreak' }, text('b')), { type: 'codeBlock', content: [text('x\ny')] }, { type: 'rule' }),
      ),
    ).toBe('a\nb\nx\ny\n---')
    expect(textOfAdf(doc({ type: 'taskList', content: [{ type: 'taskItem', attrs: { state: 'DONE' }, content: [text('ship')] }] }))).toBe(
      '[x] ship',
    )
    expect(
      textOfAdf(
        doc(paragraph({ type: 'date', attrs: { timestamp: '1706659200000' } }, { type: 'inlineCard', attrs: { url: 'https://x.test' } })),
      ),
    ).toBe('2024-01-31https://x.test')
    expect(textOfAdf(doc())).toBe('')
  })

  it('[J1] only a whole document is taken for one', () => {
    expect(isAdfDocument(rich)).toBe(true)
    for (const bad of [null, 'x', { type: 'paragraph' }, { type: 'doc', content: [{ text: 'x' }] }, { type: 'doc', content: 'x' }])
      expect(isAdfDocument(bad)).toBe(false)
  })

  it('[J2] plain text written and read back is the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '-', '\r', 'é', '𝄞', '|') }), (value) => {
        const document = adfOfText(value)
        expect(document === null ? '' : textOfAdf(document)).toBe(plainText(value))
      }),
      { seed: 1 },
    )
  })

  it('[J3] blocks whose text was left alone stay as they are', () => {
    const changed = merged(rich, richText.replace('Steps', 'The steps').replace('careful', 'careful').concat('\nthanks'))
    expect(changed.content?.slice(1, 6)).toEqual(rich.content?.slice(1))
    expect(changed.content?.[0]).toEqual({ type: 'heading', attrs: { level: 2 }, content: [text('The s'), text('teps')] })
    expect(textOfAdf(changed)).toBe(`The steps${richText.slice(5)}\nthanks`)
  })

  it('[J3] a changed paragraph keeps mentions and marks around the change', () => {
    const changed = merged(rich, richText.replace('for the blue key', 'for the blue car key'))
    expect(changed.content?.[1]).toEqual(
      paragraph(text('Ask '), mention, text(' for the '), text('blue', 'strong'), text(' '), text('car '), text('key')),
    )
    const shorter = merged(rich, richText.replace('@Ann', '@An'))
    expect(shorter.content?.[1]).toEqual(paragraph(text('Ask '), text('@An'), text(' for the '), text('blue', 'strong'), text(' key')))
  })

  it('[J3] list items are added, changed and removed one by one', () => {
    const longer = merged(rich, richText.replace('- first', '- zero\n- first!\n- one and a half'))
    expect(textOfAdf(longer)).toContain('- zero\n- first!\n- one and a half\n- second\n  - below')
    expect(longer.content?.[2]?.type).toBe('bulletList')
    expect(longer.content?.[2]?.content).toHaveLength(4)
    const without = merged(rich, richText.replace('- first\n', ''))
    expect(without.content?.[2]).toEqual(bullets(item(paragraph(text('second', 'em')), bullets(item(paragraph(text('below')))))))
  })

  it('[J4] a change within a table, a panel or a picture is refused', () => {
    for (const [was, now] of [
      ['12', '13'],
      ['careful', 'take care'],
      ['shot.png', 'other.png'],
      ['Plan | Price', 'something else'],
    ] as const) {
      expect(mergeText(rich, richText.replace(was, now))).toMatchObject({ kind: 'refused' })
    }
  })

  it('[J4] removing such a block altogether is not refused', () => {
    const changed = merged(rich, richText.replace('\nPlan | Price\nBasic | 12', ''))
    expect(changed.content?.map((block) => block.type)).toEqual(['heading', 'paragraph', 'bulletList', 'panel', 'mediaSingle'])
    expect(mergeText(rich, '')).toEqual({ kind: 'merged', document: null })
  })

  const word = fc.constantFrom('a', 'bb', 'c c', '- d', '  - e', '', 'x | y', '@Ann', '---')
  const inline = fc.oneof(
    word.filter((value) => value !== '').map((value) => text(value)),
    word.filter((value) => value !== '').map((value) => text(value, 'strong')),
    fc.constant(mention),
    fc.constant<AdfNode>({ type: 'hardBreak' }),
  )
  const paragraphs = fc.array(inline, { maxLength: 3 }).map((nodes) => paragraph(...nodes))
  const line = fc.constantFrom('a', 'bb', 'c').map((value) => paragraph(text(value)))
  const list = fc.letrec<{ list: AdfNode; item: AdfNode }>((tie) => ({
    list: fc
      .tuple(fc.constantFrom('bulletList', 'orderedList'), fc.array(tie('item'), { minLength: 1, maxLength: 3 }))
      .map(([type, content]) => ({ type, content })),
    item: fc.oneof(
      { maxDepth: 3 },
      line.map((node) => item(node)),
      fc.tuple(line, tie('list')).map((nodes) => item(...nodes)),
    ),
  })).list
  const block = fc.oneof(
    paragraphs,
    list,
    fc.constant(table),
    fc.constant<AdfNode>({ type: 'codeBlock', content: [text('x\ny')] }),
    paragraphs.map((node): AdfNode => ({ type: 'panel', content: [node] })),
  )
  const documents = fc.array(block, { maxLength: 6 }).map((blocks) => doc(...blocks))

  it('[J3] the text of what is merged is the text that was asked for', () => {
    let refusals = 0
    const edits = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.constantFrom('insert', 'remove', 'change'), word), { maxLength: 4 })
    fc.assert(
      fc.property(documents, edits, (document, changes) => {
        const lines = textOfAdf(document).split('\n')
        for (const [at, how, value] of changes) {
          const index = at % (lines.length + 1)
          if (how === 'insert') lines.splice(index, 0, value)
          if (how === 'remove') lines.splice(index, 1)
          if (how === 'change') lines[index % Math.max(1, lines.length)] = `${lines[index % Math.max(1, lines.length)] ?? ''}${value}`
        }
        const wanted = plainText(lines.join('\n'))
        const result = mergeText(document, wanted)
        if (result.kind === 'refused') refusals++
        else expect(result.document === null ? '' : textOfAdf(result.document)).toBe(wanted)
      }),
      { seed: 7, numRuns: 3000 },
    )
    expect(refusals).toBeGreaterThan(50)
    expect(refusals).toBeLessThan(2500)
  })

  it('[J3] a text that was not changed, or only got a line more, keeps every block', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const wanted = textOfAdf(document)
        if (wanted === '') return
        expect(mergeText(document, wanted)).toEqual({ kind: 'merged', document })
        const endsBlank = textOfAdf(doc(...(document.content ?? []), paragraph(text('.')))) !== `${wanted}\n.`
        if (endsBlank) return
        expect(merged(document, `new\n${wanted}`).content?.slice(1)).toEqual(document.content)
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})
