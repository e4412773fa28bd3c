import { FakeSwarm } from '@bae/native/testing'
import type { TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { ClientSession } from '../src/client-session.js'
import { HeldTorrent } from '../src/held-torrent.js'
import { TorrentTable } from '../src/torrent-table.js'
import { TorrentWishes } from '../src/torrent-wishes.js'

async function createTorrent(id: string): Promise<HeldTorrent> {
  const { createSession, parseTorrentFile } = new FakeSwarm()
  const native = await createSession({ handler: {} as never, onAlert() {} })
  const source = { infoHashes: [], trackers: [], request: { magnetUri: '' } }
  return new HeldTorrent(
    {
      session: new ClientSession('own', native, () => {}),
      parseTorrentFile,
      readmit() {},
      changed() {},
      statusChanged() {},
      contentsFound() {},
      fullDiskRetry: { firstMs: 1, longestMs: 1 },
      isPexDisabled: () => false,
    },
    { id: id as TorrentId, source, wishes: new TorrentWishes() },
  )
}

describe('TorrentTable', () => {
  it('finds a torrent by id and by any of its info hashes', async () => {
    const table = new TorrentTable()
    const torrent = await createTorrent('one')
    table.set(torrent, ['v1'])
    table.set(torrent, ['v1', 'v2'])
    expect(table.size).toBe(1)
    expect(table.get(torrent.id)).toBe(torrent)
    expect(table.withInfoHash(['unknown', 'v2'])).toBe(torrent)
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
    table.delete(torrent)
    expect([table.get(torrent.id), table.withInfoHash(['v1', 'v2'])]).toEqual([undefined, undefined])
  })
})
