import type { AddTorrentRequest } from './add-torrent.js'
import type { CreateTorrentOptions, CreateTorrentProgress } from './create-torrent-options.js'
import type { HashLane } from './hash-lane-jobs.js'
import type { AlertCategory, NativeAlert, RawAlert } from './native-alert.js'
import type { SessionControl, SessionSettings, SessionStatistic } from './session-control.js'
import type { TorrentControl } from './torrent-control.js'
import type { MagnetLink, TorrentFile } from './torrent-file.js'
import type { NativeTorrentStatus } from './torrent-status.js'

/** The addon's export table (cpp/addon.cc). Errors carry a `code` of NativeErrorCode. */
export interface Addon {
  readonly libtorrentVersion: string
  parseTorrentFile(bytes: Uint8Array): TorrentFile
  parseMagnet(uri: string): MagnetLink
  sessionStatisticNames(): readonly SessionStatistic[]
  createTorrentFile(
    path: string,
    options: Omit<CreateTorrentOptions, 'signal' | 'onProgress'>,
  ): { readonly promise: Promise<Uint8Array>; abort(): void; progress(): CreateTorrentProgress }
  /** How many bytes were written, read. */
  writeFile(path: string, offset: number, bytes: Uint8Array, isDirect: boolean): Promise<number>
  readFile(path: string, offset: number, into: Uint8Array): Promise<number>
  /** 1 or 0. */
  renameUnlessThere(from: string, to: string): Promise<number>
  hasHashLanes(): boolean
  merkleRoot(leaves: Uint8Array, width: number): Uint8Array
  /** One call at a time. */
  readonly HashLane: new () => HashLane
  readonly Session: new (options: AddonSessionOptions, dispatch: Dispatch) => AddonSession
}

export interface AddonSessionOptions {
  readonly settings: SessionSettings
  readonly usesHandler: boolean
  readonly maxHalfPieceBytes: number
  readonly storageDeadlineMs: number
  readonly wantsRawAlerts: boolean
  readonly alertCategories: readonly AlertCategory[] | undefined
  readonly diskBackend: string | undefined
  readonly state: Uint8Array | undefined
}

/**
 * Called on the JavaScript thread with what gathered since the last time; the first two are a RequestBatch. `closed`
 * comes once, and last.
 */
export type Dispatch = (
  numbers: Float64Array,
  values: readonly unknown[],
  alertsWaiting: boolean,
  closed: boolean,
) => void

/** `request` is the number of the storage call that failed, as far as the error code could carry it; 0: none did. */
export type AddonAlert = NativeAlert & { readonly request?: number }

/** Alerts that answer a call. */
export type AddonAnswer =
  | { readonly type: 'resumeData'; readonly handle: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'resumeDataFailed'
      readonly handle: number
      readonly code: string
      readonly message: string
    }
  /** In the order of sessionStatisticNames. */
  | { readonly type: 'statistics'; readonly values: Float64Array }

/** cpp/binding/session_wrap.h. The calls of one torrent or of the session are in torrent_calls.h and session_calls.h. */
export interface AddonSession
  extends Omit<TorrentControl, 'saveResumeData'>,
    Omit<SessionControl, 'isSessionPaused' | 'statistics'> {
  /** Its handle. A request `torrentAdded` says when the session has it, or why it has not. */
  addTorrent(request: AddTorrentRequest): number
  removeTorrent(handle: number, deleteData: boolean): void
  pauseTorrent(handle: number): void
  resumeTorrent(handle: number): void
  connectPeer(handle: number, host: string, port: number): void
  torrentStatus(handle: number): NativeTorrentStatus
  applySettings(settings: SessionSettings): void
  listenPort(): number
  isSessionPaused(): boolean
  saveResumeData(handle: number, saveInfoSection: boolean): void
  postStatistics(): void
  popAlerts(): readonly (AddonAlert | AddonAnswer | ({ readonly type: 'raw' } & RawAlert))[]
  /** Ends request `id`; lent bytes are taken back. The last two are of openStorage. */
  settle(
    id: number,
    outcome: number,
    bytes?: Uint8Array,
    wantsBlockHashes?: boolean,
    offersDigests?: boolean,
  ): void
  /** Ends the first `count` of these requests: they went well, and have no answer but that. */
  settleAll(ids: Uint32Array, count: number): void
  close(deadlineMs: number): void
}
