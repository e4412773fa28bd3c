import { access, constants, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatBytes, formatDuration } from '../cli/format-quantities.js'
import { isBaeError, systemErrorCode } from '../errors.js'
import { findLibraryFolder } from '../library/library-folder.js'
import { findRemoteFolder } from '../library/remote-folder.js'
import { reasonOf } from './describe-failure.js'
import type { DoctorItem } from './doctor-item.js'
import type { Machine } from './machine.js'

const scarceBytes = 1024 ** 3
const scarceFiles = 10_000
/** File systems of one machine have times that are a little off. */
const toleratedMs = 60_000

/** Kinds of file systems that a library lives badly on, by the number that Linux gives them. */
const poorKinds: ReadonlyMap<number, readonly [string, string]> = new Map([
  [
    0x0102_1994,
    ['tmpfs: in memory, and gone when the machine stops', 'name a folder on a disk with --library'],
  ],
  [0x6969, ['NFS: slower, and a database is not safe there', 'set BAE_STATE to a folder on a local disk']],
  [
    0xfe53_4d42,
    ['SMB: slower, and a database is not safe there', 'set BAE_STATE to a folder on a local disk'],
  ],
  [
    0xff53_4d42,
    ['CIFS: slower, and a database is not safe there', 'set BAE_STATE to a folder on a local disk'],
  ],
  [
    0x4d44,
    ['FAT: no file above 4 GiB, and no place for a database', 'set BAE_STATE to a folder on another disk'],
  ],
  [0x2011_bab0, ['exFAT: no place for a database', 'set BAE_STATE to a folder on another disk']],
])

export async function examineLibrary(directory: string): Promise<DoctorItem> {
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

export async function examineRemote(remote: string, directory: string): Promise<DoctorItem> {
  const name = 'remote'
  try {
    // What is wrong with the library itself is told beside this.
    const library = await findLibraryFolder(directory).catch(() => undefined)
    const isSetUp = library !== undefined && (await findRemoteFolder(remote, library))
    await access(await nearestFolder(remote), constants.W_OK | constants.X_OK)
    return { name, status: 'ok', detail: isSetUp ? remote : `${remote}, new: the first import sets it up` }
  } catch (error) {
    const detail = isBaeError(error) ? error.message : `${remote} cannot be written: ${reasonOf(error)}`
    const advice = 'see that its disk is mounted and that BAE_REMOTE names its folder'
    return { name, status: 'fail', detail, advice }
  }
}

export async function examineFileSystem(directory: string, machine: Machine): Promise<DoctorItem> {
  const name = 'file system'
  try {
    const folder = await nearestFolder(directory)
    const { type } = await machine.fileSystemOf(folder)
    const [poor, advice] = poorKinds.get(type) ?? []
    if (poor !== undefined && advice !== undefined) return { name, status: 'warn', detail: poor, advice }
    if (folder !== directory) return { name, status: 'ok', detail: 'nothing against it' }
    if (await machine.takesDirectWrites(folder)) return { name, status: 'ok', detail: 'takes direct writes' }
    return {
      name,
      status: 'warn',
      detail: 'takes no direct writes: an import costs more CPU',
      advice: 'a library on ext4, XFS or btrfs is faster; nothing else changes',
    }
  } catch (error) {
    return { name, status: 'warn', detail: `not known: ${reasonOf(error)}` }
  }
}

export async function examineSpace(directory: string, machine: Machine): Promise<DoctorItem> {
  const name = 'free space'
  try {
    const { freeBytes, freeFiles } = await machine.fileSystemOf(await nearestFolder(directory))
    if (freeBytes === undefined)
      return { name, status: 'ok', detail: 'the file system where the library is does not tell' }
    const detail = `${formatBytes(freeBytes)} where the library is`
    const advice = "make room: 'bae remove ID' deletes what is not needed"
    if (freeBytes < scarceBytes) return { name, status: 'warn', detail, advice }
    if (freeFiles === undefined || freeFiles >= scarceFiles) return { name, status: 'ok', detail }
    return { name, status: 'warn', detail: `${detail}, but for ${freeFiles} more files only`, advice }
  } catch (error) {
    return { name, status: 'warn', detail: `not known: ${reasonOf(error)}` }
  }
}

/** A clock that is behind what was written by it: ids of imports would be out of order, and certificates not valid yet. */
export async function examineClock(directory: string, { nowMs }: Machine): Promise<DoctorItem> {
  const name = 'clock'
  const times = await Promise.all(
    [new URL('../../package.json', import.meta.url), directory, join(directory, 'store')].map(changedAtMs),
  )
  const aheadMs = Math.max(...times) - nowMs
  const shown = `${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  if (aheadMs <= toleratedMs) return { name, status: 'ok', detail: shown }
  return {
    name,
    status: 'warn',
    detail: `${shown} is ${formatDuration(aheadMs / 1000)} before the library's last change`,
    advice: "set the clock: 'timedatectl set-ntp true' lets the network do it",
  }
}

/** 0 where there is nothing, or nothing that may be seen: other items tell of that. */
async function changedAtMs(path: string | URL): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch {
    return 0
  }
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
