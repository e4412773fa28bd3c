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
  const hashes: { infoHashV1?: string; infoHashV2?: string } = {}
  for (const [key, topic] of query) {
    if (!/^xt(\.\d+)?$/.test(key)) continue
    const infoHashV1 = parseBtih(topic)
    const infoHashV2 = /^urn:btmh:1220([0-9a-f]{64})$/i.exec(topic)?.[1]?.toLowerCase()
    if (infoHashV1 !== undefined) hashes.infoHashV1 ??= infoHashV1
    else if (infoHashV2 !== undefined) hashes.infoHashV2 ??= infoHashV2
    else if (/^urn:bt(ih|mh):/i.test(topic)) throw invalidMagnet(`'${topic}' is no info hash`)
  }
  if (hashes.infoHashV1 === undefined && hashes.infoHashV2 === undefined) {
    throw invalidMagnet('it has no info hash (xt=urn:btih:... or xt=urn:btmh:...)')
  }
  const name = query.get('dn')
  const files = parseIndices(query.getAll('so').join(','))
  return {
    uri,
    ...hashes,
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

function parseBtih(topic: string): string | undefined {
  const digits = /^urn:btih:([0-9a-z]+)$/i.exec(topic)?.[1]?.toLowerCase() ?? ''
  if (/^[0-9a-f]{40}$/.test(digits)) return digits
  if (/^[a-z2-7]{32}$/.test(digits)) return hexOfBase32(digits)
  return undefined
}

function hexOfBase32(digits: string): string {
  let value = 0n
  for (const digit of digits) value = value * 32n + BigInt(base32Alphabet.indexOf(digit))
  return value.toString(16).padStart(40, '0')
}

function invalidMagnet(why: string): ImportError {
  return new ImportError('IMPORT_INVALID_SOURCE', `this magnet link cannot be used: ${why}`)
}
