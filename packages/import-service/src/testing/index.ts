export { FakeLibrary } from './fake-library.js'
export { FakeTorrent } from './fake-torrent.js'
export { FakeTorrentClient } from './fake-torrent-client.js'
export { selectSimply } from './select-simply.js'
