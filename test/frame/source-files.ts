import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '..', '..')

/** Folders of a checkout that hold no sources of ours; names with a dot in front are left out anyway. */
const NOT_OURS = new Set(['node_modules', 'data', 'public', 'test-results', 'playwright-report'])
const SOURCE = /\.(ts|tsx|mts|mjs|js|jsx)$/

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** The top-level folders that hold sources, by what lies on the disk. */
export function sourceFolders(root: string = ROOT): readonly string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOT_OURS.has(entry.name))
    .map((entry) => entry.name)
    .filter((name) => sourceFiles(name, root).length > 0)
    .sort()
}

/** All source files under one folder, in order. */
export function sourceFiles(folder: string, root: string = ROOT): readonly SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

export interface Import {
  /** As written, or from the root where it was relative. */
  readonly target: string
  readonly isOurs: boolean
  readonly isTypeOnly: boolean
}

const STATEMENT = /^(?:import|export)\s+(type\s)?(?:[\w*\s{},$]+?\sfrom\s+)?['"]([^'"]+)['"]/gm
const CALL = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g
/** A worker's file: `new URL('./log-worker.ts', import.meta.url)`. */
const MODULE_URL = /new URL\(\s*['"](\.[^'"]+\.[mc]?[jt]sx?)['"]\s*,\s*import\.meta\.url/g

/** What a file imports, re-exports, imports at run time or starts as a worker. */
export function importsOf({ path, text }: SourceFile): readonly Import[] {
  const code = withoutComments(text)
  const statements = [...code.matchAll(STATEMENT)].map(([, type, target = '']) => ({ target, isTypeOnly: type !== undefined }))
  const calls = [...code.matchAll(CALL), ...code.matchAll(MODULE_URL)].map(([, target = '']) => ({ target, isTypeOnly: false }))
  return [...statements, ...calls].map(({ target, isTypeOnly }) => {
    const isOurs = target.startsWith('.')
    return { target: isOurs ? posix.join(dirname(path), target) : target, isOurs, isTypeOnly }
  })
}

const STRING_OR_COMMENT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g

/** The text without its comments; strings stay, so that an address in one is not taken for a comment. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (found) => (/^\/[/*]/.test(found) ? ' ' : found))
}
