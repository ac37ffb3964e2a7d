import { ChevronLeft, Pencil } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { AnswerOf } from '../../../server/api/contract.ts'
import { callApi } from '../../api-client.ts'
import { appColor } from '../../kit/app-colors.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import type { Times } from '../../kit/times.ts'
import { TEXTS } from '../../texts.ts'
import { ActionWindow } from './action-window.tsx'
import { AddDialog } from './add-dialog.tsx'
import { DeleteDialog } from './delete-dialog.tsx'
import { NameDialog } from './name-dialog.tsx'
import { ObjectsSection } from './objects-section.tsx'
import { Fact, type Integration, type IntegrationObject, LatestPull, Section, StatePills, SyncSwitch } from './parts.tsx'
import { listPath } from './place.ts'
import { type IntegrationState, useIntegration } from './use-integration.ts'

const WORDS = TEXTS.integrations
const PAGE = WORDS.page

type Dialog =
  | { readonly kind: 'rename' | 'reconnect' | 'delete' }
  | { readonly kind: 'actions' | 'delete-object'; readonly object: IntegrationObject; readonly connection?: string }

/** The configuration page of one integration. */
export function IntegrationPage({ id, times }: { readonly id: string; readonly times: Times }) {
  const state = useIntegration(id)
  const { integration, error, isMissing, change, load } = state
  const [dialog, setDialog] = useState<Dialog>()
  const close = (): void => setDialog(undefined)
  return (
    <PageFrame
      title={integration?.name ?? WORDS.title}
      wide
      tools={
        integration !== undefined && (
          <Button isSmall onPress={() => setDialog({ kind: 'rename' })}>
            <Pencil size={13} aria-hidden /> {PAGE.rename}
          </Button>
        )
      }
    >
      <p className="m-0 -mt-2 mb-2">
        <a href={listPath} className="inline-flex min-h-6 items-center gap-1">
          <ChevronLeft size={14} aria-hidden /> {WORDS.all}
        </a>
      </p>
      {isMissing ? <p className="text-ink-2">{WORDS.missing}</p> : <Failure error={error} />}
      {integration === undefined && error === undefined && <p className="text-ink-3">{WORDS.loading}</p>}
      {integration !== undefined && (
        <>
          <Head integration={integration} change={change} />
          <AccountSection integration={integration} times={times} change={change} onReconnect={() => setDialog({ kind: 'reconnect' })} />
          <ObjectsSection
            integration={integration}
            times={times}
            change={change}
            load={load}
            onActions={(object) => setDialog({ kind: 'actions', object })}
            onDelete={(object) => setDialog({ kind: 'delete-object', object })}
          />
          <PlacesSection
            integration={integration}
            times={times}
            onActions={(object, connection) => setDialog({ kind: 'actions', object, connection })}
          />
          <UsageSection integration={integration} />
          {integration.hasHooks && <HooksSection integration={integration} times={times} change={change} />}
          <Section id="delete" title={PAGE.danger}>
            <p className="m-0 text-ink-2">{PAGE.dangerText}</p>
            <span>
              <Button onPress={() => setDialog({ kind: 'delete' })} className="border-bad text-bad">
                {PAGE.delete}
              </Button>
            </span>
          </Section>
          <Dialogs integration={integration} dialog={dialog} times={times} state={state} onClose={close} />
        </>
      )}
    </PageFrame>
  )
}

interface DialogsProps {
  readonly integration: Integration
  readonly dialog: Dialog | undefined
  readonly times: Times
  readonly state: IntegrationState
  readonly onClose: () => void
}

function Dialogs({ integration, dialog, times, state, onClose }: DialogsProps) {
  const { id, name, appName } = integration
  switch (dialog?.kind) {
    case undefined:
      return null
    case 'rename':
      return (
        <NameDialog
          title={PAGE.renameTitle}
          name={name}
          onSave={async (chosen) => {
            await callApi('patchIntegration', { params: { id }, body: { name: chosen } })
            await state.load()
          }}
          onClose={onClose}
        />
      )
    case 'reconnect':
      return <AddDialog reconnect={integration} coming={[]} names={[]} onClose={onClose} onDone={() => void state.load().then(onClose)} />
    case 'delete':
      return (
        <DeleteDialog
          name={name}
          appName={appName}
          isWhole
          count={() => callApi('previewDeleteIntegration', { params: { id } })}
          remove={(confirm) => callApi('deleteIntegration', { params: { id }, body: { confirm } })}
          onDone={() => window.location.assign(listPath)}
          onClose={onClose}
        />
      )
    case 'delete-object': {
      const params = { id, object: dialog.object.id }
      return (
        <DeleteDialog
          name={dialog.object.name}
          appName={appName}
          isWhole={false}
          count={() => callApi('previewDeleteObject', { params })}
          remove={(confirm) => callApi('deleteObject', { params, body: { confirm } })}
          onDone={() => void state.load().then(onClose)}
          onClose={onClose}
        />
      )
    }
    case 'actions': {
      const object = integration.objects.find((o) => o.id === dialog.object.id)
      if (object === undefined) return null
      return (
        <ActionWindow
          integration={integration}
          object={object}
          {...(dialog.connection !== undefined && { connection: dialog.connection })}
          times={times}
          onChanged={state.load}
          onClose={onClose}
        />
      )
    }
  }
}

type Change = IntegrationState['change']

function Head({ integration, change }: { integration: Integration; change: Change }) {
  const { id, app, appName, isOn } = integration
  return (
    <div className="grid gap-2 rounded-lg border border-line px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <i className="swatch" style={{ background: appColor(app) }} aria-hidden />
        <span className="font-semibold">{appName}</span>
        <StatePills integration={integration} />
        <span className="ml-auto">
          <SyncSwitch
            integration={integration}
            onChange={(on) => change(() => callApi('patchIntegration', { params: { id }, body: { isOn: on } }))}
          />
        </span>
      </div>
      <p role="status" className="m-0 text-ink-2">
        {isOn ? WORDS.onText : WORDS.offText}
      </p>
    </div>
  )
}

interface AccountProps {
  readonly integration: Integration
  readonly times: Times
  readonly change: Change
  readonly onReconnect: () => void
}

function AccountSection({ integration, times, change, onReconnect }: AccountProps) {
  const { id, account, appName, baseUrl, isSandbox, auth, limitName } = integration
  const [isTried, setTried] = useState(false)
  const tryIt = async (): Promise<void> => {
    setTried(false)
    setTried(await change(() => callApi('tryIntegration', { params: { id } })))
  }
  const isAuthorised = auth.state === 'authorised'
  return (
    <Section
      id="account"
      title={PAGE.account}
      tools={
        <>
          <span role="status" className="text-ink-2">
            {isTried ? PAGE.tried : ''}
          </span>
          {isAuthorised && (
            <Button isSmall onPress={() => void tryIt()}>
              {PAGE.try}
            </Button>
          )}
          <Button isSmall look={isAuthorised ? 'plain' : 'primary'} onPress={onReconnect}>
            {isAuthorised ? PAGE.changeCredential : WORDS.reconnect}
          </Button>
        </>
      }
    >
      {!isAuthorised && (
        <p role="alert" className="m-0 rounded-md border border-line border-l-[3px] border-l-warn px-3 py-2">
          {WORDS.stateText[auth.state](appName)}
        </p>
      )}
      <dl className="m-0 grid grid-cols-[repeat(auto-fill,minmax(240px,1fr))] gap-x-6 gap-y-3">
        <Fact name={PAGE.accountOf}>{account}</Fact>
        <Fact name={PAGE.address}>{isSandbox ? PAGE.sandboxAddress : baseUrl}</Fact>
        {auth.at !== null && (
          <Fact name={PAGE.authorisedBy}>
            {auth.byName === null ? times.moment(auth.at) : WORDS.by(auth.byName, times.moment(auth.at))}
          </Fact>
        )}
        {isAuthorised && <Fact name={PAGE.lasts}>{auth.expiresAt === null ? WORDS.noEnd : WORDS.until(times.moment(auth.expiresAt))}</Fact>}
      </dl>
      {limitName !== null && <LimitForm integration={integration} limitName={limitName} change={change} />}
    </Section>
  )
}

/** Which parts of the account are synced: Jira's projects. */
function LimitForm({ integration, limitName, change }: { integration: Integration; limitName: string; change: Change }) {
  const kept = (integration.limitedTo ?? []).join(', ')
  const [text, setText] = useState(kept)
  const [isSaved, setSaved] = useState(false)
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const parts = text
      .split(/[\s,;]+/u)
      .map((part) => part.trim())
      .filter((part) => part !== '')
    const limitedTo = parts.length === 0 ? null : [...new Set(parts)]
    setSaved(await change(() => callApi('patchIntegration', { params: { id: integration.id }, body: { limitedTo } })))
  }
  return (
    <form className="flex flex-wrap items-end gap-2" onSubmit={(event) => void save(event)}>
      <label className="block min-w-48 flex-1">
        <span className="label">{PAGE.limit(limitName)}</span>
        <input
          className="input"
          value={text}
          placeholder={PAGE.limitAll}
          aria-describedby="limit-hint"
          maxLength={2_000}
          onChange={(event) => {
            setText(event.target.value)
            setSaved(false)
          }}
        />
      </label>
      <Button type="submit" isDisabled={text.trim() === kept}>
        {PAGE.limitSave}
      </Button>
      <span id="limit-hint" role="status" className="hint basis-full">
        {isSaved ? PAGE.limitSaved : PAGE.limitHint(integration.limitHint ?? '')}
      </span>
    </form>
  )
}

interface PlacesProps {
  readonly integration: Integration
  readonly times: Times
  readonly onActions: (object: IntegrationObject, connection: string) => void
}

/** The sheets that use the integration, each with what it holds. */
function PlacesSection({ integration, times, onActions }: PlacesProps) {
  const objectOf = new Map(integration.objects.map((o) => [o.id, o]))
  return (
    <Section id="places" title={PAGE.sheetsTitle}>
      {integration.connections.length === 0 && <p className="m-0 text-ink-2">{PAGE.noSheets}</p>}
      <ul className="m-0 grid list-none gap-2 p-0" aria-labelledby="places">
        {integration.connections.map((connection) => {
          const object = objectOf.get(connection.object)
          const { workbook, sheet } = connection
          const line = PAGE.sheetLine(workbook.name, sheet.name)
          return (
            <li key={connection.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 rounded-lg border border-line px-3 py-2">
              <span className="min-w-52 flex-1">
                <a href={`/w/${workbook.id}`} className="inline-flex min-h-6 items-center">
                  {line}
                </a>
                <span className="block text-xs text-ink-2">
                  {[object?.name ?? '', PAGE.linked(connection.linkedRecords), connection.staged > 0 ? PAGE.staged(connection.staged) : '']
                    .filter((text) => text !== '')
                    .join(' · ')}
                </span>
              </span>
              <span className="text-xs text-ink-2">
                {PAGE.latest}: <LatestPull pull={connection.latestPull} times={times} />
              </span>
              {object !== undefined && (
                <Button isSmall aria-label={`${PAGE.actionsOf(object.name)}: ${line}`} onPress={() => onActions(object, connection.id)}>
                  {PAGE.actions}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
    </Section>
  )
}

/** How it stands with the webhooks that are asked for; what the app said where it took none follows in its own words. */
function hooksLine({ hooks, appName }: Integration, times: Times): string {
  if (hooks === null) return PAGE.hooksText(appName)
  switch (hooks.state) {
    case 'registered':
      return PAGE.hooksState.registered(appName, times.moment(hooks.until ?? 0))
    case 'refused':
      return `${PAGE.hooksState.refused(appName)} ${hooks.message ?? ''}`
    default:
      return PAGE.hooksState[hooks.state](appName)
  }
}

/** Webhooks: asked for by the sign-in, or made by hand with a secret by which forgeries are told; that is shown once. */
function HooksSection({ integration, times, change }: { integration: Integration; times: Times; change: Change }) {
  const [made, setMade] = useState<AnswerOf<'setHookSecret'>>()
  const make = (): Promise<boolean> => change(async () => setMade(await callApi('setHookSecret', { params: { id: integration.id } })))
  return (
    <Section
      id="hooks"
      title={PAGE.hooks}
      tools={
        integration.hooks === null && (
          <Button isSmall onPress={() => void make()}>
            {made === undefined ? PAGE.makeHook : PAGE.hookAgain}
          </Button>
        )
      }
    >
      <p className="m-0 text-ink-2">{hooksLine(integration, times)}</p>
      {made !== undefined && (
        <div className="grid gap-2 rounded-md border border-line bg-wash p-3">
          <label className="block">
            <span className="label">{PAGE.hookUrl}</span>
            <input className="input font-mono" readOnly value={made.url} onFocus={(event) => event.target.select()} />
          </label>
          <label className="block">
            <span className="label">{PAGE.hookSecret}</span>
            <input className="input font-mono" readOnly value={made.secret} onFocus={(event) => event.target.select()} />
          </label>
        </div>
      )}
    </Section>
  )
}

const RULES = ['pushed', 'pulled', 'linked', 'refreshed', 'searched'] as const

function UsageSection({ integration }: { integration: Integration }) {
  const { usage, id } = integration
  const used = RULES.filter((rule) => usage.credits[rule] > 0)
  return (
    <Section
      id="usage"
      title={PAGE.usage}
      tools={
        <span className="flex gap-4">
          <a className="inline-flex min-h-6 items-center" href={`/runs?integration=${id}`}>
            {PAGE.log}
          </a>
          <a className="inline-flex min-h-6 items-center" href={`/usage?integration=${id}`}>
            {PAGE.usageLink}
          </a>
        </span>
      }
    >
      <p className="m-0 text-ink-2">{usage.total === 0 ? PAGE.usageNone : PAGE.usageText(usage.total, usage.runs)}</p>
      {used.length > 0 && (
        <dl className="m-0 flex flex-wrap gap-x-6 gap-y-2">
          {used.map((rule) => (
            <Fact key={rule} name={PAGE.usageRule[rule]}>
              <span className="tabular-nums">{usage.credits[rule].toLocaleString('en')}</span>
            </Fact>
          ))}
        </dl>
      )}
    </Section>
  )
}
