import { randomUUID } from 'node:crypto'
import { opendir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LeftoverOptions } from '../chunk-store.js'
import { absentAsUndefined } from './absent-as-undefined.js'
import { type FileOwner, ownerName, stateOfOwner } from './file-owner.js'

/** Nobody is known to write a file for so long. */
const abandonedMs = 3_600_000

/**
 * Files that get their names once they are whole. Theirs say who writes them, as `<processes>.<pid>.<start>.<id>`:
 * those of a dead process are known at once, and those of a living one are left alone. Where the system does not
 * tell, or another machine wrote them, only their age does.
 */
export class TemporaryFiles {
  readonly #directory: string
  /** Of this process; undefined where the system does not tell. */
  readonly #owner: FileOwner | undefined

  private constructor(directory: string, owner: FileOwner | undefined) {
    this.#directory = directory
    this.#owner = owner
  }

  /** Of a folder that is there; `owner` is this process. Removes what dead processes have left, where it may. */
  static async open(directory: string, owner: FileOwner | undefined): Promise<TemporaryFiles> {
    const files = new TemporaryFiles(directory, owner)
    const left = files.leftovers({ beforeMs: Date.now() - abandonedMs, remove: true }, { ofTheDead: true })
    try {
      for await (const _ of left);
    } catch {
      // Whoever may not remove it, or nobody on a disk that is read-only, can read the library all the same.
    }
    return files
  }

  newPath(): string {
    const owner = this.#owner === undefined ? '' : `${ownerName(this.#owner)}.`
    return join(this.#directory, `${owner}${randomUUID()}`)
  }

  /** What is older than that and of nobody who is known to live; `ofTheDead`: at any age where that is known. */
  async *leftovers(
    { beforeMs, remove, signal }: LeftoverOptions,
    { ofTheDead = false } = {},
  ): AsyncIterable<string> {
    signal?.throwIfAborted()
    for await (const { name } of await opendir(this.#directory)) {
      signal?.throwIfAborted()
      const owner = await this.#findOwner(name)
      if (owner === 'alive') continue
      const path = join(this.#directory, name)
      const found = await absentAsUndefined(stat(path))
      if (found === undefined) continue
      if (found.mtimeMs >= beforeMs && !(ofTheDead && owner === 'dead')) continue
      if (remove) await rm(path, { force: true })
      yield name
    }
  }

  async #findOwner(name: string): Promise<'alive' | 'dead' | 'unknown'> {
    const end = name.lastIndexOf('.')
    return end < 0 ? 'unknown' : await stateOfOwner(name.slice(0, end), this.#owner)
  }
}
