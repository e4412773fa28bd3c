import type { Storage, TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { StorageBridge, type StorageBridgeListener } from '../src/storage-bridge.js'
import { StorageIndexMap } from '../src/storage-index-map.js'
import { StorageRegistry } from '../src/storage-registry.js'
import { createTestTorrent, MapLibrary, MapStorage, pieceBytesOf } from '../src/testing/index.js'
import { bitsOf, createHeld, rejectionOf } from './open-client.js'

const id = 'torrent-1' as TorrentId
const test = createTestTorrent()

const silentListener: StorageBridgeListener = {
  wantedFilesOf: () => ({}),
  storageOpened: () => {},
  pieceCompleted: () => {},
  pieceCleared: () => {},
  completionFailed: () => {},
  storageFailed: () => {},
}

function createBridge() {
  const library = new MapLibrary()
  const registry = new StorageRegistry({ createStorage: library.createStorage }, { closeLimitMs: 2_000 })
  const indices = new StorageIndexMap()
  const told: string[] = []
  const failures: unknown[] = []
  const listener: StorageBridgeListener = {
    wantedFilesOf: () => ({}),
    storageOpened: (torrentId) => told.push(`opened ${torrentId}`),
    pieceCompleted: (_torrentId, piece) => told.push(`completed ${piece}`),
    pieceCleared: (_torrentId, piece) => told.push(`cleared ${piece}`),
    completionFailed: (_torrentId, piece) => told.push(`not completed ${piece}`),
    storageFailed: (_torrentId, error) => failures.push(error),
  }
  const bridge = new StorageBridge({ registry, indices, listener })
  const open = (index = 1) => bridge.openStorage(index, id, test.layout, test.metadata)
  return { bridge, library, registry, indices, told, failures, open }
}

describe('StorageBridge', () => {
  it('answers an opening with the pieces that the storage has', async () => {
    const { bridge, told, open } = createBridge()
    expect(await open()).toEqual({ havePieces: bitsOf(test.pieceCount, []), hashPieces: false })
    await bridge.writePiece(1, 3, 0, pieceBytesOf(test, 3))
    await bridge.completePiece(1, 3)
    await bridge.closeStorage(1, false)
    expect(await open(2)).toEqual({ havePieces: bitsOf(test.pieceCount, [3]), hashPieces: false })
    expect(told).toEqual([`opened ${id}`, 'cleared 3', 'completed 3', `opened ${id}`])
  })

  it('asks for block hashes where the storage wants them, and hands them on', async () => {
    const { bridge, open } = createBridge()
    const given: unknown[] = []
    class HashedStorage extends MapStorage {
      readonly wantsBlockHashes = true
      override writePiece(...call: Parameters<Storage['writePiece']>): Promise<void> {
        given.push(call[3])
        return super.writePiece(...call)
      }
    }
    const registry = new StorageRegistry(
      { createStorage: async (_id, layout) => new HashedStorage(layout) },
      { closeLimitMs: 2_000 },
    )
    expect(await open()).not.toHaveProperty('blockHashes')
    const hashed = new StorageBridge({ registry, indices: new StorageIndexMap(), listener: silentListener })
    expect(await hashed.openStorage(1, id, test.layout, test.metadata)).toMatchObject({ blockHashes: true })
    const blockHashes = new Uint8Array(32)
    await hashed.writePiece(1, 0, 0, pieceBytesOf(test, 0), blockHashes)
    expect(given).toEqual([{ blockHashes }])
    await bridge.closeStorage(1, false)
  })

  it('hands on the memory that a read was lent, and what it is answered with', async () => {
    const given: unknown[] = []
    class ReadingStorage extends MapStorage {
      override async readPiece(...call: Parameters<Storage['readPiece']>): Promise<Uint8Array> {
        given.push(call[3])
        return call[3]?.into ?? (await super.readPiece(call[0], call[1], call[2]))
      }
    }
    const registry = new StorageRegistry(
      { createStorage: async (_id, layout) => new ReadingStorage(layout) },
      { closeLimitMs: 2_000 },
    )
    const bridge = new StorageBridge({ registry, indices: new StorageIndexMap(), listener: silentListener })
    await bridge.openStorage(1, id, test.layout, test.metadata)
    await bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0))
    const into = new Uint8Array(9)
    expect(await bridge.readPiece(1, 0, 0, 9, into)).toBe(into)
    expect(await bridge.readPiece(1, 0, 0, 9)).toEqual(pieceBytesOf(test, 0).slice(0, 9))
    expect(given).toEqual([{ into }, undefined])
  })

  it('lets calls for a storage that is still opening wait, and keeps their order', async () => {
    const { bridge, library, open } = createBridge()
    const held = createHeld()
    library.beforeOpen = () => held.promise
    const opening = open()
    const writing = bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0))
    const reading = bridge.readPiece(1, 0, 100, 200)
    const completing = bridge.completePiece(1, 0)
    held.release()
    await Promise.all([opening, writing, completing])
    expect(await reading).toEqual(test.bytes.slice(100, 300))
    expect(library.completedPieces(id)).toEqual([0])
  })

  it('names an index that is unknown, or closed, at once', async () => {
    const { bridge, open } = createBridge()
    const unknown = { code: 'CLIENT_UNKNOWN_STORAGE' }
    expect(await rejectionOf(bridge.readPiece(9, 0, 0, 1))).toMatchObject(unknown)
    await open()
    await bridge.closeStorage(1, false)
    expect(await rejectionOf(bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0)))).toMatchObject(unknown)
    expect(await rejectionOf(bridge.closeStorage(1, false))).toMatchObject(unknown)
  })

  it('fails the calls for a storage that did not open', async () => {
    const { bridge, library, open } = createBridge()
    library.beforeOpen = () => Promise.reject(new Error('not today'))
    const opening = open()
    const reading = bridge.readPiece(1, 0, 0, 1)
    expect((await rejectionOf(opening)).message).toBe('not today')
    expect((await rejectionOf(reading)).message).toBe('not today')
    expect(await rejectionOf(bridge.readPiece(1, 0, 0, 1))).toMatchObject({ code: 'CLIENT_UNKNOWN_STORAGE' })
    await bridge.closeStorage(1, false)
  })

  it('refuses an index that is live for another torrent', async () => {
    const { bridge, open } = createBridge()
    await open()
    const stolen = bridge.openStorage(1, 'torrent-2', test.layout, test.metadata)
    expect(await rejectionOf(stolen)).toMatchObject({ code: 'CLIENT_DUPLICATE_STORAGE' })
  })

  it('uses a storage that was registered by hand', async () => {
    const { bridge, registry, indices, library, open } = createBridge()
    const storage = new MapStorage(test.layout)
    indices.set(1, id)
    registry.register(id, storage)
    await open()
    await bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0))
    expect(await storage.readPiece(0, 0, 5)).toEqual(test.bytes.slice(0, 5))
    expect(library.storages).toHaveLength(0)
  })

  it('counts a piece when its completion has settled, not before', async () => {
    const { bridge, library, told, open } = createBridge()
    await open()
    await bridge.writePiece(1, 2, 0, pieceBytesOf(test, 2))
    const held = createHeld()
    library.storageOf(id).before = () => held.promise
    const completing = bridge.completePiece(1, 2)
    await Promise.resolve()
    expect(told).not.toContain('completed 2')
    held.release()
    await completing
    expect(told).toContain('completed 2')
  })

  it('passes the very error of the storage to native and upwards', async () => {
    const { bridge, library, told, failures, open } = createBridge()
    await open()
    const full = Object.assign(new Error('full'), { code: 'STORAGE_NO_SPACE' })
    library.storageOf(id).before = () => Promise.reject(full)
    expect(await rejectionOf(bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0)))).toBe(full)
    expect(await rejectionOf(bridge.completePiece(1, 0))).toBe(full)
    expect(failures).toEqual([full, full])
    expect(told).toContain('not completed 0')
    expect(told).not.toContain('completed 0')
  })

  it.each([
    'STORAGE_PIECE_NOT_FOUND',
    'STORAGE_CORRUPT',
    'STORAGE_UNAVAILABLE',
    'STORAGE_NO_SPACE',
    'STORAGE_CLOSED',
  ])('keeps %s what it is, whatever was called, with its cause', async (code) => {
    const { bridge, library, failures, open } = createBridge()
    await open()
    const answer = Object.assign(new Error('said', { cause: new Error('below') }), { code })
    library.storageOf(id).before = () => Promise.reject(answer)
    const calls = [
      bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0)),
      bridge.readPiece(1, 0, 0, 100),
      bridge.completePiece(1, 0),
      bridge.clearPiece(1, 0),
      bridge.closeStorage(1, false),
    ]
    for (const call of calls) expect(await rejectionOf(call)).toBe(answer)
    expect(failures).toEqual([answer, answer, answer, answer])
  })

  it('counts a piece no longer that is cleared or written again', async () => {
    const { bridge, told, open } = createBridge()
    await open()
    await bridge.writePiece(1, 0, 0, pieceBytesOf(test, 0))
    await bridge.clearPiece(1, 0)
    expect(told).toEqual([`opened ${id}`, 'cleared 0', 'cleared 0'])
  })

  it('keeps a storage open that libtorrent has opened again before it closed the last index', async () => {
    const { bridge, library, open } = createBridge()
    await open(1)
    await open(2)
    await bridge.closeStorage(1, false)
    expect(library.openStorages).toHaveLength(1)
    await bridge.closeStorage(2, false)
    expect(library.openStorages).toHaveLength(0)
  })
})
