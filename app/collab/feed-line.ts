import { type HocuspocusProviderWebsocket, WebSocketStatus } from '@hocuspocus/provider'
import { contract } from '../../server/api/contract.ts'
import { decodeNews, encodeAsk } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { pathOf, type Transport } from '../api-client.ts'
import type { FeedLine, FetchShard } from './delivery.ts'

/** A sheet's feed on the socket that the documents share. */
export function feedLine(socket: HocuspocusProviderWebsocket, sheet: SheetId): FeedLine {
  const isOpen = (): boolean => socket.status === WebSocketStatus.Connected
  return {
    get isOpen() {
      return isOpen()
    },
    // Not through the socket's own queue, which would send a question of an earlier connection on a later one.
    send: (ask) => {
      if (isOpen()) socket.send(encodeAsk(sheet, ask))
    },
    listen: ({ onOpen, onLost, onNews }) => {
      const onMessage = ({ data }: { data: unknown }): void => {
        const news = data instanceof ArrayBuffer ? decodeNews(sheet, new Uint8Array(data)) : undefined
        if (news !== undefined) onNews(news)
      }
      socket.on('open', onOpen)
      socket.on('close', onLost)
      socket.on('message', onMessage)
      return () => {
        socket.off('open', onOpen)
        socket.off('close', onLost)
        socket.off('message', onMessage)
      }
    },
  }
}

/** Fetches shards over HTTP. What the server answers lies on this device in our own store alone: the browser keeps no copy. */
export function shardFetcher(sheet: SheetId, { fetch: send }: Transport = { fetch: (input, init) => fetch(input, init) }): FetchShard {
  return async (shard, { mark, signal }) => {
    const response = await send(pathOf(contract.getBaseShard.path, { sheet, shard }), {
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
      ...(mark !== undefined && { headers: { 'if-none-match': `"${mark}"` } }),
    })
    if (response.status === 304) return { kind: 'same' }
    if (!response.ok) return { kind: 'refused', status: response.status }
    const etag = (response.headers.get('etag') ?? '').replace(/^W\//u, '').replaceAll('"', '')
    return { kind: 'bytes', bytes: new Uint8Array(await response.arrayBuffer()), mark: etag }
  }
}
