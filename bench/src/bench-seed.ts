import { readFile } from 'node:fs/promises'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { type BenchSession, openBenchSession } from './bench-session.js'

export interface BenchSeed extends AsyncDisposable {
  uploadedBytes(): number
  dial(address: string): void
}

/** libtorrent in this process, with the file in the page cache: it dials, as not every client can be told of a peer. */
export async function openBenchSeed(torrent: TorrentFile, uploadBytesPerSecond = 0): Promise<BenchSeed> {
  const { session } = await openBenchSession({})
  const handle = await session.addTorrent({
    torrentId: 'seed',
    torrentFile: await readFile(torrent.path),
    savePath: torrent.content.folder,
    seedMode: true,
    limits: { uploadBytesPerSecond },
  })
  return {
    uploadedBytes: () => session.torrentStatus(handle).uploadedBytes,
    dial: (address) => dial(session, handle, address),
    [Symbol.asyncDispose]: () => session.close(),
  }
}

export interface BenchLeecher extends AsyncDisposable {
  downloadedBytes(): number
  dial(address: string): void
  whenFinished(): Promise<void>
}

/** A leecher that keeps nothing and hashes nothing, so that it is not what is waited for. */
export async function openBenchLeecher(torrent: TorrentFile): Promise<BenchLeecher> {
  const leecher = await openBenchSession({
    diskBackend: 'disabled',
    settings: { disable_hash_checks: true },
  })
  const handle = await leecher.session.addTorrent({
    torrentId: 'leech',
    torrentFile: await readFile(torrent.path),
    savePath: '/tmp',
  })
  return {
    downloadedBytes: () => leecher.session.torrentStatus(handle).downloadedBytes,
    dial: (address: string) => dial(leecher.session, handle, address),
    whenFinished: () => leecher.until('torrentFinished'),
    [Symbol.asyncDispose]: () => leecher.session.close(),
  }
}

function dial(session: BenchSession['session'], handle: number, address: string): void {
  const [host = '', port = ''] = address.split(':')
  session.connectPeer(handle, host, Number(port))
}
