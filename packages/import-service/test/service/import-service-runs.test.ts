import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failureOf } from '../support/failures.js'
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

let library: TestLibrary
let one: TestService

beforeEach(() => {
  library = new TestLibrary()
  one = library.open()
})

afterEach(() => one.service.close())

async function submitted(name: string, options = {}) {
  const { id } = await one.service.submit(torrentSource(name), options)
  await settle()
  return id
}

describe('a service that was started', () => {
  beforeEach(() => one.service.start())

  it('runs what is submitted to its end, and says each step', async () => {
    const id = await submitted('a')
    expect(one.runningIds).toEqual([id])
    one.finish(id)
    await settle()
    expect(await one.service.get(id)).toMatchObject({
      state: 'completed',
      pieces: 3,
      completedAtMs: 1_000_000,
    })
    expect(await library.states(id)).toEqual(['queued', 'downloading', 'completed'])
    expect((await library.events()).map(({ reason }) => reason.code)).toEqual(['added', 'began', 'finished'])
    expect(one.client.get(id)).toBeUndefined()
    expect(await library.imports.claim(id)).toBeDefined()
  })

  it('finds what was submitted before', async () => {
    const id = await submitted('a')
    expect(await submitted('a')).toBe(id)
    expect(await one.service.list()).toHaveLength(1)
  })

  it('dials the peers that came with it', async () => {
    const peers = [{ host: '127.0.0.1', port: 6881 }]
    const id = await submitted('a', { peers })
    expect(one.torrent(id).options.peers).toEqual(peers)
  })

  it('gives what is to be given to others, and stops when told', async () => {
    const id = await submitted('a', { seed: true })
    one.finish(id)
    await settle()
    expect(await one.service.get(id)).toMatchObject({
      state: 'seeding',
      goal: 'seed',
      completedAtMs: 1_000_000,
    })
    expect(one.client.get(id)).toBeDefined()
    await one.service.seed(id, { on: false })
    await settle()
    expect(await one.service.get(id)).toMatchObject({ state: 'completed', goal: 'complete' })
    expect(one.client.get(id)).toBeUndefined()
  })

  it('gives all that is handed over to others where it is told to, and what was there before not', async () => {
    const giving = library.open({ seed: true })
    const before = await submitted('a')
    const { id: after } = await giving.service.submit(torrentSource('b'))
    await giving.service.submit(torrentSource('a'))
    giving.service.setSeed(false)
    const { id: later } = await giving.service.submit(torrentSource('c'))
    await giving.service.close()
    expect(await library.record(before)).not.toHaveProperty('goal')
    expect(await library.record(after)).toMatchObject({ goal: 'seed' })
    expect(await library.record(later)).not.toHaveProperty('goal')
  })

  it('downloads a seed again that lost pieces', async () => {
    const id = await submitted('a', { seed: true })
    one.finish(id)
    await settle()
    one.torrent(id).update({ missingPieces: 1 })
    await settle()
    expect(await library.states(id)).toEqual([
      'queued',
      'downloading',
      'seeding',
      'queued',
      'downloading',
      // The double's storage had them all along.
      'seeding',
    ])
  })

  it('asks peers what a magnet link is, and needs nobody for it after that', async () => {
    const { id } = await one.service.submit(magnetSource('m'))
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'fetchingMetadata' })
    await one.torrent(id).deliverMetadata(magnetLayout('m'))
    await settle()
    expect(await library.states(id)).toEqual(['fetchingMetadata', 'queued', 'downloading'])
    expect(await library.record(id)).toMatchObject({ name: 'm', torrentFile: new TextEncoder().encode('m') })
    expect(one.client.added).toHaveLength(1)
  })

  it('waits for a choice of files where that is asked for, and fetches only these', async () => {
    const { id } = await one.service.submit(magnetSource('m'), { choose: true })
    await settle()
    expect(one.torrent(id).options.files).toEqual([])
    await one.torrent(id).deliverMetadata(magnetLayout('m'))
    await settle()
    expect(await one.service.get(id)).toMatchObject({ state: 'choosingFiles', name: 'm' })
    expect(one.runningIds).toEqual([])
    await one.service.select(id, ['one.wav'])
    await settle()
    expect(one.torrent(id).selectedFiles).toEqual([0])
    one.torrent(id).deliverPiece(0)
    await settle()
    expect(await one.service.get(id)).toMatchObject({ state: 'completed', selected: { files: 1 } })
  })

  it('keeps a choice that was made before anybody knew the files', async () => {
    const { id } = await one.service.submit(magnetSource('m'), { select: ['two.wav'] })
    await settle()
    await one.torrent(id).deliverMetadata(magnetLayout('m'))
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'downloading', selectedFiles: [1] })
    expect((await library.record(id))?.wish).toBeUndefined()
  })

  it('asks again where such a choice means no file', async () => {
    const { id } = await one.service.submit(magnetSource('m'), { select: ['three.wav'] })
    await settle()
    await one.torrent(id).deliverMetadata(magnetLayout('m'))
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'choosingFiles' })
    expect((await library.events()).at(-1)?.reason.error?.code).toBe('IMPORT_FILE_NOT_FOUND')
  })
})

describe('after a restart', () => {
  it.each(['queued', 'downloading', 'verifying', 'seeding', 'fetchingMetadata'] as const)(
    'what was %s goes on',
    async (state) => {
      const id = torrentId('7')
      const source =
        state === 'fetchingMetadata'
          ? { torrentFile: undefined, magnetUri: `magnet:?xt=urn:btih:${'a'.repeat(40)}` }
          : {}
      await library.imports.saveImport({
        ...queuedRecord(id, 'a', { state, goal: 'seed' }),
        ...(source as object),
      })
      library.library.save(id, magnetLayout('a'), [0, 1, 2])
      await one.service.start()
      await settle()
      if (state === 'fetchingMetadata') await one.torrent(id).deliverMetadata(magnetLayout('a'))
      await settle()
      expect(await library.record(id)).toMatchObject({ state: 'seeding' })
      expect(one.torrent(id).status.missingPieces).toBe(0)
    },
  )

  it('what was complete, paused, failed for good or cancelled stays what it was', async () => {
    const error = { code: 'X', message: 'y' }
    const records = [
      queuedRecord(torrentId('1'), 'a', { state: 'completed' }),
      queuedRecord(torrentId('2'), 'b', { state: 'paused', pause: 'user' }),
      queuedRecord(torrentId('3'), 'c', { state: 'failed', error, retry: { attempts: 1 } }),
      queuedRecord(torrentId('4'), 'd', { state: 'cancelled' }),
      queuedRecord(torrentId('5'), 'e', { state: 'choosingFiles' }),
    ]
    for (const record of records) await library.imports.saveImport(record)
    await one.service.start()
    await settle()
    expect(one.client.added).toEqual([])
    for (const record of records) expect(await library.record(record.id)).toEqual(record)
  })

  it('a stopped service leaves what it did to the next one, which writes nothing to go on', async () => {
    await one.service.start()
    const id = await submitted('a')
    one.torrent(id).deliverPiece(0)
    await one.service.close()
    const before = await library.events()
    await using two = library.open()
    await two.service.start()
    await settle()
    expect(two.torrent(id).status.missingPieces).toBe(2)
    expect(await library.events()).toEqual(before)
    two.finish(id)
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'completed' })
  })

  it('all of a thousand imports are ready', async () => {
    for (let each = 0; each < 1_000; each += 1) {
      const state = each < 5 ? 'downloading' : each < 800 ? 'seeding' : 'queued'
      await library.imports.saveImport(
        queuedRecord(torrentId(String(each)), `n${each}`, { state, addedAtMs: each }),
      )
      if (state === 'seeding')
        library.library.save(torrentId(String(each)), magnetLayout(`n${each}`), [0, 1, 2])
    }
    await one.service.start()
    await settle()
    expect(one.service.running()).toHaveLength(205)
    // Not those that are complete, nor what its user paused.
    expect(await one.service.waiting()).toBe(200)
    await one.service.pause(torrentId('900'))
    expect(await one.service.waiting()).toBe(199)
    await one.service.resume(torrentId('900'))
    await one.service.setLimits({ activeSeeds: 1_000, activeDownloads: 300 })
    await settle()
    expect(one.service.running()).toHaveLength(1_000)
    expect(await one.service.waiting()).toBe(0)
  })
})

describe('what goes wrong', () => {
  beforeEach(() => one.service.start())

  it('is tried again after a wait that doubles, says so, and keeps what is stored', async () => {
    const id = await submitted('a')
    const fail = async () => {
      one.torrent(id).fail(failureOf('STORAGE_UNAVAILABLE', 'the store is away'))
      await settle()
    }
    await fail()
    const error = { code: 'STORAGE_UNAVAILABLE', message: 'the store is away' }
    expect(await library.record(id)).toMatchObject({
      state: 'failed',
      error,
      retry: { attempts: 1, atMs: 1_005_000 },
    })
    expect(await one.service.get(id)).toMatchObject({ retry: { attempts: 1, atMs: 1_005_000 }, error })
    expect((await library.events()).at(-1)?.reason).toEqual({ code: 'failed', error })
    await library.pass(4_999)
    expect(one.runningIds).toEqual([])
    await library.pass(5_001)
    await fail()
    expect(await library.record(id)).toMatchObject({ retry: { attempts: 2, atMs: 1_020_000 } })
    await library.pass(15_000)
    one.torrent(id).deliverPiece(0)
    await fail()
    expect(await library.record(id)).toMatchObject({ retry: { attempts: 1 } })
    expect(await one.service.get(id)).toMatchObject({ pieces: 1 })
  })

  it('for good waits for its user', async () => {
    one.client.addFailure = failureOf('CLIENT_INVALID_SOURCE')
    const id = await submitted('a')
    expect(await library.record(id)).toMatchObject({ state: 'failed', retry: { attempts: 1 } })
    await library.pass(3_600_000)
    expect(await library.record(id)).toMatchObject({ state: 'failed' })
    one.client.addFailure = undefined
    await one.service.resume(id)
    await settle()
    expect(one.runningIds).toEqual([id])
    expect((await library.record(id))?.error).toBeUndefined()
  })

  it('for want of room pauses, and goes on by itself when there is room', async () => {
    const id = await submitted('a')
    one.torrent(id).fillUp(failureOf('STORAGE_NO_SPACE', 'the disk is full'))
    await settle()
    expect(await one.service.get(id)).toMatchObject({ state: 'paused', pause: 'noSpace' })
    expect((await library.events()).at(-1)?.reason).toMatchObject({
      code: 'full',
      error: { code: 'STORAGE_NO_SPACE' },
    })
    expect(one.service.running()).toMatchObject([{ state: 'paused', pause: 'noSpace' }])
    one.torrent(id).makeRoom()
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'downloading' })
    one.finish(id)
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'completed' })
  })

  it('for want of room is over when room comes in the same moment, and stays paused for whoever paused it', async () => {
    const id = await submitted('a')
    one.torrent(id).fillUp(failureOf('STORAGE_NO_SPACE'))
    one.torrent(id).makeRoom()
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'downloading' })
    one.torrent(id).fillUp(failureOf('STORAGE_NO_SPACE'))
    await settle()
    const pausing = one.service.pause(id)
    one.torrent(id).makeRoom()
    await pausing
    await library.pass(60_000)
    expect(await library.record(id)).toMatchObject({ state: 'paused', pause: 'user' })
  })

  it('for want of room at its begin is tried again', async () => {
    one.client.addFailure = failureOf('STORAGE_NO_SPACE')
    const id = await submitted('a')
    expect(await library.record(id)).toMatchObject({
      state: 'paused',
      pause: 'noSpace',
      retry: { attempts: 1 },
    })
    one.client.addFailure = undefined
    await library.pass(10_000)
    expect(await library.record(id)).toMatchObject({ state: 'downloading' })
  })

  it('with the database of the storage pauses, and goes on', async () => {
    const id = await submitted('a')
    one.torrent(id).fail(failureOf('STORAGE_DATABASE_UNAVAILABLE'))
    await settle()
    expect(await library.record(id)).toMatchObject({ state: 'paused', pause: 'databaseAway' })
    await library.pass(10_000)
    expect(await library.record(id)).toMatchObject({ state: 'downloading' })
  })

  it('with the database of imports changes nothing, and all goes on when it is back', async () => {
    const id = await submitted('a')
    const seed = await submitted('b', { seed: true })
    one.finish(seed)
    await settle()
    const away = failureOf('IMPORT_DATABASE')
    const { claimDue, saveImport } = one.imports
    one.imports.claimDue = () => Promise.reject(away)
    one.imports.saveImport = () => Promise.reject(away)
    one.torrent(id).fail(away)
    await settle()
    for (let polls = 0; polls < 12; polls += 1) {
      await library.pass(5_000)
    }
    expect(one.runningIds).toEqual([seed])
    Object.assign(one.imports, { claimDue, saveImport })
    await library.pass(5_000)
    expect(await library.record(id)).toMatchObject({ state: 'downloading' })
    expect(one.runningIds).toEqual([seed, id])
    // A dozen passes failed, and it is told once.
    expect(one.troubles).toEqual([
      { error: away, doing: 'recording how an import ended' },
      { error: away, doing: 'giving imports their turns' },
    ])
  })

  it('tells of a torrent that it could not let go of, and records what went wrong before that', async () => {
    const id = await submitted('a')
    const failure = failureOf('STORAGE_CLOSED')
    const { remove } = one.client
    one.client.remove = () => Promise.reject(failure)
    one.torrent(id).fail(failureOf('STORAGE_UNAVAILABLE'))
    await settle()
    one.client.remove = remove
    expect(one.troubles).toContainEqual({ error: failure, doing: 'letting go of the torrent of an import' })
    expect(await library.record(id)).toMatchObject({
      state: 'failed',
      error: { code: 'STORAGE_UNAVAILABLE' },
    })
  })

  it('with its lease ends it at once, unrecorded, and is tried again later', async () => {
    const id = await submitted('a')
    const before = await library.events()
    one.imports.loseClaims()
    await settle()
    expect(await library.events()).toEqual(before)
    expect(one.client.added).toHaveLength(1)
    await library.pass(5_000)
    expect(one.runningIds).toEqual([id])
    expect(one.client.added).toHaveLength(2)
  })
})
