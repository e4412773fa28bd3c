// How long does a user wait before anything happens? A command of bae against an empty Node program, and the first
// byte of an import against the first byte of libtorrent's mmap storage in a Node process.
// node dist/start.js [--rounds 5]
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { baePath, importTorrent } from 'bae-e2e/harness/bae-process.js'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from 'bae-e2e/harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { nativeLeecher } from './leecher-commands.js'
import { formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const roundCount = Number(values.rounds)
const limitMs = 60_000

async function runMs(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const startedAtMs = performance.now()
  await using program = new ChildProgram(process.execPath, args, { env: { ...process.env, ...env } })
  const { code } = await program.whenExited(limitMs)
  if (code !== 0) throw new Error(`${args.join(' ')} exited ${code}: ${program.stderr}`)
  return performance.now() - startedAtMs
}

async function firstByteMs(
  seed: LibtorrentSeed,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const uploadedBefore = (await seed.count()).uploadedBytes
  const startedAtMs = performance.now()
  await using program = new ChildProgram(process.execPath, args, { env: { ...process.env, ...env } })
  while ((await seed.count()).uploadedBytes === uploadedBefore) {
    if (!program.running) throw new Error(`${args.join(' ')} ended before its first byte: ${program.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const waitedMs = performance.now() - startedAtMs
  await program.whenExited(limitMs)
  return waitedMs
}

/** `known` is in the library already, `fresh` is not. */
async function measureRound(
  seed: LibtorrentSeed,
  library: BaeLibrary,
  { known, fresh }: { readonly known: TorrentFile; readonly fresh: TorrentFile },
): Promise<Round> {
  const peer = ['--peer', seed.address, '--json']
  const emptyMs = await runMs(['-e', ''])
  const ours = {
    'bae --help, ms': await runMs([baePath, '--help'], library.env),
    'bae list, ms': await runMs([baePath, 'list', '--json'], library.env),
    'bae import of what is there, ms': await runMs([baePath, 'import', known.path, ...peer], library.env),
    'first byte of an import, ms': await firstByteMs(
      seed,
      [baePath, 'import', fresh.path, ...peer],
      library.env,
    ),
  }
  const folder = await makeTemporaryFolder()
  try {
    const job = { torrentPath: fresh.path, folder, addresses: [seed.address] }
    const mmapMs = await firstByteMs(seed, nativeLeecher('mmap', job).slice(1))
    const theirs = Object.fromEntries(Object.keys(ours).map((quantity) => [quantity, emptyMs]))
    return { ours, theirs: { ...theirs, 'first byte of an import, ms': mmapMs } }
  } finally {
    await removeFolder(folder)
  }
}

await using workshop = new Workshop()
const known = await workshop.fileTorrent(mebibyte, 16 * kibibyte)
const fresh: TorrentFile[] = []
for (let number = 1; number <= roundCount; number += 1) {
  fresh.push(await workshop.fileTorrent(mebibyte + number, 16 * kibibyte))
}
await using seed = await LibtorrentSeed.start([known, ...fresh])
await using library = await BaeLibrary.create()
await importTorrent(library, known.path, [seed])
const rounds: Round[] = []
for (const torrent of fresh) rounds.push(await measureRound(seed, library, { known, fresh: torrent }))
const rows = resultRows(rounds)
process.stdout.write(`${formatTable(rows, { ours: 'bae', theirs: 'empty Node, or mmap' })}\n`)
await writeResult('start', { rows, rounds })
