import { Check, ExternalLink, LoaderCircle, Lock } from 'lucide-react'
import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { optionOf, safeUrl, showValue, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import { chipColor } from '../kit/app-colors.ts'

/** A cell's value as it is drawn. */
export function CellContent({ field, value, formats }: { field: Field; value: CellValue; formats: ValueFormats }) {
  if (field.type === 'checkbox') {
    return (
      <span className="tick" data-on={value === true || undefined}>
        {value === true && <Check size={12} strokeWidth={3} aria-hidden />}
        <span className="sr-only">{showValue(field, value, formats)}</span>
      </span>
    )
  }
  if (value === null || value === '') return null
  const text = showValue(field, value, formats)
  if (field.type === 'single-select') {
    return (
      <span className="chip" data-color={chipColor(optionOf(field, value) ?? { name: text })}>
        {text}
      </span>
    )
  }
  return <span className="text">{field.type === 'long-text' ? text.replace(/\s+/gu, ' ') : text}</span>
}

/** The mark of a cell's state: each has a shape of its own, since colours are not seen by everybody. */
export function StatusMark({ kind }: { kind: CellStatusKind }) {
  switch (kind) {
    case 'staged':
      return <span aria-hidden className="mark mark-staged" />
    case 'held':
      return <span aria-hidden className="mark mark-held" />
    case 'sending':
      return <span aria-hidden className="mark mark-sending" />
    case 'differs':
      return (
        <span aria-hidden className="mark mark-badge">
          !
        </span>
      )
    case 'refused':
      return (
        <span aria-hidden className="mark mark-badge refused">
          ×
        </span>
      )
    case 'concurrent':
      return (
        <span aria-hidden className="mark mark-badge concurrent">
          ↔
        </span>
      )
    case 'conflict':
      return (
        <>
          <span aria-hidden className="mark mark-conflict" />
          <span aria-hidden className="mark mark-conflict second" />
        </>
      )
    case 'read-only':
      return <Lock aria-hidden className="mark mark-lock" size={13} />
    case 'agreed':
    case 'gone':
    case 'unmatched':
      return null
  }
}

export const Spinner = () => <LoaderCircle size={14} aria-hidden className="motion-safe:animate-spin" />

/** Where a cell leads: its record in the app, or the address it holds. */
export function linkOf(field: Field, value: CellValue): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  if (field.type === 'url') return safeUrl(value)
  const pattern = field.binding?.isConnectionField || field.type === 'record-key' ? field.binding?.recordUrl : undefined
  return pattern === undefined ? undefined : openable(pattern.replaceAll('{key}', encodeURIComponent(value)))
}

/** A record's address may be one of this server (the sandbox) and then has no scheme. */
const openable = (address: string): string | undefined => (/^\/(?!\/)/u.test(address) ? address : safeUrl(address))

export function OpenLink({ href, label }: { href: string; label: string }) {
  return (
    <a className="open-link" href={href} target="_blank" rel="noopener noreferrer" tabIndex={-1} aria-label={`Open ${label}`}>
      <ExternalLink size={13} aria-hidden />
    </a>
  )
}
