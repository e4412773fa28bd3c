import type { StorageFactory, TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { StorageRegistry } from '../src/storage-registry.js'
import { createTestTorrent, MapLibrary, MapStorage } from '../src/testing/index.js'
import { createHeld, rejectionOf } from './open-client.js'

const id = 'torrent-1' as TorrentId
const { layout, metadata } = createTestTorrent()

function createRegistry(options: { closeLimitMs?: number; createStorage?: StorageFactory } = {}) {
  const library = new MapLibrary()
  const registry = new StorageRegistry(
    { createStorage: options.createStorage ?? library.createStorage },
    { closeLimitMs: options.closeLimitMs ?? 2_000 },
  )
  return { registry, library, open: () => registry.open(id, layout, metadata) }
}

describe('StorageRegistry', () => {
  it('opens one storage however many ask at once', async () => {
    const { library, open } = createRegistry()
    const [first, second] = await Promise.all([open(), open()])
    expect(first).toBe(second)
    expect(await open()).toBe(first)
    expect(library.storages).toHaveLength(1)
  })

  it('tries again after an opening that failed', async () => {
    const { registry, library, open } = createRegistry()
    library.beforeOpen = () => Promise.reject(new Error('not today'))
    expect((await rejectionOf(open())).message).toBe('not today')
    expect(registry.get(id)).toBeUndefined()
    library.beforeOpen = () => {}
    expect(await open()).toBe(library.storageOf(id))
  })

  it('closes once, for all who ask', async () => {
    const { registry, open } = createRegistry()
    const storage = await open()
    const closings: string[] = []
    Object.assign(storage, {
      close: async () => closings.push('close'),
      destroy: async () => closings.push('destroy'),
    })
    await Promise.all([registry.close(id), registry.close(id, { deleteData: true })])
    await registry.close(id)
    expect(closings).toEqual(['close'])
  })

  it('deletes when asked to', async () => {
    const { registry, library, open } = createRegistry()
    const storage = await open()
    await storage.writePiece(0, 0, new Uint8Array(layout.pieceLengthBytes))
    await storage.completePiece(0)
    await registry.close(id, { deleteData: true })
    expect(library.completedPieces(id)).toEqual([])
  })

  it('tells everybody who asks that a storage did not close well', async () => {
    const { registry, library, open } = createRegistry()
    await open()
    const failure = new Error('cannot flush')
    library.storageOf(id).before = () => Promise.reject(failure)
    expect(await rejectionOf(registry.close(id))).toBe(failure)
    expect(await rejectionOf(registry.close(id))).toBe(failure)
    registry.forget(id)
    await registry.close(id)
  })

  it('opens a torrent again only when its last storage has closed', async () => {
    const { registry, library, open } = createRegistry()
    await open()
    const held = createHeld()
    library.storageOf(id).before = () => held.promise
    const closing = registry.close(id)
    const again = open()
    await Promise.resolve()
    expect(library.storages).toHaveLength(1)
    held.release()
    await closing
    expect(await again).toBe(library.storages[1])
  })

  it('leaves a retained storage open, until it is released', async () => {
    const { registry, library, open } = createRegistry()
    await open()
    const release = registry.retain(id)
    await registry.close(id)
    expect(library.openStorages).toHaveLength(1)
    release()
    release()
    await registry.close(id)
    expect(library.openStorages).toHaveLength(0)
  })

  it('waits no longer than it must for a storage that does not close', async () => {
    const { registry, library, open } = createRegistry({ closeLimitMs: 20 })
    await open()
    library.storageOf(id).before = () => createHeld().promise
    expect(await rejectionOf(registry.close(id))).toMatchObject({ code: 'CLIENT_CLOSE_TIMEOUT' })
  })

  it('gives up an opening that is closed, and has nothing open afterwards', async () => {
    let signal: AbortSignal | undefined
    const createStorage: StorageFactory = (_id, _layout, _metadata, options) => {
      signal = options?.signal
      return new Promise((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal?.reason)),
      )
    }
    const { registry, open } = createRegistry({ createStorage })
    const opening = open()
    await registry.close(id)
    expect(signal?.aborted).toBe(true)
    expect(await rejectionOf(opening)).toMatchObject({ code: 'CLIENT_CLOSED' })
  })

  it('ends the wait of one who aborts, and not the opening that others share', async () => {
    const { registry, library, open } = createRegistry()
    const held = createHeld()
    library.beforeOpen = () => held.promise
    const aborter = new AbortController()
    const impatient = registry.open(id, layout, metadata, { signal: aborter.signal })
    const patient = open()
    const reason = new Error('no time')
    aborter.abort(reason)
    expect(await rejectionOf(impatient)).toBe(reason)
    held.release()
    expect(await patient).toBe(library.storageOf(id))
  })

  it('takes a storage that the caller opened, but not a second one', async () => {
    const { registry, library, open } = createRegistry()
    const storage = new MapStorage(layout)
    registry.register(id, storage)
    expect(await open()).toBe(storage)
    expect(library.storages).toHaveLength(0)
    expect(() => registry.register(id, new MapStorage(layout))).toThrow(
      expect.objectContaining({ code: 'CLIENT_DUPLICATE_STORAGE' }),
    )
    await registry.close(id)
    expect(storage.isClosed).toBe(true)
  })

  it('closes all, though one fails or is retained, and then opens no more', async () => {
    const { registry, library, open } = createRegistry()
    await open()
    const other = 'torrent-2' as TorrentId
    await registry.open(other, layout, metadata)
    registry.retain(other)
    library.storageOf(id).before = () => Promise.reject(new Error('cannot flush'))
    expect(await rejectionOf(registry.closeAll())).toBeInstanceOf(AggregateError)
    expect(library.openStorages).toHaveLength(0)
    expect(await rejectionOf(open())).toMatchObject({ code: 'CLIENT_CLOSED' })
  })
})
