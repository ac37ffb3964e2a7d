import { z } from 'zod'

/** The shapes of what comes in and goes out. Answers are checked against them before they leave: a wrong answer is a bug here. */

const id = z.string().regex(/^\d+$/)
const wireTime = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}\+0000$/)
const idOrKey = z.union([z.string().min(1), z.int().transform(String)])

export const userShape = z.strictObject({
  self: z.url(),
  accountId: z.string(),
  avatarUrls: z.record(z.string(), z.url()),
  displayName: z.string(),
  active: z.boolean(),
  timeZone: z.string(),
  accountType: z.literal('atlassian'),
})

const statusShape = z.strictObject({
  self: z.url(),
  description: z.string(),
  iconUrl: z.url(),
  name: z.string(),
  id,
  statusCategory: z.strictObject({ self: z.url(), id: z.int(), key: z.string(), colorName: z.string(), name: z.string() }),
})
const priorityShape = z.strictObject({ self: z.url(), iconUrl: z.url(), name: z.string(), id })
const issueTypeShape = z.strictObject({
  self: z.url(),
  id,
  description: z.string(),
  iconUrl: z.url(),
  name: z.string(),
  subtask: z.literal(false),
  avatarId: z.int(),
  hierarchyLevel: z.int(),
})
const projectShape = z.object({ self: z.url(), id, key: z.string(), name: z.string() })
const optionShape = z.strictObject({ self: z.url(), value: z.string(), id })
const sprintShape = z.strictObject({
  id: z.int(),
  name: z.string(),
  state: z.enum(['active', 'future', 'closed']),
  boardId: z.int(),
  goal: z.string(),
})
const adfShape = z.object({ type: z.literal('doc'), version: z.literal(1), content: z.array(z.looseObject({ type: z.string() })) })

/** The fields of an issue; those not asked for are absent. */
const fieldsShape = z.strictObject({
  summary: z.string().optional(),
  issuetype: issueTypeShape.optional(),
  project: projectShape.optional(),
  status: statusShape.optional(),
  priority: priorityShape.optional(),
  assignee: userShape.nullable().optional(),
  reporter: userShape.nullable().optional(),
  creator: userShape.nullable().optional(),
  labels: z.array(z.string()).optional(),
  duedate: z.iso.date().nullable().optional(),
  description: adfShape.nullable().optional(),
  resolution: z.object({ id, name: z.string() }).nullable().optional(),
  resolutiondate: wireTime.nullable().optional(),
  created: wireTime.optional(),
  updated: wireTime.optional(),
  statuscategorychangedate: wireTime.optional(),
  customfield_10016: z.number().nullable().optional(),
  customfield_10020: wireTime.nullable().optional(),
  customfield_10031: optionShape.nullable().optional(),
  customfield_10042: z.string().nullable().optional(),
  customfield_10050: z.array(optionShape).nullable().optional(),
  customfield_10060: z.array(optionShape).nullable().optional(),
  customfield_10061: z.array(userShape).nullable().optional(),
  customfield_10021: z.array(sprintShape).nullable().optional(),
  components: z.array(z.strictObject({ self: z.url(), id, name: z.string() })).optional(),
  fixVersions: z.array(z.strictObject({ self: z.url(), id, name: z.string(), archived: z.boolean(), released: z.boolean() })).optional(),
})

const changeShape = z.strictObject({
  id,
  author: userShape,
  created: z.union([wireTime, z.int()]),
  items: z.array(
    z.strictObject({
      field: z.string(),
      fieldId: z.string(),
      fieldtype: z.enum(['jira', 'custom']),
      from: z.string().nullable(),
      fromString: z.string().nullable(),
      to: z.string().nullable(),
      toString: z.string().nullable(),
    }),
  ),
})

const metaShape = z.strictObject({
  required: z.boolean(),
  schema: z.looseObject({ type: z.string() }),
  name: z.string(),
  key: z.string(),
  fieldId: z.string().optional(),
  autoCompleteUrl: z.url().optional(),
  operations: z.array(z.string()),
  allowedValues: z.array(z.unknown()).optional(),
  hasDefaultValue: z.boolean().optional(),
  defaultValue: z.unknown().optional(),
})

const transitionShape = z.strictObject({
  id,
  name: z.string(),
  to: statusShape,
  hasScreen: z.boolean(),
  isGlobal: z.boolean(),
  isInitial: z.boolean(),
  isAvailable: z.boolean(),
  isConditional: z.boolean(),
  looped: z.boolean(),
  fields: z.record(z.string(), metaShape).optional(),
})

export const issueAnswer = z.strictObject({
  id,
  expand: z.string().optional(),
  self: z.url().optional(),
  key: z.string().optional(),
  fields: fieldsShape.optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  names: z.record(z.string(), z.string()).optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
  transitions: z.array(transitionShape).optional(),
  editmeta: z.strictObject({ fields: z.record(z.string(), metaShape) }).optional(),
  changelog: z.strictObject({ startAt: z.int(), maxResults: z.int(), total: z.int(), histories: z.array(changeShape) }).optional(),
})

export const errorAnswer = z.strictObject({
  errorMessages: z.array(z.string()),
  errors: z.record(z.string(), z.string()).optional(),
  warningMessages: z.array(z.string()).optional(),
  status: z.int().optional(),
})
export const bulkErrorAnswer = z.strictObject({ errors: z.array(z.strictObject({ message: z.string() })) })
export const problemAnswer = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
})

export const searchAnswer = z.strictObject({ issues: z.array(issueAnswer), isLast: z.boolean(), nextPageToken: z.string().optional() })
export const countAnswer = z.strictObject({ count: z.int().min(0) })
export const bulkfetchAnswer = z.strictObject({
  issues: z.array(issueAnswer),
  issueErrors: z.array(z.strictObject({ id: z.string(), errorMessage: z.string() })),
})
export const createdAnswer = z.strictObject({ id, key: z.string(), self: z.url() })
export const createdManyAnswer = z.strictObject({
  issues: z.array(createdAnswer),
  errors: z.array(z.strictObject({ status: z.int(), elementErrors: errorAnswer, failedElementNumber: z.int().optional() })),
})
export const editMetaAnswer = z.strictObject({ fields: z.record(z.string(), metaShape) })
export const transitionsAnswer = z.strictObject({ expand: z.literal('transitions'), transitions: z.array(transitionShape) })
export const propertyAnswer = z.strictObject({ key: z.string(), value: z.unknown() })
export const propertyKeysAnswer = z.strictObject({ keys: z.array(z.strictObject({ self: z.url(), key: z.string() })) })
export const taskAnswer = z.strictObject({ taskId: z.string() })
export const progressAnswer = z.strictObject({
  taskId: z.string(),
  status: z.enum(['ENQUEUED', 'RUNNING', 'COMPLETE', 'FAILED', 'CANCEL_REQUESTED', 'CANCELLED', 'DEAD']),
  submittedBy: userShape.pick({ accountId: true }).loose(),
  created: z.string(),
  started: z.string().optional(),
  updated: z.string(),
  progressPercent: z.int().min(0).max(100),
  totalIssueCount: z.int(),
  invalidOrInaccessibleIssueCount: z.int(),
  processedAccessibleIssues: z.array(z.int()),
  failedAccessibleIssues: z.record(z.string(), z.array(z.string())),
})

export function pageAnswer(values: z.ZodType) {
  return z.strictObject({
    self: z.url(),
    nextPage: z.url().optional(),
    maxResults: z.int(),
    startAt: z.int(),
    total: z.int(),
    isLast: z.boolean(),
    values: z.array(values),
  })
}
export const namedAnswer = z.looseObject({ id: z.string(), name: z.string() })
export const fieldListAnswer = z.array(
  z.strictObject({
    id: z.string(),
    key: z.string(),
    name: z.string(),
    custom: z.boolean(),
    orderable: z.boolean(),
    navigable: z.boolean(),
    searchable: z.boolean(),
    clauseNames: z.array(z.string()),
    schema: z.looseObject({ type: z.string() }),
  }),
)
export const createTypesAnswer = z.strictObject({
  issueTypes: z.array(issueTypeShape),
  maxResults: z.int(),
  startAt: z.int(),
  total: z.int(),
})
export const createFieldsAnswer = z.strictObject({ fields: z.array(metaShape), maxResults: z.int(), startAt: z.int(), total: z.int() })
export const typeStatusesAnswer = z.array(
  z.strictObject({ self: z.url(), id, name: z.string(), subtask: z.boolean(), statuses: z.array(statusShape) }),
)
export const issueTypesAnswer = z.array(issueTypeShape)
export const usersAnswer = z.array(userShape)
export const myselfAnswer = userShape.extend({
  emailAddress: z.string(),
  locale: z.string(),
  groups: z.unknown(),
  applicationRoles: z.unknown(),
  expand: z.string(),
})
export const serverInfoAnswer = z.strictObject({
  baseUrl: z.url(),
  displayUrl: z.url(),
  version: z.string(),
  versionNumbers: z.array(z.int()),
  deploymentType: z.literal('Cloud'),
  buildNumber: z.int(),
  buildDate: z.string(),
  serverTime: z.string(),
  scmInfo: z.string(),
  serverTitle: z.string(),
  defaultLocale: z.strictObject({ locale: z.string() }).optional(),
})
export const pickerAnswer = z.strictObject({
  sections: z.array(
    z.strictObject({
      id: z.string(),
      label: z.string(),
      sub: z.string().optional(),
      msg: z.string().optional(),
      issues: z.array(
        z.strictObject({
          id: z.int(),
          key: z.string(),
          keyHtml: z.string(),
          img: z.string(),
          summary: z.string(),
          summaryText: z.string(),
        }),
      ),
    }),
  ),
})
export const parsedJqlAnswer = z.strictObject({
  queries: z.array(z.strictObject({ query: z.string(), errors: z.array(z.string()).optional() })).min(1),
})
export const changelogsAnswer = z.strictObject({
  issueChangeLogs: z.array(z.strictObject({ issueId: id, changeHistories: z.array(changeShape) })),
  nextPageToken: z.string().optional(),
})
export const bulkFieldsAnswer = z.strictObject({ fields: z.array(z.looseObject({ id: z.string(), type: z.string() })) })
export const bulkTransitionsAnswer = z.strictObject({
  availableTransitions: z.array(
    z.strictObject({
      issues: z.array(z.string()),
      isTransitionsFiltered: z.boolean(),
      transitions: z.array(
        z.strictObject({
          transitionId: z.int(),
          transitionName: z.string(),
          to: z.strictObject({ statusId: z.int(), statusName: z.string() }),
        }),
      ),
    }),
  ),
})

/* What comes in. Where Jira refuses what it does not know, the shape is strict. */

const operations = z.record(z.string(), z.array(z.record(z.string(), z.unknown())))
const propertyList = z.array(z.strictObject({ key: z.string().min(1).max(255), value: z.unknown() }))
export const writeBody = z.looseObject({
  fields: z.record(z.string(), z.unknown()).optional(),
  update: operations.optional(),
  properties: propertyList.optional(),
})
export type WriteBody = z.infer<typeof writeBody>
export const createManyBody = z.looseObject({ issueUpdates: z.array(writeBody) })
export const searchBody = z.strictObject({
  jql: z.string().optional(),
  nextPageToken: z.string().nullable().optional(),
  maxResults: z.int().optional(),
  fields: z.array(z.string()).optional(),
  fieldsByKeys: z.boolean().optional(),
  expand: z.string().optional(),
  properties: z.array(z.string()).optional(),
  reconcileIssues: z.array(z.int()).optional(),
})
export type SearchBody = z.infer<typeof searchBody>
export const countBody = z.strictObject({ jql: z.string().optional() })
export const bulkfetchBody = z.strictObject({
  issueIdsOrKeys: z.array(idOrKey),
  fields: z.array(z.string()).optional(),
  fieldsByKeys: z.boolean().optional(),
  expand: z.array(z.string()).optional(),
  properties: z.array(z.string()).optional(),
})
export const transitionBody = z.looseObject({
  transition: z.looseObject({ id: idOrKey.optional() }).optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
  update: operations.optional(),
})
const fieldId = z.string()
export const bulkEditBody = z.strictObject({
  selectedIssueIdsOrKeys: z.array(idOrKey),
  selectedActions: z.array(z.string()),
  sendBulkNotification: z.boolean().nullable().optional(),
  editedFieldsInput: z.strictObject({
    priority: z.strictObject({ priorityId: z.string() }).optional(),
    issueType: z.strictObject({ issueTypeId: z.string() }).optional(),
    labelsFields: z
      .array(
        z.strictObject({
          fieldId,
          bulkEditMultiSelectFieldOption: z.enum(['ADD', 'REMOVE', 'REPLACE', 'REMOVE_ALL']),
          labels: z.array(z.strictObject({ name: z.string() })),
        }),
      )
      .optional(),
    clearableNumberFields: z.array(z.strictObject({ fieldId, value: z.number().nullable().optional() })).optional(),
    datePickerFields: z.array(z.strictObject({ fieldId, date: z.strictObject({ formattedDate: z.string() }).optional() })).optional(),
    dateTimePickerFields: z.array(z.strictObject({ fieldId, dateTime: z.strictObject({ formattedDateTime: z.string() }) })).optional(),
    singleSelectFields: z.array(z.strictObject({ fieldId, option: z.strictObject({ optionId: z.int() }) })).optional(),
    multipleSelectFields: z
      .array(
        z.strictObject({
          fieldId,
          bulkEditMultiSelectFieldOption: z.enum(['ADD', 'REMOVE', 'REPLACE', 'REMOVE_ALL']).optional(),
          options: z.array(z.strictObject({ optionId: z.int() })),
        }),
      )
      .optional(),
    singleSelectClearableUserPickerFields: z
      .array(z.strictObject({ fieldId, user: z.strictObject({ accountId: z.string() }).nullable().optional() }))
      .optional(),
    urlFields: z.array(z.strictObject({ fieldId, url: z.string() })).optional(),
    richTextFields: z
      .array(z.strictObject({ fieldId, richText: z.strictObject({ adfValue: z.record(z.string(), z.unknown()).optional() }) }))
      .optional(),
  }),
})
export type BulkEditBody = z.infer<typeof bulkEditBody>
export const bulkTransitionBody = z.strictObject({
  bulkTransitionInputs: z.array(z.strictObject({ selectedIssueIdsOrKeys: z.array(idOrKey), transitionId: idOrKey })),
  sendBulkNotification: z.boolean().nullable().optional(),
})
export const bulkDeleteBody = z.strictObject({
  selectedIssueIdsOrKeys: z.array(idOrKey),
  sendBulkNotification: z.boolean().nullable().optional(),
})
export const parseJqlBody = z.strictObject({ queries: z.array(z.string().min(1)).min(1) })
export const changelogsBody = z.strictObject({
  issueIdsOrKeys: z.array(idOrKey).min(1).max(1000),
  fieldIds: z.array(z.string()).max(10).optional(),
  maxResults: z.int().min(1).max(10_000).optional(),
  nextPageToken: z.string().optional(),
})
