import { rootOfChunkKeys } from './chunk-key.js'
import type { StoredFile } from './file-records.js'
import { keyBytes, packedKeyAt } from './packed-keys.js'
import type { PieceMapper } from './piece-mapper.js'
import type { TorrentLayout } from './torrent-layout.js'

/**
 * The files of more than one chunk all of whose keys are known, with the roots of their trees. `keys`: 32
 * bytes a chunk of the torrent, zeroes where there is none.
 */
export function storedFilesOf(
  { files }: TorrentLayout,
  mapper: PieceMapper,
  keys: Uint8Array,
): readonly StoredFile[] {
  const stored: StoredFile[] = []
  for (const { kind, index, lengthBytes } of files) {
    if (kind === 'padding' || lengthBytes <= mapper.chunkSizeBytes) continue
    const firstOrdinal = mapper.chunkOrdinal(index, 0)
    const count = Math.ceil(lengthBytes / mapper.chunkSizeBytes)
    if (!hasAll(keys, firstOrdinal, count)) continue
    const own = keys.subarray(firstOrdinal * keyBytes, (firstOrdinal + count) * keyBytes)
    stored.push({ firstOrdinal, root: rootOfChunkKeys(own, mapper.chunkSizeBytes) })
  }
  return stored
}

function hasAll(keys: Uint8Array, first: number, count: number): boolean {
  for (let ordinal = first; ordinal < first + count; ordinal++) {
    if (packedKeyAt(keys, ordinal) === undefined) return false
  }
  return true
}
