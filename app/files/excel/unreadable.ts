/** Why a file that looks like a workbook cannot be read. */
export type WorkbookTrouble =
  /** Excel's format before 2007. */
  | 'old'
  /** Needs a password. */
  | 'locked'
  /** Another program's workbook: OpenDocument, Numbers, Excel's binary one. */
  | 'foreign'
  /** A zip of something else. */
  | 'zip'
  /** Cut off, or not what it says. */
  | 'broken'
  /** More inside than is read. */
  | 'huge'

export class UnreadableWorkbook extends Error {
  override readonly name = 'UnreadableWorkbook'
  readonly trouble: WorkbookTrouble

  constructor(trouble: WorkbookTrouble, message: string, options?: ErrorOptions) {
    super(message, options)
    this.trouble = trouble
  }
}
