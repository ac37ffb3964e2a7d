import { IntegrationsLoader } from '../integrations-loader.tsx'

export default function Page() {
  return <IntegrationsLoader />
}
