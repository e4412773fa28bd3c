import type { TorrentId } from '@bae/storage'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImportEvent } from '../../src/database/import-event.js'
import { failureOf } from '../support/failures.js'
import {
  magnetSource,
  settle,
  TestLibrary,
  type TestService,
  torrentSource,
} from '../support/test-service.js'

let library: TestLibrary
let one: TestService

beforeEach(async () => {
  library = new TestLibrary()
  one = library.open()
  await one.service.start()
})

afterEach(() => one.service.close())

async function submitted(name: string, options = {}): Promise<TorrentId> {
  const { id } = await one.service.submit(torrentSource(name), options)
  await settle()
  return id
}

async function completed(name: string, options = {}): Promise<TorrentId> {
  const id = await submitted(name, options)
  one.finish(id)
  await settle()
  return id
}

describe('a list', () => {
  it('says how much what has not begun is about, and what is wanted of it', async () => {
    const id = await submitted('a', { paused: true })
    const listed = async () => (await one.service.list())[0]
    const { totalPieces, totalBytes } = await one.service.get(id)
    expect(await listed()).toMatchObject({ pieces: 0, totalPieces, totalBytes, selected: null })
    await one.service.select(id, ['one.wav'])
    const { selected } = await one.service.get(id)
    expect(selected?.totalBytes).toBeLessThan(totalBytes ?? 0)
    expect(await listed()).toMatchObject({ pieces: 0, totalPieces, totalBytes, selected })
  })
})

describe('pausing', () => {
  it('stops an import until it is resumed, and keeps what is stored', async () => {
    const id = await submitted('a')
    one.torrent(id).deliverPiece(0)
    expect(await one.service.pause(id)).toMatchObject({ state: 'paused', pause: 'user', pieces: 1 })
    await library.pass(3_600_000)
    expect(one.runningIds).toEqual([])
    expect(await one.service.resume(id)).toMatchObject({ state: 'queued', pause: null })
    await settle()
    expect(one.torrent(id).status.missingPieces).toBe(2)
  })

  it('again changes nothing, nor does pausing what is complete or resuming what runs', async () => {
    const [done, id] = [await completed('a'), await submitted('b')]
    const before = await library.events()
    await one.service.pause(done)
    await one.service.resume(id)
    await one.service.resume(done)
    expect(await library.events()).toEqual(before)
    await one.service.pause(id)
    await one.service.pause(id)
    expect(await library.events()).toHaveLength(before.length + 1)
  })

  it('at the begin keeps it from beginning', async () => {
    const id = await submitted('a', { paused: true, choose: true })
    expect(await one.service.get(id)).toMatchObject({ state: 'paused', pause: 'user' })
    await one.service.resume(id)
    expect(await one.service.get(id)).toMatchObject({ state: 'choosingFiles' })
  })

  it('shows its files all the same, where it has a .torrent file, for who wants to choose', async () => {
    const id = await submitted('a', { paused: true, select: ['one.wav'] })
    expect(await library.library.findTorrent(id)).toBeUndefined()
    const { files, ...all } = await one.service.get(id)
    expect(files).toMatchObject([
      { path: 'one.wav', selected: true, storedBytes: 0 },
      { path: 'two.wav', selected: false, storedBytes: 0 },
    ])
    expect(all).toMatchObject({ pieces: 0, totalPieces: 3 })
    const { id: magnet } = await one.service.submit(magnetSource('m'), { paused: true })
    expect(await one.service.get(magnet)).toMatchObject({ files: [], totalPieces: null })
  })
})

describe('cancelling', () => {
  it('ends an import for good, keeps what is stored, and can be taken back', async () => {
    const id = await submitted('a')
    one.torrent(id).deliverPiece(0)
    expect(await one.service.cancel(id)).toMatchObject({ state: 'cancelled', pieces: 1 })
    expect(one.client.get(id)).toBeUndefined()
    await library.pass(60_000)
    expect(await library.record(id)).toMatchObject({ state: 'cancelled' })
    await submitted('a')
    expect(one.runningIds).toEqual([id])
  })

  it('with its data leaves nothing but the word that it is gone', async () => {
    const id = await submitted('a')
    one.torrent(id).deliverPiece(0)
    expect(await one.service.cancel(id, { deleteData: true })).toMatchObject({ id, state: 'cancelled' })
    expect(await one.service.list()).toEqual([])
    expect(await library.library.findTorrent(id)).toBeUndefined()
    expect((await library.events()).at(-1)).toMatchObject({
      importId: id,
      from: 'downloading',
      to: 'removed',
    })
  })
})

describe('a check', () => {
  it('of what is sound ends complete again, at its old time', async () => {
    const id = await completed('a')
    const { completedAtMs } = await one.service.get(id)
    await library.pass(10_000)
    await one.service.recheck(id)
    await settle()
    expect(await library.states(id)).toEqual(['queued', 'downloading', 'completed', 'verifying', 'completed'])
    expect(await one.service.get(id)).toMatchObject({ completedAtMs })
  })

  it('fetches again what is lost', async () => {
    const id = await completed('a', { seed: true })
    library.library.damage = [{ fileIndex: 1, pieces: [2], places: { local: true, remote: false } }]
    await one.service.recheck(id)
    await settle()
    expect(one.torrent(id).status.missingPieces).toBe(1)
    one.torrent(id).deliverPiece(2)
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'seeding' })
  })

  it('of what nothing is known of is refused', async () => {
    const { id } = await one.service.submit(magnetSource('m'))
    await expect(one.service.recheck(id)).rejects.toMatchObject({ code: 'IMPORT_INCOMPLETE' })
    await settle()
    expect(one.runningIds).toEqual([id])
  })
})

describe('choosing files', () => {
  it('of an import that runs goes on with these', async () => {
    const id = await submitted('a')
    await one.service.select(id, ['one.wav'])
    await settle()
    expect(one.torrent(id).selectedFiles).toEqual([0])
  })

  it('of a complete one fetches what is missing of them, and nothing where all is there', async () => {
    const id = await submitted('a', { select: ['one.wav'] })
    one.torrent(id).deliverPiece(0)
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'completed', selectedFiles: [0] })
    await one.service.select(id, ['one.wav'])
    expect(await library.record(id)).toMatchObject({ state: 'completed' })
    expect(await one.service.select(id, ['**'])).toMatchObject({ state: 'queued', selected: null })
    const codes = (await library.events()).map(({ reason }) => reason.code)
    expect(codes.slice(codes.indexOf('finished'))).toEqual(['finished', 'selected', 'began'])
  })

  it('of one that has never begun counts when it does', async () => {
    const id = await submitted('a', { paused: true })
    await expect(one.service.select(id, ['x'])).rejects.toMatchObject({ code: 'IMPORT_FILE_NOT_FOUND' })
    await one.service.select(id, ['one.wav'])
    expect(await library.record(id)).toMatchObject({ state: 'paused', selectedFiles: [0] })
    await one.service.resume(id)
    await settle()
    expect(one.torrent(id).selectedFiles).toEqual([0])
  })

  it('that are not there is refused, and changes nothing', async () => {
    const id = await submitted('a')
    await expect(one.service.select(id, ['x'])).rejects.toMatchObject({ code: 'IMPORT_FILE_NOT_FOUND' })
    await settle()
    expect(one.runningIds).toEqual([id])
    await expect(one.service.submit(torrentSource('b'), { select: ['x'] })).rejects.toMatchObject({
      code: 'IMPORT_FILE_NOT_FOUND',
    })
    expect(await one.service.list()).toHaveLength(1)
  })
})

describe('submitting again', () => {
  it('wants all files where nothing else is said, and keeps those that are complete where something is', async () => {
    const id = await submitted('a', { select: ['one.wav'] })
    one.torrent(id).deliverPiece(0)
    await settle()
    await one.service.submit(torrentSource('a'), { select: ['two.wav'] })
    expect(await library.record(id)).not.toMatchObject({ selectedFiles: [1] })
    await one.service.select(id, ['one.wav'])
    expect(await one.service.submit(torrentSource('a'))).toMatchObject({ state: 'queued', selected: null })
  })

  it('asks for what it says of the import that is there', async () => {
    const id = await completed('a', { select: ['one.wav'] })
    const peers = [{ host: '127.0.0.1', port: 1 }]
    await one.service.submit(torrentSource('a'), { peers, seed: true, select: ['**'] })
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'seeding', goal: 'seed', peers })
    expect(one.client.added.at(-1)?.options.peers).toEqual(peers)
  })
})

describe('events', () => {
  async function read(options = {}): Promise<readonly ImportEvent[]> {
    const events: ImportEvent[] = []
    for await (const event of one.service.events(options)) events.push(event)
    return events
  }

  it('are replayed from any number', async () => {
    await completed('a')
    await completed('b')
    const all = await read()
    expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    for (const { seq } of all) expect(await read({ after: seq })).toEqual(all.slice(seq))
  })

  it('come as they happen to who follows, until he stops', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const following = (async () => {
      for await (const { to } of one.service.events({ follow: true, signal: stop.signal })) seen.push(to)
    })()
    await completed('a')
    expect(seen).toEqual(['queued', 'downloading', 'completed'])
    stop.abort(new Error('enough'))
    await expect(following).rejects.toThrow('enough')
  })

  it('end with the service, as an error', async () => {
    const following = (async () => {
      for await (const _ of one.service.events({ follow: true }));
    })()
    const ended = expect(following).rejects.toMatchObject({ code: 'IMPORT_CLOSED' })
    await settle()
    await one.service.close()
    await ended
  })

  it('begin at the oldest again in a library whose records were made anew', async () => {
    await completed('a')
    expect((await read({ after: 99 })).map(({ seq }) => seq)).toEqual([1, 2, 3])
  })
})

describe('following an import', () => {
  async function follow(id: TorrentId) {
    const seen: string[] = []
    const ended = (async () => {
      for await (const { state, pieces } of one.service.follow(id)) seen.push(`${state} ${pieces}`)
    })()
    await settle()
    return { seen, ended }
  }

  it('shows each change, at most four a second, and ends with it', async () => {
    const id = await submitted('a')
    const { seen, ended } = await follow(id)
    for (const piece of [0, 1]) one.torrent(id).deliverPiece(piece)
    await settle()
    expect(seen).toEqual(['downloading 0'])
    library.clock.advance(250)
    await settle()
    expect(seen).toEqual(['downloading 0', 'downloading 2'])
    one.torrent(id).deliverPiece(2)
    await library.pass(1_000, 250)
    await ended
    expect(seen.at(-1)).toBe('completed 3')
  })

  it('goes on while it waits to be tried again, and ends when only its user can help', async () => {
    const id = await submitted('a')
    const { seen, ended } = await follow(id)
    one.torrent(id).fail(failureOf('STORAGE_UNAVAILABLE'))
    await library.pass(10_000, 250)
    expect(seen).toContain('failed 0')
    expect(seen.at(-1)).toBe('downloading 0')
    await one.service.pause(id)
    await library.pass(1_000, 250)
    await ended
    expect(seen.at(-1)).toBe('paused 0')
  })

  it('ends when it is removed', async () => {
    const id = await submitted('a')
    const { ended } = await follow(id)
    await one.service.cancel(id, { deleteData: true })
    await library.pass(1_000, 250)
    await ended
  })
})
