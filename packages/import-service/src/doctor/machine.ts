import { constants } from 'node:fs'
import { open, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../errors.js'

export interface FileSystemFacts {
  /** The number that Linux gives each kind. */
  readonly type: number
  /** `undefined` where the file system does not tell, as ramfs. */
  readonly freeBytes?: number
  /** `undefined` where files are not counted. */
  readonly freeFiles?: number
}

/** What the doctor looks at beside the library: tests put another machine in its place. */
export interface Machine {
  readonly nodeVersion: string
  /** 'linux x64'. */
  readonly platform: string
  /** Texts beyond ASCII are shown as they are. */
  readonly isUtf8: boolean
  readonly nowMs: number
  /** `undefined` where the system does not say. */
  openFilesLimit(): Promise<number | undefined>
  fileSystemOf(folder: string): Promise<FileSystemFacts>
  /** Whether files in this folder can be written past the page cache. Leaves nothing behind. */
  takesDirectWrites(folder: string): Promise<boolean>
}

export function thisMachine({ isUtf8 }: { readonly isUtf8: boolean }): Machine {
  return {
    nodeVersion: process.version,
    platform: `${process.platform} ${process.arch}`,
    isUtf8,
    nowMs: Date.now(),
    openFilesLimit,
    fileSystemOf,
    takesDirectWrites,
  }
}

async function openFilesLimit(): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const [, soft = ''] = /^Max open files +(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8')) ?? []
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

async function fileSystemOf(folder: string): Promise<FileSystemFacts> {
  const { type, blocks, bavail, bsize, files, ffree } = await statfs(folder)
  return {
    type,
    ...(blocks > 0 && { freeBytes: bavail * bsize }),
    ...(files > 0 && { freeFiles: ffree }),
  }
}

async function takesDirectWrites(folder: string): Promise<boolean> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_DIRECT } = constants as typeof constants & { O_DIRECT?: number }
  if (O_DIRECT === undefined) return false
  const path = join(folder, `.bae-doctor-${process.pid}`)
  try {
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_DIRECT)
    await file.close()
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EINVAL') return false
    throw error
  } finally {
    await rm(path, { force: true })
  }
}
