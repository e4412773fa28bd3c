import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StagedChunk } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'
import { absentAsUndefined } from './absent-as-undefined.js'
import { type StagedFile, stagedName } from './staged-names.js'
import { stagedFilesIn } from './take-over-staged.js'

/** Two changes within a tick of the file system's clock have one time: a folder that was changed just now may be again. */
const settledNs = 1_000_000_000n

interface Listing {
  readonly directory: string
  /** When the folder was changed last, as of before it was read. */
  readonly changedNs: bigint
  /** By place. */
  readonly newest: ReadonlyMap<string, StagedFile>
}

/**
 * Finds the staged chunks of writers with a fence for those who read without one. Remembers the folder that was read
 * last, for as long as nothing in it comes or goes: who reads a torrent reads many of its chunks.
 */
export class NewestStaged {
  #last: Listing | undefined

  /** `undefined` where nobody has the chunk staged. */
  async find(directory: string, chunk: StagedChunk): Promise<string | undefined> {
    const found = await absentAsUndefined(stat(directory, { bigint: true }))
    if (found === undefined) return undefined
    const isKnown = this.#last?.directory === directory && this.#last.changedNs === found.mtimeNs
    const listing = isKnown ? this.#last : await list(directory, chunk.torrentId, found.mtimeNs)
    this.#last = BigInt(Date.now()) * 1_000_000n - found.mtimeNs > settledNs ? listing : undefined
    const file = listing?.newest.get(placeOf(chunk))
    return file && join(directory, file.name)
  }
}

async function list(directory: string, torrentId: TorrentId, changedNs: bigint): Promise<Listing> {
  const newest = new Map<string, StagedFile>()
  for await (const file of stagedFilesIn(directory, torrentId)) {
    const known = newest.get(placeOf(file.chunk))?.chunk.fence ?? -1
    if ((file.chunk.fence ?? -1) > known) newest.set(placeOf(file.chunk), file)
  }
  return { directory, changedNs, newest }
}

function placeOf(chunk: StagedChunk): string {
  return stagedName({ ...chunk, fence: 0 }, undefined)
}
