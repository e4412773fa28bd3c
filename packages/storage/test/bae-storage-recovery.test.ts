import { describe, expect, it } from 'vitest'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf, layoutV2Of } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { Library } from './library.js'

const block = 16_384

/** Four pieces in a chunk; the second chunk is short. */
const small = layoutOf('small pieces', block, [6 * block + 100])

/** Pieces of two and a half chunks: a chunk between two pieces belongs to both. */
const large = layoutOf('large pieces', 10 * block, [35 * block])

describe('opening a torrent after a crash', () => {
  it('claims stored but unrecorded pieces whose hash is right, and seals what they fill', async () => {
    const library = new Library(small)
    const dead = await library.open()
    await library.complete(dead, 0, 1)
    await library.write(dead, 2, 3, 4)
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3, 4])
    await storage.close()
    expect(await library.storedKeys()).toEqual([library.key(0)])
    sameBytes(await library.chunkStore.get(library.key(0)), library.chunk(0), 'sealed at open')
  })

  it('has pieces of padding alone from the start, where their hash is right, and is complete without them', async () => {
    const shapes = [{ padding: 3 * block }, block + 5, { padding: 5 * block }, 7, { padding: 4 * block }]
    const library = new Library(layoutOf('padding', 2 * block, shapes))
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([0, 3, 5, 6])
    await library.complete(storage, 1, 2, 4)
    await storage.close()
    const manifests: string[] = []
    for await (const name of library.chunkStore.manifests.list()) manifests.push(name)
    expect(manifests).toEqual([expect.stringMatching(/complete/)])
    const blind = new Library(layoutOf('lie', 2 * block, shapes), { withoutPieceHashes: true })
    expect(await completedOf(await blind.open())).toEqual([])
  })

  it('claims stored but unrecorded pieces of a v2 torrent whose merkle root is right, and only those', async () => {
    const library = new Library(layoutV2Of('v2', 2 * block, [10_000, 5 * block + 7, 3 * block]))
    const dead = await library.open()
    await library.write(dead, 0, 1, 3)
    const wrong = library.piece(4).slice()
    wrong[0] = (wrong[0] ?? 0) ^ 1
    await dead.writePiece(4, 0, wrong)
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([0, 1, 3])
    await library.complete(storage, 2, 4, 5)
    await storage.close()
    expect(await library.storedKeys()).toEqual([0, 1, 2, 3].map((ordinal) => library.key(ordinal)).sort())
  })

  it('in another boot believes staged pieces of a v2 torrent by their merkle roots', async () => {
    const library = new Library(layoutV2Of('v2', 2 * block, [5 * block + 7]), { chunkSizeBytes: 8 * block })
    const dead = await library.open()
    await library.complete(dead, 0, 1)
    await library.chunkStore.staging.write(library.staged(0), 3 * block, Uint8Array.of(1, 2, 3))
    library.bootId = 'another boot'
    expect(await completedOf(await library.open())).toEqual([0])
  })

  it('does not claim a staged piece with a hole, a wrong byte or no known hash', async () => {
    const library = new Library(large)
    const dead = await library.open()
    await dead.writePiece(0, 0, library.piece(0).subarray(0, 9 * block))
    const wrong = library.piece(1).slice()
    wrong.fill(1, 77, 78)
    await dead.writePiece(1, 0, wrong)
    expect(await completedOf(await library.open())).toEqual([])

    const blind = new Library(small, { withoutPieceHashes: true })
    await blind.write(await blind.open(), 0)
    const storage = await blind.open()
    expect(await completedOf(storage)).toEqual([])
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(0, 0, 1))
  })

  it('renames what was recorded and not renamed yet', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    const dead = await library.open()
    store.fail('staging.seal', new Error('died here'))
    await library.complete(dead, 4, 5, 6)
    await dead.close()
    expect(library.log).toEqual([{ level: 'error', message: expect.stringContaining('could not be sealed') }])
    expect(await library.storedKeys()).toEqual([])

    const storage = await library.open()
    expect(await library.storedKeys()).toEqual([library.key(1)])
    expect(await library.stagedOrdinals()).toEqual([])
    sameBytes(await storage.readPiece(5, 0, block), library.piece(5), 'piece 5')
  })

  it('throws a staged copy away where the object is: it may be half of one', async () => {
    const library = new Library(small)
    const dead = await library.open()
    await library.complete(dead, 4, 5, 6)
    await dead.close()
    await library.chunkStore.staging.write(library.staged(1), 0, library.chunk(1).subarray(0, block))
    const storage = await library.open()
    expect(await library.stagedOrdinals()).toEqual([])
    expect(await completedOf(storage)).toEqual([4, 5, 6])
    sameBytes(await library.chunkStore.get(library.key(1)), library.chunk(1), 'the object')
  })

  it('does not claim recorded pieces whose staged bytes are gone, and keeps the chunks of their neighbours', async () => {
    const library = new Library(large)
    const dead = await library.open()
    await library.complete(dead, 0, 2)
    await dead.close()
    // Chunks 0 and 1 are sealed; chunk 2 is shared by pieces 0 and 1.
    await library.chunkStore.staging.discard(library.staged(2))
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([2])
    expect(await library.database.completedPieces(library.record.id)).toEqual(Uint8Array.of(0x20))
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(0, 0, 1))
    sameBytes(await storage.readPiece(2, 0, 10 * block), library.piece(2), 'piece 2')
    await library.complete(storage, 0, 1, 3)
    await storage.close()
    expect(await library.recordedKeys()).toEqual([...Array(9).keys()].map((ordinal) => library.key(ordinal)))
  })

  it('never walks through the store', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    const dead = await library.open()
    await library.complete(dead, 0, 1, 2, 3, 4)
    await dead.close()
    for (const operation of ['list', 'get', 'has'] as const) store.fail(operation, new Error('not at open'))
    expect(await completedOf(await library.open())).toEqual([0, 1, 2, 3, 4])
  })
})
