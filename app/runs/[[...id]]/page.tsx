import { RunsLoader } from '../runs-loader.tsx'

export default function Page() {
  return <RunsLoader />
}
