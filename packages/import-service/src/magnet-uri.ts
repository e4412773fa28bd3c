import { ImportError } from './errors.js'

export interface MagnetUri {
  readonly uri: string
  /** 40 hex digits, lower case. */
  readonly infoHashV1?: string
  /** 64 hex digits, lower case. */
  readonly infoHashV2?: string
  readonly name?: string
  /** Indices of the only files that it is about. */
  readonly files?: readonly number[]
}

/** Of all ranges in `so=`: a few characters can name any number. */
const maxSelectedFiles = 100_000

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** Reads a magnet link (BEP 9, BEP 53 and the btmh topics of BEP 52). Rejects IMPORT_INVALID_SOURCE. */
export function parseMagnetUri(uri: string): MagnetUri {
  const query = new URLSearchParams(uri.slice(uri.indexOf('?') + 1))
  const topics = [...query].flatMap(([key, value]) => (/^xt(\.\d+)?$/.test(key) ? [value] : []))
  const infoHashes = [...new Set(topics.filter(isOfBitTorrent).map(parseTopic))]
  const [infoHashV1, otherV1] = infoHashes.filter(({ length }) => length === 40)
  const [infoHashV2, otherV2] = infoHashes.filter(({ length }) => length === 64)
  if (infoHashes.length === 0) {
    throw invalidMagnet('it has no info hash (xt=urn:btih:... or xt=urn:btmh:...)')
  }
  // libtorrent would take the last of them.
  if (otherV1 !== undefined || otherV2 !== undefined) throw invalidMagnet('it names more than one torrent')
  const name = query.get('dn')
  const files = parseIndices(query.getAll('so').join(','))
  return {
    uri,
    ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
    ...(name === null || name === '' ? {} : { name }),
    ...(files.length === 0 ? {} : { files }),
  }
}

/** '0,2,4-6', each once. What is no list of numbers selects nothing. */
function parseIndices(text: string): readonly number[] {
  const indices = new Set<number>()
  let left = maxSelectedFiles
  for (const [, first, last = first] of text.matchAll(/(?<![^,])(\d+)(?:-(\d+))?(?![^,])/g)) {
    for (let index = Number(first); index <= Number(last) && left > 0; index += 1, left -= 1)
      indices.add(index)
  }
  return [...indices]
}

function isOfBitTorrent(topic: string): boolean {
  return /^urn:bt[im]h:/i.test(topic)
}

/** 40 or 64 hex digits. */
function parseTopic(topic: string): string {
  const [, v1, base32, v2] =
    /^urn:(?:btih:(?:([0-9a-f]{40})|([a-z2-7]{32}))|btmh:1220([0-9a-f]{64}))$/i.exec(topic) ?? []
  const infoHash = base32 === undefined ? (v1 ?? v2 ?? '').toLowerCase() : hexOfBase32(base32.toLowerCase())
  // To libtorrent zeros are no hash.
  if (/^0*$/.test(infoHash)) throw invalidMagnet(`'${topic}' is no info hash`)
  return infoHash
}

function hexOfBase32(digits: string): string {
  let value = 0n
  for (const digit of digits) value = value * 32n + BigInt(base32Alphabet.indexOf(digit))
  return value.toString(16).padStart(40, '0')
}

function invalidMagnet(why: string): ImportError {
  return new ImportError('IMPORT_INVALID_SOURCE', `this magnet link cannot be used: ${why}`)
}
