import { mkdir, opendir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AbortOptions } from '../abort-options.js'
import { AskedByMany } from '../asked-by-many.js'
import type { ByteRange } from '../byte-range.js'
import { isChunkKey, parseChunkKey } from '../chunk-key.js'
import type {
  ChunkKey,
  ChunkPlaces,
  FlushOptions,
  GetOptions,
  LeftoverOptions,
  StagingChunkStore,
} from '../chunk-store.js'
import { ConcurrencyLimit } from '../concurrency-limit.js'
import { crashPoint } from '../crash-point.js'
import type { FileCalls } from '../file-calls.js'
import { InFlightCalls } from '../in-flight-calls.js'
import { ioError, isAbsent } from '../io-error.js'
import { absentAsUndefined } from './absent-as-undefined.js'
import { DirectoryManifestStore } from './directory-manifest-store.js'
import { DirectoryStagingArea } from './directory-staging-area.js'
import { type FileOwner, readOwner } from './file-owner.js'
import { nodeFileCalls } from './node-file-calls.js'
import { assertByteRange, assertInto, readExactly } from './read-exactly.js'
import { TemporaryFiles } from './temporary-files.js'
import { UnflushedFiles } from './unflushed-files.js'
import { isThere, lengthOf } from './with-file.js'

/** Far below any limit of open files, and more than the threads that do the work. */
const maxOpenFiles = 16

export interface DirectoryChunkStoreOptions extends AbortOptions {
  /** Node's own, unless given. */
  readonly fileCalls?: FileCalls
}

/**
 * Chunks as files of a folder: `chunks/ab/<key>`, those being filled `staging/<torrent>/<file>-<chunk>`, with a
 * fence `<file>-<chunk>-<fence>.<process>`,
 * manifests `manifests/<name>`, what is being put `temp/`. All of it on one file system, so that a chunk gets its name by a rename.
 *
 * What a call has settled survives the death of the process; a power cut only once it was flushed, by the
 * process that wrote it. Several processes may use one folder.
 */
export class DirectoryChunkStore implements StagingChunkStore {
  readonly name: string
  readonly staging: DirectoryStagingArea
  readonly manifests: DirectoryManifestStore
  readonly #directory: string
  readonly #calls: InFlightCalls
  readonly #files = new ConcurrencyLimit(maxOpenFiles)
  readonly #fileCalls: FileCalls
  readonly #temporary: TemporaryFiles
  readonly #unflushed: UnflushedFiles
  readonly #free = new AskedByMany(() => this.#askForFreeBytes())

  private constructor(
    directory: string,
    temporary: TemporaryFiles,
    owner: FileOwner | undefined,
    fileCalls: FileCalls,
  ) {
    this.#fileCalls = fileCalls
    this.name = `directory ${directory}`
    this.#directory = directory
    this.#temporary = temporary
    this.#calls = new InFlightCalls(`chunk store ${directory}`)
    this.#unflushed = new UnflushedFiles(directory)
    this.staging = new DirectoryStagingArea(join(directory, 'staging'), {
      calls: this.#calls,
      files: this.#files,
      fileCalls,
      unflushed: this.#unflushed,
      temporary,
      owner,
      pathOfKey: (key) => this.#path(key),
    })
    this.manifests = new DirectoryManifestStore(join(directory, 'manifests'), {
      calls: this.#calls,
      files: this.#files,
      temporary,
    })
  }

  /** Makes the folder where it is missing, and removes what dead processes were about to put. Rejects STORAGE_IO or STORAGE_NO_SPACE. */
  static async open(
    directory: string,
    options: DirectoryChunkStoreOptions = {},
  ): Promise<DirectoryChunkStore> {
    options.signal?.throwIfAborted()
    try {
      for (const part of ['chunks', 'staging', 'manifests', 'temp'])
        await mkdir(join(directory, part), { recursive: true })
      const owner = await readOwner()
      const temporary = await TemporaryFiles.open(join(directory, 'temp'), owner)
      return new DirectoryChunkStore(directory, temporary, owner, options.fileCalls ?? nodeFileCalls)
    } catch (error) {
      throw ioError(`opening the chunk store ${directory}`, error)
    }
  }

  async freeBytes(): Promise<number | undefined> {
    return await this.#free.ask()
  }

  async *leftovers(options: LeftoverOptions): AsyncIterable<string> {
    this.#calls.refuseWhenClosed()
    try {
      yield* this.#temporary.leftovers(options)
    } catch (error) {
      options.signal?.throwIfAborted()
      throw error instanceof Error && 'syscall' in error ? ioError('listing temporary files', error) : error
    }
  }

  async flush(options?: FlushOptions): Promise<void> {
    for (const key of options?.chunks ?? []) this.#unflushed.written(this.#path(key))
    await this.#run('flushing chunks', options, () => this.#unflushed.flush())
  }

  async places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces> {
    return { local: await this.has(key, options), remote: false }
  }

  /** There is no other copy. */
  async heal(_: ChunkKey, options?: AbortOptions): Promise<boolean> {
    this.#calls.refuseWhenClosed()
    options?.signal?.throwIfAborted()
    return false
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    const path = this.#path(key)
    await this.#run(`storing chunk ${key}`, options, async () => {
      const temporary = this.#temporary.newPath()
      try {
        await writeFile(temporary, bytes, { flag: 'wx' })
        this.#unflushed.written(temporary)
        crashPoint('object that is being put is a temporary file')
        await this.#moveTo(temporary, path)
        this.#unflushed.moved(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    })
  }

  async get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined> {
    const path = this.#path(key)
    const { range, into } = options ?? {}
    if (range !== undefined) {
      assertByteRange(range)
      assertInto(range, into)
    }
    return await this.#run(`reading chunk ${key}`, options, () =>
      absentAsUndefined(this.#read(path, key, range, into)),
    )
  }

  async lendFiles<T>(
    use: (pathOf: (key: ChunkKey) => string) => Promise<T>,
    options?: AbortOptions,
  ): Promise<T> {
    return await this.#calls.run(() =>
      this.#files.run(async () => {
        options?.signal?.throwIfAborted()
        return await use((key) => this.#path(key))
      }),
    )
  }

  async has(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    const path = this.#path(key)
    return await this.#run(`looking for chunk ${key}`, options, () => isThere(path))
  }

  async delete(key: ChunkKey, options?: AbortOptions): Promise<void> {
    const path = this.#path(key)
    await this.#run(`deleting chunk ${key}`, options, () => rm(path, { force: true }))
  }

  async *list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    try {
      yield* this.#keysBelow(join(this.#directory, 'chunks'), prefix, options)
    } catch (error) {
      options?.signal?.throwIfAborted()
      throw error instanceof Error && 'syscall' in error ? ioError('listing chunks', error) : error
    }
  }

  async close(): Promise<void> {
    await this.#calls.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #read(
    path: string,
    key: ChunkKey,
    asked: ByteRange | undefined,
    into: Uint8Array | undefined,
  ): Promise<Uint8Array> {
    const range = asked ?? { offset: 0, length: await lengthOf(path) }
    const bytes = await readExactly(this.#fileCalls, path, range, asked && into)
    if (bytes !== undefined) return bytes
    throw new RangeError(`bytes ${range.offset} to ${range.offset + range.length} are beyond chunk ${key}`)
  }

  /** What has another name than a chunk, or than a folder of chunks, is not ours. */
  async *#keysBelow(directory: string, prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    for await (const folder of this.#namesIn(directory, options)) {
      if (!/^[0-9a-f]{2}$/.test(folder) || !folder.startsWith(prefix.slice(0, 2))) continue
      for await (const name of this.#namesIn(join(directory, folder), options))
        if (isChunkKey(name) && name.startsWith(prefix)) yield name
    }
  }

  async *#namesIn(directory: string, options?: AbortOptions): AsyncIterable<string> {
    this.#calls.refuseWhenClosed()
    options?.signal?.throwIfAborted()
    const entries = await absentAsUndefined(opendir(directory))
    for await (const { name } of entries ?? []) {
      options?.signal?.throwIfAborted()
      yield name
    }
  }

  /** Nearly always the folder is there: it is made when it turns out that it is not. */
  async #moveTo(from: string, to: string): Promise<void> {
    try {
      await rename(from, to)
    } catch (error) {
      if (!isAbsent(error)) throw error
      await mkdir(dirname(to), { recursive: true })
      await rename(from, to)
    }
  }

  async #askForFreeBytes(): Promise<number | undefined> {
    return await this.#run('asking for free space', undefined, async () => {
      const { blocks, bavail, bsize } = await statfs(this.#directory)
      // Of no size at all is what does not tell: ramfs, and some mounts of services.
      return blocks === 0 ? undefined : bavail * bsize
    })
  }

  #run<T>(what: string, options: AbortOptions | undefined, call: () => Promise<T>): Promise<T> {
    return this.#calls.run(() =>
      this.#files.run(async () => {
        options?.signal?.throwIfAborted()
        try {
          return await call()
        } catch (error) {
          throw error instanceof RangeError ? error : ioError(what, error)
        }
      }),
    )
  }

  #path(key: ChunkKey): string {
    parseChunkKey(key)
    return join(this.#directory, 'chunks', key.slice(0, 2), key)
  }
}
