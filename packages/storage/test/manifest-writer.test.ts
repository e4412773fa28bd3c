import { describe, expect, it } from 'vitest'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collect } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { allPieces } from '../src/compliance/storage-subject.js'
import { destroyTorrent } from '../src/delete-chunks.js'
import { setBits } from '../src/have-bits.js'
import { decodeManifest, type Manifest, type ManifestKind, manifestName } from '../src/manifest.js'
import { packedKeyAt } from '../src/packed-keys.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { Library } from './library.js'

const layout = layoutOf('album', 32_768, [200_000, 0, 70_001])
const pieces = allPieces(layout)

async function manifestOf(library: Library, kind: ManifestKind): Promise<Manifest | undefined> {
  const bytes = await library.chunkStore.manifests.get(manifestName(library.record.id, kind))
  return bytes === undefined ? undefined : await decodeManifest(bytes)
}

function keysOf(library: Library, { chunkKeys = new Uint8Array(0) }: Manifest) {
  return Array.from({ length: library.mapper.chunkCount }, (_, ordinal) => packedKeyAt(chunkKeys, ordinal))
}

describe('the manifest of a torrent', () => {
  it('is there without keys as soon as the torrent is open', async () => {
    const library = new Library(layout)
    await library.open()
    expect(await manifestOf(library, 'partial')).toEqual({ record: library.record })
    expect(await manifestOf(library, 'complete')).toBeUndefined()
  })

  it('is complete, and the only one, before the last piece is said to be', async () => {
    const library = new Library(layout)
    const storage = await library.open()
    await library.complete(storage, ...pieces)
    const manifest = (await manifestOf(library, 'complete'))!
    expect(manifest.record).toEqual(library.record)
    expect(keysOf(library, manifest)).toEqual(await library.recordedKeys())
    expect(await collect(library.chunkStore.manifests.list())).toHaveLength(1)
  })

  it('knows the keys that there were when an import was stopped', async () => {
    const library = new Library(layout)
    const storage = await library.open()
    await library.complete(storage, 0, 1, 2)
    await storage.close()
    const keys = keysOf(library, (await manifestOf(library, 'partial'))!)
    expect(keys.slice(0, 2)).toEqual([library.key(0), undefined])
    expect(keys).toEqual(await library.recordedKeys())
  })

  it('is written when the torrent is opened next where it could not be written before', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    store.fail('manifests.put', new Error('no room'), { times: 100 })
    const storage = await library.open()
    await library.complete(storage, ...pieces)
    await storage.close()
    expect(new Set(library.log.map(({ level }) => level))).toEqual(new Set(['warn']))
    expect(await collect(store.manifests.list())).toEqual([])
    store.clearScript()
    await library.open()
    expect(keysOf(library, (await manifestOf(library, 'complete'))!)).toEqual(await library.recordedKeys())
  })

  it('waits until all that it names is flushed, whoever wrote it', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    store.fail('flush', new Error('not now'), { times: 100 })
    await library.complete(storage, ...pieces)
    expect(await manifestOf(library, 'complete')).toBeUndefined()
    store.clearScript()
    // The process dies here: the next one of the same boot has nothing to flush of its own.
    await library.open()
    expect(keysOf(library, (await manifestOf(library, 'complete'))!)).toEqual(await library.recordedKeys())
    const { unflushedPieces } = await library.database.flushState(library.record.id)
    expect([...setBits(unflushedPieces)]).toEqual([])
  })

  it('is written once: opening a complete torrent again changes nothing', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    await library.complete(storage, ...pieces)
    await storage.close()
    store.fail('manifests.put', new Error('not again'))
    await (await library.open()).close()
    expect(store.scriptIsDone).toBe(false)
    expect(library.log).toEqual([])
  })

  it('goes before the records of a torrent that is deleted, so that it can never bring it back', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    await library.complete(storage, ...pieces)
    await storage.close()
    const { database, record } = library
    store.fail('manifests.delete', new Error('the disk is gone'))
    await expect(destroyTorrent({ chunkStore: store, database }, record.id)).rejects.toThrow(
      'the disk is gone',
    )
    expect(await database.listTorrents()).toEqual([record.id])
    store.fail('delete', new Error('the disk is gone'), { times: 100 })
    await expect(destroyTorrent({ chunkStore: store, database }, record.id)).rejects.toThrow(
      'the disk is gone',
    )
    expect(await collect(store.manifests.list())).toEqual([])
  })
})
