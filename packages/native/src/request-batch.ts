import type { NativeErrorCode } from './errors.js'
import { RequestKind, type StorageRequest } from './storage-requests.js'
import type { TorrentLayout, TorrentMetadata } from './torrent-layout.js'

/** Shared with cpp/binding/js_channel.cc, as is their order. */
const NUMBERS_PER_REQUEST = 6

/**
 * Requests as they cross the border: six numbers of each, and in one list what else they have. Objects with named
 * properties that are made in C++ would cost a small piece more than anything else.
 */
export class RequestBatch {
  readonly #numbers: Float64Array
  readonly #values: readonly unknown[]
  #nextValue = 0

  constructor(numbers: Float64Array, values: readonly unknown[]) {
    this.#numbers = numbers
    this.#values = values
  }

  /** Calls `serve` once for each, in order. */
  forEach(serve: (request: StorageRequest) => void): void {
    for (let at = 0; at < this.#numbers.length; at += NUMBERS_PER_REQUEST) serve(this.#requestAt(at))
  }

  #requestAt(at: number): StorageRequest {
    const id = this.#number(at + 1)
    const storageIndex = this.#number(at + 2)
    const piece = this.#number(at + 3)
    const first = this.#number(at + 4)
    const second = this.#number(at + 5)
    const kind = this.#number(at) as StorageRequest['kind']
    switch (kind) {
      case RequestKind.writePiece: {
        const bytes = this.#value() as Uint8Array
        const blockHashes = this.#value() as Uint8Array | undefined
        return { kind, id, storageIndex, piece, offset: first, bytes, blockHashes }
      }
      case RequestKind.readPiece: {
        const into = this.#value() as Uint8Array | undefined
        return { kind, id, storageIndex, piece, offset: first, length: second, into }
      }
      case RequestKind.hashPiece:
        return { kind, id, storageIndex, piece, sha1: first === 1, sha256Blocks: second }
      case RequestKind.completePiece:
      case RequestKind.clearPiece:
        return { kind, id, storageIndex, piece }
      case RequestKind.closeStorage:
        return { kind, id, storageIndex, deleteData: first === 1 }
      case RequestKind.openStorage: {
        const torrentId = this.#value() as string
        const layout = this.#value() as TorrentLayout
        const metadata = this.#value() as TorrentMetadata
        return { kind, id, storageIndex, torrentId, layout, metadata }
      }
      case RequestKind.torrentGone:
        return { kind, id, storageIndex, torrentId: this.#value() as string }
      case RequestKind.torrentAdded: {
        const torrentId = this.#value() as string
        const errorCode = this.#value() as NativeErrorCode | ''
        const errorMessage = this.#value() as string
        return { kind, id, storageIndex, torrentId, errorCode, errorMessage }
      }
    }
  }

  #number(at: number): number {
    return this.#numbers[at] ?? 0
  }

  #value(): unknown {
    return this.#values[this.#nextValue++]
  }
}
