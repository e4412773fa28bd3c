import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { PeerAddress } from '@bae/client'
import { ImportError } from '../errors.js'

const lookupTimeoutMs = 10_000

/** '127.0.0.1:6881', 'seed.example:6881' or '[::1]:6881'. Rejects IMPORT_USAGE. */
export function parsePeer(text: string): PeerAddress {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  const isAddress = match?.[1] === undefined || isIP(match[1]) === 6
  if (host === undefined || !isAddress || port < 1 || port > 65_535) {
    throw new ImportError(
      'IMPORT_USAGE',
      `--peer takes HOST:PORT, such as 127.0.0.1:6881 or [::1]:6881, not '${text}'`,
    )
  }
  return { host, port }
}

/** The same peer by IP address. Rejects IMPORT_PEER_NOT_FOUND. */
export async function resolvePeer({ host, port }: PeerAddress): Promise<PeerAddress> {
  if (isIP(host) !== 0) return { host, port }
  try {
    const { address } = await Promise.race([lookup(host), failAfter(lookupTimeoutMs)])
    return { host: address, port }
  } catch (error) {
    throw new ImportError('IMPORT_PEER_NOT_FOUND', `the peer name '${host}' has no address`, { cause: error })
  }
}

function failAfter(delayMs: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${delayMs} ms`)), delayMs).unref()
  })
}
