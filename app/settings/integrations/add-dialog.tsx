import { ExternalLink, FlaskConical } from 'lucide-react'
import { type FormEvent, type ReactNode, useEffect, useId, useState } from 'react'
import type { AnswerOf } from '../../../server/api/contract.ts'
import { callApi } from '../../api-client.ts'
import { appColor } from '../../kit/app-colors.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { Modal } from '../../kit/modal.tsx'
import { TEXTS } from '../../texts.ts'
import type { ListedIntegration } from './parts.tsx'

const WORDS = TEXTS.integrations.new

type ReadyApp = Extract<AnswerOf<'listApps'>['apps'][number], { state: 'ready' }>
type Method = ReadyApp['methods'][number]

export interface AddDialogProps {
  /** Signs in to this one again, instead of adding another. */
  readonly reconnect?: Pick<ListedIntegration, 'id' | 'app' | 'name' | 'isSandbox'>
  readonly coming: readonly string[]
  /** Names that are taken: a sandbox account gets another. */
  readonly names: readonly string[]
  readonly onClose: () => void
  /** The id of the integration that was added or signed in to. */
  readonly onDone: (id: string) => void
}

/** Adds an account of an app, or signs in to one again: which app, how, and what is needed for it; tried at once. */
export function AddDialog({ reconnect, coming, names, onClose, onDone }: AddDialogProps) {
  const [apps, setApps] = useState<readonly ReadyApp[]>()
  const [app, setApp] = useState<ReadyApp>()
  /** What the account of a stand-in is called, where that is signed in to by its own page. */
  const [standIn, setStandIn] = useState<string>()
  const [error, setError] = useState<unknown>()
  const wanted = reconnect?.app
  useEffect(() => {
    callApi('listApps', {}).then((answer) => {
      const ready = answer.apps.filter((a): a is ReadyApp => a.state === 'ready')
      setApps(ready)
      setApp(ready.find((a) => a.id === wanted))
    }, setError)
  }, [wanted])
  const choose = (chosen: ReadyApp | undefined, standInName?: string): void => {
    setApp(chosen)
    setStandIn(standInName)
  }
  const title = reconnect === undefined ? WORDS.title : WORDS.reconnectTitle(reconnect.name)
  return (
    <Modal isOpen onClose={onClose} title={title} width={560}>
      <Failure error={error} />
      {apps === undefined && error === undefined && <p className="m-0 text-ink-3">{TEXTS.integrations.loading}</p>}
      {apps !== undefined && app === undefined && <ChooseApp apps={apps} coming={coming} names={names} onChoose={choose} onDone={onDone} />}
      {app !== undefined && (
        <SignIn
          app={app}
          {...(reconnect !== undefined && { reconnect })}
          {...(standIn !== undefined && { standIn })}
          onDone={onDone}
          {...(reconnect === undefined && { onBack: () => choose(undefined) })}
        />
      )}
    </Modal>
  )
}

interface ChooseAppProps {
  readonly apps: readonly ReadyApp[]
  readonly coming: readonly string[]
  readonly names: readonly string[]
  /** `standInName`: the app's stand-in is meant, and its account is called so. */
  readonly onChoose: (app: ReadyApp, standInName?: string) => void
  readonly onDone: (id: string) => void
}

function ChooseApp({ apps, coming, names, onChoose, onDone }: ChooseAppProps) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState<string>()
  const inSandbox = apps.filter((app) => app.hasSandbox)
  const nameOf = (app: ReadyApp): string => freeName(WORDS.sandbox(app.name), names)
  const addSandbox = async (app: ReadyApp): Promise<void> => {
    if (busy !== undefined) return
    setBusy(app.id)
    setError(undefined)
    try {
      const { id } = await callApi('addIntegration', { body: { app: app.id, name: nameOf(app), sandbox: true } })
      onDone(id)
    } catch (failure) {
      setError(failure)
      setBusy(undefined)
    }
  }
  return (
    <div className="grid gap-4">
      <section aria-labelledby="real-apps" className="grid gap-2">
        <h3 id="real-apps" className="label m-0">
          {WORDS.real}
        </h3>
        <ul className="m-0 grid list-none gap-1.5 p-0">
          {apps.map((app, index) => (
            <li key={app.id} className="flex items-center gap-3 rounded-md border border-line px-3 py-2">
              <i className="swatch" style={{ background: appColor(app.id) }} aria-hidden />
              <span className="min-w-0 flex-1">
                <b className="block font-semibold">{app.name}</b>
                <span className="block truncate text-xs text-ink-2">{WORDS.ready(app.objects.map((o) => o.name))}</span>
              </span>
              <Button aria-label={WORDS.choose(app.name)} autoFocus={index === 0} onPress={() => onChoose(app)}>
                {WORDS.chooseShort}
              </Button>
            </li>
          ))}
        </ul>
      </section>
      {inSandbox.length > 0 && (
        <section aria-labelledby="sandbox-apps" className="grid gap-2">
          <h3 id="sandbox-apps" className="label m-0">
            {TEXTS.integrations.sandbox}
          </h3>
          <p className="m-0 text-ink-2">{WORDS.sandboxText}</p>
          <span className="flex flex-wrap gap-2">
            {inSandbox.map((app) => (
              <Button key={app.id} onPress={() => void addSandbox(app)}>
                <FlaskConical size={14} aria-hidden /> {WORDS.addSandbox(app.name)}
              </Button>
            ))}
          </span>
          <span className="flex flex-wrap gap-x-4">
            {inSandbox
              .filter((app) => app.methods.some(({ kind }) => kind === 'oauth2'))
              .map((app) => (
                <Button key={app.id} look="link" onPress={() => onChoose(app, nameOf(app))}>
                  {WORDS.walk(app.name)}
                </Button>
              ))}
          </span>
          <span role="status" className="text-ink-2">
            {busy === undefined ? '' : WORDS.trying}
          </span>
        </section>
      )}
      <Failure error={error} />
      {coming.length > 0 && (
        <p className="m-0 text-ink-3">
          {TEXTS.integrations.coming}: {coming.join(', ')}
        </p>
      )}
    </div>
  )
}

/** `name`, or `name 2`, `name 3` … where it is taken. */
function freeName(name: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name} ${n}`
    if (!taken.includes(candidate)) return candidate
  }
}

interface SignInProps {
  readonly app: ReadyApp
  readonly reconnect?: NonNullable<AddDialogProps['reconnect']>
  /** The app's stand-in is signed in to as the real app is, by its own page; so its account is called. */
  readonly standIn?: string
  readonly onDone: (id: string) => void
  readonly onBack?: () => void
}

function SignIn({ app, reconnect, standIn, onDone, onBack }: SignInProps) {
  const methods = standIn === undefined ? app.methods : app.methods.filter(({ kind }) => kind === 'oauth2')
  const [methodId, setMethodId] = useState(methods[0]?.id ?? '')
  const [name, setName] = useState(reconnect?.name ?? standIn ?? '')
  const [baseUrl, setBaseUrl] = useState('')
  const [entered, setEntered] = useState<Readonly<Record<string, string>>>({})
  const [isOtherClient, setOtherClient] = useState(false)
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const method = app.methods.find((m) => m.id === methodId)
  if (method === undefined) return null
  // A stand-in is its own registration: another one may be entered, and need not.
  const knowsClient =
    method.kind === 'oauth2' && standIn === undefined && (reconnect?.isSandbox === true || (method.knownClient !== null && !isOtherClient))
  const fields = knowsClient ? [] : method.fields
  const needsAddress = app.addressHint !== null && reconnect === undefined && standIn === undefined
  const isFilled = (field: { readonly id: string }): boolean => (entered[field.id] ?? '').trim() !== ''
  const isWhole =
    (fields.every(isFilled) || (standIn !== undefined && !fields.some(isFilled))) &&
    (reconnect !== undefined || name.trim() !== '') &&
    (!needsAddress || baseUrl.trim() !== '')
  const values = Object.fromEntries(fields.map((field) => [field.id, (entered[field.id] ?? '').trim()]))
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!isWhole || isBusy) return
    setBusy(true)
    setError(undefined)
    try {
      if (method.kind === 'oauth2') {
        const { url } = await callApi('beginAuthorization', {
          body: {
            app: app.id,
            method: method.id,
            ...(fields.some(isFilled) && { client: values }),
            ...(reconnect === undefined
              ? { name: name.trim(), ...(needsAddress && { baseUrl: baseUrl.trim() }), sandbox: standIn !== undefined }
              : { integration: reconnect.id, sandbox: reconnect.isSandbox }),
          },
        })
        window.location.assign(url)
        return
      }
      if (reconnect === undefined) {
        const added = await callApi('addIntegration', {
          body: { app: app.id, name: name.trim(), baseUrl: baseUrl.trim(), method: method.id, credentials: values },
        })
        onDone(added.id)
      } else {
        await callApi('renewCredentials', { params: { id: reconnect.id }, body: { method: method.id, credentials: values } })
        onDone(reconnect.id)
      }
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <form className="grid gap-4" onSubmit={(event) => void submit(event)}>
      <p className="m-0 flex items-center gap-2 font-semibold">
        <i className="swatch" style={{ background: appColor(app.id) }} aria-hidden />
        {standIn === undefined ? app.name : WORDS.sandbox(app.name)}
      </p>
      {methods.length > 1 && (
        <fieldset className="m-0 flex flex-wrap gap-x-5 gap-y-1 border-0 p-0">
          <legend className="label">{WORDS.method}</legend>
          {methods.map((m) => (
            <label key={m.id} className="inline-flex min-h-6 items-center gap-1.5">
              <input type="radio" name="method" checked={m.id === methodId} onChange={() => setMethodId(m.id)} /> {m.label}
            </label>
          ))}
        </fieldset>
      )}
      {reconnect === undefined && (
        <Text isFirst label={WORDS.name} value={name} placeholder={WORDS.namePlaceholder(app.name)} maxLength={120} onChange={setName} />
      )}
      {needsAddress && (
        <Text label={WORDS.address} value={baseUrl} placeholder={app.addressHint ?? ''} maxLength={2_000} isUrl onChange={setBaseUrl} />
      )}
      {method.kind === 'oauth2' && (
        <OAuthExplained
          method={method}
          appName={app.name}
          knowsClient={knowsClient}
          isStandIn={standIn !== undefined}
          onOther={() => setOtherClient(true)}
        />
      )}
      {fields.map((field, index) => (
        <Text
          key={field.id}
          isFirst={reconnect !== undefined && index === 0}
          label={field.label}
          hint={field.isSecret ? `${field.hint}. ${WORDS.secret}` : field.hint}
          value={entered[field.id] ?? ''}
          isSecret={field.isSecret}
          isOptional={standIn !== undefined}
          maxLength={8_000}
          onChange={(text) => setEntered((known) => ({ ...known, [field.id]: text }))}
        />
      ))}
      {fields.length > 0 && (
        <a className="inline-flex min-h-6 items-center gap-1" href={method.helpUrl} target="_blank" rel="noreferrer noopener">
          {WORDS.help(app.name)} <ExternalLink size={12} aria-hidden />
        </a>
      )}
      <p className="m-0 rounded-md border border-line bg-wash px-3 py-2 text-ink-2">
        {reconnect === undefined ? `${WORDS.pullOnly(app.name)} ` : ''}
        {method.kind === 'oauth2' ? WORDS.oauthText(app.name) : WORDS.tried}
      </p>
      <Failure error={error} />
      <span className="flex flex-wrap items-center gap-2">
        <Button type="submit" look="primary" isDisabled={!isWhole}>
          {method.kind === 'oauth2' ? method.label : reconnect === undefined ? WORDS.go : WORDS.reconnectGo}
        </Button>
        {onBack !== undefined && (
          <Button look="ghost" onPress={onBack}>
            {WORDS.back}
          </Button>
        )}
        <span role="status" className="text-ink-2">
          {isBusy ? (method.kind === 'oauth2' ? WORDS.leaving(app.name) : WORDS.trying) : isWhole ? '' : WORDS.required}
        </span>
      </span>
    </form>
  )
}

interface OAuthExplainedProps {
  readonly method: Extract<Method, { kind: 'oauth2' }>
  readonly appName: string
  readonly knowsClient: boolean
  readonly isStandIn: boolean
  readonly onOther: () => void
}

/** What the app will ask the person to allow, and where it will send them back to. */
function OAuthExplained({ method, appName, knowsClient, isStandIn, onOther }: OAuthExplainedProps): ReactNode {
  return (
    <>
      <section aria-label={WORDS.scopes}>
        <h3 className="label m-0 mb-1">{WORDS.scopes}</h3>
        <ul className="m-0 grid list-none gap-1 p-0">
          {method.scopes.map((scope) => (
            <li key={scope.id} className="flex flex-wrap gap-x-2">
              <span>{scope.why}</span>
              <span className="hint">
                <code>{scope.id}</code> · {scope.isWrite ? WORDS.writes : WORDS.reads}
              </span>
            </li>
          ))}
        </ul>
      </section>
      {knowsClient ? (
        <p className="m-0 flex flex-wrap items-center gap-2 text-ink-2">
          {WORDS.clientKnown}
          <Button look="link" onPress={onOther}>
            {WORDS.clientChange}
          </Button>
        </p>
      ) : (
        <section aria-label={WORDS.client} className="grid gap-1">
          <h3 className="label m-0">{WORDS.client}</h3>
          <p className="m-0 text-ink-2">{isStandIn ? WORDS.clientOfStandIn : WORDS.clientText}</p>
          <label className="block">
            <span className="hint">
              {WORDS.redirect} ({appName})
            </span>
            <input className="input font-mono" readOnly value={method.redirectUri} onFocus={(event) => event.target.select()} />
          </label>
        </section>
      )}
    </>
  )
}

interface TextProps {
  readonly label: string
  readonly value: string
  readonly maxLength: number
  readonly onChange: (text: string) => void
  readonly hint?: string
  readonly placeholder?: string
  readonly isSecret?: boolean
  /** (Default: it has to be filled in) */
  readonly isOptional?: boolean
  readonly isUrl?: boolean
  /** Where the dialog begins. */
  readonly isFirst?: boolean
}

function Text({ label, hint, value, placeholder, maxLength, isSecret, isOptional, isUrl, isFirst, onChange }: TextProps) {
  const id = useId()
  return (
    <div>
      <label className="label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        {...(hint !== undefined && { 'aria-describedby': `${id}-hint` })}
        className="input"
        // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
        autoFocus={isFirst ?? false}
        type={isSecret ? 'password' : 'text'}
        autoComplete="off"
        spellCheck={false}
        required={isOptional !== true}
        {...(isUrl && { inputMode: 'url' as const, autoCapitalize: 'none' })}
        {...(placeholder !== undefined && { placeholder })}
        maxLength={maxLength}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint !== undefined && (
        <span id={`${id}-hint`} className="hint mt-1 block">
          {hint}
        </span>
      )}
    </div>
  )
}
