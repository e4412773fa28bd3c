import type { NativeAlert } from '../native-alert.js'
import type { StorageHandler } from '../native-session.js'
import type { TorrentLayout, TorrentMetadata } from '../torrent-layout.js'

/** It ends what hangs, and is no measure. */
const WAIT_LIMIT_MS = 45_000

export interface StorageCall {
  readonly name: keyof StorageHandler
  readonly storageIndex: number
  readonly piece?: number
  readonly offset?: number
  readonly length?: number
  readonly deleteData?: boolean
  readonly torrentId?: string
  readonly layout?: TorrentLayout
  readonly metadata?: TorrentMetadata
}

/** One line of what happened: a call that began, or the same call when its promise settled. */
export interface StorageCallEntry {
  readonly phase: 'begun' | 'settled'
  readonly call: StorageCall
}

/** Keeps pieces in memory, writes down every call and alert, and lets a test hold or fail any call. */
export class RecordingStorage implements StorageHandler {
  readonly entries: StorageCallEntry[] = []
  readonly alerts: NativeAlert[] = []
  /** What each write held when it was about to settle, in that order. */
  readonly writes: {
    readonly storageIndex: number
    readonly piece: number
    readonly offset: number
    readonly bytes: Uint8Array
  }[] = []
  /** Runs inside each call before it takes effect. Throwing or rejecting fails the call; waiting holds it. */
  before: (call: StorageCall) => Promise<void> | void = () => {}
  havePieces: Uint8Array | undefined
  /** What `readPiece` answers from, when the test torrent is there already. */
  source: { readonly bytes: Uint8Array; readonly pieceLengthBytes: number } | undefined

  readonly #waiting = new Set<() => void>()

  openStorage(
    storageIndex: number,
    torrentId: string,
    layout: TorrentLayout,
    metadata: TorrentMetadata,
  ): Promise<{ havePieces?: Uint8Array }> {
    return this.#record({ name: 'openStorage', storageIndex, torrentId, layout, metadata }, () => {
      return this.havePieces === undefined ? {} : { havePieces: this.havePieces }
    })
  }

  writePiece(storageIndex: number, piece: number, offset: number, bytes: Uint8Array): Promise<void> {
    return this.#record({ name: 'writePiece', storageIndex, piece, offset, length: bytes.length }, () => {
      this.writes.push({ storageIndex, piece, offset, bytes: Uint8Array.from(bytes) })
    })
  }

  readPiece(
    storageIndex: number,
    piece: number,
    offset: number,
    length: number,
    _into?: Uint8Array,
  ): Promise<Uint8Array> {
    return this.#record({ name: 'readPiece', storageIndex, piece, offset, length }, () => {
      if (this.source === undefined) throw new Error(`no source to read piece ${piece} from`)
      const start = piece * this.source.pieceLengthBytes + offset
      return this.source.bytes.slice(start, start + length)
    })
  }

  completePiece(storageIndex: number, piece: number): Promise<void> {
    return this.#record({ name: 'completePiece', storageIndex, piece }, () => {})
  }

  clearPiece(storageIndex: number, piece: number): Promise<void> {
    return this.#record({ name: 'clearPiece', storageIndex, piece }, () => {})
  }

  closeStorage(storageIndex: number, deleteData: boolean): Promise<void> {
    return this.#record({ name: 'closeStorage', storageIndex, deleteData }, () => {})
  }

  readonly onAlert = (alert: NativeAlert): void => {
    this.alerts.push(alert)
    this.#wake()
  }

  calls(name: keyof StorageHandler): readonly StorageCall[] {
    return this.entries
      .filter((entry) => entry.phase === 'begun' && entry.call.name === name)
      .map((entry) => entry.call)
  }

  completedPieces(): readonly number[] {
    return this.calls('completePiece')
      .map((call) => call.piece ?? -1)
      .sort((a, b) => a - b)
  }

  alerted(type: NativeAlert['type']): boolean {
    return this.alerts.some((alert) => alert.type === type)
  }

  /** Resolves once `condition` holds; looked at after every call and alert. Rejects where that takes too long, saying what did not come. */
  until(what: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => finish(() => reject(new Error(`waited in vain until ${what}`))),
        WAIT_LIMIT_MS,
      )
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const look = () => {
        if (condition()) finish(resolve)
      }
      this.#waiting.add(look)
      look()
    })
  }

  #record<T>(call: StorageCall, effect: () => T): Promise<T> {
    this.entries.push({ phase: 'begun', call })
    this.#wake()
    // Not async up to here: what `before` throws at once must reach the caller as a throw, not as a rejection.
    const before = this.before(call)
    return this.#settle(call, before, effect)
  }

  async #settle<T>(call: StorageCall, before: Promise<void> | void, effect: () => T): Promise<T> {
    try {
      await before
      return effect()
    } finally {
      this.entries.push({ phase: 'settled', call })
      this.#wake()
    }
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look()
  }
}
