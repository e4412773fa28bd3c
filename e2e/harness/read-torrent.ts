import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { HandmadeTorrent } from './handmade-torrent.js'
import type { TorrentFile, TorrentKind } from './torrent-maker.js'

/** What a raw peer needs to know of a single-file torrent that libtorrent made. */
export async function readTorrent(torrent: TorrentFile): Promise<HandmadeTorrent> {
  const torrentFile = await readFile(torrent.path)
  return {
    torrentFile,
    infoHash: createHash('sha1').update(infoSection(torrentFile)).digest(),
    bytes: await readFile(torrent.content.path),
    pieceLengthBytes: torrent.pieceLengthBytes,
  }
}

/** The link of a torrent, with the hashes of its kind. */
export async function magnetOf(torrent: TorrentFile, kind: TorrentKind): Promise<string> {
  const info = infoSection(await readFile(torrent.path))
  const digest = (name: string): string => createHash(name).update(info).digest('hex')
  const v1 = kind === 'v2' ? [] : [`xt=urn:btih:${digest('sha1')}`]
  const v2 = kind === 'v2' || kind === 'hybrid' ? [`xt=urn:btmh:1220${digest('sha256')}`] : []
  return `magnet:?${[...v1, ...v2].join('&')}`
}

/** The bytes of the info dictionary. */
function infoSection(torrentFile: Buffer): Uint8Array {
  const start = torrentFile.indexOf('4:infod') + '4:info'.length
  return torrentFile.subarray(start, endOfValue(torrentFile, start))
}

/** Where the bencoded value that begins at `start` ends. */
function endOfValue(bytes: Buffer, start: number): number {
  const kind = String.fromCharCode(bytes[start] ?? 0)
  if (kind === 'i') return bytes.indexOf('e', start) + 1
  if (kind !== 'd' && kind !== 'l') {
    const colon = bytes.indexOf(':', start)
    return colon + 1 + Number(bytes.toString('ascii', start, colon))
  }
  let at = start + 1
  while (bytes[at] !== 'e'.charCodeAt(0)) at = endOfValue(bytes, at)
  return at + 1
}
