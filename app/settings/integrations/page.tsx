import { Integrations } from './integrations.tsx'

export default function Page() {
  return <Integrations />
}
