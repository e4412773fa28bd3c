import type { CapacityClaim } from '../cache-records.js'
import type { StagedChunk } from '../chunk-store.js'
import { StorageError } from '../errors.js'
import { PieceMapper } from '../piece-mapper.js'
import type { TorrentId } from '../torrent-layout.js'
import type { CacheParts } from './cache-deps.js'

/**
 * The right to bring bytes into the local store. It is taken when it is needed first, so that those who only
 * read hold up nobody; what is there is counted then.
 */
export class CapacityHolder {
  readonly #parts: Pick<CacheParts, 'local' | 'database' | 'account' | 'chunkSizeBytes'>
  readonly #onHeld: () => void
  #claim: CapacityClaim | undefined
  #claiming: Promise<boolean> | undefined

  constructor(
    parts: Pick<CacheParts, 'local' | 'database' | 'account' | 'chunkSizeBytes'>,
    onHeld: () => void,
  ) {
    this.#parts = parts
    this.#onHeld = onHeld
  }

  /** False: another process has it. */
  async tryHold(): Promise<boolean> {
    if (this.#claim !== undefined && !this.#claim.lost.aborted) return true
    this.#claiming ??= this.#take().finally(() => {
      this.#claiming = undefined
    })
    return await this.#claiming
  }

  /** Rejects STORAGE_IN_USE where another process has it. */
  async hold(): Promise<void> {
    if (await this.tryHold()) return
    const why = 'only one process at a time can keep to the capacity of a library'
    throw new StorageError('STORAGE_IN_USE', `another process is writing to this library, and ${why}`)
  }

  async release(): Promise<void> {
    await this.#claiming?.catch(() => undefined)
    await this.#claim?.release()
  }

  async #take(): Promise<boolean> {
    await this.#claim?.release()
    this.#claim = undefined
    const claim = await this.#parts.database.cache.claimCapacity()
    if (claim === undefined) return false
    try {
      await this.#count()
    } catch (error) {
      await claim.release()
      throw error
    }
    this.#claim = claim
    this.#onHeld()
    return true
  }

  /** Never stats a sealed chunk: how many bytes they are is in the records. Staged ones are few. */
  async #count(): Promise<void> {
    const { local, database, account, chunkSizeBytes } = this.#parts
    const staged: { chunk: StagedChunk; lengthBytes: number }[] = []
    for await (const torrentId of local.staging.listTorrents()) {
      let lengthOf: ((chunk: StagedChunk) => number) | undefined
      for await (const chunk of local.staging.list(torrentId)) {
        lengthOf ??= await this.#lengthsOf(torrentId)
        staged.push({ chunk, lengthBytes: lengthOf?.(chunk) ?? chunkSizeBytes })
      }
    }
    account.reset((await database.cache.usage()).localBytes)
    for (const { chunk, lengthBytes } of staged) account.keep(chunk, lengthBytes)
  }

  /** Of a torrent that is not in the records any more nothing is known: its chunks count as whole ones. */
  async #lengthsOf(torrentId: TorrentId): Promise<(chunk: StagedChunk) => number> {
    const record = await this.#parts.database.findTorrent(torrentId)
    if (record === undefined) return () => this.#parts.chunkSizeBytes
    const mapper = new PieceMapper(record.layout, record)
    return ({ fileIndex, chunk }) => mapper.chunkLengthBytes(mapper.chunkOrdinal(fileIndex, chunk))
  }
}
