import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import { addTestTorrent, everythingDue, openClient } from './open-client.js'

describe('statusUpdated', () => {
  it('has only the torrents whose status changed since the last', async () => {
    const fakes = await openClient()
    const first = await addTestTorrent(fakes, createTestTorrent({ name: 'first' }))
    const second = await addTestTorrent(fakes, createTestTorrent({ name: 'second' }))
    const [both] = await once(fakes.client, 'statusUpdated')
    expect([...both.statuses.keys()]).toEqual([first.torrent.id, second.torrent.id])
    await fakes.swarm.deliverPiece(second.torrent.id, 0)
    const [one] = await once(fakes.client, 'statusUpdated')
    expect([...one.statuses]).toEqual([[second.torrent.id, second.torrent.status]])
  })

  it('says nothing of a torrent that has left', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes, createTestTorrent({ name: 'leaves' }))
    const stays = await addTestTorrent(fakes, createTestTorrent({ name: 'stays' }))
    await fakes.client.remove(torrent.id)
    const told = new Set<string>()
    fakes.client.on('statusUpdated', ({ statuses }) => {
      for (const id of statuses.keys()) told.add(id)
    })
    await fakes.swarm.deliverPiece(stays.torrent.id, 0)
    await expect.poll(() => told).toContain(stays.torrent.id)
    expect(told).not.toContain(torrent.id)
  })

  it('goes on when it could not be asked once', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const [session] = fakes.swarm.sessions
    const ask = vi.spyOn(session ?? fail(), 'postTorrentUpdates').mockImplementationOnce(() => {
      throw new Error('no answer')
    })
    await expect.poll(() => ask.mock.calls.length).toBeGreaterThan(1)
    await fakes.swarm.deliverPiece(torrent.id, 0)
    await once(fakes.client, 'statusUpdated')
    expect(torrent.status.completedPieces).toBe(1)
    expect(fakes.warnings).toContain('the status of torrents could not be read')
  })

  it('reads a torrent that peers have come to, and no other', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes, createTestTorrent({ name: 'visited' }))
    await addTestTorrent(fakes, createTestTorrent({ name: 'lonely' }))
    const [session] = fakes.swarm.sessions
    const read = vi.spyOn(session ?? fail(), 'torrentStatuses')
    const visited = fakes.swarm.torrent(torrent.id)
    const { status } = visited
    visited.status = () => ({ ...status.call(visited), peers: 3 })
    // libtorrent does not take peers for a change.
    vi.spyOn(session ?? fail(), 'postTorrentUpdates').mockImplementation(() => {})
    const { handle } = visited
    session?.options.onAlert({ type: 'peerConnected', handle, peer: '127.0.0.1:1' })
    await expect.poll(() => torrent.status.peers).toBe(3)
    expect(read.mock.calls).toEqual([[[handle]]])
  })

  it('reads a torrent of files until what libtorrent has checked is written, too', async () => {
    const fakes = await openClient({ savePath: '/nowhere' })
    const { torrentFile } = createTestTorrent()
    const alerts: string[] = []
    fakes.client.on('alertReceived', ({ alert }) => alerts.push(alert.type))
    const torrent = await fakes.client.add({ torrentFile }, { storage: 'files' })
    const session = fakes.swarm.sessions.at(-1) ?? fail()
    await expect.poll(() => alerts).toContain('torrentChecked')
    vi.spyOn(session, 'postTorrentUpdates').mockImplementation(() => {})
    await everythingDue()
    const [written] = session.torrents
    const { status, pieceMap } = written ?? fail()
    const pieceCount = written?.pieceCount ?? 0
    let piecesHave = 0
    const finished = { state: 'seeding' as const, paused: true }
    Object.assign(written ?? {}, {
      status: () => ({ ...status.call(written), ...finished, piecesHave }),
      pieceMap: () => (piecesHave === 0 ? pieceMap.call(written) : new Uint8Array(2).fill(255)),
    })
    session.options.onAlert({ type: 'torrentPaused', handle: written?.handle ?? 0 })
    expect(torrent.status).toMatchObject({ state: 'paused', completedPieces: 0 })
    piecesHave = pieceCount
    await torrent.whenFinished({ signal: AbortSignal.timeout(30_000) })
  })

  it('reads torrents that come at the same time in one question, and before if somebody asks', async () => {
    const fakes = await openClient()
    const [session] = fakes.swarm.sessions
    const read = vi.spyOn(session ?? fail(), 'torrentStatuses')
    const [a, b, c] = await Promise.all(
      ['a', 'b', 'c'].map((name) => addTestTorrent(fakes, createTestTorrent({ name }))),
    )
    expect(read).not.toHaveBeenCalled()
    expect(b?.torrent.status.state).toBe('downloading')
    expect(b?.torrent.status).toBe(b?.torrent.status)
    expect(read.mock.calls.map(([handles]) => handles?.length)).toEqual([1])
    await everythingDue()
    expect(read.mock.calls.map(([handles]) => handles?.length)).toEqual([1, 2])
    expect([a, c].map((added) => added?.torrent.status.state)).toEqual(['downloading', 'downloading'])
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('asks nothing of a torrent that does nothing, however many there are', async () => {
    const fakes = await openClient()
    const [session] = fakes.swarm.sessions
    const native = session ?? fail()
    const read = vi.spyOn(native, 'torrentStatuses')
    const callsOf = async (torrents: readonly string[]) => {
      read.mockClear()
      for (const name of torrents) await addTestTorrent(fakes, createTestTorrent({ name }))
      const asked = vi.spyOn(native, 'postTorrentUpdates')
      await expect.poll(() => asked.mock.calls.length).toBeGreaterThan(2)
      asked.mockRestore()
      return read.mock.calls.flatMap(([handles]) => handles)
    }
    const first = await callsOf(['a', 'b', 'c', 'd'])
    const second = await callsOf(Array.from({ length: 4 }, (_, index) => `late ${index}`))
    expect(second.length).toBe(first.length)
    expect(second).toHaveLength(4)
  })
})

function fail(): never {
  throw new Error('there is no session')
}
