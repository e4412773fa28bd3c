import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import { addTestTorrent, createHeld, openClient } from './open-client.js'

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

  it('goes on when statuses could not be read once', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const [session] = fakes.swarm.sessions
    let questions = 0
    const { promise: again, release: answered } = createHeld()
    const ask = session?.torrentStatuses.bind(session)
    if (session !== undefined) {
      session.torrentStatuses = (handles) => {
        if (++questions === 1) throw new Error('no answer')
        if (questions === 2) answered()
        return ask?.(handles) ?? []
      }
    }
    await again
    await fakes.swarm.deliverPiece(torrent.id, 0)
    await once(fakes.client, 'statusUpdated')
    expect(torrent.status.completedPieces).toBe(1)
    expect(fakes.warnings).toContain('the status of torrents could not be read')
  })

  it('asks once for all torrents', async () => {
    const fakes = await openClient()
    for (const name of ['a', 'b', 'c']) await addTestTorrent(fakes, createTestTorrent({ name }))
    const [session] = fakes.swarm.sessions
    const asked = vi.spyOn(session ?? fail(), 'torrentStatuses')
    await once(fakes.client, 'statusUpdated')
    expect(new Set(asked.mock.calls.map(([handles]) => handles))).toEqual(new Set([undefined]))
  })
})

function fail(): never {
  throw new Error('there is no session')
}
