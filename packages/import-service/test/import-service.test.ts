import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import { ImportError } from '../src/errors.js'
import type { ImportService } from '../src/import-service.js'
import type { FakeLibrary } from '../src/testing/fake-library.js'
import type { FakeTorrentClient } from '../src/testing/fake-torrent-client.js'
import { FakeParts } from './support/fake-parts.js'
import { hashV1, hashV2, importRecord, layoutOf, pieceLengthBytes } from './support/records.js'

const layout = layoutOf({ 'one.wav': pieceLengthBytes, 'two.wav': 2 * pieceLengthBytes })
const source = { torrent: { torrentFile: Uint8Array.of(1, 2, 3) }, infoHashV1: hashV1('a'), name: 'album' }
const peer = { host: '127.0.0.1', port: 6881 }

let parts: FakeParts
let library: FakeLibrary
let client: FakeTorrentClient
let imports: MemoryImportDatabase
let service: ImportService

beforeEach(() => {
  parts = new FakeParts(layout)
  ;({ library, client, imports } = parts)
  service = parts.open()
})

afterEach(() => service.close())

async function begin(signal?: AbortSignal) {
  const adding = client.whenAdded()
  const job = await service.add(source, { peers: [peer], ...(signal === undefined ? {} : { signal }) })
  return { job, torrent: await adding }
}

async function importAll() {
  const { job, torrent } = await begin()
  await torrent.deliverMetadata(layout)
  for (const piece of [0, 1, 2]) torrent.deliverPiece(piece)
  return job.whenCompleted()
}

describe('an import', () => {
  it('is given to the client with its id, source and peers', async () => {
    const { job, torrent } = await begin()
    expect(torrent.id).toBe(job.id)
    expect(torrent.source).toEqual(source.torrent)
    expect(torrent.options.peers).toEqual([peer])
  })

  it('completes when each piece is stored, and then lets the torrent and its claim go', async () => {
    const snapshot = await importAll()
    expect(snapshot).toMatchObject({
      state: 'completed',
      name: 'album',
      pieces: 3,
      bytes: 3 * pieceLengthBytes,
      files: [
        { path: 'one.wav', bytes: pieceLengthBytes, selected: true, storedBytes: pieceLengthBytes },
        { path: 'two.wav', bytes: 2 * pieceLengthBytes, selected: true, storedBytes: 2 * pieceLengthBytes },
      ],
    })
    expect(snapshot.completedAtMs).toBeTypeOf('number')
    expect(client.get(snapshot.id)).toBeUndefined()
    expect(await imports.claim(snapshot.id)).toBeDefined()
    expect(await service.list()).toEqual([snapshot])
  })

  it('shows progress from what is stored', async () => {
    const { job, torrent } = await begin()
    expect(job.progress).toMatchObject({ state: 'opening', pieces: 0, totalPieces: null, totalBytes: null })
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(1)
    torrent.update({ peers: 2, downloadBytesPerSecond: 500 })
    expect(job.progress).toEqual({
      id: job.id,
      name: 'album',
      state: 'downloading',
      pieces: 1,
      totalPieces: 3,
      bytes: pieceLengthBytes,
      totalBytes: 3 * pieceLengthBytes,
      downloadBytesPerSecond: 500,
      uploadBytesPerSecond: 0,
      peers: 2,
      pause: null,
      retryAtMs: null,
      error: null,
    })
  })

  it('of what is complete already is completed at once and fetches nothing', async () => {
    const first = await importAll()
    const again = await service.add(source)
    expect(again.wasCompleted).toBe(true)
    expect(await again.whenCompleted()).toEqual(first)
    expect(client.added).toHaveLength(1)
  })

  it('of what was complete but lost pieces goes on under its old id', async () => {
    const first = await importAll()
    library.save(first.id, layout, [0, 2])
    const { job, torrent } = await begin()
    expect(job.id).toBe(first.id)
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(1)
    expect((await job.whenCompleted()).pieces).toBe(3)
  })

  it('that was stored whole but never recorded as complete needs no byte more', async () => {
    const record = importRecord({ torrentFile: source.torrent.torrentFile })
    await imports.saveImport(record)
    library.save(record.id, layout, [0, 1, 2])
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    expect(await job.whenCompleted()).toMatchObject({ id: record.id, state: 'completed' })
  })

  it('that another process has is refused as busy, and that process keeps it', async () => {
    const record = importRecord({ state: 'queued' })
    await imports.saveImport(record)
    const other = await imports.claim(record.id)
    await expect(service.add(source)).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
    expect(await imports.listImports()).toEqual([record])
    await other?.release()
    await begin()
  })

  it('that another process adds at the same time is refused as busy, too', async () => {
    const others = MemoryImportDatabase.join(imports)
    const save = imports.saveImport.bind(imports)
    const theirs = importRecord()
    imports.saveImport = async (record, options) => {
      await others.saveImport(theirs)
      await others.claim(theirs.id)
      await save(record, options)
    }
    await expect(service.add(source)).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
    expect(await imports.listImports()).toEqual([theirs])
  })

  it('is busy by each of its hashes', async () => {
    await service.add({ ...source, infoHashV2: hashV2('b') })
    const magnet = {
      torrent: { magnetUri: `magnet:?xt=urn:btmh:1220${hashV2('b')}` },
      infoHashV2: hashV2('b'),
    }
    await expect(service.add(magnet)).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
  })

  it('of a magnet link learns its name and its other hash', async () => {
    const adding = client.whenAdded()
    const job = await service.add({ torrent: { magnetUri: 'magnet:?x' }, infoHashV1: hashV1('a') })
    const torrent = await adding
    await torrent.deliverMetadata({ ...layout, infoHashV2: hashV2('b') })
    for (const piece of [0, 1, 2]) torrent.deliverPiece(piece)
    expect(await job.whenCompleted()).toMatchObject({
      name: 'album',
      infoHashV1: hashV1('a'),
      infoHashV2: hashV2('b'),
    })
  })
})

describe('an import that is stopped', () => {
  it('keeps what is stored, and the same source goes on under the same id', async () => {
    const stop = new AbortController()
    const { job, torrent } = await begin(stop.signal)
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    stop.abort(new ImportError('IMPORT_TIMEOUT', 'not done within 1 s'))
    await expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_TIMEOUT' })
    expect(job.outcome).toBe('kept')
    expect(await service.get(job.id)).toMatchObject({ state: 'downloading', pieces: 1, error: null })
    expect(client.get(job.id)).toBeUndefined()

    const next = await begin()
    expect(next.job.id).toBe(job.id)
    await next.torrent.deliverMetadata(layout)
    expect(next.job.progress.pieces).toBe(1)
  })

  it('leaves nothing when nothing is stored', async () => {
    const stop = new AbortController()
    const { job, torrent } = await begin(stop.signal)
    await torrent.deliverMetadata(layout)
    stop.abort(new ImportError('IMPORT_TIMEOUT', 'not done within 1 s'))
    await expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_TIMEOUT' })
    expect(job.outcome).toBe('removed')
    expect(await service.list()).toEqual([])
    expect(await library.findTorrent(job.id)).toBeUndefined()
  })

  it('leaves nothing when its metadata never came', async () => {
    const stop = new AbortController()
    const { job } = await begin(stop.signal)
    stop.abort(new ImportError('IMPORT_INTERRUPTED', 'stopped'))
    await expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_INTERRUPTED' })
    expect(job.outcome).toBe('removed')
    expect(await imports.listImports()).toEqual([])
  })

  it('does not begin when it is stopped before', async () => {
    const signal = AbortSignal.abort(new ImportError('IMPORT_INTERRUPTED', 'stopped'))
    await expect(service.add(source, { signal })).rejects.toMatchObject({ code: 'IMPORT_INTERRUPTED' })
    expect(client.added).toEqual([])
  })

  it('is stopped by closing the service, which closes everything below', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    const ended = expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_CLOSED' })
    await service.close()
    await ended
    expect([client.isClosed, library.isClosed]).toEqual([true, true])
    await expect(service.list()).rejects.toMatchObject({ code: 'IMPORT_CLOSED' })
  })
})

describe('an import that fails', () => {
  const noSpace = Object.defineProperty(
    Object.assign(new Error('the disk is full'), { code: 'STORAGE_NO_SPACE' as const }),
    Symbol.for('bae.error'),
    { value: true },
  )

  it('keeps what is stored and says why', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    torrent.fail(noSpace)
    await expect(job.whenCompleted()).rejects.toBe(noSpace)
    expect(await service.get(job.id)).toMatchObject({
      state: 'failed',
      pieces: 1,
      error: { code: 'STORAGE_NO_SPACE', message: 'the disk is full' },
    })
  })

  it('forgets the failure when it goes on', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    torrent.fail(noSpace)
    await expect(job.whenCompleted()).rejects.toBe(noSpace)
    await begin()
    expect(await service.get(job.id)).toMatchObject({ state: 'downloading', error: null })
  })

  it('ends also when the torrent would only wait for room', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    torrent.update({ error: noSpace })
    await expect(job.whenCompleted()).rejects.toBe(noSpace)
    expect(client.get(job.id)).toBeUndefined()
  })

  it('tells the failure behind what the client says', async () => {
    const wrapped = new ImportError('IMPORT_INVALID_SOURCE', 'x', { cause: noSpace })
    Object.assign(wrapped, { code: 'CLIENT_TORRENT_FAILED' })
    client.addFailure = wrapped
    await expect((await service.add(source)).whenCompleted()).rejects.toBe(noSpace)
    expect(await service.list()).toEqual([])
  })

  it('keeps its own reason when it cannot be put away, and tells the other beside it', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    library.failure = new Error('the database is gone')
    torrent.fail(noSpace)
    await expect(job.whenCompleted()).rejects.toBe(noSpace)
    expect(job.cleanupError).toBe(library.failure)
  })

  it('writes nothing more once its claim is lost', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    imports.loseClaims()
    await expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    expect(job.outcome).toBe('kept')
    expect(await library.findTorrent(job.id)).toBeDefined()
  })
})

describe('removing', () => {
  it('deletes the torrent and its row', async () => {
    const { id } = await importAll()
    expect(await service.remove(hashV1('a').slice(0, 6))).toMatchObject({ id, pieces: 3 })
    expect(await service.list()).toEqual([])
    expect(await library.findTorrent(id)).toBeUndefined()
  })

  it.each([
    ['remove', (id: string) => service.remove(id)],
    ['cancel', (id: string) => service.cancel(id, { deleteData: true })],
  ])('works on a disk that is full: %s', async (_, remove) => {
    const { id } = await importAll()
    library.isFull = true
    await remove(id)
    expect(await service.list()).toEqual([])
    expect(await library.findTorrent(id)).toBeUndefined()
  })

  it('is refused while the import runs', async () => {
    const { job } = await begin()
    await expect(service.remove(job.id)).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
    expect(client.get(job.id)).toBeDefined()
  })

  it('of an unknown import says so', async () => {
    await expect(service.remove('ff')).rejects.toMatchObject({ code: 'IMPORT_NOT_FOUND' })
  })
})

describe('files', () => {
  it('are read by the path that the list shows', async () => {
    await importAll()
    library.contents = (fileIndex) => [Uint8Array.of(fileIndex), Uint8Array.of(7)]
    const parts: number[] = []
    for await (const bytes of await service.openFile('aaaa', 'two.wav')) parts.push(...bytes)
    expect(parts).toEqual([1, 7])
  })

  it('that are not there are refused with a hint', async () => {
    await importAll()
    await expect(service.openFile('aaaa', 'wav')).rejects.toMatchObject({ code: 'IMPORT_FILE_NOT_FOUND' })
  })

  it('of an incomplete import are not exported', async () => {
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    const directory = await mkdtemp(join(tmpdir(), 'bae-test-'))
    try {
      await expect(service.export(job.id, directory)).rejects.toMatchObject({
        code: 'IMPORT_INCOMPLETE',
        message: expect.stringMatching(/ is not complete \(downloading\): /),
      })
      expect(await readdir(directory)).toEqual([])
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('are exported below the torrent name', async () => {
    const { id } = await importAll()
    library.contents = (fileIndex) => [new Uint8Array((fileIndex + 1) * pieceLengthBytes).fill(fileIndex)]
    const directory = await mkdtemp(join(tmpdir(), 'bae-test-'))
    try {
      const exported = await service.export(id, directory)
      expect(exported).toEqual({
        id,
        path: join(directory, 'album'),
        files: 2,
        bytes: 3 * pieceLengthBytes,
        unselected: 0,
        links: 0,
      })
      expect((await readFile(join(directory, 'album', 'two.wav'))).every((byte) => byte === 1)).toBe(true)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
