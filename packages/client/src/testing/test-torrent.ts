import type { TestTorrent } from '@bae/native/testing'
import * as native from '@bae/native/testing'

export interface TestTorrentOptions {
  readonly name?: string
  readonly pieceLengthBytes?: number
  /** Lengths by path below the top folder, '/'-joined. Left out: a single file of five and a half pieces. */
  readonly files?: Readonly<Record<string, number>>
  readonly trackers?: readonly string[]
  readonly isPrivate?: boolean
}

/** A torrent of a few small pieces, for tests that do not care which. */
export function createTestTorrent(options: TestTorrentOptions = {}): TestTorrent {
  const { name = 'album', pieceLengthBytes = 16 * 1024, ...others } = options
  return native.createTestTorrent(name, {
    pieceLengthBytes,
    totalLengthBytes: 5.5 * pieceLengthBytes,
    ...others,
  })
}

export function pieceBytesOf(torrent: TestTorrent, piece: number): Uint8Array {
  return Uint8Array.from(native.pieceBytes(torrent, piece))
}
