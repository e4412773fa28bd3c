import type { NativeTorrentStatus } from '@bae/native'
import { describe, expect, it } from 'vitest'
import { ClientError } from '../src/errors.js'
import { PieceTally } from '../src/piece-tally.js'
import { createTestTorrent } from '../src/testing/index.js'
import { INITIAL_STATUS, NOTHING_MOVED, nextStatus, type StatusFacts } from '../src/torrent-status.js'

const native: NativeTorrentStatus = {
  handle: 1,
  state: 'downloading',
  paused: false,
  uploadMode: false,
  piecesHave: 0,
  peers: 3,
  downloadBytesPerSecond: 10,
  uploadBytesPerSecond: 20,
  downloadedBytes: 30,
  uploadedBytes: 40,
}

const { layout } = createTestTorrent({ files: { 'a.wav': 16 * 1024, 'b.wav': 1000 } })
const half = new PieceTally(layout, Uint8Array.of(0b1000_0000))
const full = new PieceTally(layout, Uint8Array.of(0b1100_0000))
const enough = new PieceTally(layout, Uint8Array.of(0b1000_0000), [4, 0])

function status(facts: Partial<StatusFacts>) {
  const nothing = { native: undefined, tally: undefined, failure: undefined, noSpace: undefined }
  return nextStatus(INITIAL_STATUS, {
    ...nothing,
    earlier: NOTHING_MOVED,
    before: NOTHING_MOVED,
    ...facts,
  })
}

describe('nextStatus', () => {
  it('names each state', () => {
    expect(status({}).state).toBe('opening')
    expect(status({ native: { ...native, state: 'downloadingMetadata' } }).state).toBe('fetchingMetadata')
    expect(status({ native: { ...native, state: 'checkingFiles' }, tally: half }).state).toBe('checking')
    expect(status({ native, tally: half }).state).toBe('downloading')
    expect(status({ native, tally: full }).state).toBe('seeding')
    expect(status({ native, tally: enough }).state).toBe('finished')
    expect(status({ native: { ...native, paused: true }, tally: half })).toMatchObject({
      state: 'paused',
      paused: true,
    })
  })

  it('counts what the storage completed, whatever libtorrent believes', () => {
    const believing = { ...native, state: 'seeding' as const, piecesHave: 2 }
    expect(status({ native: believing, tally: half })).toMatchObject({
      state: 'downloading',
      completedPieces: 1,
      totalPieces: 2,
    })
    expect(status({ native })).not.toHaveProperty('totalPieces')
  })

  it('measures its progress by what is wanted', () => {
    expect(status({ native, tally: half })).toMatchObject({
      totalBytes: 17_384,
      wantedBytes: 17_384,
      completedBytes: 16_384,
      progress: 16_384 / 17_384,
    })
    expect(status({ native, tally: enough })).toMatchObject({ wantedBytes: 16_384, progress: 1 })
    expect(status({ native })).toMatchObject({ completedBytes: 0, progress: 0 })
  })

  it('has failed before anything else, with its error', () => {
    const failure = new ClientError('CLIENT_TORRENT_FAILED', 'stopped')
    const noSpace = new ClientError('STORAGE_NO_SPACE', 'full')
    expect(status({ native: { ...native, paused: true }, tally: half, failure, noSpace })).toMatchObject({
      state: 'failed',
      error: failure,
    })
    expect(status({ native, tally: half, noSpace })).toMatchObject({ state: 'downloading', error: noSpace })
  })

  it('adds up what was moved before the session had the torrent again', () => {
    const earlier = { downloadedBytes: 100, uploadedBytes: 200 }
    const before = { downloadedBytes: 1_000, uploadedBytes: 2_000 }
    expect(status({ native, earlier, before })).toMatchObject({
      allTimeDownloadedBytes: 1_130,
      allTimeUploadedBytes: 2_240,
    })
    expect(status({ native, earlier })).toMatchObject({ downloadedBytes: 130, uploadedBytes: 240 })
    expect(status({ earlier })).toMatchObject({ downloadedBytes: 100, uploadedBytes: 200, peers: 0 })
  })

  it('is the same object until something changes, and a new frozen one then', () => {
    const facts = {
      native,
      tally: half,
      failure: undefined,
      noSpace: undefined,
      earlier: NOTHING_MOVED,
      before: NOTHING_MOVED,
    }
    const first = nextStatus(INITIAL_STATUS, facts)
    expect(nextStatus(first, { ...facts, native: { ...native } })).toBe(first)
    const second = nextStatus(first, { ...facts, native: { ...native, peers: 4 } })
    expect(second).not.toBe(first)
    expect(first.peers).toBe(3)
    expect(Object.isFrozen(second)).toBe(true)
  })
})
