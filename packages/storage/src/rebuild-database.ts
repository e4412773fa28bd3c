import type { TorrentRecord } from './database.js'
import { isBaeError, StorageError } from './errors.js'
import { decodeManifest, type Manifest, manifestKinds, manifestName, parseManifestName } from './manifest.js'
import { keyBytes } from './packed-keys.js'
import { PieceMapper } from './piece-mapper.js'
import {
  type RebuildTorrentDeps,
  type RebuildTorrentOptions,
  type RebuiltPieces,
  rebuildTorrent,
} from './rebuild-torrent.js'
import type { TorrentId } from './torrent-layout.js'

export interface RebuildOptions extends RebuildTorrentOptions {
  /** Adds what is missing to the records that are there already, instead of refusing them. */
  readonly addToRecords?: boolean
}

/** A torrent that has records again. */
export interface RebuiltTorrent extends RebuiltPieces {
  readonly record: TorrentRecord
}

/** One whose manifests do not help, or that another torrent of the library stands for. */
export interface NotRebuilt {
  readonly id: TorrentId
  readonly error: Error
}

/**
 * Makes the records of a library anew from what its store has: every torrent that has a manifest, its pieces
 * only where their chunks are there, with `verify` only where these are what their keys say. Other processes
 * may read meanwhile. What one torrent cannot have is told, and the others go on. Rejects
 * STORAGE_DATABASE_NOT_EMPTY.
 */
export async function* rebuildDatabase(
  deps: RebuildTorrentDeps,
  options: RebuildOptions = {},
): AsyncIterable<RebuiltTorrent | NotRebuilt> {
  const known = await deps.database.listTorrents()
  if (known.length > 0 && options.addToRecords !== true) {
    const torrents = known.length === 1 ? 'a torrent' : `${known.length} torrents`
    const message = `the database has records of ${torrents} already`
    throw new StorageError('STORAGE_DATABASE_NOT_EMPTY', message)
  }
  const ids = new Set<TorrentId>()
  for await (const name of deps.chunkStore.manifests.list(options)) {
    const parsed = parseManifestName(name)
    if (parsed !== undefined) ids.add(parsed.id)
  }
  // Ids begin with their time: the oldest first.
  for (const id of [...ids].sort()) {
    options.signal?.throwIfAborted()
    yield await rebuildOne(deps, id, options)
  }
}

async function rebuildOne(
  deps: RebuildTorrentDeps,
  id: TorrentId,
  options: RebuildOptions,
): Promise<RebuiltTorrent | NotRebuilt> {
  try {
    const { record, chunkKeys } = await readManifest(deps, id, options)
    return { record, ...(await rebuildTorrent(deps, record, chunkKeys, options)) }
  } catch (error) {
    if (error instanceof Error && isOfOneTorrent(error)) return { id, error }
    throw error
  }
}

/** Other failures would meet every torrent. */
function isOfOneTorrent(error: Error): boolean {
  const codes = ['STORAGE_CORRUPT', 'STORAGE_NEWER_VERSION', 'STORAGE_DUPLICATE_TORRENT']
  return codes.some((code) => isBaeError(error, code))
}

/** The best one there is: where the complete one is damaged, the partial one may have been left. */
async function readManifest(
  { chunkStore }: RebuildTorrentDeps,
  id: TorrentId,
  options: RebuildOptions,
): Promise<Manifest> {
  let failure: unknown
  for (const kind of manifestKinds) {
    const bytes = await chunkStore.manifests.get(manifestName(id, kind), options)
    if (bytes === undefined) continue
    try {
      return checked(await decodeManifest(bytes), id)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure ?? new StorageError('STORAGE_CORRUPT', `the manifest of torrent ${id} went away`)
}

/** What is whole may still be under another name, or make no sense. */
function checked(manifest: Manifest, id: TorrentId): Manifest {
  const { record, chunkKeys } = manifest
  try {
    const { chunkCount } = new PieceMapper(record.layout, record)
    const keysFit = chunkKeys === undefined || chunkKeys.length === chunkCount * keyBytes
    if (record.id === id && keysFit) return manifest
  } catch (cause) {
    throw new StorageError('STORAGE_CORRUPT', `the manifest of torrent ${id} makes no sense`, { cause })
  }
  throw new StorageError('STORAGE_CORRUPT', `the manifest of torrent ${id} is not of this torrent`)
}
