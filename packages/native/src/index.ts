import { AddonNativeSession } from './addon-session.js'
import { createTorrent } from './create-torrent.js'
import type { CreateTorrentOptions } from './create-torrent-options.js'
import { rethrow } from './errors.js'
import { loadBinding } from './load-binding.js'
import type { FullNativeSession, NativeSessionOptions } from './native-session.js'
import type { SessionStatistic } from './session-control.js'
import type { MagnetLink, TorrentFile } from './torrent-file.js'

export type { AddTorrentRequest, PeerAddress } from './add-torrent.js'
export type { CreateTorrentOptions, CreateTorrentProgress } from './create-torrent-options.js'
export { NativeError, type NativeErrorCode } from './errors.js'
export { createFileCalls, type FileCalls } from './file-calls.js'
export { createHashLane } from './hash-lane.js'
export type { HashLane, HashLaneDigests, HashLaneFile, HashLaneJob } from './hash-lane-jobs.js'
export { merkleRoot } from './merkle-root.js'
export type { AlertCategory, NativeAlert, RawAlert } from './native-alert.js'
export type {
  CreateNativeSession,
  FullNativeSession,
  NativeSession,
  NativeSessionOptions,
  ParsedTorrent,
  StorageHandler,
} from './native-session.js'
export type { IpRange, SessionControl, SessionSettings, SessionStatistic } from './session-control.js'
export type { TorrentControl, TorrentLimits, TrackerEntry } from './torrent-control.js'
export type { MagnetLink, TorrentFile } from './torrent-file.js'
export type { FileLayout, PieceHashes, TorrentLayout, TorrentMetadata } from './torrent-layout.js'
export type {
  NativeTorrentStatus,
  PeerStatus,
  TorrentDetails,
  TorrentFlag,
  TorrentFlags,
  TrackerAnnounce,
  TrackerStatus,
} from './torrent-status.js'

/**
 * Starts a libtorrent session. With `options.handler` the bytes of its torrents live where the handler puts
 * them; without, libtorrent's own disk storage keeps them. The session keeps the process alive until closed.
 */
export async function createNativeSession(options: NativeSessionOptions): Promise<FullNativeSession> {
  return new AddonNativeSession(loadBinding(), options)
}

/** What a .torrent file says (BEP 3, BEP 52). Throws NATIVE_INVALID_TORRENT or NATIVE_TORRENT_LIMIT. */
export function parseTorrentFile(bytes: Uint8Array): TorrentFile {
  return rethrow(() => loadBinding().parseTorrentFile(bytes))
}

/** What a magnet link says. Throws NATIVE_INVALID_TORRENT. */
export function parseMagnet(uri: string): MagnetLink {
  return rethrow(() => loadBinding().parseMagnet(uri))
}

/** What `statistics()` of a session counts. */
export function sessionStatisticNames(): readonly SessionStatistic[] {
  return loadBinding().sessionStatisticNames()
}

/**
 * Makes a .torrent file of a file or a folder. Reads and hashes off the JavaScript thread. Rejects NATIVE_IO for what
 * cannot be read, NATIVE_INVALID_ARGUMENT for wrong options.
 */
export async function createTorrentFile(
  path: string,
  options: CreateTorrentOptions = {},
): Promise<Uint8Array> {
  return createTorrent(loadBinding(), path, options)
}

/** Version of the libtorrent-rasterbar that was loaded, such as '2.0.8.0'. */
export function libtorrentVersion(): string {
  return loadBinding().libtorrentVersion
}
