import { createHash } from 'node:crypto'
import { NativeError } from '../errors.js'
import type { ParsedTorrent } from '../native-session.js'
import type { FileLayout, TorrentLayout } from '../torrent-layout.js'
import { type Bencoded, bdecode, rawValueOf } from './bencode.js'

/** Enough of a .torrent parser for the fake session: v1 only. Throws NATIVE_INVALID_TORRENT. */
export function parseTestTorrent(torrentFile: Uint8Array): ParsedTorrent {
  try {
    const top = record(bdecode(torrentFile))
    const infoSection = rawValueOf(torrentFile, 'info') ?? new Uint8Array()
    const metadata = { infoSection, pieceHashesV1: byteString(record(top.info).pieces) }
    const trackers = list(top['announce-list'] ?? []).flatMap((tier) => list(tier).map(text))
    return { layout: layoutOf(infoSection), metadata, trackers, isPrivate: record(top.info).private === 1 }
  } catch (cause) {
    throw new NativeError('NATIVE_INVALID_TORRENT', 'these bytes are no torrent', { cause })
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
