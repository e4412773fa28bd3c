export { NativeError, type NativeErrorCode } from './errors.js'
export type { NativeAlert } from './native-alert.js'
export type {
  AddTorrentRequest,
  CreateNativeSession,
  CreateTorrentOptions,
  NativeSession,
  NativeSessionOptions,
  NativeTorrentStatus,
  ParsedTorrent,
  SessionSettings,
  StorageHandler,
} from './native-session.js'
export type { FileLayout, PieceHashes, TorrentLayout, TorrentMetadata } from './torrent-layout.js'
