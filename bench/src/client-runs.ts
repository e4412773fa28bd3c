import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { within } from 'bae-e2e/harness/bounded-wait.js'
import { MemoryWatch, processTree } from 'bae-e2e/harness/memory-watch.js'
import { type ForeignPeerProgram, foreignPeers } from 'bae-e2e/harness/peers/foreign-peers.js'
import type { Leecher } from 'bae-e2e/harness/peers/leecher.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { BenchPeer } from './bench-peer.js'
import { type BenchLeecher, openBenchLeecher, openBenchSeed } from './bench-seed.js'
import { dropPageCache } from './page-cache.js'
import type { Figures } from './result-table.js'
import { cpuSecondsOf } from './server-usage.js'

const runLimitMs = 240_000

/** A program with one torrent, whose content is, or will be, in a folder. */
export interface ClientRun {
  /** 'library' and 'files' are our own client, 'service' the import service; 'libtorrent' its own with the settings of ours; 'webtorrent' needs `webtorrent`. */
  readonly client: string
  readonly torrent: TorrentFile
  readonly folder: string
  /** Where WebTorrent was installed. */
  readonly webtorrent?: string
  /** A command that runs our own client, such as a profiler. */
  readonly under?: readonly string[]
}

/** Begins with what lies in the folder. */
function start({ client, torrent, folder, webtorrent = '', under = [] }: ClientRun): Promise<Leecher> {
  if (isForeign(client)) return foreignPeers[client].start(torrent, { folder: join(folder, 'content') })
  if (client === 'libtorrent') return BenchPeer.startPython(torrent.path, folder)
  if (client === 'webtorrent') return BenchPeer.start('webtorrent-node', webtorrent, torrent.path, folder)
  if (client === 'service') return BenchPeer.start('service-node', 'download', torrent.path, folder)
  return BenchPeer.start('client-node', client, torrent.path, folder, under)
}

export function isForeign(client: string): client is ForeignPeerProgram {
  return client in foreignPeers
}

const startedPids = async () => (await processTree(process.pid)).filter((pid) => pid !== process.pid)

/** CPU of all that was started, a database server's too. */
async function cpuSecondsSoFar(peer: Leecher): Promise<number> {
  const otherSeconds = peer instanceof BenchPeer ? await peer.otherCpuSeconds() : 0
  return (await cpuSecondsOf(await startedPids())) + otherSeconds
}

export async function measureClientDownload(run: ClientRun): Promise<Figures> {
  await using seed = await openBenchSeed(run.torrent)
  const peer = await start(run)
  await using watch = new MemoryWatch({ all: startedPids })
  try {
    const cpuBefore = await cpuSecondsSoFar(peer)
    seed.dial(peer.address)
    const startMs = await momentOf(() => seed.uploadedBytes() > 0)
    await peer.whenComplete(runLimitMs)
    const seconds = (performance.now() - startMs) / 1000
    const cpuSeconds = (await cpuSecondsSoFar(peer)) - cpuBefore
    await watch.stop()
    return {
      'download, first byte to complete, s': seconds,
      'download, CPU, s': cpuSeconds,
      'download, peak resident, MiB': watch.peakBytes('all') / mebibyte,
    }
  } finally {
    await peer.close()
  }
}

/** To so many leechers at once, that know nothing and keep nothing. */
export async function measureClientSeeding(
  run: ClientRun,
  { leechers: count = 1, isCold = false }: { readonly leechers?: number; readonly isCold?: boolean } = {},
): Promise<Figures> {
  const peer = await start(run)
  const leechers: BenchLeecher[] = []
  await using watch = new MemoryWatch({ all: startedPids })
  try {
    await peer.whenComplete(runLimitMs)
    for (let number = 0; number < count; number += 1) leechers.push(await openBenchLeecher(run.torrent))
    if (isCold) dropPageCache()
    const cpuBefore = await cpuSecondsSoFar(peer)
    for (const leecher of leechers) leecher.dial(peer.address)
    const startMs = await momentOf(() => leechers.some((leecher) => leecher.downloadedBytes() > 0))
    const finished = Promise.all(leechers.map((leecher) => leecher.whenFinished()))
    await within(runLimitMs, 'everything at all leechers', finished)
    const seconds = (performance.now() - startMs) / 1000
    const cpuSeconds = (await cpuSecondsSoFar(peer)) - cpuBefore
    await watch.stop()
    return {
      'seeding, first to last byte, s': seconds,
      'seeding, CPU, s': cpuSeconds,
      'seeding, peak resident, MiB': watch.peakBytes('all') / mebibyte,
    }
  } finally {
    for (const leecher of leechers) await leecher[Symbol.asyncDispose]()
    await peer.close()
  }
}

async function momentOf(isThere: () => boolean): Promise<number> {
  for (const limitMs = performance.now() + runLimitMs; !isThere(); ) {
    if (performance.now() > limitMs) throw new Error('nothing was transferred')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now()
}
