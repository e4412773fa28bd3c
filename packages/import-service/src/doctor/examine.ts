import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatBytes } from '../cli/format-quantities.js'
import type { Composition, DatabaseFacts } from '../composition.js'
import type { Config } from '../config.js'
import { isBaeError, systemErrorCode } from '../errors.js'
import { findLibraryFolder } from '../library/library-folder.js'
import type { DoctorItem } from './doctor-item.js'

const oldestNode: readonly [number, number] = [20, 19]
const scarceBytes = 1024 ** 3

export interface ExamineDeps {
  readonly composition: Composition
  readonly config: Config
  readonly version: string
  readonly nodeVersion: string
  readonly platform: string
  readonly signal?: AbortSignal
}

/** Looks at everything that an import needs. Never rejects for what it finds: that becomes an item. */
export async function examine(deps: ExamineDeps): Promise<readonly DoctorItem[]> {
  return [
    { name: 'bae', status: 'ok', detail: `${deps.version} on ${deps.platform}` },
    examineNode(deps.nodeVersion),
    await examineLibtorrent(deps.composition),
    await examineLibrary(deps.config.libraryDirectory),
    await examineSpace(deps.config.libraryDirectory),
    await examineDatabase(deps),
  ]
}

export function examineNode(version: string): DoctorItem {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  if (isNewEnough) return { name: 'node', status: 'ok', detail: version }
  return {
    name: 'node',
    status: 'fail',
    detail: version,
    advice: `install Node.js ${oldestNode.join('.')} or newer`,
  }
}

async function examineLibtorrent(composition: Composition): Promise<DoctorItem> {
  try {
    return { name: 'libtorrent', status: 'ok', detail: await composition.libtorrentVersion() }
  } catch (error) {
    const advice = 'run ./bae in the clone again, or install libtorrent-rasterbar 2.0.8 or newer and build'
    return { name: 'libtorrent', status: 'fail', detail: messageOf(error), advice }
  }
}

async function examineLibrary(directory: string): Promise<DoctorItem> {
  const name = 'library'
  try {
    const library = await findLibraryFolder(directory)
    const folder = library === undefined ? await nearestFolder(directory) : directory
    await access(folder, constants.W_OK | constants.X_OK)
    if (library === undefined)
      return { name, status: 'ok', detail: `${directory}, not there yet: the first import makes it` }
    return { name, status: 'ok', detail: `${directory}, chunks of ${formatBytes(library.chunkSizeBytes)}` }
  } catch (error) {
    const detail = isBaeError(error) ? error.message : `${directory} cannot be written: ${reasonOf(error)}`
    return {
      name,
      status: 'fail',
      detail,
      advice: 'name another folder with --library or BAE_LIBRARY, or change who may write it',
    }
  }
}

async function examineSpace(directory: string): Promise<DoctorItem> {
  const name = 'free space'
  try {
    const { bavail, bsize } = await statfs(await nearestFolder(directory))
    const freeBytes = bavail * bsize
    const detail = `${formatBytes(freeBytes)} where the library is`
    if (freeBytes >= scarceBytes) return { name, status: 'ok', detail }
    return { name, status: 'warn', detail, advice: "make room: 'bae remove ID' deletes what is not needed" }
  } catch (error) {
    return { name, status: 'warn', detail: `not known: ${reasonOf(error)}` }
  }
}

async function examineDatabase({ composition, config, signal }: ExamineDeps): Promise<DoctorItem> {
  const name = 'database'
  try {
    const facts = await composition.inspectDatabase(config, signal === undefined ? {} : { signal })
    return { name, status: 'ok', detail: describeDatabase(facts) }
  } catch (error) {
    signal?.throwIfAborted()
    const advice =
      config.databaseUrl === undefined
        ? 'set BAE_STATE to a folder on a local disk, or BAE_DATABASE_URL to a PostgreSQL server'
        : 'see that the server of BAE_DATABASE_URL runs and lets this user in'
    return { name, status: 'fail', detail: messageOf(error), advice }
  }
}

function describeDatabase({ kind, place, serverVersion, tlsVersion }: DatabaseFacts): string {
  const version = serverVersion === undefined ? '' : ` ${serverVersion}`
  if (kind === 'server') return `PostgreSQL${version} (${place}), ${tlsVersion ?? 'without TLS'}`
  const what = "the library's own PostgreSQL"
  return serverVersion === undefined
    ? `${what}, starts when needed (${place})`
    : `${what}${version} (${place})`
}

/** The folder itself, or the nearest one above it that is there. */
async function nearestFolder(directory: string): Promise<string> {
  for (let current = directory; ; current = dirname(current)) {
    try {
      await stat(current)
      return current
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || current === dirname(current)) throw error
    }
  }
}

function reasonOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'EROFS') return 'the file system is read-only'
  if (code === 'ENOTDIR') return 'a part of its path is a file'
  return messageOf(error)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason'
}
