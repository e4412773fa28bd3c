// How long from the start of a client with 2,000 torrents until a tracker has heard of all of them? A TorrentClient that
// restores them, beside a session of libtorrent in the same kind of process that is given their .torrent files.
// node dist/announce.js [--rounds 3] [--torrents 2000] [--storage library|files]
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import { openCountingTracker } from './announce-tracker.js'
import { type ManyPlan, manyTorrentFiles } from './many-torrents.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import { cpuSecondsOf } from './server-usage.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    torrents: { type: 'string', default: '2000' },
    storage: { type: 'string', default: 'library' },
  },
})
const limitMs = 300_000
const folder = await makeTemporaryFolder()
await using tracker = await openCountingTracker()
const plan: ManyPlan = {
  torrents: Number(values.torrents),
  step: Number(values.torrents),
  storage: values.storage === 'files' ? 'files' : 'library',
  folder,
  tracker: tracker.url,
}
const script = (name: string) => join(repositoryRoot, `bench/dist/${name}.js`)

async function measure(args: readonly string[]): Promise<Figures> {
  const startMs = performance.now()
  const announced = tracker.whenAnnounced(plan.torrents)
  await using program = new ChildProgram(process.execPath, args)
  await program.nextLine(limitMs)
  const addedMs = performance.now() - startMs
  await announced
  const announcedMs = performance.now() - startMs
  const cpuSeconds = await cpuSecondsOf([program.pid])
  program.writeLine('end')
  await program.whenExited(limitMs)
  return {
    'start to all added, s': addedMs / 1000,
    'start to all announced, s': announcedMs / 1000,
    'CPU without a database, s': cpuSeconds,
  }
}

try {
  const torrents = join(folder, 'torrents')
  await mkdir(torrents)
  let number = 0
  for (const torrentFile of manyTorrentFiles(plan)) {
    await writeFile(join(torrents, `${number++}.torrent`), torrentFile)
  }
  await using adder = new ChildProgram(process.execPath, [script('many-client'), 'add', JSON.stringify(plan)])
  await adder.whenExited(limitMs)
  const rounds: Round[] = []
  for (let round = 1; round <= Number(values.rounds); round++) {
    const ours = await measure([script('many-client'), 'announce', JSON.stringify(plan)])
    rounds.push({ ours, theirs: await measure([script('many-native'), torrents]) })
    process.stderr.write(`round ${round} of ${values.rounds}\n`)
  }
  const rows = resultRows(rounds)
  process.stdout.write(
    `${formatTable(rows, { ours: `client, ${plan.storage}`, theirs: 'libtorrent, files' })}\n`,
  )
  await writeResult('announce', { ...values, rows, rounds })
} finally {
  await removeFolder(folder)
}
