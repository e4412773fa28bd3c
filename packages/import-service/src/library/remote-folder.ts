import { readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { ImportError, systemErrorCode } from '../errors.js'
import { makeFolders } from '../make-folders.js'
import type { LibraryFolder } from './library-folder.js'

const markerName = 'bae-remote.json'

/** In the library: there is a remote folder, which must not be taken for a new one when it is empty. */
const noteName = 'remote.json'

/**
 * The folder that holds what the library has no room for. It belongs to one library, as what nothing there
 * refers to is deleted. Where it was set up before and is not there now, its disk is not mounted: rejects
 * IMPORT_REMOTE_INVALID.
 */
export async function openRemoteFolder(directory: string, library: LibraryFolder): Promise<string> {
  const isSetUp = await findRemoteFolder(directory, library)
  await namingFolder(directory, async () => {
    if (!isSetUp) await setUp(directory, library)
    await note(directory, library)
  })
  return directory
}

/** Whether the folder is set up for this library. Changes nothing; rejects IMPORT_REMOTE_INVALID where it cannot be. */
export function findRemoteFolder(directory: string, library: LibraryFolder): Promise<boolean> {
  return namingFolder(directory, async () => {
    const owner = await ownerOf(directory)
    if (owner === undefined) await refuseLost(directory, library)
    else if (owner !== library.id) throw invalid(directory, `it belongs to another library (${owner})`)
    else await refuseNested(directory, library.directory)
    return owner !== undefined
  })
}

async function namingFolder<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ImportError) throw error
    throw invalid(directory, systemErrorCode(error) ?? 'it cannot be read', error)
  }
}

async function ownerOf(directory: string): Promise<string | undefined> {
  try {
    const marker: unknown = JSON.parse(await readFile(join(directory, markerName), 'utf8'))
    const { libraryId } = marker as { readonly libraryId?: unknown }
    return typeof libraryId === 'string' ? libraryId : 'unknown'
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    if (error instanceof SyntaxError) throw invalid(directory, `its ${markerName} is damaged`, error)
    throw error
  }
}

async function refuseLost(directory: string, library: LibraryFolder): Promise<void> {
  if (!(await exists(join(library.directory, noteName)))) return
  const lost = `the library has chunks in a remote folder, and this one has no ${markerName}`
  throw invalid(directory, `${lost}: is its disk mounted?`)
}

async function setUp(directory: string, library: LibraryFolder): Promise<void> {
  await makeFolders(directory)
  await refuseNested(directory, library.directory)
  const marker = `${JSON.stringify({ libraryId: library.id })}\n`
  await writeFile(join(directory, markerName), marker, { flag: 'wx', flush: true })
}

/** Comes last: a crash before leaves a remote folder that is found, and noted, the next time. */
async function note(directory: string, library: LibraryFolder): Promise<void> {
  const path = join(library.directory, noteName)
  if (await exists(path)) return
  await writeFile(path, `${JSON.stringify({ directory })}\n`, { flush: true })
}

/** Evicting a chunk would delete its only copy. */
async function refuseNested(remote: string, library: string): Promise<void> {
  const [a, b] = await Promise.all([realpath(remote), realpath(library)])
  if (!`${a}${sep}`.startsWith(`${b}${sep}`) && !`${b}${sep}`.startsWith(`${a}${sep}`)) return
  throw invalid(remote, `it and the library ${library} lie in each other`)
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw error
  }
}

function invalid(directory: string, why: string, cause?: unknown): ImportError {
  return new ImportError('IMPORT_REMOTE_INVALID', `BAE_REMOTE ${directory} cannot be used: ${why}`, { cause })
}
