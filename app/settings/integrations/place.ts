const ID = '[0-9A-Za-z]{1,32}'
const PAGE = new RegExp(`^/settings/integrations(?:/(${ID})(?:/fields/(${ID}))?)?/?$`, 'u')

/** Which of the pages of integrations an address is. */
export type Place =
  | { readonly kind: 'list' }
  | { readonly kind: 'integration'; readonly id: string }
  | { readonly kind: 'fields'; readonly id: string; readonly object: string }
  | { readonly kind: 'nowhere' }

export function placeOf(pathname: string): Place {
  const found = PAGE.exec(pathname)
  if (found === null) return { kind: 'nowhere' }
  const [, id, object] = found
  if (id === undefined) return { kind: 'list' }
  return object === undefined ? { kind: 'integration', id } : { kind: 'fields', id, object }
}

export const listPath = '/settings/integrations'
export const integrationPath = (id: string): string => `${listPath}/${id}`
export const fieldsPath = (id: string, object: string): string => `${integrationPath(id)}/fields/${object}`
