import type { TorrentId } from '@bae/storage'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImportError } from '../../src/errors.js'
import {
  magnetSource,
  settle,
  TestLibrary,
  type TestService,
  torrentSource,
} from '../support/test-service.js'

const limits = { activeDownloads: 2 }

let library: TestLibrary
let one: TestService
let two: TestService

beforeEach(() => {
  library = new TestLibrary()
  one = library.open({ limits })
  two = library.open({ limits })
})

afterEach(async () => {
  await one.service.close()
  await two.service.close()
})

async function submitted(...names: readonly string[]): Promise<readonly TorrentId[]> {
  const ids: TorrentId[] = []
  for (const name of names) {
    library.clock.advance(1)
    ids.push((await one.service.submit(torrentSource(name))).id)
  }
  await settle()
  return ids
}

describe('two services of one library', () => {
  it('share the imports, none has two owners, and both together end them all', async () => {
    const ids = await submitted('a', 'b', 'c', 'd', 'e')
    await Promise.all([one.service.start(), two.service.start()])
    const shared = [...one.runningIds, ...two.runningIds]
    expect([shared.length, new Set(shared).size]).toEqual([4, 4])
    for (let rounds = 0; rounds < 5; rounds += 1) {
      for (const each of [one, two]) for (const id of each.runningIds) each.finish(id)
      await library.pass(5_000)
    }
    for (const id of ids) expect(await library.record(id)).toMatchObject({ state: 'completed' })
  })

  it('take over what the other one has when it dies, and it writes nothing more', async () => {
    const [id] = await submitted('a')
    await one.service.start()
    await two.service.start()
    expect(one.runningIds).toEqual([id])
    // A process that was stopped neither asks nor hears.
    one.imports.claimDue = async () => []
    one.imports.expireClaims()
    await library.pass(5_000)
    expect([one.runningIds, two.runningIds]).toEqual([[], [id]])
    expect(one.client.get(id!)).toBeUndefined()
    two.finish(id!)
    await settle()
    expect(await library.states(id!)).toEqual(['queued', 'downloading', 'completed'])
  })

  it('never runs an import twice in one process whose lease ran out', async () => {
    const [id] = await submitted('a')
    await one.service.start()
    one.imports.expireClaims()
    await library.pass(10_000)
    expect(one.runningIds).toEqual([id])
    one.finish(id!)
    await settle()
    expect(await library.record(id!)).toMatchObject({ state: 'completed' })
  })

  it.each([
    ['pause', (id: TorrentId) => two.service.pause(id), { state: 'paused', pause: 'user' }],
    ['cancel', (id: TorrentId) => two.service.cancel(id), { state: 'cancelled' }],
    ['seed', (id: TorrentId) => two.service.seed(id, { on: true }), { goal: 'seed' }],
    ['select', (id: TorrentId) => two.service.select(id, ['one.wav']), { selected: { files: 1 } }],
  ] as const)('do what is asked of the other one: %s', async (_, ask, expected) => {
    const [id] = await submitted('a')
    await one.service.start()
    const asked = ask(id!)
    await library.pass(1_000, 250)
    expect(await asked).toMatchObject(expected)
    expect((await library.record(id!))?.wish).toBeUndefined()
  })

  it('say that an import is busy that its owner does not let go of', async () => {
    const [id] = await submitted('a')
    const claim = await library.imports.claim(id!)
    const asked = expect(two.service.pause(id!)).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
    await library.pass(11_000, 250)
    await asked
    await claim?.release()
    await two.service.start()
    await library.pass(5_000)
    // What was asked is done by whoever has it next.
    expect(await library.record(id!)).toMatchObject({ state: 'paused', pause: 'user' })
  })

  it('meet at one import when both are given the same torrent', async () => {
    const both = await Promise.all([one, two].map(({ service }) => service.submit(torrentSource('a'))))
    expect(both[0]?.id).toBe(both[1]?.id)
  })

  it('see the changes of the other one', async () => {
    const seen: string[] = []
    const [id] = await submitted('a')
    const following = (async () => {
      for await (const { state } of two.service.follow(id!)) seen.push(state)
    })()
    await one.service.start()
    await library.pass(2_000, 250)
    one.finish(id!)
    await library.pass(2_000, 250)
    await following
    expect(seen).toEqual(['queued', 'downloading', 'completed'])
  })
})

describe('a command beside a service', () => {
  it('is told that the service has the import', async () => {
    await submitted('a')
    await one.service.start()
    await expect(two.service.add(torrentSource('a'))).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
  })

  it('keeps an import that it began, which the service goes on with afterwards', async () => {
    const stop = new AbortController()
    const job = await two.service.add(torrentSource('a'), { signal: stop.signal })
    await settle()
    await one.service.start()
    await library.pass(5_000)
    expect(one.runningIds).toEqual([])
    two.torrent(job.id).deliverPiece(0)
    const ended = expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_INTERRUPTED' })
    stop.abort(new ImportError('IMPORT_INTERRUPTED', 'stopped'))
    await ended
    await library.pass(5_000)
    expect(one.runningIds).toEqual([job.id])
    expect(one.torrent(job.id).status.missingPieces).toBe(2)
  })

  it('gets a magnet link to its end, and whoever has the library next needs no peer for it', async () => {
    const job = await two.service.add(magnetSource('m'))
    await settle()
    await two.torrent(job.id).deliverMetadata({ ...torrentSource('m').layout! })
    two.finish(job.id)
    await job.whenCompleted()
    expect((await library.record(job.id))?.torrentFile).toBeDefined()
  })
})
