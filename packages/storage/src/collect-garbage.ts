import type { AbortOptions } from './abort-options.js'
import { batchesOf } from './batches-of.js'
import type { ChunkKey, StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database } from './database.js'
import { deleteObjects, keysPerDeletion } from './delete-chunks.js'
import type { DeleteObjects } from './delete-objects.js'
import { StorageError } from './errors.js'
import { parseManifestName } from './manifest.js'
import type { TorrentId } from './torrent-layout.js'

export interface GarbageDeps {
  readonly chunkStore: StagingChunkStore
  readonly database: Database
}

export interface GarbageOptions extends AbortOptions {
  /** Only tells what there is. */
  readonly dryRun?: boolean
  /** Torrents that only their manifests know are garbage too: see STORAGE_REBUILD_NEEDED. */
  readonly forgetUnknown?: boolean
  /** How old a temporary file is at least: a younger one may still become something. An hour unless set. */
  readonly graceMs?: number
}

/**
 * `manifest`, `staging`: of a torrent that has no record. `chunk`: nothing refers to it. `object`: a chunk
 * without a record. `temporary`: what a put that never ended has left.
 */
export type GarbageKind = 'manifest' | 'staging' | 'chunk' | 'object' | 'temporary'

export interface Garbage {
  readonly kind: GarbageKind
  /** The manifest, torrent id, chunk key or file. */
  readonly name: string
}

const defaultGraceMs = 3_600_000

/** Looked up at a time. */
const keysAtOnce = 1_000

/**
 * Finds what crashes have left in a library and deletes it, beside whatever else is running: records are held
 * while their objects go. Yields each thing once it is gone. Keeps a batch of keys in memory, never a list of
 * the store. Rejects STORAGE_REBUILD_NEEDED before anything is deleted.
 */
export async function* collectGarbage(
  deps: GarbageDeps,
  options: GarbageOptions = {},
): AsyncIterable<Garbage> {
  if (!options.dryRun && !options.forgetUnknown) await refuseUnknown(deps, options)
  yield* manifestsOfNobody(deps, options)
  yield* stagingOfNobody(deps, options)
  yield* unreferencedChunks(deps, options)
  yield* unknownObjects(deps, options)
  const beforeMs = Date.now() - (options.graceMs ?? defaultGraceMs)
  const leftovers = deps.chunkStore.leftovers({ ...options, beforeMs, remove: !options.dryRun })
  for await (const name of leftovers) yield { kind: 'temporary', name }
}

async function refuseUnknown(deps: GarbageDeps, options: GarbageOptions): Promise<void> {
  for await (const { name } of unknownManifests(deps, options)) {
    const message = `the store has manifest ${name}, and the database knows no such torrent`
    throw new StorageError('STORAGE_REBUILD_NEEDED', message)
  }
}

async function* manifestsOfNobody(deps: GarbageDeps, options: GarbageOptions): AsyncIterable<Garbage> {
  for await (const { id, name } of unknownManifests(deps, options)) {
    const remove = (): Promise<void> => deps.chunkStore.manifests.delete(name)
    if (await goneUnlessKnown(deps, id, remove, options)) yield { kind: 'manifest', name }
  }
}

async function* unknownManifests({ chunkStore, database }: GarbageDeps, options: GarbageOptions) {
  const known = new Set(await database.listTorrents())
  for await (const name of chunkStore.manifests.list(options)) {
    const id = parseManifestName(name)?.id
    // It may have been added since.
    if (id === undefined || known.has(id) || (await database.findTorrent(id)) !== undefined) continue
    yield { id, name }
  }
}

async function* stagingOfNobody(deps: GarbageDeps, options: GarbageOptions): AsyncIterable<Garbage> {
  const known = new Set(await deps.database.listTorrents())
  for await (const id of deps.chunkStore.staging.listTorrents()) {
    options.signal?.throwIfAborted()
    if (known.has(id)) continue
    const remove = (): Promise<void> => deps.chunkStore.staging.discardAll(id)
    if (await goneUnlessKnown(deps, id, remove, options)) yield { kind: 'staging', name: id }
  }
}

async function goneUnlessKnown(
  { database }: GarbageDeps,
  id: TorrentId,
  remove: () => Promise<void>,
  { dryRun }: GarbageOptions,
): Promise<boolean> {
  if (dryRun) return (await database.findTorrent(id)) === undefined
  const gone = await database.orphans.whileAbsent(id, remove)
  crashPoint('garbage of an unknown torrent is gone')
  return gone
}

async function* unreferencedChunks(deps: GarbageDeps, options: GarbageOptions): AsyncIterable<Garbage> {
  for (let after: ChunkKey | undefined; ; ) {
    options.signal?.throwIfAborted()
    const keys = await deps.database.orphans.unreferenced(after, keysAtOnce)
    if (keys.length === 0) return
    after = keys.at(-1)
    const { database } = deps
    const gone = goneKeys(keys, options, (some, remove) => database.forgetChunks(some, remove), deps)
    for await (const name of gone) yield { kind: 'chunk', name }
  }
}

async function* unknownObjects(deps: GarbageDeps, options: GarbageOptions): AsyncIterable<Garbage> {
  const { orphans } = deps.database
  for await (const keys of batchesOfMany(deps.chunkStore.list('', options))) {
    const known = await deps.database.chunkLengths(keys)
    const unknown = keys.filter((key) => !known.has(key))
    const gone = goneKeys(unknown, options, (some, remove) => orphans.forgetUnknown(some, remove), deps)
    for await (const name of gone) yield { kind: 'object', name }
  }
}

/** Those of `keys` that `forget` finds to be garbage while nobody can refer to them. */
async function* goneKeys(
  keys: readonly ChunkKey[],
  { dryRun, signal }: GarbageOptions,
  forget: (keys: readonly ChunkKey[], remove: DeleteObjects) => Promise<void>,
  { chunkStore }: GarbageDeps,
): AsyncIterable<ChunkKey> {
  if (dryRun) return yield* keys
  for (const some of batchesOf(keys, keysPerDeletion)) {
    signal?.throwIfAborted()
    let gone: readonly ChunkKey[] = []
    await forget(some, async (unreferenced, options) => {
      await deleteObjects(chunkStore, unreferenced, options)
      gone = unreferenced
    })
    yield* gone
  }
}

async function* batchesOfMany(keys: AsyncIterable<ChunkKey>): AsyncIterable<readonly ChunkKey[]> {
  let batch: ChunkKey[] = []
  for await (const key of keys) {
    batch.push(key)
    if (batch.length < keysAtOnce) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
