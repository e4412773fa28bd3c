import type { TorrentId } from '@bae/storage'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Claim } from '../../src/database/import-database.js'
import { torrentId } from '../support/records.js'
import {
  magnetLayout,
  magnetSource,
  queuedRecord,
  settle,
  TestLibrary,
  type TestService,
  torrentSource,
} from '../support/test-service.js'

const limits = { activeDownloads: 2, activeSeeds: 2, metadataFetches: 2 }

let library: TestLibrary
let one: TestService

beforeEach(() => {
  library = new TestLibrary()
  one = library.open({ limits })
})

afterEach(() => one.service.close())

async function submitted(names: readonly string[], options = {}): Promise<readonly TorrentId[]> {
  const ids: TorrentId[] = []
  for (const name of names) {
    library.clock.advance(1)
    ids.push((await one.service.submit(torrentSource(name), options)).id)
  }
  await settle()
  return ids
}

async function magnets(names: readonly string[]): Promise<readonly TorrentId[]> {
  const ids: TorrentId[] = []
  for (const name of names) {
    library.clock.advance(1)
    ids.push((await one.service.submit(magnetSource(name))).id)
  }
  await settle()
  return ids
}

async function stateOf(id: TorrentId | undefined) {
  return id && (await library.record(id))?.state
}

describe('turns', () => {
  beforeEach(() => one.service.start())

  it('are for as many as the limit says, the oldest first, and go on to the next', async () => {
    const ids = await submitted(['a', 'b', 'c', 'd'])
    expect(one.runningIds).toEqual(ids.slice(0, 2))
    one.finish(ids[0]!)
    await settle()
    expect(one.runningIds).toEqual(ids.slice(1, 3))
    expect(await stateOf(ids[3])).toBe('queued')
  })

  it('of seeds come 64 at a time, so that thousands are not in memory at once while they begin', async () => {
    await one.service.close()
    const ids = Array.from({ length: 70 }, (_, index) => torrentId(index.toString(16).padStart(2, '0')))
    for (const [index, id] of ids.entries()) {
      const name = `album ${index}`
      await library.imports.saveImport(queuedRecord(id, name, { state: 'seeding', goal: 'seed' }))
      library.library.save(id, magnetLayout(name), [0, 1, 2])
    }
    one = library.open({ limits: { activeSeeds: 100 } })
    const { add } = one.client
    const going: (() => void)[] = []
    one.client.add = async (...options) => {
      await new Promise<void>((resolve) => void going.push(resolve))
      return await add.apply(one.client, options)
    }
    await one.service.start()
    await settle()
    expect(one.runningIds).toHaveLength(70)
    expect(going).toHaveLength(64)
    for (const go of going) go()
    await settle()
    for (const go of going) go()
    await settle()
    expect(one.client.added).toHaveLength(70)
  })

  it('end with the service, which lets go of all imports at once', async () => {
    const claims: Claim[] = []
    const { claimDue } = one.imports
    one.imports.claimDue = async (query) => {
      const due = await claimDue.call(one.imports, query)
      claims.push(...due.map(({ claim }) => claim))
      return due
    }
    const ids = await submitted(['a', 'b'])
    const released = claims.map((claim) => vi.spyOn(claim, 'release'))
    const { close } = one.client
    one.client.close = async () => {
      for (const release of released) expect(release).not.toHaveBeenCalled()
      await close.call(one.client)
    }
    await one.service.close()
    expect(released).toHaveLength(2)
    for (const id of ids) expect(await library.imports.claim(id)).toBeDefined()
  })

  it('leave seeds to the client that ends with the service: only what still comes is taken out of it before', async () => {
    const [seed, download] = await submitted(['a', 'b'])
    if (seed === undefined || download === undefined) throw new Error('two were submitted')
    await one.service.seed(seed, { on: true })
    await settle()
    one.finish(seed)
    await settle()
    expect((await one.service.get(seed)).state).toBe('seeding')
    const remove = vi.spyOn(one.client, 'remove')
    const { close } = one.client
    one.client.close = async () => {
      expect(remove.mock.calls).toEqual([[download]])
      await close.call(one.client)
    }
    await one.service.close()
    expect(one.client.get(seed)).toBeUndefined()
  })

  it('of magnet links are not those of downloads', async () => {
    const waiting = await magnets(['m', 'n', 'o'])
    const downloads = await submitted(['a', 'b'])
    expect(one.runningIds).toEqual([...waiting.slice(0, 2), ...downloads])
    await one.torrent(waiting[0]!).deliverMetadata(magnetLayout('m'))
    await settle()
    expect(await stateOf(waiting[0])).toBe('queued')
    expect(one.client.get(waiting[0]!)).toBeUndefined()
    expect(one.runningIds).toEqual([waiting[1], ...downloads, waiting[2]])
    one.finish(downloads[0]!)
    await settle()
    expect(await stateOf(waiting[0])).toBe('downloading')
  })

  it('of seeds are not those of downloads, and who has none waits as what it is', async () => {
    const ids = await submitted(['a', 'b', 'c'], { seed: true })
    for (const id of ids) {
      one.finish(id)
      await settle()
    }
    expect(one.runningIds).toEqual(ids.slice(0, 2))
    expect(await stateOf(ids[2])).toBe('seeding')
    await one.service.pause(ids[0]!)
    await settle()
    expect(one.runningIds).toEqual(ids.slice(1))
  })

  it('change with the limits, at once', async () => {
    const ids = await submitted(['a', 'b', 'c', 'd'])
    await one.service.setLimits({ activeDownloads: 3 })
    await settle()
    expect(one.runningIds).toEqual(ids.slice(0, 3))
    await one.service.setLimits({ activeDownloads: 1 })
    await settle()
    expect(one.runningIds).toEqual(ids.slice(0, 1))
    expect(await stateOf(ids[1])).toBe('queued')
    await one.service.setLimits({ activeDownloads: 0 })
    expect(one.runningIds).toEqual([])
    await expect(one.service.setLimits({ activeDownloads: -1 })).rejects.toMatchObject({
      code: 'IMPORT_USAGE',
    })
    expect(one.service.limits).toEqual({ ...limits, activeDownloads: 0 })
  })

  it('are taken from what nobody brings anything of, once others wait', async () => {
    const ids = await magnets(['m', 'n', 'o', 'p', 'q'])
    await library.pass(120_000)
    expect(one.runningIds).toEqual(ids.slice(2, 4))
    expect(await library.record(ids[0]!)).toMatchObject({ state: 'fetchingMetadata', retry: { attempts: 1 } })
    expect((await library.events()).at(-1)?.reason).toMatchObject({
      code: 'stalled',
      error: { code: 'IMPORT_STALLED' },
    })
    await library.pass(120_000)
    // The last one comes before those that had their turn.
    expect(one.runningIds).toEqual([ids[4], ids[0]])
  })

  it('are kept by what nobody brings anything of while nobody waits', async () => {
    const ids = await magnets(['m', 'n'])
    await library.pass(600_000)
    expect(one.runningIds).toEqual(ids)
    expect(one.client.added).toHaveLength(2)
  })

  it('are kept by what is brought', async () => {
    const ids = await submitted(['a', 'b', 'c'])
    await library.pass(60_000)
    one.torrent(ids[0]!).deliverPiece(0)
    await library.pass(60_000)
    expect(one.runningIds).toEqual([ids[0], ids[2]])
    expect(await library.record(ids[1]!)).toMatchObject({ state: 'queued', retry: { attempts: 1 } })
  })

  it('never end for a dead torrent: a living one behind many of them is imported', async () => {
    await submitted(['a', 'b', 'c', 'd', 'e'])
    const [living] = await submitted(['living'])
    for (let turns = 0; turns < 5 && one.client.get(living!) === undefined; turns += 1)
      await library.pass(120_000)
    one.finish(living!)
    await settle()
    expect(await stateOf(living)).toBe('completed')
  })
})

describe('a service that was not started', () => {
  it('records what is submitted and runs nothing', async () => {
    const [id] = await submitted(['a'])
    expect([await stateOf(id), one.runningIds]).toEqual(['queued', []])
    await one.service.pause(id!)
    expect(await stateOf(id)).toBe('paused')
  })
})
