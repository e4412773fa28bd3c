import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import { ImportError } from '../src/errors.js'
import type { ImportService } from '../src/import-service.js'
import type { FakeLibrary } from '../src/testing/fake-library.js'
import type { FakeTorrentClient } from '../src/testing/fake-torrent-client.js'
import { createTorrentId } from '../src/torrent-id.js'
import { FakeParts } from './support/fake-parts.js'
import { hashV1, importRecord, layoutOf, pieceLengthBytes } from './support/records.js'

const layout = layoutOf({ 'one.wav': pieceLengthBytes, 'two.wav': 2 * pieceLengthBytes })
const source = { torrent: { torrentFile: Uint8Array.of(1, 2, 3) }, infoHashV1: hashV1('a'), name: 'album' }

let parts: FakeParts
let library: FakeLibrary
let client: FakeTorrentClient
let imports: MemoryImportDatabase

beforeEach(() => {
  parts = new FakeParts(layout)
  ;({ library, client, imports } = parts)
})

describe('an import', () => {
  it('of more bytes than the library may have unfinished fetches its pieces in order, and others as they come', async () => {
    for (const [inOrderAboveBytes, sequential] of [
      [undefined, false],
      [3 * pieceLengthBytes - 1, true],
      [3 * pieceLengthBytes, false],
    ] as const) {
      const limited = parts.open({ inOrderAboveBytes })
      const adding = client.whenAdded()
      const stop = new AbortController()
      const job = await limited.add(source, { signal: stop.signal })
      const torrent = await adding
      expect(torrent.sequential).toBe(inOrderAboveBytes !== undefined)
      const noted = torrent.whenMetadata()
      await torrent.deliverMetadata(layout)
      await noted
      await expect.poll(() => torrent.sequential).toBe(sequential)
      stop.abort(new Error('enough'))
      await expect(job.whenCompleted()).rejects.toThrow('enough')
    }
  })

  it.each([
    ['that completes', 'complete'],
    ['that is stopped', 'stop'],
    ['that fails', 'fail'],
  ] as const)('%s has kept its torrent local meanwhile, where that leaves room', async (_, end) => {
    const limited = parts.open({ inOrderAboveBytes: 3 * pieceLengthBytes })
    const adding = client.whenAdded()
    const stop = new AbortController()
    const job = await limited.add(source, { signal: stop.signal })
    const torrent = await adding
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    await expect.poll(() => [...library.pins]).toEqual([`download ${job.id}`])
    if (end === 'stop') stop.abort(new Error('enough'))
    if (end === 'fail') torrent.update({ error: new ImportError('IMPORT_BUSY', 'broken') })
    if (end === 'complete') for (const piece of [1, 2]) torrent.deliverPiece(piece)
    await job.whenCompleted().catch(() => undefined)
    expect([...library.pins]).toEqual([])
  })
})

describe('a pinned import', () => {
  let service: ImportService

  beforeEach(() => {
    service = parts.open()
  })

  afterEach(() => service.close())

  async function begin() {
    const adding = client.whenAdded()
    const job = await service.add(source)
    const torrent = await adding
    await torrent.deliverMetadata(layout)
    return { job, torrent }
  }

  it('stays until it is unpinned as its user wished, however often it was pinned', async () => {
    const { job, torrent } = await begin()
    for (const piece of [0, 1, 2]) torrent.deliverPiece(piece)
    const { id } = await job.whenCompleted()
    for (let time = 0; time < 2; time++) expect(await service.pin(id)).toMatchObject({ id, name: 'album' })
    expect([...library.pins]).toEqual([`user ${id}`])
    for (let time = 0; time < 2; time++) expect(await service.unpin(id)).toMatchObject({ id })
    expect([...library.pins]).toEqual([])
    await service.pin(id)
    await service.remove(id)
    expect([...library.pins]).toEqual([])
  })

  it('is one of which something is known', async () => {
    await imports.saveImport(
      importRecord({ id: createTorrentId(), infoHashV1: hashV1('b'), state: 'downloading' }),
    )
    await expect(service.pin(hashV1('b'))).rejects.toMatchObject({ code: 'IMPORT_INCOMPLETE' })
  })

  it('that died is let go when garbage is collected, and one that runs or that its user pinned is not', async () => {
    const { job } = await begin()
    const dead = importRecord({ id: createTorrentId(), infoHashV1: hashV1('b'), state: 'downloading' })
    await imports.saveImport(dead)
    library.save(dead.id, layout)
    for (const id of [job.id, dead.id]) await library.pin(id, 'download')
    await library.pin(dead.id, 'user')
    for await (const _ of service.collectGarbage({ dryRun: true }));
    expect(library.pins.size).toBe(3)
    for await (const _ of service.collectGarbage());
    expect([...library.pins].sort()).toEqual([`download ${job.id}`, `user ${dead.id}`])
  })
})
