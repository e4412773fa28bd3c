import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, mkdir, open, rename, rm, rmdir, symlink, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { AbortOptions, FileLayout } from '@bae/storage'
import { ImportError, isBaeError, systemErrorCode } from './errors.js'
import { exportedLinks } from './exported-links.js'
import { importedFiles, totalFileBytes } from './import-snapshot.js'
import type { LibraryLike, LibraryTorrent } from './library-like.js'
import { makeFolders } from './make-folders.js'
import { safeName } from './safe-path.js'

export interface ExportedTorrent {
  /** What was made: the torrent's folder, or its only file. Absolute. */
  readonly path: string
  readonly files: number
  readonly bytes: number
  /** Files of the torrent that are not selected, and so not here. */
  readonly unselected: number
  /** Symbolic links that were made. */
  readonly links: number
}

export interface ExportOptions extends AbortOptions {
  /** For each part that was written; `totalBytes` are those of the files to write. */
  readonly onProgress?: (progress: { readonly writtenBytes: number; readonly totalBytes: number }) => void
  /** Makes executable what the torrent calls so, and its symbolic links as far as they lead to what is exported. */
  readonly attributes?: boolean
}

export interface ExportDeps {
  readonly library: LibraryLike
  /** What is selected of it is complete. */
  readonly torrent: LibraryTorrent
  /** Indices of the files to write; all when left out. */
  readonly selectedFiles?: readonly number[]
}

/**
 * Writes a torrent below `directory` under a temporary name and renames it at the end: the name is there
 * with everything, or not at all. Links are made last, so that nothing is ever written through one.
 */
export async function exportTorrent(
  deps: ExportDeps,
  directory: string,
  options: ExportOptions = {},
): Promise<ExportedTorrent> {
  const { layout } = deps.torrent
  const target = resolve(directory, safeName(layout.name))
  const temporary = resolve(directory, `.bae-export-${randomBytes(6).toString('hex')}`)
  let made: readonly string[] = []
  const work = { ...deps, onWritten: countInto(options, totalFileBytes(layout, deps.selectedFiles)) }
  try {
    await assertFree(target)
    made = await makeFolders(resolve(directory))
    const written = layout.singleFile
      ? await writeSingleFile(work, temporary, options)
      : await writeTree(work, temporary, options)
    await publish(temporary, target, layout.singleFile)
    const unselected = importedFiles(layout).length - written.files
    return { path: target, ...written, unselected }
  } catch (error) {
    // Where it cannot be removed it is what went wrong that matters: below a file `rm` fails even for what is not there.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    await removeEmptyFolders(made)
    if (isBaeError(error) || options.signal?.aborted) throw error
    throw exportFailed(target, error)
  }
}

interface ExportWork extends ExportDeps {
  readonly onWritten: (bytes: number) => void
}

function countInto({ onProgress }: ExportOptions, totalBytes: number): ExportWork['onWritten'] {
  let writtenBytes = 0
  return (bytes) => {
    writtenBytes += bytes
    onProgress?.({ writtenBytes, totalBytes })
  }
}

type Written = Pick<ExportedTorrent, 'files' | 'bytes' | 'links'>

async function assertFree(target: string): Promise<void> {
  const found = await lstat(target).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (found !== undefined) throw exists(target)
}

async function writeSingleFile(deps: ExportWork, path: string, options: ExportOptions): Promise<Written> {
  const file = importedFiles(deps.torrent.layout)[0]?.file
  if (file === undefined)
    throw new ImportError('IMPORT_EXPORT_FAILED', 'the torrent has no file that can be exported')
  await writeFile(deps, file, path, options)
  return { files: 1, bytes: file.lengthBytes, links: 0 }
}

async function writeTree(deps: ExportWork, folder: string, options: ExportOptions): Promise<Written> {
  await mkdir(folder)
  const made = new Set([folder])
  let bytes = 0
  const selected = deps.selectedFiles && new Set(deps.selectedFiles)
  // Places do not depend on what is selected: a later export has the same.
  const files = importedFiles(deps.torrent.layout).filter(({ file }) => selected?.has(file.index) ?? true)
  for (const { path, file } of files) {
    const target = join(folder, path)
    const parent = dirname(target)
    if (!made.has(parent)) await mkdir(parent, { recursive: true })
    made.add(parent)
    await writeFile(deps, file, target, options)
    bytes += file.lengthBytes
  }
  const links = options.attributes ? await makeLinks(deps, folder, made) : 0
  return { files: files.length, bytes, links }
}

async function makeLinks(
  { torrent: { layout }, selectedFiles }: ExportDeps,
  folder: string,
  made: ReadonlySet<string>,
): Promise<number> {
  const links = exportedLinks(layout, new Set(selectedFiles ?? layout.files.keys()))
  for (const { path, target } of links) {
    const link = join(folder, path)
    if (!made.has(dirname(link))) await mkdir(dirname(link), { recursive: true })
    await symlink(target, link)
  }
  return links.length
}

async function writeFile(
  deps: ExportWork,
  file: FileLayout,
  path: string,
  options: ExportOptions,
): Promise<void> {
  await using handle = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    options.attributes && file.executable ? 0o777 : 0o666,
  )
  let position = 0
  for await (const bytes of deps.library.readFile(deps.torrent.id, file.index, options)) {
    options.signal?.throwIfAborted()
    for (let offset = 0; offset < bytes.byteLength; ) {
      const { bytesWritten } = await handle.write(bytes, offset, bytes.byteLength - offset, position + offset)
      offset += bytesWritten
    }
    position += bytes.byteLength
    deps.onWritten(bytes.byteLength)
  }
  if (position !== file.lengthBytes) {
    throw new ImportError(
      'IMPORT_CORRUPT',
      `${path} should have ${file.lengthBytes} bytes but the library gave ${position}`,
    )
  }
}

/** A folder cannot be renamed over one with files; a file can be over a file, so it is linked, where links exist. */
async function publish(temporary: string, target: string, singleFile: boolean): Promise<void> {
  try {
    if (!singleFile) return await rename(temporary, target)
    await link(temporary, target)
    await unlink(temporary)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST' || code === 'ENOTEMPTY' || code === 'ENOTDIR') throw exists(target)
    if (!singleFile || (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS')) throw error
    await assertFree(target)
    await rename(temporary, target)
  }
}

/** Innermost first, as far as they are empty. */
async function removeEmptyFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders.toReversed()) {
    try {
      await rmdir(folder)
    } catch {
      return // Somebody else put something there: it stays.
    }
  }
}

function exists(target: string): ImportError {
  return new ImportError('IMPORT_EXPORT_EXISTS', `${target} is there already; an export never overwrites`)
}

function exportFailed(target: string, cause: unknown): ImportError {
  const code = systemErrorCode(cause)
  const reasons: Record<string, string> = {
    ENOSPC: 'no space left on the disk',
    EDQUOT: 'the disk quota is used up',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'a part of the path is a file',
    ENOENT: 'its folder cannot be made',
    ENAMETOOLONG: 'the path is too long',
  }
  const why = reasons[code ?? ''] ?? (cause instanceof Error ? cause.message : 'unknown reason')
  return new ImportError('IMPORT_EXPORT_FAILED', `${target} cannot be written: ${why}`, { cause })
}
