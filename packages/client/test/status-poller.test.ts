import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import { addTestTorrent, openClient } from './open-client.js'

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

  it('goes on when the status of one torrent cannot be read', async () => {
    const fakes = await openClient()
    const broken = await addTestTorrent(fakes, createTestTorrent({ name: 'broken' }))
    const sound = await addTestTorrent(fakes, createTestTorrent({ name: 'sound' }))
    const torrent = fakes.swarm.torrent(broken.torrent.id)
    torrent.status = () => {
      throw new Error('no answer')
    }
    await fakes.swarm.deliverPiece(sound.torrent.id, 0)
    await once(fakes.client, 'statusUpdated')
    expect(sound.torrent.status.completedPieces).toBe(1)
    expect(fakes.warnings).toContain('the status of a torrent could not be read')
  })
})
