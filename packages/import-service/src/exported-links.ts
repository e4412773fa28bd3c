import { posix } from 'node:path'
import type { TorrentLayout } from '@bae/storage'
import { importedFiles } from './import-snapshot.js'
import { safePaths } from './safe-path.js'

export interface ExportedLink {
  /** Below the torrent's folder. */
  readonly path: string
  /** As it is written into the link: relative, and within the torrent's folder. */
  readonly target: string
}

/**
 * The symbolic links of a torrent that lead to a file among `indices`, or to a folder of one. Others, such as those that
 * would leave the torrent, are nowhere.
 */
export function exportedLinks(layout: TorrentLayout, indices: ReadonlySet<number>): readonly ExportedLink[] {
  const files = importedFiles(layout)
  const links = layout.files.filter(({ kind }) => kind === 'symlink')
  // After the files, whose places do not depend on links.
  const places = safePaths([...files.map(({ file }) => file.path), ...links.map(({ path }) => path)])
  const targets = new Map<string, string>()
  for (const { path, file } of files) {
    if (!indices.has(file.index)) continue
    const place = path.split('/')
    for (let depth = 0; depth < place.length; depth += 1)
      targets.set(keyOf(file.path.slice(0, depth)), place.slice(0, depth).join('/'))
    targets.set(keyOf(file.path), path)
  }
  return links.flatMap(({ symlinkTarget }, position) => {
    const path = places[files.length + position] ?? ''
    const target = symlinkTarget && targets.get(keyOf(symlinkTarget))
    return target === undefined ? [] : { path, target: posix.relative(posix.dirname(path), target) || '.' }
  })
}

/** Names cannot have a slash. */
function keyOf(components: readonly string[]): string {
  return components.join('/')
}
