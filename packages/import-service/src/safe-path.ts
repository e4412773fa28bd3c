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
  const top = new Folder('')
  return paths.map((components) => {
    let folder = top
    for (const name of components.slice(0, -1)) folder = folder.enter(safeName(name))
    return folder.add(safeName(components.at(-1) ?? ''))
  })
}

/** What is taken in one folder. Nothing here takes longer the deeper it is, or the more files have one name. */
class Folder {
  /** Of the folder, with the slash behind it. */
  readonly #prefix: string
  readonly #files = new Set<string>()
  /** By the names that they have. */
  readonly #folders = new Map<string, Folder>()
  /** By the names that they should have. */
  readonly #entered = new Map<string, Folder>()
  /** The next number to try for a name: what was taken once stays taken. */
  readonly #numbers = new Map<string, number>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  enter(name: string): Folder {
    const known = this.#entered.get(name)
    if (known !== undefined) return known
    const { free } = firstFree(name, 1, (candidate) => !this.#files.has(candidate))
    const folder = this.#folders.get(free) ?? new Folder(`${this.#prefix}${free}/`)
    this.#folders.set(free, folder)
    this.#entered.set(name, folder)
    return folder
  }

  /** The path of a new file. */
  add(name: string): string {
    const isFree = (candidate: string): boolean =>
      !this.#files.has(candidate) && !this.#folders.has(candidate)
    const { free, number } = firstFree(name, this.#numbers.get(name) ?? 1, isFree)
    this.#numbers.set(name, number + 1)
    this.#files.add(free)
    return this.#prefix + free
  }
}

function firstFree(name: string, from: number, isFree: (name: string) => boolean) {
  for (let number = from; ; number += 1) {
    const free = number === 1 ? name : shortenName(name, ` (${number})`)
    if (isFree(free)) return { free, number }
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
