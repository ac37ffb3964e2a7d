/** An operation of a stand-in: its method, and its path with parameters in braces. */
export interface RoutePattern {
  readonly method: string
  readonly path: string
}

export type RouteMatch<R extends RoutePattern> =
  | { readonly kind: 'route'; readonly route: R; readonly params: Readonly<Record<string, string>> }
  /** The path is known, but not with this method. */
  | { readonly kind: 'other-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' }

/** Finds the operation a request means. The first that fits wins, so fixed paths stand before those with a parameter. */
export function makeRouter<R extends RoutePattern>(routes: readonly R[]): (method: string, path: string) => RouteMatch<R> {
  const patterns = routes.map((route) => ({ route, segments: route.path.split('/') }))
  return (method, path) => {
    const parts = path.split('/')
    const matches = patterns.flatMap(({ route, segments }) => {
      const params = matchSegments(segments, parts)
      return params ? [{ route, params }] : []
    })
    const found = matches.find(({ route }) => route.method === method)
    if (found) return { kind: 'route', ...found }
    if (matches.length === 0) return { kind: 'unknown' }
    return { kind: 'other-method', allowed: [...new Set(matches.map(({ route }) => route.method))] }
  }
}

function matchSegments(segments: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== parts.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const part = parts[index] ?? ''
    if (segment.startsWith('{')) {
      if (part === '') return undefined
      params[segment.slice(1, -1)] = decodePart(part)
    } else if (segment !== part) return undefined
  }
  return params
}

/** A part of a path, its escapes read; one that is broken stands as it is. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
