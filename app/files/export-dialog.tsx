'use client'

import { useEffect, useState } from 'react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { fileText } from '../../workbook/plain-rows.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/dialogs.tsx'
import { Radios, Tick } from './choices.tsx'
import { saveFile } from './save-file.ts'

const T = TEXTS.files.export

export interface ExportDialogProps extends DialogsProps {
  /** The rows and fields of the view that is shown, in its order. */
  readonly rows: readonly RowId[]
  readonly fields: readonly Field[]
}

/** Writes rows into a file, from what this device holds: also without a network. */
export default function ExportDialog({ open, rows, fields, onClose }: ExportDialogProps) {
  const { sheet } = open
  const [what, setWhat] = useState<'view' | 'sheet'>('view')
  const [format, setFormat] = useState<'csv' | 'json'>('csv')
  const [hasMark, setMark] = useState(true)
  const [isRaw, setRaw] = useState(false)
  const [said, setSaid] = useState('')
  // What is not here yet cannot be written; the screen is drawn anew as it comes.
  useEffect(() => sheet.wantAll(), [sheet])
  const isComing = sheet.index.awaited > 0
  const all = sheet.rows()
  const save = (): void => {
    const chosen = what === 'view' ? { rows, fields } : { rows: all, fields: sheet.fields() }
    const options = { format, formulas: isRaw ? 'raw' : 'defuse', hasMark: hasMark && format === 'csv' } as const
    const parts: BlobPart[] = []
    for (const piece of fileText(chosen.rows, chosen.fields, (row, field) => sheet.cell(row, field.id as FieldId).value, options)) {
      parts.push(new Blob([piece]))
    }
    const name = `${open.info.name.replace(/[\\/:*?"<>|]/gu, '-')}.${format}`
    saveFile(new Blob(parts, { type: format === 'csv' ? 'text/csv' : 'application/json' }), name)
    setSaid(T.done(chosen.rows.length, name))
  }
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.title}
      foot={
        <>
          <Button look="primary" isDisabled={isComing} onPress={save}>
            {T.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.files.done}
          </Button>
          <span role="status" className="text-ink-2">
            {isComing ? TEXTS.delivery.rowsComing : said}
          </span>
        </>
      }
    >
      <div className="grid gap-4">
        <Radios
          label={T.what}
          value={what}
          options={[
            { id: 'view', name: T.view(rows.length) },
            { id: 'sheet', name: T.sheet(all.length) },
          ]}
          onChange={setWhat}
        />
        <Radios
          label={T.format}
          value={format}
          options={[
            { id: 'csv', name: T.csv },
            { id: 'json', name: T.json },
          ]}
          onChange={setFormat}
        />
        {format === 'csv' && (
          <div className="grid gap-1">
            <Tick label={T.mark} isOn={hasMark} onChange={setMark} />
            <Tick label={T.raw} isOn={isRaw} onChange={setRaw} />
            <p className="hint m-0">{T.rawHint}</p>
          </div>
        )}
      </div>
    </Modal>
  )
}
