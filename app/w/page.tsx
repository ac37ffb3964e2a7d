import { WorkbookLoader } from '../workbook/workbook-loader.tsx'

/** One shell for all workbooks: which one it is, the page reads from its address, so that a kept copy opens each of them offline. */
export default function Page() {
  return <WorkbookLoader />
}
