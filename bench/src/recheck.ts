// What does a recheck cost when the bytes come from a JavaScript storage, against libtorrent's mmap storage?
// node dist/recheck.js [--rounds 5] [--mebibytes 1024] [--piece 1048576]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { makeBenchTorrent } from './bench-torrent.js'
import { measureProcess } from './measured-process.js'
import { processFigures } from './measured-run.js'
import { dropFromPageCache, flushPageCache } from './page-cache.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '1024' },
    piece: { type: 'string', default: '1048576' },
  },
})
const shape = {
  totalBytes: Number(values.mebibytes) * mebibyte,
  pieceLengthBytes: Number(values.piece),
  format: 'v1',
} as const
const checker = join(repositoryRoot, 'bench/dist/recheck-checker.js')

type Kind = 'javascript' | 'hashPiece' | 'mmap'
type Cache = 'cold' | 'warm'

async function measureCheck(kind: Kind, cache: Cache, { path, content }: TorrentFile): Promise<Figures> {
  if (cache === 'cold') dropFromPageCache(content.path)
  const command = [process.execPath, checker, kind, path, content.folder, content.path]
  const { figures } = await measureProcess(command, async () => {})
  return processFigures(figures)
}

async function compare(kind: Exclude<Kind, 'mmap'>, cache: Cache, torrent: TorrentFile): Promise<void> {
  await measureCheck('mmap', 'warm', torrent)
  const rounds: Round[] = []
  for (let number = 0; number < Number(values.rounds); number++) {
    const ours = await measureCheck(kind, cache, torrent)
    rounds.push({ ours, theirs: await measureCheck('mmap', cache, torrent) })
  }
  const rows = resultRows(rounds)
  const ours = kind === 'hashPiece' ? 'JavaScript, with hashPiece' : 'JavaScript'
  const table = formatTable(rows, { ours, theirs: 'libtorrent mmap' })
  process.stdout.write(`\n${values.mebibytes} MiB, pieces of ${values.piece} bytes, ${cache}\n\n${table}\n`)
  await writeResult('recheck', { shape, kind, cache, rows, rounds })
}

await using workshop = new Workshop()
const torrent = await makeBenchTorrent(workshop, shape)
flushPageCache()
for (const cache of ['warm', 'cold'] as const) {
  for (const kind of ['javascript', 'hashPiece'] as const) await compare(kind, cache, torrent)
}
