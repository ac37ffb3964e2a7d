import type { ReactNode } from 'react'

/** A part of a page under its heading. */
export function Part({ title, tools, children }: { readonly title: string; readonly tools?: ReactNode; readonly children: ReactNode }) {
  return (
    <section className="mb-6">
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="m-0 flex-1 text-[13px] font-semibold">{title}</h2>
        {tools}
      </div>
      {children}
    </section>
  )
}

export interface DataTableProps {
  /** Said to screen readers; what stands over the table says it to everybody else. */
  readonly caption: string
  readonly heads: readonly (string | { readonly text: string; readonly isNumber: boolean })[]
  readonly children: ReactNode
  readonly foot?: ReactNode
  /** On a phone each row is a block of its own, its cells below each other; the cells then carry their roles themselves. */
  readonly isStacked?: boolean
}

/** A table that scrolls in itself where it is wider than the page, also by keyboard. */
export function DataTable({ caption, heads, children, foot, isStacked }: DataTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by the keyboard
    <section tabIndex={0} aria-label={caption} className="overflow-x-auto rounded-lg border border-line">
      <table role={isStacked ? 'table' : undefined} className={`data-table ${isStacked ? 'stacks' : ''}`}>
        <caption className="sr-only">{caption}</caption>
        <thead role={isStacked ? 'rowgroup' : undefined}>
          <tr role={isStacked ? 'row' : undefined}>
            {heads.map((head) => {
              const { text, isNumber } = typeof head === 'string' ? { text: head, isNumber: false } : head
              return (
                <th key={text} scope="col" role={isStacked ? 'columnheader' : undefined} className={isNumber ? 'text-right' : undefined}>
                  {text}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody role={isStacked ? 'rowgroup' : undefined}>{children}</tbody>
        {foot !== undefined && <tfoot>{foot}</tfoot>}
      </table>
    </section>
  )
}

/** One of a few, where each shows how many it is: a row of buttons of which one is pressed. */
export function Switches<Key extends string>(props: {
  readonly label: string
  readonly value: Key
  readonly options: readonly { readonly key: Key; readonly text: string }[]
  readonly onChange: (key: Key) => void
}) {
  const { label, value, options, onChange } = props
  return (
    <fieldset className="m-0 flex flex-wrap gap-1 border-0 p-0">
      <legend className="sr-only">{label}</legend>
      {options.map(({ key, text }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === value}
          onClick={() => onChange(key)}
          className="button small ghost aria-pressed:border-tide! aria-pressed:bg-tide-wash! aria-pressed:text-tide-ink!"
        >
          {text}
        </button>
      ))}
    </fieldset>
  )
}
