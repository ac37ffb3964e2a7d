import { TEXTS } from './texts.ts'

export default function NotFound() {
  return (
    <main className="mx-auto grid min-h-full max-w-md content-center gap-3 p-6">
      <title>{`${TEXTS.missing.title} · ${TEXTS.product}`}</title>
      <h1 className="m-0 text-lg font-semibold">{TEXTS.missing.title}</h1>
      <p className="m-0 text-ink-2">{TEXTS.missing.body}</p>
      <p className="m-0">
        <a className="button primary" href="/">
          {TEXTS.missing.action}
        </a>
      </p>
    </main>
  )
}
