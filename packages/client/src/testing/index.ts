export { FakeError } from './fake-error.js'
export { MapLibrary } from './map-library.js'
export { MapStorage, type MapStorageCall } from './map-storage.js'
export { createTestTorrent, pieceBytesOf, type TestTorrentOptions } from './test-torrent.js'
