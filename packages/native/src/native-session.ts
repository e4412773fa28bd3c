import type { AddTorrentRequest } from './add-torrent.js'
import type { AlertCategory, NativeAlert, RawAlert } from './native-alert.js'
import type { SessionControl, SessionSettings } from './session-control.js'
import type { TorrentControl } from './torrent-control.js'
import type { PieceHashes, TorrentLayout, TorrentMetadata } from './torrent-layout.js'
import type { NativeTorrentStatus } from './torrent-status.js'

/**
 * All that C++ may ask of JavaScript. Requests arrive on the JavaScript thread that created the session, in
 * the order libtorrent made them; `openStorage` comes before every other call of its storage index. An
 * index comes from a counter and is never given to a second storage of the session; only an `openStorage` that failed
 * or was given up is asked again with the same one, when libtorrent goes on.
 *
 * Whatever a call does wrong (throws, rejects with anything, returns rubbish, never settles) becomes an error for
 * libtorrent. Which one, and so what becomes of the torrent, is chosen by the error's `code`, or that of its cause:
 * the codes of @bae/storage and the names of errnos are known (docs/errors.md). The alert about it has it as `cause`.
 */
export interface StorageHandler {
  /**
   * `havePieces`: one bit a piece, most significant first, exactly ceil(pieces / 8) bytes; left out: nothing is
   * there. `blockHashes`: whether writePiece shall bring the digests of the files' blocks. `hashPieces: false`: hashPiece,
   * where the handler has it, is not asked of this storage.
   */
  openStorage(
    storageIndex: number,
    torrentId: string,
    layout: TorrentLayout,
    metadata: TorrentMetadata,
  ): Promise<{ havePieces?: Uint8Array; blockHashes?: boolean; hashPieces?: boolean }>
  /**
   * Of a piece that ends with padding only the blocks up to the last one that is not all padding are ever written; a
   * piece that is all padding is not. `bytes` is lent: native's own memory, valid until the promise settles and unusable
   * afterwards. To a thread it has to be copied: a call that transferred it fails with NATIVE_BYTES_TRANSFERRED. And it must
   * not be given to `markAsUntransferable`, after which Node from 24 on cannot take it back and ends the process.
   * `blockHashes`, where they were asked for and the piece was whole in memory: 32 bytes of SHA-256 for each 16 KiB of a
   * file, counted from where it begins, and for what is left at its end (BEP 52 leaves), of those that are wholly in `bytes`, in order. None of padding.
   */
  writePiece(
    storageIndex: number,
    piece: number,
    offset: number,
    bytes: Uint8Array,
    blockHashes?: Uint8Array,
  ): Promise<void>
  /**
   * Exactly `length` bytes. Of a piece that ends with padding nothing is asked for that was not written. `into`, which
   * is missing where the runtime allows no memory of ours, is lent until the promise settles, as `bytes` of writePiece
   * are: who reads straight into it and answers with it saves a copy and memory for every answer. Nothing may write
   * to it any more once the promise has settled, however it did: other bytes are there then.
   */
  readPiece(
    storageIndex: number,
    piece: number,
    offset: number,
    length: number,
    into?: Uint8Array,
  ): Promise<Uint8Array>
  /**
   * The digests of what is stored of a piece, where the storage can make them with less than reading it all: they
   * take the place of reading and hashing at a check. `sha256Blocks` are those of BEP 52: one for each 16 KiB of the
   * file, without padding, the last over what is left. Undefined: native shall read and hash this piece itself.
   * STORAGE_PIECE_NOT_FOUND: it is not there. Left out: native always does.
   */
  hashPiece?(
    storageIndex: number,
    piece: number,
    want: { readonly sha1: boolean; readonly sha256Blocks: boolean },
  ): Promise<PieceHashes | undefined>
  /** libtorrent found the piece's hash right. Sent from torrent_plugin::on_piece_pass, never because of an alert. */
  completePiece(storageIndex: number, piece: number): Promise<void>
  /** The piece is no longer complete. */
  clearPiece(storageIndex: number, piece: number): Promise<void>
  /** The last call of this index, when every other one has settled or was given up. */
  closeStorage(storageIndex: number, deleteData: boolean): Promise<void>
}

export interface NativeSessionOptions {
  /** Left out: the session keeps its torrents with libtorrent's own disk storage, under `savePath`. */
  readonly handler?: StorageHandler
  readonly onAlert: (alert: NativeAlert) => void
  /** Every alert of libtorrent, also those that `onAlert` gets, after it. */
  readonly onRawAlert?: (alert: RawAlert) => void
  /** What to be told of besides 'error', 'status', 'storage', 'connect', 'peer' and 'pieceProgress'. */
  readonly alertCategories?: readonly AlertCategory[]
  /** Only without a handler: what keeps the torrents. 'mmap' unless set; 'disabled' keeps nothing and reads zeroes. */
  readonly diskBackend?: 'mmap' | 'posix' | 'disabled'
  /** What `sessionState` gave: settings, which the ones here win over, IP filter and nodes of the DHT. */
  readonly state?: Uint8Array
  /** As libtorrent's setting of this name; '127.0.0.1:0' takes any free port of that address. */
  readonly listenInterfaces?: string
  readonly settings?: SessionSettings
  /**
   * What waits for JavaScript, before peers are asked to pause. 16 MiB unless set. One piece that waits alone pauses
   * nobody up to twice of that. The first value of libtorrent's setting `max_queued_disk_bytes`, which wins where both
   * are given and may be changed later.
   */
  readonly maxPendingWriteBytes?: number
  /** Blocks of pieces that are not whole yet, before the coldest pieces go to JavaScript in parts. 64 MiB unless set. */
  readonly maxHalfPieceBytes?: number
  /** How long a StorageHandler call may take before its job is failed. 60 s unless set. */
  readonly storageDeadlineMs?: number
}

/** A libtorrent session. Every method but `close` rejects or throws NATIVE_SESSION_CLOSED after `close()`. */
export interface NativeSession extends AsyncDisposable {
  /**
   * Resolves to a number that is unique in the session, before the first alert with it; `openStorage` may be asked for the
   * torrent before. Rejects NATIVE_INVALID_TORRENT or NATIVE_DUPLICATE_TORRENT.
   */
  addTorrent(request: AddTorrentRequest): Promise<number>
  /** Settles when the storage was closed and the torrent is gone. With `deleteData` its storage is asked to delete. */
  removeTorrent(handle: number, options?: { deleteData?: boolean }): Promise<void>
  pauseTorrent(handle: number): void
  resumeTorrent(handle: number): void
  /**
   * Dials this peer over TCP at once, where libtorrent has not just done so. It was given up after three failures, and has one
   * less from now on. `host` is an IP address.
   */
  connectPeer(handle: number, host: string, port: number): void
  torrentStatus(handle: number): NativeTorrentStatus
  applySettings(settings: SessionSettings): void
  /** The port of the first listening TCP socket; 0 when there is none. */
  readonly listenPort: number
  /** Fails what is open, asks every storage to close, ends the session's threads. Always settles. Idempotent. */
  close(): Promise<void>
}

/** A session with all that can be asked of it and of its torrents. */
export type FullNativeSession = NativeSession & TorrentControl & SessionControl

export type CreateNativeSession = (options: NativeSessionOptions) => Promise<FullNativeSession>

/** What a .torrent file says. */
export interface ParsedTorrent {
  readonly layout: TorrentLayout
  readonly metadata: TorrentMetadata
  readonly trackers: readonly string[]
  readonly isPrivate: boolean
}
