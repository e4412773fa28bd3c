import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AbortOptions } from '@bae/storage'
import { abortable } from './abortable.js'
import { ClientError } from './errors.js'
import type { TorrentSource } from './torrent-source.js'

/**
 * All that a torrent can be added from: the bytes of a .torrent, its path or file: URL, a stream of its bytes, a magnet
 * link, or an info hash (v1 in hex or base32, v2 in hex), alone or named.
 */
export type TorrentInput =
  | TorrentSource
  | { readonly infoHash: string }
  | string
  | URL
  | Uint8Array
  | AsyncIterable<Uint8Array>

/** No .torrent is larger: a million pieces take 32 MiB. */
export const MAX_TORRENT_FILE_BYTES = 64 * 1024 * 1024

const INFO_HASH = /^(?:[0-9a-f]{40}|[a-z2-7]{32}|[0-9a-f]{64})$/i

/** Reads what has to be read. Rejects CLIENT_INVALID_SOURCE for what is none of them, too long or unreadable. */
export async function readTorrentInput(
  input: TorrentInput,
  options: AbortOptions & { readonly maxBytes?: number } = {},
): Promise<TorrentSource> {
  options.signal?.throwIfAborted()
  if (typeof input === 'string') return readText(input.trim(), options)
  if (input instanceof URL) return readUrl(input, options)
  if (input instanceof Uint8Array) return { torrentFile: input }
  if (typeof input !== 'object' || input === null)
    throw invalid(`${String(input).slice(0, 200)} is no torrent`)
  if (Symbol.asyncIterator in input) return { torrentFile: await collect(input, options) }
  if ('infoHash' in input) return magnetOf(input.infoHash)
  if ('torrentFile' in input && input.torrentFile instanceof Uint8Array) return input
  if ('magnetUri' in input && typeof input.magnetUri === 'string') return input
  throw invalid('a torrent is added from torrentFile (bytes), magnetUri or infoHash (text)')
}

function readText(text: string, options: AbortOptions): Promise<TorrentSource> | TorrentSource {
  if (/^magnet:/i.test(text)) return { magnetUri: text }
  if (INFO_HASH.test(text)) return magnetOf(text)
  if (/^[a-z][a-z0-9+.-]+:/i.test(text) && URL.canParse(text)) return readUrl(new URL(text), options)
  if (/\.torrent$/i.test(text)) return readPath(text, options)
  throw invalid(`'${text.slice(0, 200)}' is no magnet link, no info hash and no path that ends in .torrent`)
}

function readUrl(url: URL, options: AbortOptions): Promise<TorrentSource> | TorrentSource {
  if (url.protocol === 'magnet:') return { magnetUri: url.href }
  if (url.protocol === 'file:') return readPath(fileURLToPath(url), options)
  throw invalid(`'${url.protocol}' is not fetched here: pass the bytes or the stream of its answer`)
}

function magnetOf(infoHash: string): TorrentSource {
  if (typeof infoHash !== 'string' || !INFO_HASH.test(infoHash)) {
    throw invalid('an info hash is 40 hex digits or 32 of base32 (v1), or 64 hex digits (v2)')
  }
  const topic = infoHash.length === 64 ? `urn:btmh:1220${infoHash}` : `urn:btih:${infoHash}`
  return { magnetUri: `magnet:?xt=${topic.toLowerCase()}` }
}

async function readPath(path: string, options: AbortOptions): Promise<TorrentSource> {
  try {
    await using file = await open(path)
    const stream = file.createReadStream({ autoClose: false })
    return { torrentFile: await collect(stream, options) }
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (cause instanceof ClientError) throw cause
    throw new ClientError('CLIENT_INVALID_SOURCE', `'${path}' cannot be read`, { cause })
  }
}

/** What throws in the stream is its owner's error, and leaves as it is. */
async function collect(
  stream: AsyncIterable<Uint8Array>,
  { signal, maxBytes = MAX_TORRENT_FILE_BYTES }: AbortOptions & { readonly maxBytes?: number },
): Promise<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]()
  const parts: Uint8Array[] = []
  let lengthBytes = 0
  let isOver = false
  try {
    for (;;) {
      const { done, value } = await abortable(iterator.next(), signal)
      isOver = done === true
      if (isOver) return Uint8Array.from(Buffer.concat(parts))
      if (!(value instanceof Uint8Array)) throw invalid('the stream of a .torrent gives bytes')
      lengthBytes += value.length
      if (lengthBytes > maxBytes) throw invalid(`a .torrent has at most ${maxBytes} bytes`)
      parts.push(value)
    }
  } finally {
    // Not waited for: a stream that hangs would hold up the abort.
    if (!isOver) iterator.return?.()?.catch(() => {})
  }
}

function invalid(message: string): ClientError {
  return new ClientError('CLIENT_INVALID_SOURCE', message)
}
