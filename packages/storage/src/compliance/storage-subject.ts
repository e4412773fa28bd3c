import { createHash, randomUUID } from 'node:crypto'
import { PieceSet } from '../piece-set.js'
import type { Storage } from '../storage.js'
import { pieceCount, type TorrentLayout } from '../torrent-layout.js'
import { pieceBytes } from './layouts.js'

export interface StorageSubject {
  /**
   * The storage of a new torrent of one and the same library. Its metadata has no piece hashes, so that
   * nothing but `completePiece` can prove a piece.
   */
  create(layout: TorrentLayout): Promise<Storage>
  /** The same torrent once more, after `close()`. Left out by storages that keep nothing. */
  reopen?(closed: Storage): Promise<Storage>
}

/** The same torrent shape as another torrent: a library has an info hash only once. */
export function anotherTorrent(layout: TorrentLayout): TorrentLayout {
  return { ...layout, infoHashV1: createHash('sha1').update(randomUUID()).digest('hex') }
}

export async function withStorage(
  subject: StorageSubject,
  layout: TorrentLayout,
  body: (storage: Storage) => Promise<void>,
): Promise<void> {
  await using storage = await subject.create(anotherTorrent(layout))
  await body(storage)
}

export function allPieces(layout: TorrentLayout): number[] {
  return Array.from({ length: pieceCount(layout) }, (_, piece) => piece)
}

/** All pieces in an order that is always the same and never in sequence. */
export function shuffledPieces(layout: TorrentLayout): number[] {
  const rank = (piece: number): number => Math.imul(piece + 1, 0x9e3779b1) >>> 0
  return allPieces(layout).sort((a, b) => rank(a) - rank(b))
}

export async function writeWhole(storage: Storage, bytes: Uint8Array, piece: number): Promise<void> {
  await storage.writePiece(piece, 0, pieceBytes(storage.layout, bytes, piece))
}

export async function fill(storage: Storage, bytes: Uint8Array): Promise<void> {
  for (const piece of allPieces(storage.layout)) {
    await writeWhole(storage, bytes, piece)
    await storage.completePiece(piece)
  }
}

export async function completedOf(storage: Storage): Promise<number[]> {
  const pieces = new PieceSet(pieceCount(storage.layout), await storage.completedPieces())
  return allPieces(storage.layout).filter((piece) => pieces.has(piece))
}
