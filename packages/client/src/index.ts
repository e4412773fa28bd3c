export type { TorrentClientEvents } from './client-events.js'
export { ClientError, type ClientErrorCode } from './errors.js'
export type { Logger } from './logger.js'
export { DEFAULT_SESSION_SETTINGS, type NetworkOptions } from './session-settings.js'
export type {
  AddTorrentOptions,
  PeerAddress,
  Torrent,
  TorrentEvents,
  TorrentSource,
  TorrentState,
  TorrentStatus,
} from './torrent.js'
export {
  DEFAULT_CLIENT_OPTIONS,
  TorrentClient,
  type TorrentClientDeps,
  type TorrentClientOptions,
} from './torrent-client.js'
export { createTorrentId } from './torrent-id.js'
export type { ParseTorrentFile } from './torrent-source.js'
