import { OBJECTS, type SfField, type SfObject } from './schema.ts'

/** Where an object's resources are, below the address of the org. */
const urlsOf = (of: SfObject, version: string): Record<string, string> => {
  const base = `/services/data/${version}/sobjects/${of.name}`
  return { sobject: base, describe: `${base}/describe`, rowTemplate: `${base}/{ID}` }
}

/** An object in the list of all. */
function listed(of: SfObject, version: string): Record<string, unknown> {
  return {
    activateable: false,
    createable: of.writable,
    custom: of.custom,
    customSetting: false,
    deletable: of.writable,
    deprecatedAndHidden: false,
    feedEnabled: true,
    hasSubtypes: false,
    keyPrefix: of.keyPrefix,
    label: of.label,
    labelPlural: of.labelPlural,
    layoutable: true,
    mergeable: of.mergeable,
    mruEnabled: true,
    name: of.name,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: of.searchable,
    triggerable: true,
    undeletable: of.writable,
    updateable: of.writable,
    urls: urlsOf(of, version),
  }
}

export function describeGlobal(version: string): unknown {
  // A real org lists hundreds more: shadows of objects for shares, histories and feeds.
  const shadows = OBJECTS.filter(({ writable }) => writable).map((of) => ({
    ...listed(of, version),
    name: of.custom ? of.name.replace(/__c$/, '__History') : `${of.name}History`,
    label: `${of.label} History`,
    labelPlural: `${of.label} History`,
    keyPrefix: '017',
    createable: false,
    updateable: false,
    deletable: false,
    searchable: false,
    layoutable: false,
    mruEnabled: false,
  }))
  return { encoding: 'UTF-8', maxBatchSize: 200, sobjects: [...OBJECTS.map((of) => listed(of, version)), ...shadows] }
}

const SOAP: Readonly<Record<string, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  address: 'urn:address',
}

function describeField(field: SfField): Record<string, unknown> {
  const isLong = field.type === 'textarea' && field.length > 255
  const isNumber = ['double', 'currency', 'percent'].includes(field.type)
  return {
    aggregatable: !isLong,
    aiPredictionField: false,
    autoNumber: field.autoNumber,
    byteLength: field.length * 3,
    calculated: field.formula !== undefined && field.name.endsWith('__c'),
    calculatedFormula: field.formula !== undefined && field.name.endsWith('__c') ? 'Name & " · " & TEXT(Type)' : null,
    cascadeDelete: false,
    caseSensitive: false,
    compoundFieldName: field.compound ?? null,
    controllerName: null,
    createable: field.createable,
    custom: field.name.endsWith('__c'),
    defaultValue: field.type === 'boolean' ? field.defaultValue : null,
    defaultValueFormula: null,
    defaultedOnCreate: field.defaultValue !== null || field.name === 'OwnerId' || !field.createable,
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.type === 'int' ? field.precision : 0,
    displayLocationInDecimal: false,
    encrypted: false,
    externalId: field.externalId,
    extraTypeInfo: field.htmlFormatted ? 'richtextarea' : isLong ? 'plaintextarea' : null,
    filterable: !isLong && field.type !== 'address',
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: false,
    groupable: !isLong && !isNumber,
    highScaleNumber: false,
    htmlFormatted: field.htmlFormatted,
    idLookup: field.type === 'id' || field.externalId,
    inlineHelpText: null,
    label: field.label,
    length: field.length,
    mask: null,
    maskType: null,
    name: field.name,
    nameField: field.nameField,
    namePointing: false,
    nillable: field.nillable,
    permissionable: field.nillable && field.createable,
    picklistValues: field.values.map(({ active, defaultValue, label, value }) => ({ active, defaultValue, label, validFor: null, value })),
    polymorphicForeignKey: false,
    precision: field.precision,
    queryByDistance: false,
    referenceTargetField: null,
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
    relationshipOrder: null,
    restrictedDelete: false,
    restrictedPicklist: field.restrictedPicklist,
    scale: field.scale,
    searchPrefilterable: field.type === 'reference',
    soapType: SOAP[field.type] ?? 'xsd:string',
    sortable: !isLong && field.type !== 'multipicklist' && field.type !== 'address',
    type: field.type,
    unique: field.unique,
    updateable: field.updateable,
    writeRequiresMasterRead: false,
  }
}

/** `base`: the address of the org, for links to its screens. */
export function describeObject(of: SfObject, version: string, base: string): unknown {
  return {
    ...listed(of, version),
    urls: {
      ...urlsOf(of, version),
      uiDetailTemplate: `${base}/{ID}`,
      uiEditTemplate: `${base}/{ID}/e`,
      uiNewRecord: `${base}/${of.keyPrefix}/e`,
    },
    actionOverrides: [],
    associateEntityType: null,
    associateParentEntity: null,
    childRelationships: OBJECTS.flatMap((child) =>
      child.fields
        .filter(({ referenceTo, type }) => type === 'reference' && referenceTo.includes(of.name))
        .map((field) => ({
          cascadeDelete: false,
          childSObject: child.name,
          deprecatedAndHidden: false,
          field: field.name,
          junctionIdListNames: [],
          junctionReferenceTo: [],
          relationshipName: null,
          restrictedDelete: false,
        })),
    ),
    compactLayoutable: true,
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields: of.fields.map(describeField),
    implementedBy: null,
    implementsInterfaces: null,
    isInterface: false,
    isSubtype: false,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [
      {
        active: true,
        available: true,
        defaultRecordTypeMapping: true,
        developerName: 'Master',
        master: true,
        name: 'Master',
        recordTypeId: '012000000000000AAA',
        urls: {},
      },
    ],
    searchLayoutable: true,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [{ label: `All ${of.labelPlural}`, name: 'everything' }],
  }
}
