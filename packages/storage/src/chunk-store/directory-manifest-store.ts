import { opendir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbortOptions } from '../abort-options.js'
import type { ConcurrencyLimit } from '../concurrency-limit.js'
import { crashPoint } from '../crash-point.js'
import type { InFlightCalls } from '../in-flight-calls.js'
import { ioError } from '../io-error.js'
import { assertManifestName, isManifestName, type ManifestStore } from '../manifest-store.js'
import { absentAsUndefined } from './absent-as-undefined.js'
import type { TemporaryFiles } from './temporary-files.js'
import { flushFolder } from './unflushed-files.js'
import { isThere } from './with-file.js'

export interface DirectoryManifestDeps {
  readonly calls: InFlightCalls
  /** Bounds the open files of the whole store. */
  readonly files: ConcurrencyLimit
  /** On the same file system, for what is not whole yet. */
  readonly temporary: TemporaryFiles
}

/** The manifests of a DirectoryChunkStore: a file each. They are few and small, so each is flushed at once. */
export class DirectoryManifestStore implements ManifestStore {
  readonly #directory: string
  readonly #deps: DirectoryManifestDeps

  constructor(directory: string, deps: DirectoryManifestDeps) {
    this.#directory = directory
    this.#deps = deps
  }

  async put(name: string, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    const path = this.#path(name)
    await this.#run(`storing manifest ${name}`, options, async () => {
      const temporary = this.#deps.temporary.newPath()
      try {
        await writeFile(temporary, bytes, { flag: 'wx', flush: true })
        crashPoint('manifest is a temporary file')
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
      crashPoint('manifest has its name')
      await flushFolder(this.#directory)
    })
  }

  async get(name: string, options?: AbortOptions): Promise<Uint8Array | undefined> {
    const path = this.#path(name)
    return await this.#run(`reading manifest ${name}`, options, async () => {
      const bytes = await absentAsUndefined(readFile(path))
      return bytes === undefined ? undefined : new Uint8Array(bytes)
    })
  }

  async has(name: string, options?: AbortOptions): Promise<boolean> {
    const path = this.#path(name)
    return await this.#run(`looking for manifest ${name}`, options, () => isThere(path))
  }

  async delete(name: string, options?: AbortOptions): Promise<void> {
    const path = this.#path(name)
    await this.#run(`deleting manifest ${name}`, options, async () => {
      await rm(path, { force: true })
      await flushFolder(this.#directory)
    })
  }

  async *list(options?: AbortOptions): AsyncIterable<string> {
    this.#deps.calls.refuseWhenClosed()
    options?.signal?.throwIfAborted()
    try {
      for await (const { name } of await opendir(this.#directory)) {
        options?.signal?.throwIfAborted()
        // What has another name is not ours.
        if (isManifestName(name)) yield name
      }
    } catch (error) {
      options?.signal?.throwIfAborted()
      throw error instanceof Error && 'syscall' in error ? ioError('listing manifests', error) : error
    }
  }

  #run<T>(what: string, options: AbortOptions | undefined, call: () => Promise<T>): Promise<T> {
    return this.#deps.calls.run(() =>
      this.#deps.files.run(async () => {
        options?.signal?.throwIfAborted()
        try {
          return await call()
        } catch (error) {
          throw ioError(what, error)
        }
      }),
    )
  }

  #path(name: string): string {
    assertManifestName(name)
    return join(this.#directory, name)
  }
}
