import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../errors.js'
import { isFileError } from './file-error.js'
import { runningServer } from './server-process.js'

/** The PostgreSQL that made the cluster in this folder; `undefined` where there is no whole one. */
export async function clusterMajor(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, 'data', 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Makes room for a new cluster where the one that is there cannot be read by PostgreSQL `major`: it gets the
 * name of its own version behind its folder's, and nothing of it is changed. False where it can be read.
 */
export async function putAside(directory: string, major: number): Promise<boolean> {
  const made = await clusterMajor(directory)
  if (made === major.toString()) return false
  if ((await runningServer({ directory })) !== undefined) {
    throw new StorageError('STORAGE_DATABASE', `the database server in "${directory}" runs: stop it before`)
  }
  await rename(directory, `${directory}.${made ?? 'damaged'}-${Date.now()}`)
  return true
}
