import { mkdir, opendir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AbortOptions, ReadOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import type { ChunkKey, StagedChunk, StagingArea } from '../chunk-store.js'
import type { ConcurrencyLimit } from '../concurrency-limit.js'
import { crashPoint } from '../crash-point.js'
import { StorageError } from '../errors.js'
import type { FenceOptions } from '../fence.js'
import type { FileCalls } from '../file-calls.js'
import type { InFlightCalls } from '../in-flight-calls.js'
import { errnoOf, ioError, isAbsent } from '../io-error.js'
import type { TorrentId } from '../torrent-layout.js'
import { absentAsUndefined } from './absent-as-undefined.js'
import { type FileOwner, ownerName } from './file-owner.js'
import { NewestStaged } from './newest-staged.js'
import { PositionalWriter } from './positional-writer.js'
import { assertByteRange, assertInto, readExactly } from './read-exactly.js'
import { isTorrentId, stagedName } from './staged-names.js'
import { stagedFilesIn, takeOverStaged } from './take-over-staged.js'
import type { TemporaryFiles } from './temporary-files.js'
import type { UnflushedFiles } from './unflushed-files.js'
import { isThere } from './with-file.js'

export interface DirectoryStagingDeps {
  readonly calls: InFlightCalls
  /** Bounds the open files of the whole store. */
  readonly files: ConcurrencyLimit
  readonly fileCalls: FileCalls
  readonly unflushed: UnflushedFiles
  readonly temporary: TemporaryFiles
  /** This process, where the system tells. */
  readonly owner: FileOwner | undefined
  readonly pathOfKey: (key: ChunkKey) => string
}

/** The staging area of a DirectoryChunkStore: a folder for each torrent, a file for each chunk that is being filled. */
export class DirectoryStagingArea implements StagingArea {
  readonly #directory: string
  readonly #deps: DirectoryStagingDeps
  readonly #writer: PositionalWriter
  readonly #newest = new NewestStaged()
  /** In the names of files with a fence. */
  readonly #ownerName: string | undefined

  constructor(directory: string, deps: DirectoryStagingDeps) {
    this.#directory = directory
    this.#deps = deps
    this.#writer = new PositionalWriter(deps.fileCalls)
    this.#ownerName = deps.owner && ownerName(deps.owner)
  }

  async write(chunk: StagedChunk, offset: number, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    assertByteRange({ offset, length: bytes.length })
    const path = this.#path(chunk)
    await this.#run(`writing ${nameOf(chunk)}`, options, async () => {
      try {
        await this.#writer.write(path, offset, bytes)
      } catch (error) {
        // Only the first write of a torrent finds no folder: the others need not ask for it.
        if (!isAbsent(error)) throw error
        await mkdir(dirname(path), { recursive: true })
        await this.#writer.write(path, offset, bytes)
      }
      this.#deps.unflushed.written(path)
    })
  }

  async read(chunk: StagedChunk, range: ByteRange, options?: ReadOptions): Promise<Uint8Array | undefined> {
    assertByteRange(range)
    const into = options?.into
    assertInto(range, into)
    const path = this.#path(chunk)
    return await this.#run(`reading ${nameOf(chunk)}`, options, async () => {
      const found = await this.#readIfThere(path, range, into)
      if (found !== 'absent') return found
      const newest =
        chunk.fence === undefined
          ? await this.#newest.find(this.#torrentDirectory(chunk.torrentId), chunk)
          : undefined
      const late = newest === undefined ? 'absent' : await this.#readIfThere(newest, range, into)
      return late === 'absent' ? undefined : late
    })
  }

  /**
   * Replaces an object of this key: it has the same bytes by definition, and where the disk spoilt it the
   * fresh ones heal it. They are flushed before: a power cut must not take what another torrent relies on.
   */
  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    const from = this.#path(chunk)
    const to = this.#deps.pathOfKey(key)
    await this.#run(`sealing ${nameOf(chunk)} as ${key}`, undefined, async () => {
      if (await this.#sealed(from, to)) return
      await mkdir(dirname(to), { recursive: true })
      if (await this.#sealed(from, to)) return
      throw new StorageError(
        'STORAGE_CHUNK_MISSING',
        `${nameOf(chunk)} is neither staged nor stored as ${key}`,
      )
    })
  }

  async discard(chunk: StagedChunk): Promise<void> {
    const path = this.#path(chunk)
    await this.#run(`discarding ${nameOf(chunk)}`, undefined, () => rm(path, { force: true }))
  }

  async *list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    this.#deps.calls.refuseWhenClosed()
    try {
      for await (const { chunk } of stagedFilesIn(this.#torrentDirectory(torrentId), torrentId)) yield chunk
    } catch (error) {
      throw ioError(`listing the staged chunks of torrent ${torrentId}`, error)
    }
  }

  async takeOver(torrentId: TorrentId, options: FenceOptions & AbortOptions = {}): Promise<void> {
    const directory = this.#torrentDirectory(torrentId)
    await this.#run(`taking over the staged chunks of torrent ${torrentId}`, options, () =>
      takeOverStaged(directory, torrentId, this.#deps, options),
    )
  }

  async discardAll(torrentId: TorrentId, { fence }: FenceOptions = {}): Promise<void> {
    const directory = this.#torrentDirectory(torrentId)
    await this.#run(`discarding the staged chunks of torrent ${torrentId}`, undefined, async () => {
      if (fence === undefined) return await rm(directory, { recursive: true, force: true })
      for await (const { name, chunk } of stagedFilesIn(directory, torrentId))
        if ((chunk.fence ?? -1) <= fence) await rm(join(directory, name), { force: true })
      await removeIfEmpty(directory)
    })
  }

  async *listTorrents(): AsyncIterable<TorrentId> {
    this.#deps.calls.refuseWhenClosed()
    try {
      const entries = await absentAsUndefined(opendir(this.#directory))
      if (entries === undefined) return
      for await (const { name } of entries) if (isTorrentId(name)) yield name
    } catch (error) {
      throw ioError('listing the torrents with staged chunks', error)
    }
  }

  #run<T>(what: string, options: AbortOptions | undefined, call: () => Promise<T>): Promise<T> {
    return this.#deps.calls.run(() =>
      this.#deps.files.run(async () => {
        options?.signal?.throwIfAborted()
        try {
          return await call()
        } catch (error) {
          throw error instanceof StorageError ? error : ioError(what, error)
        }
      }),
    )
  }

  async #readIfThere(
    path: string,
    range: ByteRange,
    into: Uint8Array | undefined,
  ): Promise<Uint8Array | 'absent' | undefined> {
    try {
      return await readExactly(this.#deps.fileCalls, path, range, into)
    } catch (error) {
      if (isAbsent(error)) return 'absent'
      throw error
    }
  }

  /** False when there is neither the one nor the other, or no folder for it. */
  async #sealed(from: string, to: string): Promise<boolean> {
    try {
      if (!(await this.#deps.fileCalls.renameUnlessThere(from, to))) {
        await this.#deps.unflushed.flushFile(from)
        crashPoint('bytes that replace an object are flushed')
        await rename(from, to)
      }
    } catch (error) {
      if (!isAbsent(error)) throw error
      return await isThere(to)
    }
    this.#deps.unflushed.moved(from, to)
    return true
  }

  #torrentDirectory(torrentId: TorrentId): string {
    if (!isTorrentId(torrentId)) throw new RangeError(`"${torrentId}" is no torrent id`)
    return join(this.#directory, torrentId)
  }

  #path(chunk: StagedChunk): string {
    return join(this.#torrentDirectory(chunk.torrentId), stagedName(chunk, this.#ownerName))
  }
}

/** Somebody may be about to stage there. */
async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory)
  } catch (error) {
    if (!isAbsent(error) && errnoOf(error) !== 'ENOTEMPTY') throw error
  }
}

function nameOf({ torrentId, fileIndex, chunk }: StagedChunk): string {
  return `chunk ${chunk} of file ${fileIndex} of torrent ${torrentId}`
}
