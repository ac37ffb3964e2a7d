import { TEXTS } from '../texts.ts'

/** What a button that copies says: nothing was tried yet, it is there, or it could not be. */
export const copyLabel = (label: string, isCopied: boolean | undefined): string =>
  isCopied === undefined ? label : isCopied ? TEXTS.copied : TEXTS.notCopied

/**
 * Puts a text on the clipboard, and answers whether it is there. A browser gives the clipboard to secure addresses alone; on a server in the
 * next room, reached without TLS, the older way through a copy event still works.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyByEvent(text)
  }
}

function copyByEvent(text: string): boolean {
  let isCopied = false
  const onCopy = (event: ClipboardEvent): void => {
    if (event.clipboardData === null) return
    event.clipboardData.setData('text/plain', text)
    event.preventDefault()
    event.stopImmediatePropagation()
    isCopied = true
  }
  window.addEventListener('copy', onCopy, { capture: true, once: true })
  document.execCommand('copy')
  window.removeEventListener('copy', onCopy, { capture: true })
  return isCopied
}
