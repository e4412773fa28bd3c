import { once } from 'node:events'
import type { TorrentSource } from '@bae/client'
import type { TorrentClientLike, TorrentLike } from '@bae/import-service'
import type { TestTorrent } from '@bae/native/testing'
import { describe, expect, it } from 'vitest'

export interface TorrentClientSubject extends AsyncDisposable {
  readonly client: TorrentClientLike
  readonly content: TestTorrent
  /** From now on the swarm gives the torrent everything that it lacks. */
  deliver(torrent: TorrentLike): Promise<void>
}

const limitMs = 60_000

/** What the import service relies on, so that its tests on the fake client are tests of the real one. */
export function torrentClientClauses(create: () => Promise<TorrentClientSubject>): void {
  describe('a torrent client', () => {
    it('adds a torrent before it is finished, and gives it back by its id', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      expect(subject.client.get(torrent.id)).toBe(torrent)
      expect(torrent.status.completedPieces).toBe(0)
    })

    it('finishes a torrent when every piece is stored', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      await subject.deliver(torrent)
      await torrent.whenFinished({ signal: AbortSignal.timeout(limitMs) })
      expect(torrent.layout?.totalLengthBytes).toBe(subject.content.bytes.length)
      expect(torrent.status).toMatchObject({ completedPieces: 5, totalPieces: 5 })
    })

    it('tells every piece once, and then that the torrent is finished', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      const told: (number | string)[] = []
      torrent.on('pieceCompleted', ({ piece }) => told.push(piece))
      torrent.on('torrentFinished', () => told.push('finished'))
      const finished = once(torrent, 'torrentFinished', { signal: AbortSignal.timeout(limitMs) })
      await subject.deliver(torrent)
      await finished
      expect(told.toSorted()).toEqual([0, 1, 2, 3, 4, 'finished'])
      expect(told.at(-1)).toBe('finished')
    })

    it('tells statuses by torrent id', async () => {
      await using subject = await create()
      const statuses: unknown[] = []
      subject.client.on('statusUpdated', (update) => statuses.push(...update.statuses.keys()))
      const torrent = await subject.client.add(sourceOf(subject))
      await subject.deliver(torrent)
      await torrent.whenFinished({ signal: AbortSignal.timeout(limitMs) })
      await expect.poll(() => statuses, { timeout: limitMs }).toContain(torrent.id)
    })

    it('stops waiting with the reason of an aborted signal', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      const abort = new AbortController()
      const waiting = torrent.whenFinished({ signal: abort.signal })
      const reason = new Error('enough')
      abort.abort(reason)
      await expect(waiting).rejects.toBe(reason)
    })

    it('adds nothing under an aborted signal', async () => {
      await using subject = await create()
      const reason = new Error('too late')
      const adding = subject.client.add(sourceOf(subject), { signal: AbortSignal.abort(reason) })
      await expect(adding).rejects.toBe(reason)
    })

    it('forgets a removed torrent, and whoever waits for it learns so', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      const waiting = torrent.whenFinished()
      const rejected = expect(waiting).rejects.toBeInstanceOf(Error)
      await subject.client.remove(torrent.id)
      await rejected
      expect(subject.client.get(torrent.id)).toBeUndefined()
    })

    it('streams a file by the index of its layout, also a part of it', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      await subject.deliver(torrent)
      await torrent.whenMetadata({ signal: AbortSignal.timeout(limitMs) })
      const range = { offset: 10, length: 60_000 }
      const file = torrent.files.find(({ index }) => index === 1)
      let lengthBytes = 0
      for await (const bytes of file?.stream({ range, signal: AbortSignal.timeout(limitMs) }) ?? [])
        lengthBytes += bytes.length
      expect(lengthBytes).toBe(range.length)
    })

    it('tells whoever reads a file that the torrent was removed', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      await subject.deliver(torrent)
      await torrent.whenFinished({ signal: AbortSignal.timeout(limitMs) })
      const reading = torrent.files[0]?.stream()[Symbol.asyncIterator]()
      await reading?.next()
      await subject.client.remove(torrent.id)
      await expect(reading?.next()).rejects.toMatchObject({ code: 'CLIENT_TORRENT_REMOVED' })
    })

    it('finds everything again when a finished torrent is added once more', async () => {
      await using subject = await create()
      const first = await subject.client.add(sourceOf(subject))
      await subject.deliver(first)
      await first.whenFinished({ signal: AbortSignal.timeout(limitMs) })
      await subject.client.remove(first.id)
      const second = await subject.client.add(sourceOf(subject), { id: first.id })
      expect(second).not.toBe(first)
      await subject.deliver(second)
      await second.whenFinished({ signal: AbortSignal.timeout(limitMs) })
      expect(second.status).toMatchObject({ completedPieces: 5, downloadedBytes: 0 })
    })

    it('ends every wait when it closes', async () => {
      await using subject = await create()
      const torrent = await subject.client.add(sourceOf(subject))
      const rejected = expect(torrent.whenFinished()).rejects.toBeInstanceOf(Error)
      await subject.client.close()
      await rejected
    })
  })
}

function sourceOf(subject: TorrentClientSubject): TorrentSource {
  return { torrentFile: subject.content.torrentFile }
}
