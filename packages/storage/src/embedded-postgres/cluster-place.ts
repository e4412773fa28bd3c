import { createHash } from 'node:crypto'
import { readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StorageError } from '../errors.js'
import { isFileError } from './file-error.js'
import type { ServerUser } from './run-program.js'
import { canEnter } from './server-user.js'

export interface PlaceOptions {
  /** The library's folder, which is there. */
  readonly directory: string
  /** Where the cluster of a new library goes whatever its own folder can hold. */
  readonly stateDirectory?: string | undefined
  /** Where it goes when the server's user cannot enter the library. */
  readonly fallbackStateDirectory?: string | undefined
  /** A cluster that is lost is to be made anew. */
  readonly renew?: boolean | undefined
}

/** Folders of one library's server. */
export interface ClusterPlace {
  /** Cluster, password and log, in one folder that only the server's user can enter. */
  readonly directory: string
  readonly exists: boolean
  /** For copies of programs, where they are needed. */
  readonly stateDirectory: string
}

const defaultFallback = '/var/lib/bae/state'

/** In the library, a file with the place of a cluster that lies elsewhere. */
const noteName = 'postgres.place'

/**
 * An existing cluster is found wherever it was made, whatever the options are now; a new one goes into the
 * library where that is possible.
 */
export async function findClusterPlace(
  options: PlaceOptions,
  user: ServerUser | undefined,
): Promise<ClusterPlace> {
  const library = await realpath(options.directory)
  const stateDirectory = options.stateDirectory ?? options.fallbackStateDirectory ?? defaultFallback
  const inside = { directory: join(library, 'postgres'), stateDirectory }
  if (await isFolder(inside.directory)) return { ...inside, exists: true }
  const noted = await readNote(library)
  if (noted !== undefined && (options.renew !== true || (await isFolder(noted))))
    return await notedPlace(library, noted, stateDirectory)
  const outside = { directory: join(stateDirectory, nameOf(library), 'postgres'), stateDirectory }
  if (await isFolder(outside.directory)) return { ...outside, exists: true }
  const fits = options.stateDirectory === undefined && (await canEnter(library, user))
  return { ...(fits ? inside : outside), exists: false }
}

/** So that later processes look there, whatever they are told then. */
export async function notePlace(libraryDirectory: string, place: ClusterPlace): Promise<void> {
  const library = await realpath(libraryDirectory)
  if (place.directory === join(library, 'postgres')) return
  if ((await readNote(library)) === place.directory) return
  // Renamed into place: another process may read the note at any time.
  const fresh = join(library, `${noteName}.${process.pid}`)
  await writeFile(fresh, `${place.directory}\n`)
  await rename(fresh, join(library, noteName))
}

/** An empty database in its place would say that the library is empty. */
async function notedPlace(library: string, directory: string, stateDirectory: string): Promise<ClusterPlace> {
  if (await isFolder(directory)) return { directory, stateDirectory, exists: true }
  throw new StorageError(
    'STORAGE_REBUILD_NEEDED',
    `the database of the library "${library}" was made in "${directory}" and is not there any more`,
  )
}

/** Tells libraries of the same name apart. */
function nameOf(library: string): string {
  return `${basename(library)}-${createHash('sha256').update(library).digest('hex').slice(0, 12)}`
}

async function readNote(library: string): Promise<string | undefined> {
  try {
    return (await readFile(join(library, noteName), 'utf8')).trim()
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return false
    throw error
  }
}
