import fs from 'node:fs'
import { dirname } from 'node:path'
import { forEachBounded } from '../for-each-bounded.js'
import { errnoOf, isAbsent } from '../io-error.js'
import { withFile } from './with-file.js'

/** Flushes at once: the journal of a file system writes the metadata of several in one go. */
const maxFlushesAtOnce = 4

/** Names of a folder are not flushed with the files: some file systems cannot, and say so. */
const noFlushOfFolders: ReadonlySet<string | undefined> = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'])

/**
 * The files below a folder that changed since they were flushed. A file that is renamed stays on the list
 * under its new name, also while it is being flushed.
 */
export class UnflushedFiles {
  readonly #root: string
  #files = new Set<string>()
  #folders = new Set<string>()
  #flushing: ReadonlySet<string> = new Set()
  #last: Promise<void> = Promise.resolve()

  constructor(root: string) {
    this.#root = root
  }

  /** To be called when the bytes are with the kernel. */
  written(path: string): void {
    this.#files.add(path)
    this.#folders.add(dirname(path))
  }

  moved(from: string, to: string): void {
    if (this.#files.delete(from) || this.#flushing.has(from)) this.#files.add(to)
    this.#folders.add(dirname(from)).add(dirname(to))
  }

  /** Settles when the bytes of this file survive a power cut; its name does once all is flushed. */
  async flushFile(path: string): Promise<void> {
    // Before its bytes: one that is written meanwhile is on the list again.
    this.#files.delete(path)
    try {
      await flushFile(path)
    } catch (error) {
      this.#files.add(path)
      throw error
    }
  }

  /** Settles when what was written and moved before survives a power cut. On failure all of it is still to be flushed. */
  async flush(): Promise<void> {
    const flush = (): Promise<void> => this.#flushAll()
    this.#last = this.#last.then(flush, flush)
    await this.#last
  }

  async #flushAll(): Promise<void> {
    while (await this.#flushOnce()) {
      // A file was renamed before its turn came: it is on the list again.
    }
  }

  /** True when it has to be done again. */
  async #flushOnce(): Promise<boolean> {
    const files = this.#files
    const folders = this.#folders
    this.#files = new Set()
    this.#folders = new Set()
    this.#flushing = files
    let absent = false
    try {
      await forEachBounded(files, maxFlushesAtOnce, async (path) => {
        if (!(await flushFile(path))) absent = true
      })
      await forEachBounded(withParents(folders, this.#root), maxFlushesAtOnce, flushFolder)
    } catch (error) {
      for (const path of files) this.#files.add(path)
      for (const path of folders) this.#folders.add(path)
      throw error
    } finally {
      this.#flushing = new Set()
    }
    return absent && this.#files.size > 0
  }
}

/** False when there is no such file any more. */
export async function flushFile(path: string): Promise<boolean> {
  try {
    await withFile<void>(path, 'r', (descriptor, done) => fs.fdatasync(descriptor, (error) => done(error)))
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

/** Makes the names in a folder survive a power cut, where the file system can be asked for that. */
export async function flushFolder(path: string): Promise<void> {
  try {
    await withFile<void>(path, 'r', (descriptor, done) => fs.fsync(descriptor, (error) => done(error)))
  } catch (error) {
    if (!isAbsent(error) && !noFlushOfFolders.has(errnoOf(error))) throw error
  }
}

/** A folder may be new in its parent, too. */
function withParents(folders: ReadonlySet<string>, root: string): Set<string> {
  const all = new Set<string>()
  for (const folder of folders) {
    for (let path = folder; path.length >= root.length && !all.has(path); path = dirname(path)) all.add(path)
  }
  return all
}
