import type * as native from '@bae/native'
import type * as storage from '@bae/storage'

/** Assignable in both directions. Not a test that runs: it does not compile when the two packages disagree. */
type Same<A extends B, B extends C, C = A> = [A, B, C]

/**
 * Native and storage describe a torrent without knowing each other, and the client passes one's words to the other.
 * Numbers and strings in the same places must mean the same; that they are the same shape is proved here.
 */
export type LayoutsAgree = Same<native.TorrentLayout, storage.TorrentLayout>
export type FilesAgree = Same<native.FileLayout, storage.FileLayout>
export type MetadataAgrees = Same<native.TorrentMetadata, storage.TorrentMetadata>
export type PieceHashesAgree = Same<native.PieceHashes, storage.PieceHashes>
/** Optional names count too: an extra optional property on one side would pass the tests above. */
export type SameKeys = [
  Same<keyof native.TorrentLayout, keyof storage.TorrentLayout>,
  Same<keyof native.FileLayout, keyof storage.FileLayout>,
  Same<keyof native.TorrentMetadata, keyof storage.TorrentMetadata>,
  Same<keyof native.PieceHashes, keyof storage.PieceHashes>,
]
