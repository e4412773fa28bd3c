import type { FileLayout, TorrentLayout } from '@bae/storage'

/**
 * Which files of a torrent: their `index`, or globs on their path below the torrent's folder ('*.flac', 'disc 1/**').
 * A glob without '/' is about the name alone, in whatever folder. It knows *, **, ?, [abc] and {a,b}.
 */
export type FileSelector = number | string | readonly (number | string)[]

/** Indices of the files that are meant, without padding. RangeError for an index that the torrent does not have. */
export function selectedFiles(layout: TorrentLayout, selector: FileSelector): readonly number[] {
  const parts: readonly (number | string)[] = Array.isArray(selector) ? selector : [selector]
  // A set: a torrent of 100,000 files may be asked for by as many indices.
  const indices = new Set(parts.filter((part) => typeof part === 'number'))
  for (const index of indices) {
    if (layout.files[index] !== undefined) continue
    throw new RangeError(`file ${index} is outside a torrent of ${layout.files.length} files`)
  }
  const globs = parts.filter((part) => typeof part === 'string').map(testOf)
  const isMeant = (file: FileLayout) => indices.has(file.index) || globs.some((test) => test(file))
  return layout.files.filter((file) => file.kind !== 'padding' && isMeant(file)).map(({ index }) => index)
}

function testOf(glob: string): (file: FileLayout) => boolean {
  const pattern = patternOf(glob)
  const ofName = !glob.includes('/')
  return ({ path }) => pattern.test(ofName ? (path.at(-1) ?? '') : path.join('/'))
}

/** The glob as a regular expression. TypeError for one that is no text or does not end what it begins. */
function patternOf(glob: string): RegExp {
  let source = ''
  let depth = 0
  for (let at = 0; at < glob.length; at++) {
    const rest = glob.slice(at)
    const [set] = /^\[!?[^\]/]+\]/.exec(rest) ?? []
    if (rest.startsWith('**/')) [source, at] = [`${source}(?:.*/)?`, at + 2]
    else if (rest.startsWith('**')) [source, at] = [`${source}.*`, at + 1]
    else if (rest[0] === '*') source += '[^/]*'
    else if (rest[0] === '?') source += '[^/]'
    else if (set !== undefined) [source, at] = [source + setOf(set), at + set.length - 1]
    else if (rest[0] === '{') [source, depth] = [`${source}(?:`, depth + 1]
    else if (rest[0] === '}' && depth > 0) [source, depth] = [`${source})`, depth - 1]
    else if (rest[0] === ',' && depth > 0) source += '|'
    else source += escaped(rest[0] ?? '')
  }
  if (depth > 0) throw new TypeError(`the glob '${glob}' has a { without its }`)
  try {
    return new RegExp(`^${source}$`, 's')
  } catch (cause) {
    throw new TypeError(`the glob '${glob}' has a [ with characters in the wrong order`, { cause })
  }
}

function setOf(set: string): string {
  const inside = set.slice(1, -1).replace(/[\\^]/g, '\\$&')
  return inside.startsWith('!') ? `[^/${inside.slice(1)}]` : `[${inside}]`
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
