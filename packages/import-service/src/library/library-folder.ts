import { randomBytes } from 'node:crypto'
import { access, constants, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImportError, systemErrorCode } from '../errors.js'
import { makeFolders } from '../make-folders.js'

const defaultChunkSizeBytes = 1024 * 1024
const formatVersion = 1
const markerName = 'library.json'

/** A library on disk: `library.json` says what it is, its chunks are in `store/`. */
export interface LibraryFolder {
  readonly directory: string
  readonly storeDirectory: string
  /** 32 hex digits, made with the library. */
  readonly id: string
  readonly chunkSizeBytes: number
  /** The PostgreSQL schema of its records: one server can serve many libraries. */
  readonly schema: string
}

interface Marker {
  readonly formatVersion: number
  readonly id: string
  readonly chunkSizeBytes: number
}

/** The library in this folder; `undefined` where there is none. Changes nothing. */
export async function findLibraryFolder(directory: string): Promise<LibraryFolder | undefined> {
  const text = await readMarker(directory)
  return text === undefined ? undefined : describe(directory, parseMarker(directory, text))
}

/** The library in this folder, made when there is none. Rejects IMPORT_LIBRARY_UNWRITABLE. */
export async function openLibraryFolder(directory: string): Promise<LibraryFolder> {
  const found = await findLibraryFolder(directory)
  try {
    if (found === undefined) await createMarker(directory)
    await access(directory, constants.W_OK)
    await makeFolders(join(directory, 'store'))
  } catch (error) {
    throw unwritable(directory, error)
  }
  return found ?? (await findLibraryFolder(directory)) ?? vanished(directory)
}

async function readMarker(directory: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, markerName), 'utf8')
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT') return undefined
    throw new ImportError(
      'IMPORT_LIBRARY_UNWRITABLE',
      `the library ${directory} cannot be read: ${whyOf(error)}`,
      { cause: error },
    )
  }
}

/** Two processes may do this at once: the first marker stays, whole. */
async function createMarker(directory: string): Promise<void> {
  await makeFolders(directory)
  const marker: Marker = {
    formatVersion,
    id: randomBytes(16).toString('hex'),
    chunkSizeBytes: defaultChunkSizeBytes,
  }
  const path = join(directory, markerName)
  const temporary = `${path}.${marker.id.slice(0, 8)}`
  try {
    await writeFile(temporary, `${JSON.stringify(marker, undefined, 2)}\n`, { flag: 'wx', flush: true })
    await publish(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function publish(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST') return
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    // A file system without hard links: the moment between look and rename stays open.
    if ((await stat(path).catch(() => undefined)) === undefined) await rename(temporary, path)
  }
}

function parseMarker(directory: string, text: string): Marker {
  const marker = parseJson(text)
  if (typeof marker !== 'object' || marker === null) throw invalid(directory, `its ${markerName} is damaged`)
  const { formatVersion: version, id, chunkSizeBytes } = marker as Partial<Record<keyof Marker, unknown>>
  if (typeof version === 'number' && version > formatVersion) {
    throw invalid(
      directory,
      `it was made by a newer bae (format ${version}; this one knows ${formatVersion})`,
    )
  }
  if (version !== formatVersion || typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) {
    throw invalid(directory, `its ${markerName} is damaged`)
  }
  if (typeof chunkSizeBytes !== 'number' || !isChunkSize(chunkSizeBytes)) {
    throw invalid(directory, `its chunk size ${String(chunkSizeBytes)} is no power of two of at least 16 KiB`)
  }
  return { formatVersion, id, chunkSizeBytes }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Reported as a damaged marker, with the folder's name.
  }
}

function isChunkSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 16 * 1024 && Number.isInteger(Math.log2(bytes))
}

function describe(directory: string, marker: Marker): LibraryFolder {
  return {
    directory,
    storeDirectory: join(directory, 'store'),
    id: marker.id,
    chunkSizeBytes: marker.chunkSizeBytes,
    schema: `bae_${marker.id}`,
  }
}

function invalid(directory: string, why: string): ImportError {
  return new ImportError(
    'IMPORT_LIBRARY_INVALID',
    `${directory} is no library that this version can use: ${why}`,
  )
}

function unwritable(directory: string, cause: unknown): ImportError {
  return new ImportError(
    'IMPORT_LIBRARY_UNWRITABLE',
    `the library ${directory} cannot be written: ${whyOf(cause)}`,
    { cause },
  )
}

function whyOf(error: unknown): string {
  const reasons: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left on the disk',
    EDQUOT: 'the disk quota is used up',
    ENOTDIR: 'a part of its path is a file',
    EEXIST: 'a file of that name is in the way',
    ENOENT: 'its folder cannot be made',
  }
  return reasons[systemErrorCode(error) ?? ''] ?? (error instanceof Error ? error.message : 'unknown reason')
}

function vanished(directory: string): never {
  throw new ImportError('IMPORT_LIBRARY_INVALID', `the library ${directory} went away while it was opened`)
}
