import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImportService } from '../src/import-service.js'
import { FakeParts } from './support/fake-parts.js'
import { hashV1, layoutOf, pieceLengthBytes } from './support/records.js'

const layout = layoutOf({ 'one.wav': pieceLengthBytes, 'two.wav': 2 * pieceLengthBytes })
const source = { torrent: { torrentFile: Uint8Array.of(1, 2, 3) }, infoHashV1: hashV1('a'), name: 'album' }

let parts: FakeParts
let service: ImportService

beforeEach(() => {
  parts = new FakeParts(layout)
  service = parts.open()
})

afterEach(() => service.close())

/** With the metadata there, and nothing else. */
async function begin() {
  const adding = parts.client.whenAdded()
  const job = await service.add(source)
  const torrent = await adding
  await torrent.deliverMetadata(layout)
  return { job, torrent }
}

async function open(id: string) {
  return (await service.openFile(id, 'two.wav'))[Symbol.asyncIterator]()
}

/** What the library is asked for, of which it gives one byte. */
function libraryReads(): unknown[] {
  const asked: unknown[] = []
  parts.library.contents = (...args) => {
    asked.push(args)
    return [Uint8Array.of(9)]
  }
  return asked
}

describe('a file', () => {
  it('is read in part', async () => {
    const { job, torrent } = await begin()
    for (const piece of [0, 1, 2]) torrent.deliverPiece(piece)
    await job.whenCompleted()
    const asked = libraryReads()
    const range = { offset: 5, length: 1 }
    expect([...(await buffer(await service.openFile('aaaa', 'two.wav', { range })))]).toEqual([9])
    expect(asked).toEqual([[1, range]])
  })

  it('is read while it is fetched, and to its end where the import is complete before', async () => {
    const { job, torrent } = await begin()
    torrent.deliverPiece(1)
    const asked = libraryReads()
    const reader = await open(job.id)
    expect((await reader.next()).value).toEqual(new Uint8Array(pieceLengthBytes).fill(1))
    torrent.deliverPiece(0)
    torrent.deliverPiece(2)
    await job.whenCompleted()
    expect((await reader.next()).value).toEqual(Uint8Array.of(9))
    expect(asked).toEqual([[1, { offset: pieceLengthBytes, length: pieceLengthBytes }]])
    expect((await reader.next()).done).toBe(true)
  })

  it('ends with what is wrong while it is fetched', async () => {
    const { job, torrent } = await begin()
    const reader = await open(job.id)
    const waiting = reader.next()
    const failure = Object.assign(new Error('the disk is full'), { code: 'STORAGE_NO_SPACE' as const })
    const failed = [expect(waiting).rejects.toBe(failure), expect(job.whenCompleted()).rejects.toBe(failure)]
    torrent.fail(failure)
    await Promise.all(failed)
  })

  it('that is not selected is not waited for', async () => {
    const adding = parts.client.whenAdded()
    const job = await service.add({ ...source, layout }, { select: ['one.wav'] })
    await (await adding).deliverMetadata(layout)
    await expect(service.openFile(job.id, 'two.wav')).rejects.toMatchObject({ code: 'IMPORT_INCOMPLETE' })
  })
})
