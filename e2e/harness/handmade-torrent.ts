import { createHash } from 'node:crypto'
import { type Bencodable, bencode } from './bencode.js'

export interface HandmadeFile {
  /** Components exactly as they go into the .torrent, sane or not. */
  readonly path: readonly (string | Uint8Array)[]
  readonly bytes: Uint8Array
  /** BEP 47: 'p' for padding, whose bytes are zeroes. */
  readonly attr?: string
}

export interface HandmadeTorrent {
  readonly torrentFile: Uint8Array
  readonly infoHash: Uint8Array
  /** The torrent's byte space. */
  readonly bytes: Uint8Array
  readonly pieceLengthBytes: number
}

/** A v1 torrent written key by key, so that a test can put anything into it. `overrides` go into `info` last. */
export function makeHandmadeTorrent(
  name: string | Uint8Array,
  files: readonly HandmadeFile[] | Uint8Array,
  pieceLengthBytes = 16_384,
  overrides: Readonly<Record<string, Bencodable>> = {},
): HandmadeTorrent {
  const single = files instanceof Uint8Array
  const bytes = single ? files : Buffer.concat(files.map((file) => file.bytes))
  const info = {
    name,
    'piece length': pieceLengthBytes,
    pieces: pieceHashes(bytes, pieceLengthBytes),
    ...(single
      ? { length: bytes.length }
      : {
          files: files.map(({ bytes, path, attr }) => ({
            length: bytes.length,
            path,
            ...(attr && { attr }),
          })),
        }),
    ...overrides,
  }
  const infoSection = bencode(info)
  return {
    torrentFile: bencode({ info }),
    infoHash: createHash('sha1').update(infoSection).digest(),
    bytes,
    pieceLengthBytes,
  }
}

function pieceHashes(bytes: Uint8Array, pieceLengthBytes: number): Uint8Array {
  const hashes: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += pieceLengthBytes) {
    hashes.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + pieceLengthBytes))
        .digest(),
    )
  }
  return Buffer.concat(hashes)
}
