/** One import or re-export of a TypeScript file. */
export interface ModuleImport {
  readonly line: number
  readonly specifier: string
  /** 'type' leaves nothing in the emitted JavaScript; 'lazy' is `import()`. */
  readonly kind: 'type' | 'static' | 'lazy'
}

const statement =
  /^[ \t]*(?:import|export)\s+(?<typeOnly>type\s+(?!from\b))?(?:[\w*\s{},$]*?\sfrom\s*|(?=['"]))['"](?<specifier>[^'"\n]+)['"]/gm
const lazy = /(?<typeOf>typeof\s+)?\bimport\s*\(\s*['"](?<specifier>[^'"\n]+)['"]\s*\)(?<member>\.\w+)?/g

/**
 * Imports of a source, found by their form: TypeScript 7 has no compiler API. `import { type A }` counts as a
 * run-time import, as `verbatimModuleSyntax` keeps the empty import.
 */
export function importsOf(source: string): ModuleImport[] {
  const code = withoutComments(source)
  const found: ModuleImport[] = []
  for (const match of code.matchAll(statement)) {
    found.push(importAt(code, match, match.groups?.typeOnly === undefined ? 'static' : 'type'))
  }
  for (const match of code.matchAll(lazy)) {
    found.push(importAt(code, match, match.groups?.typeOf === undefined ? 'lazy' : 'type'))
  }
  return found
}

function importAt(code: string, match: RegExpExecArray, kind: ModuleImport['kind']): ModuleImport {
  const specifier = match.groups?.specifier ?? ''
  const end = match.index + match[0].length
  return { specifier, kind, line: code.slice(0, end).split('\n').length }
}

/** Comments become spaces, line breaks stay: lines keep their numbers. */
function withoutComments(source: string): string {
  const commentOrText = /\/\*[\s\S]*?\*\/|(?<=^|[\s;{(,])\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g
  return source.replace(commentOrText, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  )
}
