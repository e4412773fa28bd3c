import { isIP } from 'node:net'
import type { ParsedTorrent } from '@bae/native'
import type { TorrentLayout, TorrentMetadata } from '@bae/storage'
import { ClientError, hasErrorCode } from './errors.js'
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

/** Of all ranges of a magnet link: a few characters can name any number. */
const MAX_SELECTED_FILES = 100_000

const BASE32_DIGITS = 'abcdefghijklmnopqrstuvwxyz234567'

/** Throws CLIENT_INVALID_SOURCE for what is neither a .torrent nor a magnet link. */
export function readTorrentSource(source: TorrentSource, parseTorrentFile: ParseTorrentFile): KnownSource {
  return 'torrentFile' in source
    ? readTorrentFile(source.torrentFile, parseTorrentFile)
    : readMagnetUri(source.magnetUri)
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

/** BEP 9, and the multihash topic of BEP 52. */
export function buildMagnetUri(
  infoHashes: readonly string[],
  name: string | undefined,
  trackers: readonly string[],
): string {
  const topics = infoHashes.map((hash) => `xt=urn:${hash.length === 64 ? 'btmh:1220' : 'btih:'}${hash}`)
  const names = name === undefined ? [] : [`dn=${encodeURIComponent(name)}`]
  const announces = trackers.map((tracker) => `tr=${encodeURIComponent(tracker)}`)
  return `magnet:?${[...topics, ...names, ...announces].join('&')}`
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

/** BEP 9, and the multihash topics of BEP 52. */
function readMagnetUri(magnetUri: string): KnownSource {
  if (!/^magnet:\?/i.test(magnetUri)) throw invalidMagnet(magnetUri, 'it does not begin with magnet:?')
  const parameters = [...new URLSearchParams(magnetUri.slice(magnetUri.indexOf('?') + 1))]
  const valuesOf = (name: RegExp) => parameters.filter(([key]) => name.test(key)).map(([, value]) => value)
  const topics = valuesOf(/^xt(\.\d+)?$/).flatMap((topic) => infoHashOfTopic(topic) ?? [])
  const infoHashes = [...new Set(topics)].filter((hash) => /[^0]/.test(hash))
  if (infoHashes.length === 0) throw invalidMagnet(magnetUri, 'it names no info hash')
  const isOfTwo = new Set(infoHashes.map(({ length }) => length)).size < infoHashes.length
  if (isOfTwo) throw invalidMagnet(magnetUri, 'it names more than one torrent')
  const files = indicesOf(valuesOf(/^so$/).join(','))
  return {
    infoHashes,
    trackers: valuesOf(/^tr(\.\d+)?$/),
    peers: valuesOf(/^x\.pe$/).flatMap((peer) => peerOf(peer) ?? []),
    webSeeds: valuesOf(/^ws$/),
    ...(files.length > 0 && { files }),
    request: { magnetUri: magnetUri.replaceAll(/^magnet:|\burn:bt[im]h:/gi, (text) => text.toLowerCase()) },
  }
}

/** Names are not looked up. */
function peerOf(text: string): PeerAddress | undefined {
  const [, v6, v4, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = v6 ?? v4 ?? ''
  return isIP(host) && Number(port) > 0 && Number(port) < 65536 ? { host, port: Number(port) } : undefined
}

/** '0,2,4-6', each once. What is no list of numbers selects nothing. */
function indicesOf(text: string): readonly number[] {
  const indices = new Set<number>()
  let left = MAX_SELECTED_FILES
  for (const [, first, last = first] of text.matchAll(/(?<![^,])(\d+)(?:-(\d+))?(?![^,])/g)) {
    for (let index = Number(first); index <= Number(last) && left > 0; index++, left--) indices.add(index)
  }
  return [...indices]
}

function infoHashOfTopic(topic: string): string | undefined {
  const v2 = /^urn:btmh:1220([0-9a-f]{64})$/i.exec(topic)?.[1]
  const v1 = /^urn:btih:([0-9a-f]{40})$/i.exec(topic)?.[1]
  const v1InBase32 = /^urn:btih:([a-z2-7]{32})$/i.exec(topic)?.[1]
  return v1InBase32 === undefined ? (v2 ?? v1)?.toLowerCase() : hexOfBase32(v1InBase32.toLowerCase())
}

function hexOfBase32(digits: string): string {
  let value = 0n
  for (const digit of digits) value = value * 32n + BigInt(BASE32_DIGITS.indexOf(digit))
  return value.toString(16).padStart(40, '0')
}

function invalidMagnet(magnetUri: string, why: string): ClientError {
  return new ClientError('CLIENT_INVALID_SOURCE', `'${magnetUri.slice(0, 200)}' is no magnet link: ${why}`)
}
