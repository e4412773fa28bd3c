import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { StorageError } from '../errors.js'
import { isFileError } from './file-error.js'
import { noSpace, noSpaceIn } from './no-space.js'
import type { PostgresBinaries } from './postgres-binaries.js'
import { runProgram, type ServerUser } from './run-program.js'

export const databaseUser = 'bae'

/** On a slow disk: thousands of small files are made and flushed. */
const initTimeoutMs = 120_000

/** What a process that was killed meanwhile left behind is older than that. */
const leftoverAgeMs = 10 * 60_000

export interface NewCluster {
  /** Where it will be: complete, or not there. */
  readonly directory: string
  readonly user: ServerUser | undefined
  readonly binaries: PostgresBinaries
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a cluster beside its place and renames it there. Where another process was first, its cluster stays.
 * Rejects STORAGE_POSTGRES_FOLDER when the folder cannot hold one.
 */
export async function createCluster(cluster: NewCluster): Promise<void> {
  try {
    await mkdir(dirname(cluster.directory), { recursive: true, mode: 0o755 })
    await removeLeftovers(cluster.directory)
    const made = await mkdtemp(`${cluster.directory}.new-`)
    try {
      await fillCluster(made, cluster)
      await rename(made, cluster.directory)
    } catch (error) {
      await rm(made, { recursive: true, force: true })
      if (!isFileError(error, 'ENOTEMPTY', 'EEXIST')) throw error
    }
  } catch (error) {
    if (isFileError(error, 'ENOSPC', 'EDQUOT')) throw noSpace(cluster.directory, error.message, error)
    throw isFileError(error) ? unusable(cluster.directory, error.message, error) : error
  }
}

/** What a folder lacks that cannot hold a cluster, with the way out. */
export function unusable(directory: string, why: string, cause?: unknown): StorageError {
  const wayOut = 'set BAE_STATE to a folder on a local disk that the server can use'
  return new StorageError(
    'STORAGE_POSTGRES_FOLDER',
    `"${directory}" cannot hold the database (${why}): ${wayOut}`,
    {
      cause,
    },
  )
}

async function fillCluster(made: string, { user, binaries, directory, signal }: NewCluster): Promise<void> {
  const password = join(made, 'password')
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 })
  await mkdir(join(made, 'run'), { mode: 0o700 })
  for (const path of [password, join(made, 'run'), made])
    if (user !== undefined) await chown(path, user.uid, user.gid)
  await chmod(made, 0o700)
  await refuseOpenFolder(made, directory)
  const { exitCode, output } = await runProgram(
    join(binaries.directory, 'initdb'),
    [
      ...['--pgdata', join(made, 'data'), '--username', databaseUser, '--pwfile', password],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-locale'],
    ],
    { user, timeoutMs: initTimeoutMs, signal },
  )
  if (exitCode === 0) return
  const full = noSpaceIn(output)
  if (full !== undefined) throw noSpace(directory, full)
  if (/[Pp]ermission|not permitted|not supported/.test(output)) throw unusable(directory, lastLine(output))
  throw new StorageError('STORAGE_DATABASE', `the database in "${directory}" cannot be made: ${output}`)
}

/** Some file systems take any mode and keep none. */
async function refuseOpenFolder(made: string, directory: string): Promise<void> {
  if (((await stat(made)).mode & 0o077) !== 0)
    throw unusable(directory, 'its file system keeps no permissions')
}

async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(dirname(directory))) {
    if (!name.startsWith(`${basename(directory)}.new-`)) continue
    const path = join(dirname(directory), name)
    const changedAtMs = await changedAt(path)
    if (Date.now() - changedAtMs > leftoverAgeMs) await rm(path, { recursive: true, force: true })
  }
}

/** Another process may just have renamed it into its place: then it is no leftover. */
async function changedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return Number.POSITIVE_INFINITY
    throw error
  }
}

function lastLine(output: string): string {
  return output.split('\n').at(-1) ?? output
}
