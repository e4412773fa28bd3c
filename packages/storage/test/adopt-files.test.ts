import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BaeStorage } from '../src/bae-storage.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { StagingChunkStore } from '../src/chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { collect } from '../src/compliance/expectations.js'
import { type FileShape, layoutOf, pieceHashesV1 } from '../src/compliance/layouts.js'
import { allPieces, completedOf, writeWhole } from '../src/compliance/storage-subject.js'
import type { Database, TorrentRecord } from '../src/database.js'
import { destroyTorrent } from '../src/delete-chunks.js'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import type { TorrentId, TorrentLayout } from '../src/torrent-layout.js'
import { openTypeOrmDatabase } from '../src/typeorm/index.js'

const block = 16_384
const chunkSizeBytes = 4 * block

const small = patternBytes(1, 20_001)
const exact = patternBytes(2, chunkSizeBytes)
const large = patternBytes(3, 3 * chunkSizeBytes + 77)
const odd = patternBytes(4, 2 * chunkSizeBytes - 5)
const fresh = patternBytes(5, chunkSizeBytes + 9)
const files = [small, exact, large, odd]

interface Torrent {
  readonly record: TorrentRecord
  readonly bytes: Uint8Array
}

/** Files one behind the other. */
function v1(name: string, contents: readonly Uint8Array[], pieceLengthBytes = 3 * block): Torrent {
  const layout = layoutOf(
    name,
    pieceLengthBytes,
    contents.map(({ length }) => length),
  )
  return torrentOf(layout, contents)
}

/** Files that begin with a piece, with padding between them and their roots. */
function hybrid(name: string, contents: readonly Uint8Array[], pieceLengthBytes = 2 * block): Torrent {
  const shapes: FileShape[] = []
  for (const [index, { length }] of contents.entries()) {
    shapes.push(length)
    const padding = (pieceLengthBytes - (length % pieceLengthBytes)) % pieceLengthBytes
    if (padding > 0 && index < contents.length - 1) shapes.push({ padding })
  }
  const plain = layoutOf(name, pieceLengthBytes, shapes)
  let next = 0
  const rooted = plain.files.map((file) => {
    if (file.kind === 'padding') return file
    const bytes = contents[next++] ?? new Uint8Array(0)
    return bytes.length === 0 ? file : { ...file, piecesRoot: rootOf(bytes) }
  })
  return torrentOf(
    { ...plain, infoHashV2: createHash('sha256').update(name).digest('hex'), files: rooted },
    contents,
  )
}

function torrentOf(layout: TorrentLayout, contents: readonly Uint8Array[]): Torrent {
  const bytes = new Uint8Array(layout.totalLengthBytes)
  const own = layout.files.filter(({ kind }) => kind === 'file')
  for (const [index, { offsetBytes }] of own.entries()) bytes.set(contents[index]!, offsetBytes)
  const metadata = { infoSection: Uint8Array.of(0x64, 0x65), pieceHashesV1: pieceHashesV1(layout, bytes) }
  const id = randomUUID() as string as TorrentId
  return { record: { id, layout, metadata, chunkSizeBytes, addedAtMs: Date.now() }, bytes }
}

/** As BEP 52 says. */
function rootOf(bytes: Uint8Array): string {
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  let level: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += block) level.push(sha256(bytes.subarray(at, at + block)))
  while (!Number.isInteger(Math.log2(level.length))) level.push(new Uint8Array(32))
  while (level.length > 1)
    level = level.flatMap((left, at) => (at % 2 === 0 ? [sha256(left, level[at + 1]!)] : []))
  return Buffer.from(level[0]!).toString('hex')
}

let directory: string
let server: EmbeddedPostgres

beforeAll(async () => {
  directory = await mkdtemp('/tmp/bae-adopt-')
  await chmod(directory, 0o755)
  server = await openEmbeddedPostgres({ directory })
})

afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

const databases: Record<string, () => Promise<Database>> = {
  MemoryDatabase: async () => new MemoryDatabase(),
  TypeOrmDatabase: () =>
    openTypeOrmDatabase({ url: server.url, schema: `adopt_${randomUUID().replaceAll('-', '')}` }),
}

interface Parts {
  readonly chunkStore: StagingChunkStore
  readonly database: Database
}

async function open(parts: Parts, { record }: Torrent): Promise<BaeStorage> {
  const factory = createStorageFactory(parts, { chunkSizeBytes })
  return (await factory(record.id, record.layout, record.metadata)) as BaeStorage
}

async function fill(storage: BaeStorage, { bytes, record }: Torrent, pieces = allPieces(record.layout)) {
  for (const piece of pieces) {
    await writeWhole(storage, bytes, piece)
    await storage.completePiece(piece)
  }
}

async function imported(parts: Parts, torrent: Torrent): Promise<Torrent> {
  const storage = await open(parts, torrent)
  await fill(storage, torrent)
  await storage.close()
  return torrent
}

async function expectWhole(parts: Parts, storage: BaeStorage, { bytes, record }: Torrent): Promise<void> {
  expect(await completedOf(storage)).toEqual(allPieces(record.layout))
  const { pieceLengthBytes } = record.layout
  for (const piece of allPieces(record.layout)) {
    const expected = bytes.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes)
    const actual = await storage.readPiece(piece, 0, expected.length)
    expect(Buffer.compare(actual, expected)).toBe(0)
  }
  const saved = (await parts.database.findTorrent(record.id))!
  expect((await scrubTorrent({ ...parts, record: saved })).damage).toEqual([])
}

/** A store that takes no new bytes. */
function closedForWrites(chunkStore: StagingChunkStore): StagingChunkStore {
  const store = new FaultyChunkStore(chunkStore)
  for (const operation of ['put', 'staging.write', 'staging.seal'] as const)
    store.fail(operation, new Error('a byte was written'), { times: 1000 })
  return store
}

describe.each(Object.entries(databases))('a torrent with file roots on a %s', (_, createDatabase) => {
  it.each([
    ['a v1 torrent', v1, hybrid],
    ['another hybrid one', hybrid, hybrid],
  ] as const)('has all of its files from %s, without a byte', async (_name, source, target) => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    const first = await imported(parts, source('source', files))
    const before = (await collect(parts.chunkStore.list(''))).sort()
    for (const pieceLengthBytes of [block, 2 * block, 16 * block]) {
      const torrent = target(
        `target ${pieceLengthBytes}`,
        [odd, large, small, exact, small],
        pieceLengthBytes,
      )
      const storage = await open({ ...parts, chunkStore: closedForWrites(parts.chunkStore) }, torrent)
      await expectWhole(parts, storage, torrent)
      const { unflushedPieces } = await parts.database.flushState(torrent.record.id)
      expect(unflushedPieces.some((byte) => byte !== 0)).toBe(false)
      await storage.close()
      expect((await collect(parts.chunkStore.list(''))).sort()).toEqual(before)
    }
    // Each has references of its own.
    const ids = await parts.database.listTorrents()
    for (const id of ids.filter((one) => one !== ids[1])) await destroyTorrent(parts, id)
    const kept = (await parts.database.findTorrent(ids[1]!))!
    expect((await scrubTorrent({ ...parts, record: kept })).damage).toEqual([])
    await destroyTorrent(parts, ids[1]!)
    expect(await collect(parts.chunkStore.list(''))).toEqual([])
    expect(first.record.id).toBe(ids[0])
  })

  it('fetches only the files that the library does not have', async () => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    await imported(parts, v1('source', files))
    const torrent = hybrid('target', [large, fresh, small])
    const storage = await open(parts, torrent)
    const [, { offsetBytes, lengthBytes }] = torrent.record.layout.files.filter(
      ({ kind }) => kind === 'file',
    ) as [unknown, TorrentLayout['files'][number]]
    const { pieceLengthBytes } = torrent.record.layout
    const missing = allPieces(torrent.record.layout).filter(
      (piece) =>
        piece >= offsetBytes / pieceLengthBytes && piece * pieceLengthBytes < offsetBytes + lengthBytes,
    )
    const completed = await completedOf(storage)
    expect(allPieces(torrent.record.layout).filter((piece) => !completed.includes(piece))).toEqual(missing)
    await fill(storage, torrent, missing)
    await expectWhole(parts, storage, torrent)
    await storage.close()
  })

  it('takes no file of which a chunk is gone, and gives its references back', async () => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    const source = await imported(parts, v1('source', [small, large]))
    const [, , second] = await parts.database.chunkKeys(source.record.id, 0, 3)
    await parts.chunkStore.delete(second!)
    const torrent = hybrid('target', [large, small])
    const storage = await open(parts, torrent)
    const completed = await completedOf(storage)
    expect(completed).toEqual(allPieces(torrent.record.layout).slice(-1))
    expect(await parts.database.chunkKeys(torrent.record.id, 0, 4)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    await fill(storage, torrent, allPieces(torrent.record.layout).slice(0, -1))
    await expectWhole(parts, storage, torrent)
    await storage.close()
    await destroyTorrent(parts, source.record.id)
    await destroyTorrent(parts, torrent.record.id)
    expect(await collect(parts.chunkStore.list(''))).toEqual([])
    expect(await parts.database.orphans.unreferenced(undefined, 10)).toEqual([])
  })

  it('does not believe a torrent that has lost chunks of the file since', async () => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    const source = await imported(parts, v1('source', [large]))
    await parts.database.clearProgress(source.record.id, { pieces: [0], ordinals: [0] })
    const storage = await open(parts, hybrid('target', [large]))
    expect(await completedOf(storage)).toEqual([])
    await storage.close()
  })

  it('does not take a file for one of another length, whatever its root says', async () => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    await imported(parts, v1('source', files))
    for (const contents of [[small], [large]]) {
      const honest = hybrid(`honest ${contents[0]!.length}`, contents)
      const cut = hybrid(`cut ${contents[0]!.length}`, [contents[0]!.subarray(0, -1)])
      const lying = cut.record.layout.files.map((file, index) => ({
        ...file,
        piecesRoot: honest.record.layout.files[index]!.piecesRoot!,
      }))
      const record = { ...cut.record, layout: { ...cut.record.layout, files: lying } }
      const storage = await open(parts, { ...cut, record })
      expect(await completedOf(storage)).toEqual([])
      await storage.close()
    }
  })

  it('that is half done gets at its next opening what has come since, and nothing staged stays', async () => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    const torrent = hybrid('target', [large, small, odd])
    const half = await open(parts, torrent)
    await fill(half, torrent, [0])
    await writeWhole(half, torrent.bytes, 3)
    await half.close()
    await imported(parts, v1('source', files))
    const storage = await open(parts, torrent)
    await expectWhole(parts, storage, torrent)
    await storage.close()
    expect(await collect(parts.chunkStore.staging.list(torrent.record.id))).toEqual([])
    await destroyTorrent(parts, torrent.record.id)
    expect(await parts.database.orphans.unreferenced(undefined, 10)).toEqual([])
  })

  it('has the files of an import that was stopped, too', async () => {
    const parts = { chunkStore: new MemoryChunkStore(), database: await createDatabase() }
    await using _database = parts.database
    const source = hybrid('source', [large, odd])
    const stopped = await open(parts, source)
    await fill(stopped, source, allPieces(source.record.layout).slice(0, -1))
    await stopped.close()
    const torrent = hybrid('target', [large], 4 * block)
    const storage = await open(parts, torrent)
    await expectWhole(parts, storage, torrent)
    await storage.close()
  })

  it('needs no room for what the library has', async () => {
    const chunkStore = new MemoryChunkStore()
    const parts = { chunkStore, database: await createDatabase() }
    await using _database = parts.database
    await imported(parts, v1('source', files))
    chunkStore.freeBytes = async () => fresh.length
    const storage = await open(parts, hybrid('target', [large, fresh, odd]))
    await storage.close()
    await expect(
      open(parts, hybrid('too large', [large, fresh, fresh.map((byte) => byte ^ 1)])),
    ).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
    })
  })
})
