// Keeps a torrent where you like: here in a Map, in a storage of forty lines.
import { deepStrictEqual } from 'node:assert'
import { buffer } from 'node:stream/consumers'
import { TorrentClient } from '@bae/client'
import type { Storage, TorrentLayout } from '@bae/storage'
import { network, seedAlbum, song } from './loopback.js'

// #region readme
class PiecesInAMap implements Storage {
  readonly layout: TorrentLayout
  readonly #pieces = new Map<number, { readonly bytes: Uint8Array; isCompleted: boolean }>()

  constructor(layout: TorrentLayout) {
    this.layout = layout
  }
  async writePiece(piece: number, offset: number, bytes: Uint8Array) {
    // The bytes are lent until this settles: `set` copies them.
    const kept = this.#pieces.get(piece)?.bytes ?? new Uint8Array(this.layout.pieceLengthBytes)
    kept.set(bytes, offset)
    this.#pieces.set(piece, { bytes: kept, isCompleted: false })
  }
  async readPiece(piece: number, offset: number, length: number) {
    const kept = this.#pieces.get(piece)
    if (kept === undefined) throw Object.assign(new Error('not there'), { code: 'STORAGE_PIECE_NOT_FOUND' })
    return kept.bytes.slice(offset, offset + length)
  }
  async completePiece(piece: number) {
    const kept = this.#pieces.get(piece)
    if (kept !== undefined) kept.isCompleted = true
  }
  async clearPiece(piece: number) {
    const kept = this.#pieces.get(piece)
    if (kept !== undefined) kept.isCompleted = false
  }
  async completedPieces() {
    const bits = new Uint8Array(Math.ceil(this.layout.totalLengthBytes / this.layout.pieceLengthBytes / 8))
    for (const [piece, { isCompleted }] of this.#pieces)
      if (isCompleted) bits[piece >> 3]! |= 0x80 >> (piece & 7)
    return bits
  }
  onPiecesLost() {
    return () => {}
  }
  async close() {}
  async destroy() {}
  async [Symbol.asyncDispose]() {}
}
await using client = new TorrentClient(
  { createStorage: async (_, layout) => new PiecesInAMap(layout) },
  network,
)
// #endregion

await client.start()
await using seed = await seedAlbum()
const torrent = await client.add(seed.magnetUri, { peers: seed.peers })
await torrent.whenFinished({ signal: AbortSignal.timeout(120_000) })
deepStrictEqual(new Uint8Array(await buffer(torrent.readFile(1))), song)
console.log(`${torrent.status.completedPieces} pieces came into a Map.`)
