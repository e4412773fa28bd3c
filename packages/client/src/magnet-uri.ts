import { isIP } from 'node:net'
import { ClientError } from './errors.js'
import type { PeerAddress } from './torrent-options.js'

/** What a magnet link says. */
export interface MagnetLink {
  /** v1 as 40, v2 as 64 hex digits, lower case: one or both. */
  readonly infoHashes: readonly string[]
  readonly name?: string
  readonly trackers: readonly string[]
  /** Numeric addresses; names are not looked up. */
  readonly peers: readonly PeerAddress[]
  readonly webSeeds: readonly string[]
  /** Indices of the only files that it is about (BEP 53). */
  readonly files?: readonly number[]
}

/** Of all ranges of a magnet link: a few characters can name any number. */
const MAX_SELECTED_FILES = 100_000

const BASE32_DIGITS = 'abcdefghijklmnopqrstuvwxyz234567'

/** Reads BEP 9, the multihash topics of BEP 52 and the selection of BEP 53. Throws CLIENT_INVALID_SOURCE. */
export function readMagnetUri(magnetUri: string): MagnetLink {
  if (!/^magnet:\?/i.test(magnetUri)) throw invalidMagnet(magnetUri, 'it does not begin with magnet:?')
  const parameters = [...new URLSearchParams(magnetUri.slice(magnetUri.indexOf('?') + 1))]
  const valuesOf = (name: RegExp) => parameters.filter(([key]) => name.test(key)).map(([, value]) => value)
  const topics = valuesOf(/^xt(\.\d+)?$/).filter((topic) => /^urn:bt[im]h:/i.test(topic))
  const infoHashes = [...new Set(topics.map((topic) => infoHashOf(magnetUri, topic)))]
  if (infoHashes.length === 0)
    throw invalidMagnet(magnetUri, 'it has no info hash (xt=urn:btih:... or xt=urn:btmh:...)')
  // libtorrent would take the last of them.
  const isOfTwo = new Set(infoHashes.map(({ length }) => length)).size < infoHashes.length
  if (isOfTwo) throw invalidMagnet(magnetUri, 'it names more than one torrent')
  const [name = ''] = valuesOf(/^dn$/)
  const files = indicesOf(valuesOf(/^so$/).join(','))
  return {
    infoHashes,
    ...(name !== '' && { name }),
    trackers: valuesOf(/^tr(\.\d+)?$/),
    peers: valuesOf(/^x\.pe$/).flatMap((peer) => peerOf(peer) ?? []),
    webSeeds: valuesOf(/^ws$/),
    ...(files.length > 0 && { files }),
  }
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

function infoHashOf(magnetUri: string, topic: string): string {
  const [, v1, base32, v2] =
    /^urn:(?:btih:(?:([0-9a-f]{40})|([a-z2-7]{32}))|btmh:1220([0-9a-f]{64}))$/i.exec(topic) ?? []
  const infoHash = base32 === undefined ? (v1 ?? v2 ?? '').toLowerCase() : hexOfBase32(base32.toLowerCase())
  // To libtorrent zeros are no hash.
  if (/^0*$/.test(infoHash)) throw invalidMagnet(magnetUri, `'${topic.slice(0, 100)}' is no info hash`)
  return infoHash
}

function hexOfBase32(digits: string): string {
  let value = 0n
  for (const digit of digits) value = value * 32n + BigInt(BASE32_DIGITS.indexOf(digit))
  return value.toString(16).padStart(40, '0')
}

function invalidMagnet(magnetUri: string, why: string): ClientError {
  return new ClientError('CLIENT_INVALID_SOURCE', `'${magnetUri.slice(0, 200)}' is no magnet link: ${why}`)
}
