import type { NativeAlert } from './native-alert.js'
import type {
  AddTorrentRequest,
  CreateTorrentOptions,
  NativeTorrentStatus,
  ParsedTorrent,
  SessionSettings,
} from './native-session.js'
import type { SessionControl } from './session-control.js'
import type { StorageRequest } from './storage-requests.js'
import type { TorrentControl } from './torrent-control.js'

/** The addon's export table (cpp/addon.cc). Errors carry a `code` of NativeErrorCode. */
export interface Addon {
  readonly libtorrentVersion: string
  parseTorrentFile(bytes: Uint8Array): ParsedTorrent
  createTorrentFile(path: string, options: CreateTorrentOptions): Promise<Uint8Array>
  readonly Session: new (options: AddonSessionOptions, dispatch: Dispatch) => AddonSession
}

export interface AddonSessionOptions {
  readonly settings: SessionSettings
  readonly usesHandler: boolean
  readonly maxHalfPieceBytes: number
  readonly storageDeadlineMs: number
}

/** Called on the JavaScript thread with what gathered since the last time. `closed` comes once, and last. */
export type Dispatch = (requests: readonly StorageRequest[], alertsWaiting: boolean, closed: boolean) => void

/** `request` is the number of the storage call that failed, as far as the error code could carry it; 0: none did. */
export type AddonAlert = NativeAlert & { readonly request?: number }

/** cpp/binding/session_wrap.h. The calls of one torrent or of the session are in torrent_calls.h and session_calls.h. */
export interface AddonSession extends TorrentControl, Omit<SessionControl, 'isSessionPaused'> {
  addTorrent(request: AddTorrentRequest): number
  removeTorrent(handle: number, deleteData: boolean): void
  pauseTorrent(handle: number): void
  resumeTorrent(handle: number): void
  connectPeer(handle: number, host: string, port: number): void
  torrentStatus(handle: number): NativeTorrentStatus
  applySettings(settings: SessionSettings): void
  listenPort(): number
  isSessionPaused(): boolean
  popAlerts(): readonly AddonAlert[]
  /** Ends request `id`; lent bytes are taken back. The last two are of openStorage. */
  settle(
    id: number,
    outcome: number,
    bytes?: Uint8Array,
    wantsBlockHashes?: boolean,
    offersDigests?: boolean,
  ): void
  close(deadlineMs: number): void
}
