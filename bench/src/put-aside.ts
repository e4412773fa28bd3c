import { readdir, rename, truncate } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Workshop } from 'bae-e2e/harness/workshop.js'

/**
 * Gives back the space of a run's folder, and leaves its deletion to the end of the workshop: for some minutes ext4
 * looks again at each file that was deleted whenever it makes one near them, which the next run would pay for.
 */
export async function putAside(folder: string, workshop: Workshop): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await truncate(join(entry.parentPath, entry.name))
  }
  await rename(folder, join(await workshop.folder, `aside ${basename(folder)}`))
}
