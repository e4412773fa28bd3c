import { createHash } from 'node:crypto'
import type { ParsedTorrent } from '@bae/native'
import type { FileLayout, TorrentLayout, TorrentMetadata } from '@bae/storage'
import { type Bencoded, bdecode, bencode, rawValueOf } from './bencode.js'
import { FakeError } from './fake-error.js'

/** A v1 torrent together with its bytes. */
export interface TestTorrent {
  readonly torrentFile: Uint8Array
  readonly magnetUri: string
  readonly infoHashV1: string
  readonly layout: TorrentLayout
  readonly metadata: TorrentMetadata
  readonly pieceCount: number
  readonly bytes: Uint8Array
}

export interface TestTorrentOptions {
  readonly name?: string
  readonly pieceLengthBytes?: number
  /** Lengths by path below the top folder, '/'-joined. Left out: a single file of five and a half pieces. */
  readonly files?: Readonly<Record<string, number>>
  readonly trackers?: readonly string[]
}

export function createTestTorrent(options: TestTorrentOptions = {}): TestTorrent {
  const { name = 'album', pieceLengthBytes = 16 * 1024, trackers = [] } = options
  const lengths = Object.entries(options.files ?? { [name]: 5.5 * pieceLengthBytes })
  const bytes = patternBytes(
    name,
    lengths.reduce((total, [, length]) => total + length, 0),
  )
  const hashes = Array.from({ length: Math.ceil(bytes.length / pieceLengthBytes) }, (_, piece) => {
    return sha1(bytes.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes))
  })
  const files = lengths.map(([path, length]) => ({
    length,
    path: path.split('/').map((part) => Buffer.from(part)),
  }))
  const contents: { [key: string]: Bencoded } =
    options.files === undefined ? { length: bytes.length } : { files }
  const info = {
    ...contents,
    name: Buffer.from(name),
    'piece length': pieceLengthBytes,
    pieces: Buffer.concat(hashes),
  }
  const announce = trackers.map((tracker) => [Buffer.from(tracker)])
  const torrentFile = bencode({ ...(trackers.length > 0 && { 'announce-list': announce }), info })
  const { layout, metadata } = parseTestTorrent(torrentFile)
  const infoHashV1 = layout.infoHashV1 ?? ''
  const magnetUri = `magnet:?xt=urn:btih:${infoHashV1}${trackers.map((url) => `&tr=${encodeURIComponent(url)}`).join('')}`
  return { torrentFile, magnetUri, infoHashV1, layout, metadata, pieceCount: hashes.length, bytes }
}

export function pieceBytesOf(torrent: Pick<TestTorrent, 'bytes' | 'layout'>, piece: number): Uint8Array {
  const start = piece * torrent.layout.pieceLengthBytes
  return torrent.bytes.slice(start, start + torrent.layout.pieceLengthBytes)
}

/** Enough of a .torrent parser for the fake session: v1 only. Throws NATIVE_INVALID_TORRENT. */
export function parseTestTorrent(torrentFile: Uint8Array): ParsedTorrent {
  try {
    const top = record(bdecode(torrentFile))
    const infoSection = rawValueOf(torrentFile, 'info') ?? new Uint8Array()
    const metadata = { infoSection, pieceHashesV1: byteString(record(top.info).pieces) }
    const trackers = list(top['announce-list'] ?? []).flatMap((tier) => list(tier).map(text))
    return { layout: layoutOf(infoSection), metadata, trackers, isPrivate: record(top.info).private === 1 }
  } catch (cause) {
    throw new FakeError('NATIVE_INVALID_TORRENT', 'these bytes are no torrent', { cause })
  }
}

function layoutOf(infoSection: Uint8Array): TorrentLayout {
  const info = record(bdecode(infoSection))
  const singleFile = info.files === undefined
  const entries = singleFile ? [{ length: info.length, path: [info.name] }] : list(info.files).map(record)
  const files: FileLayout[] = []
  let offsetBytes = 0
  for (const [index, entry] of entries.entries()) {
    const path = list(entry.path).map(text)
    const lengthBytes = number(entry.length)
    const kind = 'attr' in entry && text(entry.attr).includes('p') ? 'padding' : 'file'
    files.push({ index, path, offsetBytes, lengthBytes, kind, executable: false })
    offsetBytes += lengthBytes
  }
  const pieceLengthBytes = number(info['piece length'])
  const infoHashV1 = sha1(infoSection).toString('hex')
  const layout = {
    infoHashV1,
    name: text(info.name),
    singleFile,
    pieceLengthBytes,
    totalLengthBytes: offsetBytes,
    files,
  }
  if (byteString(info.pieces).length !== 20 * Math.ceil(offsetBytes / pieceLengthBytes))
    throw new Error('hashes are missing')
  return layout
}

function record(value: Bencoded | undefined): Readonly<Record<string, Bencoded | undefined>> {
  if (typeof value !== 'object' || value instanceof Uint8Array || Array.isArray(value))
    throw new Error('no dictionary')
  return value as Readonly<Record<string, Bencoded>>
}

function list(
  value: Bencoded | undefined | readonly (Bencoded | undefined)[],
): readonly (Bencoded | undefined)[] {
  if (!Array.isArray(value)) throw new Error('no list')
  return value
}

function number(value: Bencoded | undefined): number {
  if (typeof value !== 'number' || value < 0) throw new Error('no size')
  return value
}

function byteString(value: Bencoded | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('no string')
  return value
}

function text(value: Bencoded | undefined): string {
  return Buffer.from(byteString(value)).toString('utf8')
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest()
}

/** The same bytes for the same name, among them zeroes and 0xFF. */
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
