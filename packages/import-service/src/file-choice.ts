import type { FileSelector } from '@bae/client'
import type { FileLayout, TorrentLayout } from '@bae/storage'
import { ImportError } from './errors.js'
import { importedFiles } from './import-snapshot.js'

/** The files of a layout that a selector means: `selectedFiles` of @bae/client. TypeError for what is no glob. */
export type SelectFiles = (layout: TorrentLayout, selector: FileSelector) => readonly number[]

const noFiles: TorrentLayout = {
  name: '',
  singleFile: false,
  pieceLengthBytes: 16_384,
  totalLengthBytes: 0,
  files: [],
}

/** Which files one command asks for: those that its globs mean, else those that its magnet link names, else all. */
export class FileChoice {
  readonly #select: SelectFiles
  readonly #globs: readonly string[]
  readonly #indices: readonly number[] | undefined

  /** `indices` count only where there are no globs. Throws IMPORT_USAGE for what is no glob. */
  constructor(select: SelectFiles, asked: { globs?: readonly string[]; indices?: readonly number[] } = {}) {
    this.#select = select
    this.#globs = asked.globs ?? []
    this.#indices = this.#globs.length > 0 ? undefined : asked.indices
    try {
      if (this.#globs.length > 0) select(noFiles, this.#globs)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      throw new ImportError('IMPORT_USAGE', error.message, { cause: error })
    }
  }

  /** What a client is told before the metadata is known: there globs are about the torrent's own names. */
  get selector(): FileSelector | undefined {
    return this.#globs.length > 0 ? this.#globs : this.#indices
  }

  /**
   * Indices of the files, in order; `undefined` for all. Globs are about paths as `show` lists them. Throws
   * IMPORT_FILE_NOT_FOUND where one of them, or the magnet link, means no file.
   */
  resolve(layout: TorrentLayout): readonly number[] | undefined {
    if (this.selector === undefined) return undefined
    const places = placesOf(layout)
    const strange = this.#globs.find((glob) => this.#select(places, glob).length === 0)
    if (strange !== undefined) throw noSuchFile(layout, `matches '${strange}'`)
    const known = this.#indices?.filter((index) => layout.files[index]?.kind === 'file')
    if (known?.length === 0) throw noSuchFile(layout, 'is what the magnet link selects (so=)')
    const chosen = new Set(this.#select(places, known ?? this.#globs))
    return allAsUndefined(layout, chosen)
  }

  /** What a client that was given `selector` has chosen by itself. */
  resolveByOwnNames(layout: TorrentLayout): readonly number[] {
    const { selector } = this
    const known = this.#indices?.filter((index) => layout.files[index] !== undefined)
    return selector === undefined
      ? layout.files.map(({ index }) => index)
      : this.#select(layout, known ?? selector)
  }
}

/** Both selections; `undefined` is everything. */
export function joinSelections(
  layout: TorrentLayout,
  one: readonly number[] | undefined,
  other: readonly number[],
): readonly number[] | undefined {
  return one && allAsUndefined(layout, new Set([...one, ...other]))
}

function allAsUndefined(layout: TorrentLayout, chosen: ReadonlySet<number>): readonly number[] | undefined {
  const files = layout.files.filter(({ kind }) => kind === 'file')
  const selected = files.filter(({ index }) => chosen.has(index))
  return selected.length === files.length ? undefined : selected.map(({ index }) => index)
}

/** The layout with the paths that users see. What has no place has no path. */
function placesOf(layout: TorrentLayout): TorrentLayout {
  const places = new Map(importedFiles(layout).map(({ path, file }) => [file.index, path]))
  const files = layout.files.map((file): FileLayout => {
    const place = places.get(file.index)
    return place === undefined ? { ...file, kind: 'padding' } : { ...file, path: place.split('/') }
  })
  return { ...layout, files }
}

function noSuchFile({ name }: TorrentLayout, what: string): ImportError {
  const hint =
    "'bae show ID' shows its files, 'bae import SOURCE --list' those of one that is not imported yet"
  return new ImportError('IMPORT_FILE_NOT_FOUND', `no file of ${name} ${what}; ${hint}`)
}
