import { describe, expect, it } from 'vitest'
import { chunkKeyOf } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { layoutOf, layoutV2Of, nastyLayouts } from '../src/compliance/layouts.js'
import { fill } from '../src/compliance/storage-subject.js'
import { StorageError } from '../src/errors.js'
import type { ScrubProgress } from '../src/scrub-report.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import type { TorrentLayout } from '../src/torrent-layout.js'
import { Library } from './library.js'

const block = 16_384
const small = layoutOf('small pieces', block, [6 * block + 100])
const song = 'disc 1/0 – Übung.wav'
const here = { local: true, remote: false }
const nowhere = { local: false, remote: false }
/** What is wrong where all over the second chunk of `small` is. */
const chunkGone = { fileIndex: 0, file: song, pieces: [4, 5, 6] }

async function damageOf(library: Library) {
  return (await scrubTorrent(library)).damage
}

async function flipByte(library: Library, ordinal: number, at: number): Promise<void> {
  const bytes = library.chunk(ordinal).slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await library.chunkStore.put(library.key(ordinal), bytes)
}

async function filled(library: Library): Promise<Library> {
  const storage = await library.open()
  await fill(storage, library.bytes)
  await storage.close()
  return library
}

describe('scrubTorrent', () => {
  for (const layout of nastyLayouts) {
    it(`finds nothing wrong with a whole torrent with ${layout.name}`, async () => {
      const library = await filled(new Library(layout))
      const told: ScrubProgress[] = []
      const report = await scrubTorrent(library, { onProgress: (progress) => told.push(progress) })
      const { pieceCount } = library.mapper
      const whole = {
        checkedPieces: pieceCount,
        totalPieces: pieceCount,
        checkedBytes: layout.totalLengthBytes,
      }
      expect(report).toEqual({ ...whole, damage: [] })
      expect(told.map(({ checkedPieces }) => checkedPieces)).toEqual(
        Array.from({ length: pieceCount }, (_, index) => index + 1),
      )
      expect(told.at(-1)).toEqual(whole)
    })
  }

  it('names the one piece, the file, the chunk and the place of one flipped byte', async () => {
    const library = await filled(new Library(small))
    await flipByte(library, 1, block + 5)
    const pieces = [5]
    expect(await damageOf(library)).toEqual([{ ...chunkGone, pieces, chunk: library.key(1), places: here }])
  })

  it('names every piece over a flipped byte where the torrent has no hashes', async () => {
    const library = await filled(new Library(small, { withoutPieceHashes: true }))
    await flipByte(library, 1, block + 5)
    expect(await damageOf(library)).toEqual([{ ...chunkGone, chunk: library.key(1), places: here }])
  })

  it('names a chunk that is gone, or too short, for each of its pieces', async () => {
    const library = await filled(new Library(small))
    await library.chunkStore.delete(library.key(1))
    expect(await damageOf(library)).toEqual([{ ...chunkGone, chunk: library.key(1), places: nowhere }])
    await library.chunkStore.put(library.key(1), library.chunk(1).subarray(0, 10))
    expect(await damageOf(library)).toEqual([{ ...chunkGone, chunk: library.key(1), places: here }])
  })

  it('takes damage that the store itself finds for damage', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = await filled(new Library(small, { store }))
    store.fail('get', new StorageError('STORAGE_CORRUPT', 'the chunk is damaged'), { skip: 1 })
    expect(await damageOf(library)).toEqual([{ ...chunkGone, chunk: library.key(1), places: here }])
  })

  it('finds a chunk of zeroes gone, whose pieces a reader of zeroes would prove', async () => {
    const library = new Library(layoutOf('zeroes', block, [4 * block]))
    library.bytes.fill(0)
    await filled(library)
    await library.chunkStore.delete(library.key(0))
    expect(await damageOf(library)).toMatchObject([{ pieces: [0, 1, 2, 3], places: nowhere }])
  })

  it('names a chunk whose recorded key is wrong though its pieces are right', async () => {
    const library = await filled(new Library(small))
    const wrong = chunkKeyOf(library.chunk(0), 65_536)
    await library.database.clearProgress(library.record.id, { pieces: [], ordinals: [1] })
    await library.database.recordProgress(library.record.id, {
      completedPieces: [],
      sealedChunks: [{ ordinal: 1, key: wrong, lengthBytes: 2 * block + 100 }],
    })
    await library.chunkStore.put(wrong, library.chunk(1))
    const [first, second] = await damageOf(library)
    expect(first).toMatchObject({ pieces: [0, 1, 2, 3], chunk: wrong })
    expect(second).toEqual({ ...chunkGone, chunk: wrong, places: here })
  })

  it('checks staged bytes of complete pieces, and names no chunk for them', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.complete(storage, 0, 1)
    await storage.close()
    expect(await damageOf(library)).toEqual([])
    await library.chunkStore.staging.write(library.staged(0), block + 7, Uint8Array.of(1, 2, 3))
    expect(await damageOf(library)).toEqual([{ fileIndex: 0, file: song, pieces: [1], places: here }])
    await library.chunkStore.staging.discard(library.staged(0))
    expect((await damageOf(library)).flatMap(({ pieces }) => pieces)).toEqual([0, 1])
  })

  it('does not call pieces bad that the torrent does not have yet', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.complete(storage, 0, 5)
    await library.write(storage, 2)
    const expected = { checkedPieces: 2, totalPieces: 2, checkedBytes: 2 * block, damage: [] }
    expect(await scrubTorrent(library)).toEqual(expected)
  })

  it('looks only at the pieces it is told to', async () => {
    const library = await filled(new Library(small))
    await flipByte(library, 0, 5)
    expect(await scrubTorrent(library, { pieces: [3, 4, 99] })).toMatchObject({ totalPieces: 2 })
    expect((await scrubTorrent(library, { pieces: [5] })).damage).toEqual([])
  })

  it('reads each chunk once', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = await filled(new Library(small, { store }))
    store.fail('get', new Error('a third read'), { skip: 2 })
    expect(await damageOf(library)).toEqual([])
    expect(store.scriptIsDone).toBe(false)
  })

  it('throws when the store cannot answer: that is no damage', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = await filled(new Library(small, { store }))
    const broken = new StorageError('STORAGE_IO', 'the disk does not answer')
    store.fail('get', broken)
    await expect(damageOf(library)).rejects.toBe(broken)
  })

  it('stops with the reason when it is aborted', async () => {
    const library = await filled(new Library(small))
    const abort = new AbortController()
    const reason = new Error('changed my mind')
    const onProgress = (): void => abort.abort(reason)
    await expect(scrubTorrent(library, { signal: abort.signal, onProgress })).rejects.toBe(reason)
  })
})

describe('scrubTorrent of pieces that are only known by merkle roots', () => {
  const v2 = layoutV2Of('v2', 2 * block, [20_000, 0, 5 * block + 7, 4 * block, 100])
  const hybrid: TorrentLayout = { ...v2, infoHashV1: 'ab'.repeat(20) }
  const wide = layoutV2Of('v2 with wide pieces', 16 * block, [37 * block + 7, 9 * block])

  for (const layout of [v2, hybrid, wide]) {
    const kind = layout.infoHashV1 ? 'hybrid' : layout.name
    it(`finds nothing wrong with a whole ${kind} torrent, whatever the chunk size`, async () => {
      for (const chunkSizeBytes of [block, 4 * block, 64 * block]) {
        const library = await filled(new Library(layout, { chunkSizeBytes }))
        const { damage, checkedPieces } = await scrubTorrent(library)
        expect([damage, checkedPieces]).toEqual([[], library.mapper.pieceCount])
      }
    })

    it(`names the one piece of a ${kind} torrent with each flipped byte`, async () => {
      for (const chunkSizeBytes of [block, 4 * block, 64 * block]) {
        for (const { kind, offsetBytes, lengthBytes } of layout.files) {
          if (kind !== 'file' || lengthBytes === 0) continue
          const library = await filled(new Library(layout, { chunkSizeBytes }))
          const piece = Math.floor((offsetBytes + lengthBytes - 1) / layout.pieceLengthBytes)
          const last = library.mapper.chunksOfPiece(piece).at(-1)
          if (last === undefined) throw new Error('a piece without chunks')
          await flipByte(library, last.ordinal, last.chunkOffset + last.length - 1)
          expect(await damageOf(library)).toMatchObject([
            { pieces: [piece], chunk: library.key(last.ordinal) },
          ])
        }
      }
    })
  }

  it('finds a hybrid piece wrong of which only one hash is right', async () => {
    for (const wrong of ['pieceHashesV1', 'pieceHashesV2'] as const) {
      const library = await filled(new Library(hybrid))
      library.record.metadata[wrong]?.fill(1, 0, 3)
      const { damage } = await scrubTorrent(library)
      expect(damage.map(({ pieces, chunk }) => ({ pieces, chunk }))).toEqual([{ pieces: [0] }])
    }
  })

  it('leaves pieces whose roots are not known to the keys of their chunks', async () => {
    const library = await filled(new Library(v2))
    library.record.metadata.pieceHashesV2?.fill(0)
    expect(await damageOf(library)).toEqual([])
    await flipByte(library, 1, 3)
    expect((await damageOf(library)).map(({ chunk }) => chunk)).toEqual([library.key(1)])
  })
})
