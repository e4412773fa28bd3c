import type { ParsedTorrent } from '@bae/native'
import type { TorrentLayout, TorrentMetadata } from '@bae/storage'
import { ClientError, hasErrorCode } from './errors.js'
import { readMagnetUri } from './magnet-uri.js'
import type { PeerAddress } from './torrent-options.js'

export type TorrentSource = { readonly torrentFile: Uint8Array } | { readonly magnetUri: string }

/** A source that was understood. */
export interface KnownSource {
  /** v1 as 40, v2 as 64 hex digits, lower case. */
  readonly infoHashes: readonly string[]
  readonly trackers: readonly string[]
  /** What only a magnet link names beside itself: peers, web servers, and the only files it is about (BEP 53). */
  readonly peers?: readonly PeerAddress[]
  readonly webSeeds?: readonly string[]
  readonly files?: readonly number[]
  readonly request: { readonly torrentFile: Uint8Array } | { readonly magnetUri: string }
  /** Known at once from a .torrent, later for a magnet link. */
  readonly contents?: TorrentContents
}

export interface TorrentContents {
  readonly layout: TorrentLayout
  readonly metadata: TorrentMetadata
  readonly isPrivate: boolean
}

export type ParseTorrentFile = (bytes: Uint8Array) => ParsedTorrent

/** Throws CLIENT_INVALID_SOURCE for what is neither a .torrent nor a magnet link. */
export function readTorrentSource(source: TorrentSource, parseTorrentFile: ParseTorrentFile): KnownSource {
  return 'torrentFile' in source
    ? readTorrentFile(source.torrentFile, parseTorrentFile)
    : readMagnetSource(source.magnetUri)
}

export function infoHashesOf(layout: TorrentLayout): readonly string[] {
  return [layout.infoHashV1, layout.infoHashV2].filter((hash) => hash !== undefined)
}

/** A .torrent made anew from what a magnet link found in the swarm. */
export function buildTorrentFile(infoSection: Uint8Array, trackers: readonly string[]): Uint8Array {
  const tiers = trackers.map((tracker) => `l${Buffer.byteLength(tracker)}:${tracker}e`).join('')
  const head = Buffer.from(`d${trackers.length > 0 ? `13:announce-listl${tiers}e` : ''}4:info`)
  return Uint8Array.from(Buffer.concat([head, infoSection, Buffer.from('e')]))
}

function readTorrentFile(torrentFile: Uint8Array, parseTorrentFile: ParseTorrentFile): KnownSource {
  try {
    const { layout, metadata, trackers, isPrivate } = parseTorrentFile(torrentFile)
    return {
      infoHashes: infoHashesOf(layout),
      trackers,
      request: { torrentFile },
      contents: { layout, metadata, isPrivate },
    }
  } catch (cause) {
    if (!hasErrorCode(cause, 'NATIVE_INVALID_TORRENT')) throw cause
    throw new ClientError('CLIENT_INVALID_SOURCE', `these ${torrentFile.length} bytes are no torrent`, {
      cause,
    })
  }
}

function readMagnetSource(magnetUri: string): KnownSource {
  const { name: _, ...facts } = readMagnetUri(magnetUri)
  const words = /^magnet:|\burn:bt[im]h:/gi
  return { ...facts, request: { magnetUri: magnetUri.replaceAll(words, (text) => text.toLowerCase()) } }
}
