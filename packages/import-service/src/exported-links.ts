import { posix } from 'node:path'
import type { FileLayout, TorrentLayout } from '@bae/storage'
import { importedFiles } from './import-snapshot.js'
import { safePaths } from './safe-path.js'

export interface ExportedLink {
  /** Below the torrent's folder. */
  readonly path: string
  /** As it is written into the link: relative, and within the torrent's folder. */
  readonly target: string
}

/** More of them on the way to a file than a system follows, or a circle. */
const maxFollowedLinks = 40

/**
 * The symbolic links of a torrent that lead to a file among `indices`, or to a folder of one, also by way of other links.
 * Others, such as those that would leave the torrent, are nowhere.
 */
export function exportedLinks(layout: TorrentLayout, indices: ReadonlySet<number>): readonly ExportedLink[] {
  const links = layout.files.filter(({ kind }) => kind === 'symlink')
  if (links.length === 0) return []
  const files = importedFiles(layout)
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
  const linkPlaces = new Map(
    links.map(({ path }, position) => [keyOf(path), places[files.length + position] ?? '']),
  )
  const follow = followerOf(links, new Set(files.map(({ file }) => keyOf(file.path))))
  return links.flatMap(({ path: own, symlinkTarget }) => {
    if (symlinkTarget === undefined) return []
    const end = follow(symlinkTarget)
    if (end === undefined || !targets.has(keyOf(end))) return []
    const path = linkPlaces.get(keyOf(own)) ?? ''
    // What is a link stays one; a folder before it that is one does not.
    const parent = follow(symlinkTarget.slice(0, -1)) ?? []
    const next = keyOf([...parent, ...symlinkTarget.slice(-1)])
    const target = targets.get(next) ?? linkPlaces.get(next) ?? ''
    return [{ path, target: posix.relative(posix.dirname(path), target) || '.' }]
  })
}

/** Says where a path leads to when all links on it are followed. What is called as a file is no link. Undefined: in a circle. */
function followerOf(
  links: readonly FileLayout[],
  files: ReadonlySet<string>,
): (path: readonly string[], followed?: number) => readonly string[] | undefined {
  const byPath = new Map(links.map(({ path, symlinkTarget }) => [keyOf(path), symlinkTarget]))
  return function follow(path, followed = 1) {
    for (let depth = 1; depth <= path.length; depth += 1) {
      const key = keyOf(path.slice(0, depth))
      const target = byPath.get(key)
      if (target === undefined || files.has(key)) continue
      if (followed === maxFollowedLinks) return undefined
      return follow([...target, ...path.slice(depth)], followed + 1)
    }
    return path
  }
}

/** Names cannot have a slash. */
function keyOf(components: readonly string[]): string {
  return components.join('/')
}
