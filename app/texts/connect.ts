import { counted } from './words.ts'

const credits = (n: number): string => counted(n, 'credit')
const upTo = (list: readonly string[], most = 12): string =>
  list.length <= most ? list.join(', ') : `${list.slice(0, most).join(', ')} and ${counted(list.length - most, 'more', 'more')}`

/** Connecting apps, linking rows, creating records, and taking it back. */
export const CONNECT_TEXTS = {
  open: 'Connect an app…',
  title: 'Connect an app',
  steps: ['What', 'Fields', 'Rows'],
  step: (n: number, name: string) => `Step ${n} of 3: ${name}`,
  back: 'Back',
  next: 'Next',
  needsServer: 'Offline. Connecting asks the app, so it needs the server. Nothing is lost; go on once the connection is back.',
  credits,

  what: {
    label: 'Which records',
    loading: 'Looking for integrations…',
    none: 'No account of an app is authorised in this workspace yet.',
    add: 'Add an integration',
    off: 'switched off',
    coming: (apps: readonly string[]) => `Coming: ${upTo(apps)}.`,
    again: 'in this sheet already',
    direction: {
      'push-pull': 'push & pull',
      push: 'push only',
      pull: 'pull only',
      disabled: 'does not sync',
    },
  },

  fields: {
    label: 'Synced fields',
    search: 'Search the fields',
    nothing: (text: string) => `No field is called like “${text}”.`,
    chosen: (n: number) => `${counted(n, 'field')} chosen`,
    readOnly: 'read-only',
    required: 'needed to create',
    never: (object: string) => `The fields of ${object} were never read. Reading them is one call or a few, and costs 1 credit.`,
    read: 'Read the fields · 1 credit',
    readAt: (when: string) => `Last read: ${when}.`,
    readAgain: 'Read again · 1 credit',
    reading: 'Reading…',
    name: 'Name of the connection field',
    nameHint: 'It shows each record’s key.',
  },

  rows: {
    label: 'How rows come',
    import: 'Import the records that the filter finds',
    match: 'Link rows that are here, by equal values',
    later: 'Only connect; rows come later',
    filter: (language: string) => `Filter (${language})`,
    filterHint: 'Empty: no filter. The filter can be changed later.',
    example: (text: string) => `For instance: ${text}`,
    useExample: 'Use it',
    button: { import: 'Connect and import', match: 'Connect, then match rows', later: 'Connect' },
    connecting: 'Connecting…',
    done: (name: string) => `${name} is connected.`,
    madeButNot: 'The connection stands; only the import did not start.',
  },

  look: {
    button: 'Count first · free',
    looking: 'Counting…',
    total: (total: number, here: number, fresh: number) =>
      total === 0
        ? 'No record matches this filter. Importing costs nothing.'
        : here === 0
          ? `${counted(total, 'record')} ${total === 1 ? 'matches' : 'match'}, none is here yet: ${credits(fresh)}.`
          : `${counted(total, 'record')} ${total === 1 ? 'matches' : 'match'}: ${counted(here, 'is', 'are')} here already, ${fresh.toLocaleString('en')} new: ${credits(fresh)}.`,
    many: (total: number, looked: number, here: number) =>
      `About ${counted(total, 'record')} match. Of the first ${looked.toLocaleString('en')}, ${here.toLocaleString('en')} are here already: at most ${credits(total - here)}.`,
    unknown: (looked: number, here: number) =>
      `More than ${counted(looked, 'record')} match; the app does not say how many. Of these, ${here.toLocaleString('en')} are here already. Each new one is 1 credit.`,
    sample: 'The first of them',
    here: 'here already',
  },

  import: {
    button: (fresh: number | undefined) => (fresh === undefined ? 'Import' : `Import ${counted(fresh, 'record')} · ${credits(fresh)}`),
    label: (app: string, language: string) => `${app} query (${language})`,
    price: 'Price: 1 credit for each record that is new here. A record that a row holds already is not added again and costs nothing.',
    started: 'Importing. You can keep working.',
    language: { jira: 'JQL', salesforce: 'SOQL', hubspot: 'HubSpot filters' } as Readonly<Record<string, string>>,
    anyLanguage: 'the app’s own words',
  },

  match: {
    title: (name: string) => `Match rows with ${name}`,
    way: 'Match values',
    intro:
      'Compares a field of this sheet with a field of the app, capitals and spaces aside. First nothing is linked: you see what would be.',
    field: 'Field of this sheet',
    external: (app: string) => `Field of ${app}`,
    filter: (language: string) => `Look only through records that pass (${language})`,
    button: 'Compare · 1 credit a call',
    price: (app: string, page: number) =>
      `Asks ${app} for the values of the rows, many in a call. Where it cannot be asked so, the records are read in pages of ${page.toLocaleString('en')}. Each call is 1 credit.`,
    comparing: 'Comparing…',
    result: (rows: number, records: number) => `${counted(rows, 'row')} compared with ${counted(records, 'record')}.`,
    asked: (app: string) => `${app} was asked for the values of the rows alone.`,
    listed: 'All records that pass the filter were looked at.',
    tooMany: (records: number) =>
      `There are more: a match looks at ${records.toLocaleString('en')} records. A row without a match may have one among the others, and a match may not be the only one. Narrow the filter to be sure.`,
    matched: (n: number) => `${n.toLocaleString('en')} matched`,
    ambiguous: (n: number) => `${n.toLocaleString('en')} ambiguous`,
    taken: (n: number) => `${n.toLocaleString('en')} held by another row`,
    unmatched: (n: number) => `${n.toLocaleString('en')} without a match`,
    empty: (n: number) => `${counted(n, 'row')} without a value`,
    ambiguousHint: 'Several records, or several rows, have the value. Choose, or leave them.',
    takenHint: 'A record is tied to one row of a sheet.',
    leave: 'Leave',
    choose: (value: string) => `Record for “${value}”`,
    apply: (n: number) => (n === 0 ? 'Link' : `Link ${counted(n, 'row')} · ${credits(n)}`),
    nothing: 'Every row is tied to a record, or has no value to compare.',
    more: (n: number) => `and ${n.toLocaleString('en')} more`,
  },

  unlink: {
    menu: (n: number) => (n === 1 ? 'Unlink the row…' : `Unlink ${n.toLocaleString('en')} rows…`),
    title: (n: number) => (n === 1 ? 'Unlink this row' : `Unlink ${counted(n, 'row')}`),
    body: (app: string) =>
      `The record in ${app} stays as it is, and the row keeps what it shows. Syncs leave the row alone until it is linked again.`,
    staged: (n: number) => `${counted(n, 'staged cell')} ${n === 1 ? 'stays' : 'stay'} here and ${n === 1 ? 'is' : 'are'} not sent.`,
    again: 'Ctrl+Z links to the same record again, free. Linking by hand costs 1 credit a row.',
    button: 'Unlink',
    done: (n: number) => `${counted(n, 'row')} unlinked. Ctrl+Z takes it back.`,
    none: 'None of these rows is linked.',
    linkedAgain: (done: number, reasons: readonly string[]) =>
      [
        ...(done > 0 || reasons.length === 0 ? [`${counted(done, 'row')} linked again, as before.`] : []),
        ...[...new Set(reasons)].map((reason) => {
          const n = reasons.filter((other) => other === reason).length
          return `${counted(n, 'row stays', 'rows stay')} as ${n === 1 ? 'it is' : 'they are'}. ${reason}`
        }),
      ].join(' '),
    notYet: (reason: string) => `${reason} Ctrl+Z tries again.`,
  },

  create: {
    menu: (n: number) => (n === 1 ? 'Create a record from the row…' : `Create records from ${n.toLocaleString('en')} rows…`),
    title: (name: string) => `Create in ${name}`,
    rows: (n: number) =>
      n === 1 ? 'The row becomes a record and is linked to it.' : `${counted(n, 'row')}: each becomes a record and is linked to it.`,
    linked: (n: number) => `${counted(n, 'selected row')} ${n === 1 ? 'is' : 'are'} linked already and left out.`,
    allLinked: 'The selected rows are linked to records already.',
    asking: 'Asking what a new record needs…',
    common: 'For all of them',
    commonHint: 'A row’s own value goes before what is chosen here.',
    fromColumn: (column: string) => `from the column ${column}`,
    more: 'More fields',
    choose: 'Choose…',
    duplicates: 'Are they there already?',
    duplicatesHint: (searches: number) =>
      `Looks each name up in the app: ${counted(searches, 'search', 'searches')}, ${credits(searches)}.`,
    duplicatesButton: (n: number) => `Look for the same · ${credits(n)}`,
    duplicatesTooMany: 'Names are looked up for at most 50 rows at a time.',
    noName: 'No column here holds the name that the app searches by.',
    noNames: 'None of these rows has a name yet.',
    noneAlike: 'Nothing of these names was found.',
    alike: (row: string) => `Like ${row}`,
    leaveOut: (row: string) => `Leave out ${row}`,
    preview: 'What would be sent',
    previewButton: 'Preview',
    previewing: 'Planning…',
    ready: (n: number) => `${counted(n, 'record')} ready`,
    missing: (fields: readonly string[]) => `Missing: ${fields.join(', ')}`,
    left: (n: number) => `${counted(n, 'row')} cannot go out yet and ${n === 1 ? 'is' : 'are'} left as ${n === 1 ? 'it is' : 'they are'}.`,
    calls: (n: number) => counted(n, 'call'),
    button: (n: number, price: number) => (n === 0 ? 'Create' : `Create ${counted(n, 'record')} · ${credits(price)}`),
    started: 'Creating. You can keep working.',
    cannot: (app: string, object: string) => `${app} does not let records of ${object} be created from here.`,
    forbidden: 'This object only pulls, so nothing is created from here. Its direction is set in the integration.',
    row: 'Row',
    values: 'Values',
    recreateMenu: 'Recreate…',
    recreateTitle: (name: string) => `Recreate in ${name}`,
    recreateHint: 'The record is gone in the app. A new one is made of what the row shows, under a new key, and the row is tied to it.',
  },

  remove: {
    field: 'Stop syncing…',
    fieldTitle: (name: string) => `Stop syncing ${name}`,
    connection: 'Remove the connection…',
    title: (name: string) => `Remove ${name}`,
    becomes: (n: number) =>
      n === 1
        ? 'The column stays as a field of this workbook and shows what it shows now.'
        : `Its ${n.toLocaleString('en')} columns stay as fields of this workbook and show what they show now.`,
    staged: (n: number) =>
      n === 0
        ? 'Nothing is staged.'
        : `${counted(n, 'staged cell')} ${n === 1 ? 'keeps its value' : 'keep their values'} and will not be sent.`,
    stagedIn: (field: string, n: number) => `${field}: ${n.toLocaleString('en')}`,
    needing: (n: number) => `${counted(n, 'warning')} about ${n === 1 ? 'a cell goes' : 'cells go'} away.`,
    ties: (n: number) => `${counted(n, 'row is', 'rows are')} tied to records; the records stay as they are.`,
    app: (app: string) => `Nothing changes in ${app}.`,
    undo: 'Ctrl+Z takes it back, with ties and staged cells.',
    button: { field: 'Stop syncing', connection: 'Remove the connection' },
    doneField: (name: string) => `${name} is a field of this workbook now. Ctrl+Z takes it back.`,
    done: (name: string) => `${name} is removed. Ctrl+Z takes it back.`,
    failed: 'That could not be taken back.',
  },

  settings: {
    menu: 'Filter and conflicts…',
    title: (name: string) => `Settings of ${name}`,
    filter: (language: string) => `Filter (${language})`,
    filterHint: 'Rows whose records no longer match stay, and are marked at the next pull. Nothing is removed, and nothing is charged now.',
    conflict: 'When a cell was changed in both',
    hold: 'Hold it and ask',
    wins: 'The workbook wins',
    winsHint: 'Overwrites what somebody changed in the app since the last pull. Each such cell is named in the run.',
    save: 'Save',
    pause: 'Pause',
    resume: 'Resume',
    paused: 'Paused: nothing is sent or fetched until somebody resumes it.',
    copied: 'This connection came with a copy of a workbook.',
  },

  link: {
    keysHint: (example: string, batch: number) => `For instance ${example}. Up to ${batch.toLocaleString('en')} keys are one look-up.`,
    findButton: (calls: number) => `Find · ${credits(calls)}`,
    notSearchable: (app: string, object: string) => `${app} cannot search ${object} by name. Paste keys instead.`,
    missing: (app: string, keys: readonly string[]) =>
      `${app} has no record under ${upTo(keys, 20)}. Nothing is linked for ${keys.length === 1 ? 'it' : 'them'}.`,
    offline: 'Offline. Searching needs the server. A key typed into the connection field is kept here and linked at the next sync.',
    menu: 'Link to a record…',
  },

  addField: {
    of: 'Field of',
    needsServer: 'Offline. Adding a synced field reads it from the app, so it needs the server.',
  },

  duplicate: {
    menu: 'Duplicate the workbook…',
    open: (name: string) => `Duplicate ${name}`,
    title: (name: string) => `Duplicate ${name}`,
    name: 'Name of the copy',
    copyOf: (name: string) => `Copy of ${name}`,
    body: 'Copies sheets, fields, shared views, rows, what is staged, and notes. Shared links, personal views and deleted sheets are left out.',
    paused: 'Its connections are paused, so that two workbooks never push the same edit. You resume them one by one.',
    comments: 'Comments too',
    button: 'Duplicate',
    working: 'Copying…',
    offline: 'Offline. A copy is made by the server.',
  },
} as const
