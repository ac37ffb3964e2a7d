import { guardTalk } from '../workbook/talk.ts'
import type { DocumentBusiness } from './collab-ports.ts'
import { SERVER_OWNER } from './live-document.ts'

/** Looks after the comments beside what looks after the sheets: who wrote one is what the server knows, not what its text claims. */
export function withTalk(sheets: DocumentBusiness): DocumentBusiness {
  const guards = new Map<string, () => void>()
  return {
    attachDocument: (docName, doc, meta) => {
      if (meta.name.kind !== 'talk') return sheets.attachDocument(docName, doc, meta)
      guards.set(
        docName,
        guardTalk(doc, (client) => meta.actorOf(client).actor, SERVER_OWNER.actor),
      )
    },
    detachDocument: (docName) => {
      guards.get(docName)?.()
      guards.delete(docName)
      sheets.detachDocument(docName)
    },
    isReadyToWrite: (docName) => sheets.isReadyToWrite?.(docName) ?? true,
    prepareToWrite: async (docName) => sheets.prepareToWrite?.(docName),
    onTransaction: (docName, transaction, actorOf, seq) => sheets.onTransaction(docName, transaction, actorOf, seq),
  }
}
