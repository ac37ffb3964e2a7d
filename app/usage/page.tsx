import { UsageLoader } from './usage-loader.tsx'

export default function Page() {
  return <UsageLoader />
}
