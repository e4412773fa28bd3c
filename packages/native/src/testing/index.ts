export { nativeSessionCompliance } from './native-compliance.js'
export type { NativeSessionSubject, TestSeed } from './native-subject.js'
export type { TestApi } from './test-api.js'
export { createTestTorrent, type TestTorrent, type TestTorrentOptions } from './test-torrent.js'
