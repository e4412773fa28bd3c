import type { NativeTorrentStatus } from '@bae/native'
import { describe, expect, it } from 'vitest'
import { ClientError } from '../src/errors.js'
import { createTestTorrent } from '../src/testing/index.js'
import { TorrentProgress } from '../src/torrent-progress.js'
import { bitsOf, everythingDue, rejectionOf } from './open-client.js'

const test = createTestTorrent({ files: { 'a.wav': 3 * 16 * 1024 } })
const contents = { ...test, isPrivate: false }
const native: NativeTorrentStatus = {
  handle: 1,
  state: 'downloading',
  paused: false,
  uploadMode: false,
  piecesHave: 0,
  peers: 0,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  downloadedBytes: 5,
  uploadedBytes: 0,
}

function openProgress(pieces: number[] = []): TorrentProgress {
  const progress = new TorrentProgress(contents)
  progress.open(contents, bitsOf(3, pieces))
  return progress
}

describe('TorrentProgress', () => {
  it('lets those who wait have the metadata, and then the pieces that are there', async () => {
    const progress = new TorrentProgress(undefined)
    const metadata = progress.whenMetadata()
    const piece = progress.whenPiece(1)
    progress.open(contents, bitsOf(3, [1]))
    expect(await metadata).toBe(contents.layout)
    await piece
  })

  it('finishes with the last piece', async () => {
    const progress = openProgress([0, 1])
    let isFinished = false
    const finished = progress.whenFinished().then(() => {
      isFinished = true
    })
    const piece = progress.whenPiece(2)
    await everythingDue()
    expect(isFinished).toBe(false)
    expect(progress.complete(2)).toEqual([0])
    await Promise.all([finished, piece])
    expect(progress.complete(2)).toBeUndefined()
    await progress.whenFinished()
  })

  it('waits again for a piece that was cleared', async () => {
    const progress = openProgress([0, 1, 2])
    progress.clear(1)
    expect(progress.status.completedPieces).toBe(2)
    const piece = progress.whenPiece(1)
    await everythingDue()
    progress.complete(1)
    await piece
  })

  it('refuses to wait for a piece outside, also when the metadata comes later', async () => {
    expect(await rejectionOf(openProgress().whenPiece(3))).toBeInstanceOf(RangeError)
    const progress = new TorrentProgress(undefined)
    const piece = rejectionOf(progress.whenPiece(-1))
    progress.open(contents, bitsOf(3, []))
    expect(await piece).toBeInstanceOf(RangeError)
  })

  it('rejects those who wait, now and later, until it recovers', async () => {
    const progress = openProgress([0])
    const waiting = rejectionOf(progress.whenFinished())
    await everythingDue()
    const failure = new ClientError('CLIENT_TORRENT_FAILED', 'stopped')
    expect(progress.fail(failure)).toBe(true)
    expect(progress.fail(failure)).toBe(false)
    expect(await waiting).toBe(failure)
    expect(await rejectionOf(progress.whenPiece(1))).toBe(failure)
    await progress.whenPiece(0)
    progress.recover()
    const piece = progress.whenPiece(1)
    await everythingDue()
    progress.complete(1)
    await piece
  })

  it('rejects for good once it has ended, but still says what it has', async () => {
    const progress = openProgress([0])
    const waiting = rejectionOf(progress.whenPiece(1))
    await everythingDue()
    const reason = new ClientError('CLIENT_TORRENT_REMOVED', 'gone')
    progress.end(reason)
    progress.end(new ClientError('CLIENT_CLOSED', 'closed'))
    expect(await waiting).toBe(reason)
    expect(await rejectionOf(progress.whenFinished())).toBe(reason)
    expect(progress.fail(new ClientError('CLIENT_TORRENT_FAILED', 'late'))).toBe(false)
    await progress.whenPiece(0)
    expect(await progress.whenMetadata()).toBe(contents.layout)
  })

  it('says why libtorrent stopped it, with the storage error as the cause', () => {
    const progress = openProgress()
    const cause = new Error('the disk is gone')
    progress.noteStorageFailure(cause)
    progress.noteStorageFailureUnlessKnown(new Error('at second hand'))
    progress.observe({ ...native, paused: true, error: { code: 'EIO', message: 'input/output error' } })
    expect(progress.stoppedBy()).toMatchObject({ code: 'CLIENT_TORRENT_FAILED', cause })
  })

  it('only lacks space while native only uploads', () => {
    const progress = openProgress()
    const cause = Object.assign(new Error('full'), { code: 'STORAGE_NO_SPACE' })
    progress.noteStorageFailure(cause)
    progress.observe({ ...native, uploadMode: true })
    expect(progress.status).toMatchObject({
      state: 'downloading',
      error: { code: 'STORAGE_NO_SPACE', cause },
    })
    progress.observe(native)
    expect(progress.status).not.toHaveProperty('error')
  })

  it('adds up what several turns in the session have moved', () => {
    const progress = openProgress()
    progress.observe(native)
    progress.observe(undefined)
    expect(progress.status).toMatchObject({ state: 'opening', downloadedBytes: 5 })
    progress.observe(native)
    expect(progress.status.downloadedBytes).toBe(10)
  })

  it('gives up a wait with the reason of the signal', async () => {
    const progress = new TorrentProgress(undefined)
    const reason = new Error('no time')
    const signal = AbortSignal.abort(reason)
    expect(await rejectionOf(progress.whenMetadata({ signal }))).toBe(reason)
    expect(await rejectionOf(progress.whenFinished({ signal }))).toBe(reason)
  })
})
