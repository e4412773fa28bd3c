import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from './errors.js'

/**
 * Makes a folder and those above it that are missing; returns them, outermost first. Node's own recursive
 * mkdir never ends where a file system refuses new folders with ENOENT, as /proc does.
 */
export async function makeFolders(directory: string): Promise<readonly string[]> {
  const missing: string[] = []
  for (let current = directory; !(await exists(current)); current = dirname(current)) missing.unshift(current)
  for (const folder of missing) {
    await mkdir(folder).catch((error: unknown) => {
      // Another process was faster.
      if (systemErrorCode(error) !== 'EEXIST') throw error
    })
  }
  return missing
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' && path !== dirname(path)) return false
    throw error
  }
}
