import { z } from 'zod'

/** The last changes of a record that are kept. */
export const KEPT_CHANGES = 20

const changeShape = z.strictObject({
  at: z.string(),
  by: z.string(),
  /** HubSpot's word for where it came from: `INTEGRATION`, `CRM_UI`. */
  source: z.string(),
  property: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
})
export type Change = z.infer<typeof changeShape>

/** A record as it stands in its file. Properties that have no value are not there; what HubSpot computes is not there either. */
export const hubRecordShape = z.strictObject({
  id: z.string().regex(/^\d+$/),
  properties: z.record(z.string(), z.string()),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  archivedAt: z.iso.datetime().nullable(),
  /** Ids of records that were merged into this one: they lead here. */
  mergedIds: z.array(z.string()),
  /** Ids of associated records by object. The first company of a contact is its primary one. */
  links: z.record(z.string(), z.array(z.string())),
  changes: z.array(changeShape).max(KEPT_CHANGES),
})
export type HubRecord = z.infer<typeof hubRecordShape>
