export type { FakeSession } from './fake-session.js'
export { type FakeSeed, FakeSwarm } from './fake-swarm.js'
export type { FakeTorrent } from './fake-torrent.js'
export type { PieceRange } from './fake-torrent-storage.js'
export { nativeSessionCompliance } from './native-compliance.js'
export type { NativeSessionSubject, TestSeed } from './native-subject.js'
export { parseTestTorrent } from './parse-test-torrent.js'
export type { TestApi } from './test-api.js'
export {
  createTestTorrent,
  pieceBits,
  pieceBytes,
  type TestFile,
  type TestTorrent,
  type TestTorrentOptions,
} from './test-torrent.js'
