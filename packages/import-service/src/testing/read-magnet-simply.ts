import type { MagnetLink } from '@bae/client'

/** As `readMagnetUri` of @bae/client, but it knows hashes of hex digits only, names, and one range or index of files. */
export function readMagnetSimply(uri: string): MagnetLink {
  const infoHashes = [...uri.matchAll(/urn:bt(?:ih:|mh:1220)([0-9a-f]+)/g)].map(([, hash = '']) => hash)
  if (infoHashes.length === 0) throw noMagnet(uri)
  const [, name] = /[?&]dn=([^&]+)/.exec(uri) ?? []
  const [, first, last = first] = /[?&]so=(\d+)(?:-(\d+))?/.exec(uri) ?? []
  const files = Array.from({ length: Number(last) - Number(first) + 1 || 0 }, (_, at) => Number(first) + at)
  return {
    infoHashes,
    ...(name !== undefined && { name }),
    ...(files.length > 0 && { files }),
    trackers: [],
    peers: [],
    webSeeds: [],
  }
}

function noMagnet(uri: string): Error {
  const refusal = Object.assign(new Error(`'${uri}' is no magnet link`), { code: 'CLIENT_INVALID_SOURCE' })
  return Object.defineProperty(refusal, Symbol.for('bae.error'), { value: true })
}
