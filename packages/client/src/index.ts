export type { TorrentClientEvents } from './client-events.js'
export type { AddTorrentOptions, PeerAddress, Torrent, TorrentEvents, TorrentSource, TorrentState, TorrentStatus } from './torrent.js'
