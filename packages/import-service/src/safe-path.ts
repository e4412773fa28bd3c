const maxNameBytes = 255
const maxExtensionBytes = 32
/** Separators, control characters, and the marks that turn the direction of text around. */
const unsafeCharacters = /[/\\\p{Cc}\p{Surrogate}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const reservedNames = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i

/**
 * A name of one file or folder that stays in its folder, whatever the torrent calls it. Names that are
 * safe already come back as they are.
 */
export function safeName(name: string): string {
  let safe = name.replace(unsafeCharacters, '_').replace(/[. ]+$/, (end) => '_'.repeat(end.length))
  if (safe === '') safe = '_'
  if (reservedNames.test(safe)) safe = `_${safe}`
  return shortenName(safe, '')
}

/**
 * Paths for the files of a torrent, one for each, `/`-joined, all different and none a folder of another:
 * a name that is taken gets a number.
 */
export function safePaths(paths: readonly (readonly string[])[]): readonly string[] {
  const folders = new Map<string, string>([['', '']])
  const taken = new Set<string>()
  const usedFolders = new Set<string>()
  /** How many there were of a place: what was taken once stays taken. */
  const askedFor = new Map<string, number>()

  const isFree = (path: string): boolean => !taken.has(path) && !usedFolders.has(path)

  const folderOf = (components: readonly string[]): string => {
    const key = components.map(safeName).join('/')
    const known = folders.get(key)
    if (known !== undefined) return known
    const parent = folderOf(components.slice(0, -1))
    const { path: folder } = firstFree(parent, safeName(components.at(-1) ?? ''), (path) => !taken.has(path))
    folders.set(key, folder)
    usedFolders.add(folder)
    return folder
  }

  return paths.map((components) => {
    const folder = folderOf(components.slice(0, -1))
    const name = safeName(components.at(-1) ?? '')
    const place = `${folder}/${name}`
    const { path, number } = firstFree(folder, name, isFree, askedFor.get(place))
    askedFor.set(place, number + 1)
    taken.add(path)
    return path
  })
}

function firstFree(folder: string, name: string, isFree: (path: string) => boolean, from = 1) {
  for (let number = from; ; number += 1) {
    const candidate = number === 1 ? name : shortenName(name, ` (${number})`)
    const path = folder === '' ? candidate : `${folder}/${candidate}`
    if (isFree(path)) return { path, number }
  }
}

/** Puts `suffix` before the extension and cuts whole characters until the name has at most 255 bytes. */
function shortenName(name: string, suffix: string): string {
  const { stem, extension } = splitExtension(name)
  const roomBytes = maxNameBytes - Buffer.byteLength(suffix + extension)
  let kept = ''
  let keptBytes = 0
  for (const character of stem) {
    keptBytes += Buffer.byteLength(character)
    if (keptBytes > roomBytes) break
    kept += character
  }
  return kept + suffix + extension
}

function splitExtension(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  if (extension === '' || Buffer.byteLength(extension) > maxExtensionBytes)
    return { stem: name, extension: '' }
  return { stem: name.slice(0, dot), extension }
}
