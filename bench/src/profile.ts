// Where does the time go of an import, of seeding and of verifying? Flame graphs and tables of each, by perf.
// node dist/profile.js [--mebibytes 1024]
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { baePath, importTorrent } from 'bae-e2e/harness/bae-process.js'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { makeBenchTorrent } from './bench-torrent.js'
import { type ClientRun, measureClientDownload, measureClientSeeding } from './client-runs.js'
import { dropPageCache } from './page-cache.js'
import { drawFlameGraph } from './profile/flame-graph.js'
import { formatProfile } from './profile/profile-tables.js'
import { ProfiledRun } from './profile/record-profile.js'
import { describeRun, resultName, writeResultFile } from './write-result.js'

const runLimitMs = 240_000

const { values } = parseArgs({ options: { mebibytes: { type: 'string', default: '1024' } } })
const shape = {
  totalBytes: Number(values.mebibytes) * mebibyte,
  pieceLengthBytes: mebibyte,
  format: 'v1',
} as const

const run = describeRun()
const name = resultName('profile', run)
await using workshop = new Workshop()
const folder = await workshop.folder
const torrent = await makeBenchTorrent(workshop, shape)
const sections: string[] = []

/** The first case of its row in the matrix. */
async function profile(what: string, measure: (command: readonly string[]) => Promise<void>): Promise<void> {
  process.stderr.write(`${what}\n`)
  const profiled = new ProfiledRun(folder, what)
  dropPageCache()
  await measure(profiled.command)
  const samples = profiled.samples()
  const title = `${what} of ${values.mebibytes} MiB, v1, pieces of 1 MiB: CPU of all threads`
  const picture = `${name}-${what}.svg`
  await writeResultFile(picture, drawFlameGraph(title, samples))
  sections.push(`## ${title}\n\n![Flame graph](${picture})\n\n${formatProfile(samples)}\n`)
}

/** Runs one command of bae under perf. */
async function runBae(
  library: BaeLibrary,
  command: readonly string[],
  args: readonly string[],
): Promise<void> {
  const [program = '', ...before] = command
  const env = { ...process.env, ...library.env }
  await using bae = new ChildProgram(program, [...before, process.execPath, baePath, ...args], { env })
  const { code } = await bae.whenExited(runLimitMs)
  if (code !== 0) throw new Error(`bae ${args.join(' ')} exited ${code}: ${bae.stderr}`)
}

async function profileCommands(): Promise<void> {
  const first = await workshop.fileTorrent(64 * kibibyte, 16 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent, first])
  await using library = await BaeLibrary.create()
  // The library is there before, with all that belongs to it.
  await importTorrent(library, first.path, [seed])
  const fetch = ['import', torrent.path, '--peer', seed.address, '--json']
  await profile('import', (command) => runBae(library, command, fetch))
  await profile('verify', (command) => runBae(library, command, ['verify', '--json']))
}

async function profileSeeding(): Promise<void> {
  const client: ClientRun = { client: 'library', torrent, folder: await mkdtemp(join(folder, 'library ')) }
  await measureClientDownload(client)
  await profile('seeding', async (command) => {
    await measureClientSeeding({ ...client, under: command }, { isCold: true })
  })
}

await profileCommands()
await profileSeeding()
const { date, commit, machine } = run
const ran = `${date.slice(0, 16).replace('T', ' ')}, commit ${commit}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`
const page = await writeResultFile(`${name}.md`, ['# Profile', '', ran, '', ...sections].join('\n'))
process.stderr.write(`written: ${page}\n`)
