import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import { FileChoice } from '../src/file-choice.js'
import type { ImportService } from '../src/import-service.js'
import type { ImportSource } from '../src/import-source.js'
import type { FakeLibrary } from '../src/testing/fake-library.js'
import type { FakeTorrentClient } from '../src/testing/fake-torrent-client.js'
import { selectSimply } from '../src/testing/select-simply.js'
import { FakeParts } from './support/fake-parts.js'
import { hashV1, layoutOf, pieceLengthBytes } from './support/records.js'

const layout = layoutOf({ 'a.wav': pieceLengthBytes, 'b.wav': pieceLengthBytes, 'c.txt': 10 })
const torrentFile: ImportSource = {
  torrent: { torrentFile: Uint8Array.of(1) },
  infoHashV1: hashV1('a'),
  name: 'album',
  layout,
}
const magnet: ImportSource = { torrent: { magnetUri: 'magnet:?x' }, infoHashV1: hashV1('a') }
const peers = [{ host: '127.0.0.1', port: 6881 }]

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

/** Begins an import of these files, and delivers these pieces. */
async function begin(select: readonly string[] | undefined, pieces: readonly number[], source = torrentFile) {
  const adding = client.whenAdded()
  const job = await service.add(source, { peers, ...(select && { select }) })
  const torrent = await adding
  await torrent.deliverMetadata(source.layout ?? layout)
  for (const piece of pieces) torrent.deliverPiece(piece)
  return { job, torrent }
}

async function importSome(
  select: readonly string[] | undefined,
  pieces: readonly number[],
  source = torrentFile,
) {
  const { job } = await begin(select, pieces, source)
  return job.whenCompleted()
}

const namesOf = (files: readonly { path: string; selected: boolean }[]) =>
  files.filter(({ selected }) => selected).map(({ path }) => path)

describe('an import of some files', () => {
  it('asks the client for these alone, and is completed when they are', async () => {
    const { job, torrent } = await begin(['*.txt'], [])
    expect(torrent.options.files).toEqual([2])
    expect(job.progress).toMatchObject({ pieces: 0, totalPieces: 1, totalBytes: 10 })
    torrent.deliverPiece(2)
    const snapshot = await job.whenCompleted()
    expect(snapshot).toMatchObject({ state: 'completed', pieces: 1, totalPieces: 3, bytes: 10 })
    expect(snapshot.selected).toEqual({ files: 1, pieces: 1, totalPieces: 1, bytes: 10, totalBytes: 10 })
    expect(await service.list()).toEqual([snapshot])
  })

  it('of a magnet link is chosen by the client, before anything is fetched', async () => {
    const { job, torrent } = await begin(['*.txt'], [2], magnet)
    expect(torrent.options.files).toEqual(['*.txt'])
    expect(namesOf((await job.whenCompleted()).files)).toEqual(['c.txt'])
    expect(torrent.connected).toEqual([])
  })

  it('is what the magnet link says where nothing else is said', async () => {
    const selecting = { ...magnet, files: [1, 77] }
    expect(namesOf((await importSome(undefined, [1], selecting)).files)).toEqual(['b.wav'])
    expect(namesOf((await importSome(['c.txt'], [2], selecting)).files)).toEqual(['b.wav', 'c.txt'])
    await expect(
      (await begin(undefined, [], { ...magnet, files: [77], infoHashV1: hashV1('b') })).job.whenCompleted(),
    ).rejects.toMatchObject({ code: 'IMPORT_FILE_NOT_FOUND' })
  })

  it('means paths as they are shown, also of a magnet link, which the client chose by other names', async () => {
    const hostile = layoutOf({ '../a.wav': pieceLengthBytes, 'b.wav': pieceLengthBytes })
    const { job, torrent } = await begin(['__/a.wav'], [], { ...magnet, layout: hostile })
    expect(torrent.options.files).toEqual([0])
    torrent.deliverPiece(0)
    expect(namesOf((await job.whenCompleted()).files)).toEqual(['__/a.wav'])

    const adding = client.whenAdded()
    const other = await service.add({ ...magnet, infoHashV1: hashV1('b') }, { select: ['__/a.wav'], peers })
    const late = await adding
    await late.deliverMetadata({ ...hostile, infoHashV1: hashV1('b') })
    await expect.poll(() => late.selectedFiles).toEqual([0])
    expect(late.connected).toEqual(peers)
    late.deliverPiece(0)
    await other.whenCompleted()
  })

  it('that is asked for again is completed at once, and for more fetches the rest', async () => {
    await importSome(['*.txt', 'a.wav'], [0, 2])
    const again = await service.add(torrentFile, { select: ['a.wav'] })
    expect([again.wasCompleted, again.progress.pieces]).toEqual([true, 2])
    const more = await begin(['b.wav'], [])
    expect(more.torrent.options.files).toBeUndefined()
    more.torrent.deliverPiece(1)
    expect(await more.job.whenCompleted()).toMatchObject({ selected: null, pieces: 3 })
  })

  it('of all files fetches the rest of an import of some', async () => {
    const { id } = await importSome(['a.wav'], [0])
    const { job, torrent } = await begin(undefined, [1, 2])
    expect(torrent.options.files).toBeUndefined()
    expect(await job.whenCompleted()).toMatchObject({ id, selected: null, state: 'completed' })
    expect((await service.add(torrentFile, { select: ['a.wav'] })).wasCompleted).toBe(true)
    expect((await service.get(id)).selected).toBeNull()
  })

  it('keeps of an earlier import the files that are complete, and wants the others no longer', async () => {
    const stop = new AbortController()
    const adding = client.whenAdded()
    const first = await service.add(torrentFile, { signal: stop.signal })
    const torrent = await adding
    await torrent.deliverMetadata(layout)
    torrent.deliverPiece(0)
    stop.abort(new Error('enough'))
    await expect(first.whenCompleted()).rejects.toThrow('enough')
    expect(namesOf((await importSome(['c.txt'], [2])).files)).toEqual(['a.wav', 'c.txt'])
  })

  it('is refused where a glob means no file or is none, and nothing begins', async () => {
    const refused = (select: string[]) => service.add(torrentFile, { select })
    await expect(refused(['*.wav', '*.flac'])).rejects.toMatchObject({
      code: 'IMPORT_FILE_NOT_FOUND',
      message: expect.stringContaining("'*.flac'"),
    })
    await expect(refused(['{'])).rejects.toMatchObject({ code: 'IMPORT_USAGE' })
    expect([client.added, await imports.listImports()]).toEqual([[], []])
  })

  it('gives the files that are there, and says of others that they are not selected', async () => {
    await importSome(['a.wav'], [0])
    library.contents = (fileIndex) => [Uint8Array.of(fileIndex)]
    for await (const bytes of await service.openFile('aaaa', 'a.wav')) expect([...bytes]).toEqual([0])
    await expect(service.openFile('aaaa', 'b.wav')).rejects.toMatchObject({
      code: 'IMPORT_INCOMPLETE',
      message: expect.stringContaining('not selected'),
    })
  })

  it('stays completed when pieces of other files are lost, and not when its own are', async () => {
    const { id } = await importSome(['a.wav'], [0, 1])
    const places = { local: true, remote: false }
    library.damage = [{ fileIndex: 1, pieces: [1], places }]
    await service.verify(id, { repair: true })
    expect(await service.get(id)).toMatchObject({ state: 'completed' })
    library.damage = [{ fileIndex: 0, pieces: [0], places }]
    await service.verify(id, { repair: true })
    expect(await service.get(id)).toMatchObject({ state: 'queued' })
  })
})

describe('a choice of files', () => {
  it('of everything is no choice', () => {
    const choose = (globs: string[]) => new FileChoice(selectSimply, { globs }).resolve(layout)
    expect([choose([]), choose(['**']), choose(['*.wav', '*.txt'])]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(choose(['*.wav'])).toEqual([0, 1])
  })

  it('never has padding or links', () => {
    const files = layout.files.map((file) => ({
      ...file,
      kind: (['padding', 'symlink', 'file'] as const)[file.index] ?? 'file',
    }))
    const choice = new FileChoice(selectSimply, { indices: [0, 1, 2] })
    expect(choice.resolve({ ...layout, files })).toBeUndefined()
    const none = new FileChoice(selectSimply, { globs: ['b.wav'] })
    expect(() => none.resolve({ ...layout, files })).toThrow(
      expect.objectContaining({ code: 'IMPORT_FILE_NOT_FOUND' }),
    )
  })
})
