import { failureText } from '../api-client.ts'

/** What went wrong and what to do, where it went wrong. */
export function Failure({ error }: { readonly error: unknown }) {
  if (error === undefined) return null
  const { message, advice } = failureText(error)
  return (
    <p role="alert" className="m-0 mt-3 rounded-md border border-line border-l-[3px] border-l-bad px-3 py-2">
      <b className="font-semibold">{message}</b> <span className="text-ink-2">{advice}</span>
    </p>
  )
}
