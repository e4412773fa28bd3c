import { createHash } from 'node:crypto'

/** A v1 torrent together with its bytes. */
export interface TestTorrent {
  readonly name: string
  /** Left out for a torrent of one file, which is named as the torrent. Padding (BEP 47) is in no file of a disk. */
  readonly files?: readonly TestFile[]
  readonly torrentFile: Uint8Array
  /** 40 hex digits. */
  readonly infoHashV1: string
  readonly bytes: Uint8Array
  readonly pieceLengthBytes: number
  readonly pieceCount: number
}

export interface TestFile {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly isPadding: boolean
}

export interface TestTorrentOptions {
  /** More than one file: the lengths of files and of what lies between them, which is padding every second time. */
  readonly fileLengths?: readonly number[]
  readonly pieceLengthBytes?: number
  readonly totalLengthBytes?: number
}

/** Eight whole pieces of 32 KiB and a short last one, unless told otherwise. Another name gives another info hash. */
export function createTestTorrent(name: string, options: TestTorrentOptions = {}): TestTorrent {
  const pieceLengthBytes = options.pieceLengthBytes ?? 32 * 1024
  const files = options.fileLengths && testFiles(options.fileLengths)
  const fileBytes = files?.reduce((sum, file) => sum + file.lengthBytes, 0)
  const bytes = patternBytes(name, fileBytes ?? options.totalLengthBytes ?? 8 * pieceLengthBytes + 1000)
  for (const { isPadding, offsetBytes, lengthBytes } of files ?? []) {
    if (isPadding) bytes.fill(0, offsetBytes, offsetBytes + lengthBytes)
  }
  const pieceCount = Math.ceil(bytes.length / pieceLengthBytes)
  const pieceHashes = Array.from({ length: pieceCount }, (_, piece) => {
    return sha1(bytes.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes))
  })
  const info = Buffer.concat([
    Buffer.from(
      `d${files ? filesList(files) : `6:lengthi${bytes.length}e`}4:name${Buffer.byteLength(name)}:${name}`,
    ),
    Buffer.from(`12:piece lengthi${pieceLengthBytes}e6:pieces${20 * pieceCount}:`),
    ...pieceHashes,
    Buffer.from('e'),
  ])
  const torrentFile = Uint8Array.from(Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]))
  const infoHashV1 = sha1(info).toString('hex')
  return { name, ...(files && { files }), torrentFile, infoHashV1, bytes, pieceLengthBytes, pieceCount }
}

function testFiles(lengths: readonly number[]): readonly TestFile[] {
  let offsetBytes = 0
  return lengths.map((lengthBytes, index) => {
    const file = { name: `file-${index}`, offsetBytes, lengthBytes, isPadding: index % 2 === 1 }
    offsetBytes += lengthBytes
    return file
  })
}

/** The `files` of an info section, before its name. */
function filesList(files: readonly TestFile[]): string {
  const entries = files.map(({ name, lengthBytes, isPadding }) => {
    const path = isPadding ? `l4:.pad${name.length}:${name}e` : `l${name.length}:${name}e`
    return `d${isPadding ? '4:attr1:p' : ''}6:lengthi${lengthBytes}e4:path${path}e`
  })
  return `5:filesl${entries.join('')}e`
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
