export { patternBytes } from './bytes.js'
export { type ChunkStoreSubject, chunkStoreCompliance } from './chunk-store.js'
export { databaseCompliance } from './database.js'
export { fileCallsCompliance } from './file-calls.js'
export {
  type FileShape,
  hugeLayouts,
  layoutOf,
  layoutV2Of,
  nastyLayouts,
  pieceBytes,
  pieceHashesV1,
  pieceHashesV2,
  torrentBytes,
} from './layouts.js'
export { manifestStoreCompliance } from './manifest-store.js'
export { MapStorage, type MapStorageContents } from './map-storage.js'
export { stagingCompliance } from './staging.js'
export type { StagingSubject } from './staging-subject.js'
export { storageCompliance } from './storage.js'
export type { StorageSubject } from './storage-subject.js'
export type { Skip, TestApi } from './test-api.js'
