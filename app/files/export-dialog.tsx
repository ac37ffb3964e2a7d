'use client'

import { useEffect, useRef, useState } from 'react'
import type { CellValue } from '../../workbook/cell-value.ts'
import { type ExcelNotes, excelFile } from '../../workbook/excel-rows.ts'
import { EXCEL_CELL_LENGTH, EXCEL_COLUMNS, EXCEL_ROWS, EXCEL_TYPE } from '../../workbook/excel-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { fileText } from '../../workbook/plain-rows.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { Radios, Tick } from './choices.tsx'
import { pause } from './pause.ts'
import { saveFile } from './save-file.ts'

const T = TEXTS.files.export

/** How long writing may hold the page before it lets it draw. ms */
const TURN_MS = 10
/** Between two tellings how far it is. ms */
const TELL_MS = 100

export interface ExportDialogProps extends DialogsProps {
  /** The rows and fields of the view that is shown, in its order. */
  readonly rows: readonly RowId[]
  readonly fields: readonly Field[]
}

/** Writes rows into a file, from what this device holds: also without a network. */
export default function ExportDialog({ open, painter, rows, fields, onClose }: ExportDialogProps) {
  const { sheet } = open
  const [what, setWhat] = useState<'view' | 'sheet'>('view')
  const [format, setFormat] = useState<'csv' | 'xlsx' | 'json'>('csv')
  const [hasMark, setMark] = useState(true)
  const [isRaw, setRaw] = useState(false)
  const [said, setSaid] = useState<readonly string[]>([])
  const [isWriting, setWriting] = useState(false)
  const isGone = useRef(false)
  useEffect(() => {
    isGone.current = false
    return () => {
      isGone.current = true
    }
  }, [])
  // What is not here yet cannot be written; the screen is drawn anew as it comes.
  useEffect(() => sheet.wantAll(), [sheet])
  const isComing = sheet.index.awaited > 0
  const all = sheet.rows()
  const chosen = what === 'view' ? { rows, fields } : { rows: all, fields: sheet.fields() }
  const cellOf = (row: RowId, field: { readonly id: string }): CellValue => sheet.cell(row, field.id as FieldId).value
  const fileName = `${open.info.name.replace(/[\\/:*?"<>|]/gu, '-')}.${format}`
  const saveText = (asked: 'csv' | 'json'): void => {
    const options = { format: asked, formulas: isRaw ? 'raw' : 'defuse', hasMark: hasMark && asked === 'csv' } as const
    const parts: BlobPart[] = []
    for (const piece of fileText(chosen.rows, chosen.fields, cellOf, options)) parts.push(new Blob([piece]))
    saveFile(new Blob(parts, { type: asked === 'csv' ? 'text/csv' : 'application/json' }), fileName)
    setSaid([T.done(chosen.rows.length, fileName)])
  }
  const saveExcel = async (): Promise<void> => {
    setWriting(true)
    const { bytes, notes } = excelFile(chosen.rows, chosen.fields, cellOf, { sheetName: open.info.name, clock: painter.formats })
    const parts: Blob[] = []
    let since = performance.now()
    let told = 0
    try {
      for await (const piece of bytes) {
        // A browser keeps finished pieces outside its memory.
        parts.push(new Blob([piece]))
        if (performance.now() - since < TURN_MS) continue
        if (since - told > TELL_MS) {
          told = since
          setSaid([T.writing(notes.rows, chosen.rows.length)])
        }
        await pause()
        if (isGone.current) return
        since = performance.now()
      }
      saveFile(new Blob(parts, { type: EXCEL_TYPE }), fileName)
      setSaid([T.done(chosen.rows.length, fileName), ...remarksOf(notes, open.info.name)])
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      setSaid([T.tooLarge])
    } finally {
      setWriting(false)
    }
  }
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.title}
      foot={
        <>
          <Button
            look="primary"
            isDisabled={isComing || isWriting}
            onPress={() => (format === 'xlsx' ? void saveExcel() : saveText(format))}
          >
            {T.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.files.done}
          </Button>
          <span role="status" className="grid text-ink-2">
            {(isComing ? [TEXTS.delivery.rowsComing] : said).map((line) => (
              <span key={line}>{line}</span>
            ))}
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
            { id: 'xlsx', name: T.xlsx },
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
        {format === 'xlsx' && (
          <div className="grid gap-1">
            <p className="hint m-0">{T.texts}</p>
            {chosen.fields.some((field) => field.type === 'date-time') && <p className="hint m-0">{T.clock(painter.formats.timeZone)}</p>}
          </div>
        )}
      </div>
    </Modal>
  )
}

/** What an Excel file could not hold as it is. */
function remarksOf({ asText, cut, columnsLeftOut, sheets }: ExcelNotes, name: string): readonly string[] {
  return [
    sheets.length > 1 && T.sheets(sheets.length, EXCEL_ROWS - 1),
    sheets.length === 1 && sheets[0] !== undefined && sheets[0] !== name && T.named(sheets[0]),
    asText > 0 && T.asText(asText),
    cut > 0 && T.cut(cut, EXCEL_CELL_LENGTH),
    columnsLeftOut > 0 && T.columnsLeftOut(columnsLeftOut, EXCEL_COLUMNS),
  ].filter((text) => typeof text === 'string')
}
