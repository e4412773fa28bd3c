import { StorageError } from './errors.js'
import type { TorrentId } from './torrent-layout.js'

/**
 * Whose change of a torrent it is: of two writers the one with the larger number is the newer one. Left out by
 * those who know that nobody else writes to the torrent: then nothing is compared.
 */
export interface FenceOptions {
  readonly fence?: number | undefined
}

/** RangeError for what is no fence: a whole number from 0 on. */
export function assertFence(fence: number): void {
  if (!Number.isSafeInteger(fence) || fence < 0) throw new RangeError(`${fence} is no fence of a writer`)
}

/** Throws STORAGE_FENCED where a newer writer than `fence` has the torrent. */
export function refuseOlder(
  torrentId: TorrentId | string,
  fence: number | undefined,
  highest: number | undefined,
): void {
  if (fence === undefined || highest === undefined || highest <= fence) return
  throw new StorageError(
    'STORAGE_FENCED',
    `torrent ${torrentId} has a newer writer: ${highest} came after ${fence}`,
  )
}

/** Whether what was staged under `staged` is there to be taken over by who has `fence`. */
export function isOlder(staged: number | undefined, fence: number | undefined): boolean {
  if (fence === undefined) return staged !== undefined
  return staged === undefined || staged < fence
}
