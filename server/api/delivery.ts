import { gunzipSync } from 'node:zlib'
import { markText } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { baseName } from '../../workbook/schema.ts'
import type { BaseOf } from '../feed.ts'
import type { BaseShards } from '../storage/base-shards.ts'
import type { contract } from './contract.ts'
import { notFound } from './problem.ts'
import type { Handler } from './router.ts'

/** The base of sheets as it is stored; no document is brought into memory for it. */
export function deliveryHandlers({ shards, baseOf }: { readonly shards: BaseShards; readonly baseOf: BaseOf }): {
  readonly getBaseShard: Handler<typeof contract.getBaseShard>
} {
  return {
    getBaseShard: async ({ params, request }) => {
      const base = await baseOf(params.sheet as SheetId)
      if (base === undefined) throw notFound('such sheet')
      if (params.shard >= base.shards) throw notFound('such part of the sheet')
      const { gen } = base
      const docName = baseName(params.sheet as SheetId, params.shard, gen)
      const heads = (etag: string, bytes: number) => ({
        ETag: etag,
        Vary: 'Accept-Encoding',
        // Never in a browser's own cache: what is kept on a device lies where the person can remove it.
        'Cache-Control': 'no-store',
        'Tidebook-Document': docName,
        'Tidebook-Shards': String(base.shards),
        'Tidebook-Bytes': String(bytes),
      })
      const known = `"${markText({ gen, ...shards.markOf(docName) })}"`
      if (namesMark(request.headers.get('if-none-match'), known)) return new Response(null, { status: 304, headers: heads(known, 0) })
      const { seq, epoch, bytes } = shards.read(docName)
      const isCompressed = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
      return new Response(new Uint8Array(isCompressed ? bytes : gunzipSync(bytes)), {
        headers: {
          ...heads(`"${markText({ gen, seq, epoch })}"`, bytes.byteLength),
          'Content-Type': 'application/octet-stream',
          ...(isCompressed && { 'Content-Encoding': 'gzip' }),
        },
      })
    },
  }
}

const namesMark = (header: string | null, etag: string): boolean =>
  (header ?? '').split(',').some((name) => name.trim().replace(/^W\//, '') === etag)
