// The writers of the kill test, in a process that dies with the server. Arguments: address, token, document, round, writers.
// Says `<writer> <n>` when the server has acknowledged the writer's first n edits.
import * as Y from 'yjs'
import { RawClient } from './collab-client.ts'

/** Edits under way without an acknowledgement, so that a kill finds some at every stage. */
const UNDER_WAY = 40

const [, , url = '', token = '', doc = '', round = '', writers = '1'] = process.argv

async function write(writer: number): Promise<void> {
  const client = await RawClient.open(url, doc, token)
  await client.acked(1)
  const mine = new Y.Doc()
  const updates: Uint8Array[] = []
  mine.on('update', (update) => updates.push(update))
  let sent = 0
  let told = 0
  for (;;) {
    while (sent - told < UNDER_WAY) {
      sent++
      mine.getMap('m').set(`${round}.${writer}.${sent}`, sent)
      for (const update of updates.splice(0)) client.sendUpdate(doc, update)
      // Every few edits the other promise is asked for as well.
      if (sent % 16 === 0) client.sendStateless(doc, `barrier:${sent}`)
    }
    await client.acked(told + 2)
    const saved = client.frames.reduce((most, { detail }) => {
      const count = typeof detail === 'string' && detail.startsWith('saved:') ? Number(detail.slice(6)) : 0
      return Math.max(most, count)
    }, 0)
    told = Math.max(client.acks() - 1, saved)
    process.stdout.write(`${writer} ${told}\n`)
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)))
