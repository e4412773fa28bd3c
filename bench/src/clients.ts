// How fast is the whole client, with a library and with libtorrent's own disk storage, beside other clients?
// node dist/clients.js [--rounds 3] [--mebibytes 512] [--clients files,aria2,...] [--webtorrent FOLDER]
// FOLDER: where `npm install --ignore-scripts webtorrent` was run. What is not installed is left out.
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { hasProgram } from 'bae-e2e/harness/foreign-program.js'
import { MemoryWatch, processTree } from 'bae-e2e/harness/memory-watch.js'
import {
  type ForeignPeerProgram,
  foreignPeerPrograms,
  foreignPeers,
} from 'bae-e2e/harness/peers/foreign-peers.js'
import type { Leecher } from 'bae-e2e/harness/peers/leecher.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { openBenchLeecher, openBenchSeed } from './bench-seed.js'
import { NodePeer } from './node-peer.js'
import { flushPageCache } from './page-cache.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import { cpuSecondsOf } from './server-usage.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '512' },
    clients: { type: 'string', default: ['files', 'webtorrent', ...foreignPeerPrograms].join() },
    webtorrent: { type: 'string' },
  },
})
const runLimitMs = 240_000
const totalBytes = Number(values.mebibytes) * mebibyte
const isForeign = (client: string): client is ForeignPeerProgram => client in foreignPeers

await using workshop = new Workshop()
const torrent = await workshop.fileTorrent(totalBytes, mebibyte)

/** Begins with what lies in `folder`. */
function start(client: string, folder: string): Promise<Leecher> {
  if (isForeign(client)) return foreignPeers[client].start(torrent, { folder: join(folder, 'content') })
  if (client === 'webtorrent') {
    return NodePeer.start('webtorrent-node', values.webtorrent ?? '', torrent.path, folder)
  }
  return NodePeer.start('client-node', client, torrent.path, folder)
}

const startedPids = async () => (await processTree(process.pid)).filter((pid) => pid !== process.pid)

async function measureDownload(client: string, folder: string): Promise<Figures> {
  await using seed = await openBenchSeed(torrent)
  const peer = await start(client, folder)
  await using watch = new MemoryWatch({ all: startedPids })
  try {
    const cpuBefore = await cpuSecondsOf(await startedPids())
    seed.dial(peer.address)
    const startMs = await momentOf(() => seed.uploadedBytes() > 0)
    await peer.whenComplete(runLimitMs)
    const seconds = (performance.now() - startMs) / 1000
    const otherSeconds = peer instanceof NodePeer ? await peer.otherCpuSeconds() : 0
    const cpuSeconds = (await cpuSecondsOf(await startedPids())) - cpuBefore + otherSeconds
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

async function measureSeeding(client: string, folder: string): Promise<Figures> {
  const peer = await start(client, folder)
  try {
    await peer.whenComplete(runLimitMs)
    await using leecher = await openBenchLeecher(torrent)
    const cpuBefore = await cpuSecondsOf(await startedPids())
    leecher.dial(peer.address)
    const startMs = await momentOf(() => leecher.downloadedBytes() > 0)
    await leecher.whenFinished()
    const seconds = (performance.now() - startMs) / 1000
    const cpuSeconds = (await cpuSecondsOf(await startedPids())) - cpuBefore
    return { 'seeding, first to last byte, s': seconds, 'seeding, CPU, s': cpuSeconds }
  } finally {
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

async function measure(client: string): Promise<Figures> {
  const folder = await mkdtemp(join(await workshop.folder, `${client} `))
  flushPageCache()
  return { ...(await measureDownload(client, folder)), ...(await measureSeeding(client, folder)) }
}

const isThere = (client: string) =>
  client === 'webtorrent' ? values.webtorrent !== undefined : !isForeign(client) || hasProgram(client)
const others = values.clients.split(',').filter(isThere)
const rounds = new Map<string, Round[]>(others.map((client) => [client, []]))
for (let number = 1; number <= Number(values.rounds); number++) {
  const ours = await measure('library')
  for (const client of others) {
    rounds.get(client)?.push({ ours, theirs: await measure(client) })
    process.stderr.write(`round ${number} of ${values.rounds}: ${client}\n`)
  }
}
for (const [client, measured] of rounds) {
  process.stdout.write(`\n${formatTable(resultRows(measured), { ours: 'bae, library', theirs: client })}\n`)
}
const rows = Object.fromEntries([...rounds].map(([client, measured]) => [client, resultRows(measured)]))
await writeResult('clients', { totalBytes, rows, rounds: Object.fromEntries(rounds) })
