// What does it cost to bring blocks across the border into JavaScript, against libtorrent's disabled_disk_io?
// node dist/border.js [--rounds 5] [--mebibytes 1024] [--piece 16384,1048576,16777216] [--format v1,hybrid]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { makeBenchTorrent, type TorrentShape } from './bench-torrent.js'
import { measureHashPass } from './hash-pass.js'
import { downloadFigures, type Measurement, measureDownload } from './measured-run.js'
import { formatSpread, formatTable, type Round, resultRows } from './result-table.js'
import { spreadOf } from './statistics.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '1024' },
    piece: { type: 'string', default: '16384,1048576,16777216' },
    format: { type: 'string', default: 'v1,hybrid' },
  },
})
const roundCount = Number(values.rounds)
const totalBytes = Number(values.mebibytes) * mebibyte

/** What decides: our CPU beyond theirs, against one pass of each hash and a quarter of theirs. */
interface BorderRound extends Round {
  readonly hashPassSeconds: number
  readonly differenceSeconds: number
  readonly allowedSeconds: number
}

const leecher = join(repositoryRoot, 'bench/dist/border-leecher.js')

async function measureLeecher(
  kind: string,
  seed: LibtorrentSeed,
  torrent: TorrentFile,
): Promise<Measurement> {
  const [host = '', port = ''] = seed.address.split(':')
  return await measureDownload(seed, totalBytes, [process.execPath, leecher, kind, torrent.path, host, port])
}

async function measureRound(
  seed: LibtorrentSeed,
  torrent: TorrentFile,
  shape: TorrentShape,
): Promise<BorderRound> {
  const ours = await measureLeecher('javascript', seed, torrent)
  const theirs = await measureLeecher('disabled', seed, torrent)
  const hashPassSeconds = measureHashPass(totalBytes, shape.format)
  return {
    ours: downloadFigures(ours),
    theirs: downloadFigures(theirs),
    hashPassSeconds,
    differenceSeconds: ours.cpuSeconds - theirs.cpuSeconds,
    allowedSeconds: hashPassSeconds + theirs.cpuSeconds / 4,
  }
}

async function measureShape(workshop: Workshop, shape: TorrentShape): Promise<void> {
  const torrent = await makeBenchTorrent(workshop, shape)
  await using seed = await LibtorrentSeed.start([torrent])
  // The seed reads it from the disk for the first time.
  await measureLeecher('disabled', seed, torrent)
  const rounds: BorderRound[] = []
  for (let number = 0; number < roundCount; number++) rounds.push(await measureRound(seed, torrent, shape))
  const rows = resultRows(rounds)
  const spread = (of: (round: BorderRound) => number) => formatSpread(spreadOf(rounds.map(of)))
  process.stdout.write(`
${shape.format}, pieces of ${shape.pieceLengthBytes} bytes, ${values.mebibytes} MiB

${formatTable(rows, { ours: 'JavaScript storage', theirs: 'disabled_disk_io' })}

CPU beyond theirs, s: ${spread((round) => round.differenceSeconds)};\
 one pass of each hash: ${spread((round) => round.hashPassSeconds)};\
 difference / (hashes + a quarter of theirs): ${spread((round) => round.differenceSeconds / round.allowedSeconds)}
`)
  await writeResult('border', { shape, rows, rounds })
}

await using workshop = new Workshop()
for (const pieceLengthBytes of values.piece.split(',').map(Number)) {
  for (const format of values.format.split(',') as ('v1' | 'hybrid')[]) {
    await measureShape(workshop, { totalBytes, pieceLengthBytes, format })
  }
}
