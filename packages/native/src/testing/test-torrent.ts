import { createHash } from 'node:crypto'
import type { TorrentLayout, TorrentMetadata } from '../torrent-layout.js'
import { type Bencoded, bencode } from './bencode.js'
import { parseTestTorrent } from './parse-test-torrent.js'

/** A v1 torrent together with its bytes. */
export interface TestTorrent {
  readonly name: string
  /** Left out for a torrent of one file, which is named as the torrent. Padding (BEP 47) is in no file of a disk. */
  readonly files?: readonly TestFile[]
  readonly torrentFile: Uint8Array
  readonly magnetUri: string
  /** 40 hex digits. */
  readonly infoHashV1: string
  readonly layout: TorrentLayout
  readonly metadata: TorrentMetadata
  readonly bytes: Uint8Array
  readonly pieceLengthBytes: number
  readonly pieceCount: number
}

export interface TestFile {
  /** '/'-joined. */
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly isPadding: boolean
}

export interface TestTorrentOptions {
  /** More than one file: lengths by path, '/'-joined. */
  readonly files?: Readonly<Record<string, number>>
  /** More than one file: the lengths of files and of what lies between them, which is padding every second time. */
  readonly fileLengths?: readonly number[]
  readonly pieceLengthBytes?: number
  /** Of a torrent of one file. */
  readonly totalLengthBytes?: number
  readonly trackers?: readonly string[]
  readonly isPrivate?: boolean
}

/** Eight whole pieces of 32 KiB and a short last one, unless told otherwise. Another name gives another info hash. */
export function createTestTorrent(name: string, options: TestTorrentOptions = {}): TestTorrent {
  const { pieceLengthBytes = 32 * 1024, trackers = [] } = options
  const files = testFiles(options)
  const fileBytes = files?.reduce((sum, file) => sum + file.lengthBytes, 0)
  const bytes = patternBytes(name, fileBytes ?? options.totalLengthBytes ?? 8 * pieceLengthBytes + 1000)
  for (const { isPadding, offsetBytes, lengthBytes } of files ?? []) {
    if (isPadding) bytes.fill(0, offsetBytes, offsetBytes + lengthBytes)
  }
  const info = {
    ...(files ? { files: files.map(fileEntry) } : { length: bytes.length }),
    name: Buffer.from(name),
    'piece length': pieceLengthBytes,
    pieces: pieceHashes(bytes, pieceLengthBytes),
    ...(options.isPrivate && { private: 1 }),
  }
  const announce = trackers.map((url) => [Buffer.from(url)])
  const torrentFile = bencode({ ...(trackers.length > 0 && { 'announce-list': announce }), info })
  const { layout, metadata } = parseTestTorrent(torrentFile)
  const infoHashV1 = layout.infoHashV1 ?? ''
  return {
    name,
    ...(files && { files }),
    torrentFile,
    magnetUri: [`magnet:?xt=urn:btih:${infoHashV1}`, ...trackers.map(encodeURIComponent)].join('&tr='),
    infoHashV1,
    layout,
    metadata,
    bytes,
    pieceLengthBytes,
    pieceCount: Math.ceil(bytes.length / pieceLengthBytes),
  }
}

function pieceHashes(bytes: Uint8Array, pieceLengthBytes: number): Uint8Array {
  const hashes: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += pieceLengthBytes) {
    const piece = bytes.subarray(start, start + pieceLengthBytes)
    hashes.push(createHash('sha1').update(piece).digest())
  }
  return Buffer.concat(hashes)
}

/** Undefined for a torrent of one file. */
function testFiles({ files, fileLengths }: TestTorrentOptions): readonly TestFile[] | undefined {
  if (files) return placeFiles(Object.entries(files), () => false)
  const named = fileLengths?.map((length, index) => [`file-${index}`, length] as const)
  return named && placeFiles(named, (index) => index % 2 === 1)
}

function placeFiles(
  files: readonly (readonly [string, number])[],
  isPaddingAt: (index: number) => boolean,
): readonly TestFile[] {
  let offsetBytes = 0
  return files.map(([name, lengthBytes], index) => {
    const file = { name, offsetBytes, lengthBytes, isPadding: isPaddingAt(index) }
    offsetBytes += lengthBytes
    return file
  })
}

/** An entry of the `files` of an info section. */
function fileEntry({ name, lengthBytes, isPadding }: TestFile): Bencoded {
  const path = (isPadding ? `.pad/${name}` : name).split('/').map((part) => Buffer.from(part))
  return { ...(isPadding && { attr: Buffer.from('p') }), length: lengthBytes, path }
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
