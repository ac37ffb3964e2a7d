import { Download } from 'lucide-react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { contract, type QueryOf } from '../../server/api/contract.ts'
import { pathOf } from '../api-client.ts'
import { TEXTS } from '../texts.ts'

const PARTS = ['runs', 'calls', 'cells'] as const
const FORMATS = ['csv', 'json'] as const

/** The log as a file, of the runs that are filtered for: the browser saves the server's answer as it comes. */
export function ExportMenu({ query }: { readonly query: Omit<QueryOf<'exportRuns'>, 'of' | 'format'> }) {
  return (
    <MenuTrigger>
      <AriaButton className="button">
        <Download size={14} aria-hidden /> {TEXTS.log.exports.button}
      </AriaButton>
      <Popover placement="bottom end" className="popover arrives">
        <Menu className="menu" aria-label={TEXTS.log.exports.button}>
          {PARTS.flatMap((of) =>
            FORMATS.map((format) => (
              <MenuItem
                key={`${of}.${format}`}
                className="menu-item"
                href={pathOf(contract.exportRuns.path, {}, { ...query, of, format })}
                target="_self"
                download={`${of}.${format}`}
              >
                {TEXTS.log.exports.as(TEXTS.log.exports[of], format.toUpperCase())}
              </MenuItem>
            )),
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
