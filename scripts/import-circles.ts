import { posix } from 'node:path'
import { importsOf } from './module-imports.js'

/**
 * Files that import each other in a circle at run time, and so can be neither loaded nor understood one by one: each
 * circle once, as the way from a file back to it. `sources` are by their paths.
 */
export function importCircles(sources: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  const circles: (readonly string[])[] = []
  const isDone = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path)
    if (at >= 0) circles.push([...way.slice(at), path])
    if (at >= 0 || isDone.has(path)) return
    for (const next of importedBy(path, sources)) visit(next, [...way, path])
    isDone.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return circles
}

function importedBy(path: string, sources: ReadonlyMap<string, string>): readonly string[] {
  return importsOf(sources.get(path) ?? '')
    .filter(({ kind, specifier }) => kind !== 'type' && specifier.startsWith('.'))
    .map(({ specifier }) => posix.join(posix.dirname(path), specifier.replace(/\.js$/, '.ts')))
    .filter((found) => sources.has(found))
}
