import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { MagnetLink, TorrentSource } from '@bae/client'
import type { AbortOptions, TorrentLayout } from '@bae/storage'
import type { ImportRecord } from './database/import-database.js'
import { ImportError, isBaeError, systemErrorCode } from './errors.js'
import { fetchTorrentFile, maxTorrentFileBytes } from './fetch-torrent-file.js'

/** A torrent to import, with what is known of it before anybody is asked. */
export interface ImportSource {
  readonly torrent: TorrentSource
  /** At least one of the two hashes is there. */
  readonly infoHashV1?: string
  readonly infoHashV2?: string
  readonly name?: string
  /** Of a .torrent file. */
  readonly layout?: TorrentLayout
  /** Indices of the only files that a magnet link is about (BEP 53). */
  readonly files?: readonly number[]
}

/** `readMagnetUri` of @bae/client: throws CLIENT_INVALID_SOURCE. */
export type ReadMagnetUri = (uri: string) => MagnetLink

export interface ImportSourceDeps {
  readonly readMagnetUri: ReadMagnetUri
  /** Rejects what is no valid torrent, with a message that says why. */
  readonly parseTorrentFile: (bytes: Uint8Array) => Promise<TorrentLayout>
}

/**
 * Reads what the user named: a magnet link, an http(s) address of a .torrent file, or its path.
 * Rejects IMPORT_INVALID_SOURCE, IMPORT_SOURCE_NOT_FOUND and IMPORT_SOURCE_UNREACHABLE.
 */
export async function resolveSource(
  deps: ImportSourceDeps,
  source: string,
  options: AbortOptions = {},
): Promise<ImportSource> {
  // What is pasted brings blanks along; the name of a file may have them.
  if (/^\s*magnet:/i.test(source)) return magnetSourceOf(deps, source.trim())
  const bytes = /^https?:\/\//i.test(source)
    ? await fetchTorrentFile(source, options)
    : await readTorrentFile(source)
  options.signal?.throwIfAborted()
  return sourceOf(bytes, await parse(deps, source, bytes))
}

/** Throws IMPORT_INVALID_SOURCE. */
export function magnetSourceOf(
  { readMagnetUri }: Pick<ImportSourceDeps, 'readMagnetUri'>,
  magnetUri: string,
): ImportSource {
  try {
    const { infoHashes, name, files } = readMagnetUri(magnetUri)
    return {
      torrent: { magnetUri },
      ...namedHashes(infoHashes),
      ...(name !== undefined && { name }),
      ...(files !== undefined && { files }),
    }
  } catch (error) {
    if (!isBaeError(error, 'CLIENT_INVALID_SOURCE')) throw error
    throw new ImportError('IMPORT_INVALID_SOURCE', error.message, { cause: error })
  }
}

function namedHashes(infoHashes: readonly string[]): Pick<ImportSource, 'infoHashV1' | 'infoHashV2'> {
  const infoHashV1 = infoHashes.find(({ length }) => length === 40)
  const infoHashV2 = infoHashes.find(({ length }) => length === 64)
  return { ...(infoHashV1 !== undefined && { infoHashV1 }), ...(infoHashV2 !== undefined && { infoHashV2 }) }
}

export function sourceOf(torrentFile: Uint8Array, layout: TorrentLayout): ImportSource {
  const { infoHashV1, infoHashV2, name } = layout
  return {
    torrent: { torrentFile },
    ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
    name,
    layout,
  }
}

/** What a client is told of an import, by its record. One that was made anew from the store has its hashes alone. */
export function torrentSourceOf(record: ImportRecord): TorrentSource {
  const { torrentFile, magnetUri, infoHashV1, infoHashV2 } = record
  if (torrentFile !== undefined) return { torrentFile }
  if (magnetUri !== undefined) return { magnetUri }
  const topics = [infoHashV1 && `xt=urn:btih:${infoHashV1}`, infoHashV2 && `xt=urn:btmh:1220${infoHashV2}`]
  return { magnetUri: `magnet:?${topics.filter((topic) => topic !== undefined).join('&')}` }
}

async function parse(deps: ImportSourceDeps, source: string, bytes: Uint8Array): Promise<TorrentLayout> {
  try {
    return await deps.parseTorrentFile(bytes)
  } catch (error) {
    if (!isBaeError(error, 'NATIVE_INVALID_TORRENT')) throw error
    throw new ImportError('IMPORT_INVALID_SOURCE', `${source}: ${error.message}`, {
      cause: error,
    })
  }
}

async function readTorrentFile(path: string): Promise<Uint8Array> {
  try {
    // A pipe that nobody writes to would be waited for until somebody does.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const facts = await file.stat()
    if (facts.isDirectory())
      throw new ImportError('IMPORT_INVALID_SOURCE', `${path} is a folder, not a .torrent file`)
    if (!facts.isFile()) throw new ImportError('IMPORT_INVALID_SOURCE', `${path} is not a regular file`)
    if (facts.size > maxTorrentFileBytes) {
      throw new ImportError(
        'IMPORT_INVALID_SOURCE',
        `${path} is too large to be a .torrent file (${facts.size} bytes)`,
      )
    }
    return new Uint8Array(await file.readFile())
  } catch (error) {
    throw isBaeError(error) ? error : unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): ImportError {
  const code = systemErrorCode(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
    const isInfoHash = /^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(path)
    const link = isInfoHash ? `; the magnet link of this info hash is 'magnet:?xt=urn:btih:${path}'` : ''
    return new ImportError('IMPORT_SOURCE_NOT_FOUND', `there is no file ${path}${link}`, { cause })
  }
  const why = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : (code ?? 'unknown reason')
  return new ImportError('IMPORT_SOURCE_UNREACHABLE', `${path} cannot be read: ${why}`, { cause })
}
