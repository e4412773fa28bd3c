import { createHash } from 'node:crypto'

/** A v1 torrent of one file together with its bytes. */
export interface TestTorrent {
  readonly name: string
  readonly torrentFile: Uint8Array
  /** 40 hex digits. */
  readonly infoHashV1: string
  readonly bytes: Uint8Array
  readonly pieceLengthBytes: number
  readonly pieceCount: number
}

export interface TestTorrentOptions {
  readonly pieceLengthBytes?: number
  readonly totalLengthBytes?: number
}

/** Eight whole pieces of 32 KiB and a short last one, unless told otherwise. Another name gives another info hash. */
export function createTestTorrent(name: string, options: TestTorrentOptions = {}): TestTorrent {
  const pieceLengthBytes = options.pieceLengthBytes ?? 32 * 1024
  const bytes = patternBytes(name, options.totalLengthBytes ?? 8 * pieceLengthBytes + 1000)
  const pieceCount = Math.ceil(bytes.length / pieceLengthBytes)
  const pieceHashes = Array.from({ length: pieceCount }, (_, piece) => {
    return sha1(bytes.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes))
  })
  const info = Buffer.concat([
    Buffer.from(`d6:lengthi${bytes.length}e4:name${Buffer.byteLength(name)}:${name}`),
    Buffer.from(`12:piece lengthi${pieceLengthBytes}e6:pieces${20 * pieceCount}:`),
    ...pieceHashes,
    Buffer.from('e'),
  ])
  const torrentFile = Uint8Array.from(Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]))
  const infoHashV1 = sha1(info).toString('hex')
  return { name, torrentFile, infoHashV1, bytes, pieceLengthBytes, pieceCount }
}

export function pieceBytes(torrent: TestTorrent, piece: number): Uint8Array {
  const start = piece * torrent.pieceLengthBytes
  return torrent.bytes.subarray(start, start + torrent.pieceLengthBytes)
}

/** One bit a piece, most significant first. */
export function pieceBits(torrent: TestTorrent, pieces: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(Math.ceil(torrent.pieceCount / 8))
  for (const piece of pieces) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
  return bits
}

/** The same bytes for the same name on every machine, among them zeroes and 0xFF. */
function patternBytes(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = createHash('sha256').update(name).digest().readUInt32LE(0) | 1
  for (let index = 0; index < length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state
  }
  return bytes
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest()
}
