export { FakeError } from './fake-error.js'
export type { FakeSession } from './fake-session.js'
export { type FakeSeed, FakeSwarm } from './fake-swarm.js'
export type { FakeTorrent } from './fake-torrent.js'
export { MapLibrary } from './map-library.js'
export { MapStorage, type MapStorageCall } from './map-storage.js'
export {
  createTestTorrent,
  parseTestTorrent,
  pieceBytesOf,
  type TestTorrent,
  type TestTorrentOptions,
} from './test-torrent.js'
