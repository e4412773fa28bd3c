import fs from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { chunkKeyOf } from '../src/chunk-key.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import type { ChunkKey, StagedChunk } from '../src/chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { collect, rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { hasSettled, held } from './library.js'
import { temporaryDirectory } from './temporary-directory.js'

const key = chunkKeyOf(patternBytes(1, 100), 16_384)
const place: StagedChunk = {
  torrentId: '0199c0de-0000-7000-8000-000000000001' as TorrentId,
  fileIndex: 3,
  chunk: 9,
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
}

/** Under which names files below `directory` are flushed from now on. */
function watchFlushes(directory: string): { readonly path: string }[] {
  const flushes: { readonly path: string }[] = []
  const real = fs.fdatasync
  vi.spyOn(fs, 'fdatasync').mockImplementation((descriptor, done) => {
    const path = fs.readlinkSync(`/proc/self/fd/${descriptor}`)
    flushes.push({ path: path.slice(directory.length + 1) })
    real(descriptor, done)
  })
  return flushes
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('DirectoryChunkStore', () => {
  it('keeps a chunk under its key and a staged one under its place', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    await store.put(key, patternBytes(1, 100))
    await store.staging.write(place, 0, patternBytes(1, 100))
    const expected = [join('chunks', key.slice(0, 2), key), join('staging', place.torrentId, '3-9')]
    expect((await filesBelow(directory)).sort()).toEqual(expected)
    await store.staging.seal(place, key)
    expect(await filesBelow(directory)).toEqual(expected.slice(0, 1))
  })

  it('lends the files of chunks, and is not closed before they are back', async () => {
    const directory = await temporaryDirectory()
    const store = await DirectoryChunkStore.open(directory)
    await store.put(key, patternBytes(1, 100))
    const back = held()
    const lent = store.lendFiles(async (pathOf) => {
      await back.promise
      return await readFile(pathOf(key))
    })
    const closing = store.close()
    expect(await hasSettled(closing)).toBe(false)
    back.release()
    sameBytes(await lent, patternBytes(1, 100), 'the file')
    await closing
    await rejectsWithCode(
      'STORAGE_CLOSED',
      store.lendFiles(async () => {}),
    )
  })

  it('lends no file to whoever has given up, and passes on what its use rejects with', async () => {
    await using store = await DirectoryChunkStore.open(await temporaryDirectory())
    const reason = new Error('given up')
    const options = { signal: AbortSignal.abort(reason) }
    await expect(store.lendFiles(async () => expect.unreachable(), options)).rejects.toBe(reason)
    await expect(store.lendFiles(() => Promise.reject(reason))).rejects.toBe(reason)
    await expect(store.lendFiles(async (pathOf) => pathOf('../x' as ChunkKey))).rejects.toThrow()
  })

  it('leaves nothing behind when a chunk cannot get its name', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    await mkdir(join(directory, 'chunks', key.slice(0, 2), key), { recursive: true })
    await rejectsWithCode('STORAGE_IO', store.put(key, patternBytes(1, 100)))
    expect(await filesBelow(directory)).toEqual([])
  })

  it('refuses keys and torrent ids that would leave the folder', async () => {
    await using store = await DirectoryChunkStore.open(await temporaryDirectory())
    for (const bad of ['', '..', '../../../../etc/passwd', key.toUpperCase(), `${key}/x`]) {
      await expect(store.get(bad as ChunkKey)).rejects.toThrow(RangeError)
      await expect(store.put(bad as ChunkKey, patternBytes(1, 1))).rejects.toThrow(RangeError)
    }
    for (const bad of ['', '.', '..', 'a/b', '-', 'a\0']) {
      const write = store.staging.write({ ...place, torrentId: bad as TorrentId }, 0, patternBytes(1, 1))
      await expect(write).rejects.toThrow(RangeError)
    }
    for (const bad of [-1, 0.5, Number.NaN]) {
      await expect(store.staging.write({ ...place, chunk: bad }, 0, patternBytes(1, 1))).rejects.toThrow(
        RangeError,
      )
      await expect(store.staging.write(place, bad, patternBytes(1, 1))).rejects.toThrow(RangeError)
    }
  })

  it('takes only chunks for chunks', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    await store.put(key, patternBytes(1, 100))
    await writeFile(join(directory, 'chunks', 'README'), 'not a chunk')
    await writeFile(join(directory, 'chunks', key.slice(0, 2), `${key}.bak`), 'not a chunk')
    await store.staging.write(place, 0, patternBytes(1, 1))
    await writeFile(join(directory, 'staging', place.torrentId, 'notes.txt'), 'not a chunk')
    expect(await collect(store.list(''))).toEqual([key])
    expect(await collect(store.staging.list(place.torrentId))).toEqual([place])
  })

  it('does not call a chunk absent because it cannot be read', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    await writeFile(join(directory, 'chunks', key.slice(0, 2)), 'a file where a folder should be')
    await rejectsWithCode('STORAGE_IO', store.get(key))
    await rejectsWithCode('STORAGE_IO', store.has(key))
    await mkdir(join(directory, 'staging', place.torrentId, '3-9'), { recursive: true })
    await rejectsWithCode('STORAGE_IO', store.staging.read(place, { offset: 0, length: 1 }))
  })

  it('keeps few files open, however much is asked of it at once', async () => {
    await using store = await DirectoryChunkStore.open(await temporaryDirectory())
    let most = 0
    const watching = setInterval(async () => {
      most = Math.max(most, (await readdir('/proc/self/fd')).length)
    })
    const before = (await readdir('/proc/self/fd')).length
    const places = Array.from({ length: 3000 }, (_, chunk) => ({ ...place, chunk }))
    await Promise.all(places.map((one) => store.staging.write(one, 0, patternBytes(one.chunk, 5000))))
    await Promise.all(places.map((one) => store.staging.read(one, { offset: 0, length: 5000 })))
    clearInterval(watching)
    expect(most).toBeGreaterThan(0)
    expect(most - before).toBeLessThan(64)
  })

  it('is shared by two that have it open', async () => {
    const directory = await temporaryDirectory()
    await using one = await DirectoryChunkStore.open(directory)
    await using two = await DirectoryChunkStore.open(directory)
    await one.put(key, patternBytes(1, 100))
    sameBytes(await two.get(key), patternBytes(1, 100), 'put by the other')
  })

  it('flushes what was staged, sealed and put, under the names it has by then', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    const other = chunkKeyOf(patternBytes(2, 100), 16_384)
    await store.staging.write(place, 0, patternBytes(1, 100))
    await store.staging.seal(place, key)
    await store.put(other, patternBytes(2, 100))
    await store.staging.write({ ...place, chunk: 10 }, 0, patternBytes(3, 100))
    const flushes = watchFlushes(directory)
    await store.flush()
    const objects = [key, other].map((one) => join('chunks', one.slice(0, 2), one))
    const expected = [...objects, join('staging', place.torrentId, '3-10')]
    expect(flushes.map(({ path }) => path)).toEqual(expect.arrayContaining(expected))
  })

  it('flushes bytes before they replace an object that another torrent may rely on', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    await store.put(key, patternBytes(1, 100))
    await store.flush()
    await store.staging.write(place, 0, patternBytes(1, 100))
    const flushes = watchFlushes(directory)
    await store.staging.seal(place, key)
    expect(flushes).toEqual([{ path: join('staging', place.torrentId, '3-9') }])
    // Its bytes need no second flush: only its name does.
    await store.flush()
    expect(flushes).toHaveLength(1)
  })

  it('cannot be opened where no folder can be', async () => {
    const file = join(await temporaryDirectory(), 'file')
    await writeFile(file, '')
    await rejectsWithCode('STORAGE_IO', DirectoryChunkStore.open(join(file, 'library')))
  })
})
