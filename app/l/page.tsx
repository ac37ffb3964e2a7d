import { LinkPage } from '../share/link-page.tsx'

/** The same shell for every shared link: the token behind the # is read by the page and never reaches the server in an address. */
export default function Page() {
  return <LinkPage />
}
