import { randomUUID } from 'node:crypto'
import { opendir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readBootId } from '../boot-id.js'
import type { LeftoverOptions } from '../chunk-store.js'
import { absentAsUndefined } from './absent-as-undefined.js'

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
  readonly #owner: Owner | undefined

  private constructor(directory: string, owner: Owner | undefined) {
    this.#directory = directory
    this.#owner = owner
  }

  /** Of a folder that is there. Removes what dead processes have left, where it may. */
  static async open(directory: string): Promise<TemporaryFiles> {
    const files = new TemporaryFiles(directory, await readOwner())
    const left = files.leftovers({ beforeMs: Date.now() - abandonedMs, remove: true }, { ofTheDead: true })
    try {
      for await (const _ of left);
    } catch {
      // Whoever may not remove it, or nobody on a disk that is read-only, can read the library all the same.
    }
    return files
  }

  newPath(): string {
    const owner = this.#owner && `${this.#owner.processes}.${this.#owner.pid}.${this.#owner.start}.`
    return join(this.#directory, `${owner ?? ''}${randomUUID()}`)
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
    const [processes, pid, start, id] = name.split('.')
    if (id === undefined || processes !== this.#owner?.processes) return 'unknown'
    return (await readStart(pid ?? '')) === start ? 'alive' : 'dead'
  }
}

interface Owner {
  /** Processes that see each other by the same numbers: one boot, and one namespace in it. */
  readonly processes: string
  readonly pid: number
  /** When it began: its number may be given to another one later. */
  readonly start: string
}

async function readOwner(): Promise<Owner | undefined> {
  const bootId = await readBootId()
  const namespace = await readlink('/proc/self/ns/pid').catch(() => undefined)
  const start = await readStart(String(process.pid)).catch(() => undefined)
  if (bootId === undefined || namespace === undefined || start === undefined) return undefined
  const processes = `${bootId}-${namespace.replace(/\D/g, '')}`
  return { processes, pid: process.pid, start }
}

/** The 22nd value of the process's state; the second is its name in brackets, which may hold anything. */
async function readStart(pid: string): Promise<string | undefined> {
  const state = await absentAsUndefined(readFile(`/proc/${pid}/stat`, 'latin1'))
  return state?.slice(state.lastIndexOf(')') + 2).split(' ')[19]
}
