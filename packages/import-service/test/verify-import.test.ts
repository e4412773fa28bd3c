import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import type { ImportService } from '../src/import-service.js'
import type { FakeLibrary } from '../src/testing/fake-library.js'
import type { FakeTorrentClient } from '../src/testing/fake-torrent-client.js'
import { FakeParts } from './support/fake-parts.js'
import { hashV1, importRecord, layoutOf, pieceLengthBytes, torrentId } from './support/records.js'

const layout = layoutOf({ 'one.wav': pieceLengthBytes, 'two.wav': 2 * pieceLengthBytes })
const source = { torrent: { torrentFile: Uint8Array.of(1, 2, 3) }, infoHashV1: hashV1('a'), name: 'album' }

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

async function begin() {
  const adding = client.whenAdded()
  const job = await service.add(source)
  return { job, torrent: await adding }
}

async function importAll() {
  const { job, torrent } = await begin()
  await torrent.deliverMetadata(layout)
  for (const piece of [0, 1, 2]) torrent.deliverPiece(piece)
  return job.whenCompleted()
}

describe('verifying', () => {
  it('names files as an export would, and counts pieces', async () => {
    const hostile = layoutOf({ '../one.wav': pieceLengthBytes, two: pieceLengthBytes })
    await imports.saveImport(importRecord({ state: 'completed' }))
    library.save(torrentId('1'), hostile, [0, 1])
    const places = { local: true, remote: false }
    library.damage = [
      { fileIndex: 0, pieces: [0], chunk: 'c0ffee', places },
      { fileIndex: 1, pieces: [0], places },
    ]
    expect(await service.verify(torrentId('1'))).toEqual({
      id: torrentId('1'),
      pieces: 2,
      ok: 1,
      bad: [
        { piece: 0, files: ['__/one.wav'], chunk: 'c0ffee' },
        { piece: 0, files: ['two'], chunk: null },
      ],
      files: [
        { path: '__/one.wav', pieces: [0], chunks: [{ key: 'c0ffee', ...places }] },
        { path: 'two', pieces: [0], chunks: [] },
      ],
      repair: null,
    })
  })

  it('repairs alone, or through the job that this process runs, and never opens what another one imports', async () => {
    library.damage = [{ fileIndex: 0, pieces: [0], places: { local: true, remote: false } }]
    const asked: unknown[] = []
    const verify = library.verify.bind(library)
    library.verify = (id, options) => {
      asked.push(options?.onlyIfOpen)
      return verify(id, options)
    }
    const { job, torrent } = await begin()
    await torrent.deliverMetadata(layout)
    for (const piece of [0, 1]) torrent.deliverPiece(piece)
    expect(await service.verify(job.id, { repair: true })).toMatchObject({ repair: { lostPieces: [0] } })

    const other = parts.open({ imports: MemoryImportDatabase.join(imports) })
    await expect(other.verify(job.id, { repair: true })).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
    expect(await other.verify(job.id)).toMatchObject({ pieces: 3, bad: [] })
    for (const piece of [0, 2]) torrent.deliverPiece(piece)
    await job.whenCompleted()
    await service.verify(job.id, { repair: true })
    expect(asked).toEqual([true, undefined, undefined])
  })

  it('reopens an import of which pieces were lost, so that adding it again fetches them', async () => {
    const { id } = await importAll()
    library.damage = [{ fileIndex: 0, pieces: [0], places: { local: true, remote: false } }]
    await service.verify(id, { repair: true })
    expect(await service.get(id)).toMatchObject({ state: 'queued', pieces: 2, completedAtMs: null })
    const { events } = await imports.readEvents({ after: 0, limit: 100 })
    expect(events.at(-1)).toMatchObject({ from: 'completed', to: 'queued', reason: { code: 'lost' } })
    const { job, torrent } = await begin()
    expect([job.id, job.wasCompleted]).toEqual([id, false])
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    expect(await job.whenCompleted()).toMatchObject({ state: 'completed', pieces: 3 })
  })

  it('of an import without a piece says that it is incomplete', async () => {
    await imports.saveImport(importRecord())
    await expect(service.verify(torrentId('1'))).rejects.toMatchObject({ code: 'IMPORT_INCOMPLETE' })
  })
})
