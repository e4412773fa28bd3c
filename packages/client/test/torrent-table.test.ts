import { FakeSwarm } from '@bae/native/testing'
import type { TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { ClientTorrent } from '../src/client-torrent.js'
import { TorrentTable } from '../src/torrent-table.js'

async function createTorrent(id: string): Promise<ClientTorrent> {
  const session = await new FakeSwarm().createSession({
    handler: {} as never,
    onAlert() {},
  })
  const source = { infoHashes: [], trackers: [], request: { magnetUri: '' } }
  return new ClientTorrent(
    { session, readmit() {} },
    { id: id as TorrentId, source, paused: false, peers: [] },
  )
}

describe('TorrentTable', () => {
  it('finds a torrent by id, by any of its info hashes and by its handle', async () => {
    const table = new TorrentTable()
    const torrent = await createTorrent('one')
    table.set(torrent, ['v1'])
    table.set(torrent, ['v1', 'v2'])
    table.setHandle(7, torrent)
    expect(table.size).toBe(1)
    expect(table.get(torrent.id)).toBe(torrent)
    expect(table.withInfoHash(['unknown', 'v2'])).toBe(torrent)
    expect(table.withHandle(7)).toBe(torrent)
    expect([...table]).toEqual([torrent])
  })

  it('leaves an info hash with the torrent that had it first', async () => {
    const table = new TorrentTable()
    const [first, second] = [await createTorrent('one'), await createTorrent('two')]
    table.set(first, ['v1'])
    table.set(second, ['v1'])
    expect(table.withInfoHash(['v1'])).toBe(first)
    table.delete(second)
    expect(table.withInfoHash(['v1'])).toBe(first)
  })

  it('forgets a torrent under every name', async () => {
    const table = new TorrentTable()
    const torrent = await createTorrent('one')
    table.set(torrent, ['v1', 'v2'])
    table.setHandle(7, torrent)
    table.deleteHandle(7)
    table.delete(torrent)
    expect([table.get(torrent.id), table.withInfoHash(['v1', 'v2']), table.withHandle(7)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
