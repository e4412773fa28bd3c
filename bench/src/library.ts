// What does a library of 10,000 torrents and 10 million chunks cost to open, to look into and to list? Its rows are
// made by the database itself, it has no bytes. node dist/library.js [--torrents 10000] [--chunks 1000] [--rounds 3]
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { TorrentId } from '@bae/storage'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { bae, baePath } from 'bae-e2e/harness/bae-process.js'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { fillLibrary } from './fill-library.js'
import { measureProcess } from './measured-process.js'
import { type Figures, formatSpread } from './result-table.js'
import { proportionalBytes, serverCpuSeconds } from './server-usage.js'
import { spreadOf } from './statistics.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    torrents: { type: 'string', default: '10000' },
    chunks: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
  },
})
const size = { torrents: Number(values.torrents), chunks: Number(values.chunks) }

/** As bae makes it: the marker, and an empty store. */
async function makeLibrary(library: BaeLibrary): Promise<string> {
  const id = randomBytes(16).toString('hex')
  await mkdir(join(library.folder, 'store'), { recursive: true })
  const marker = { formatVersion: 1, id, chunkSizeBytes: mebibyte }
  await writeFile(join(library.folder, 'library.json'), JSON.stringify(marker))
  const { code, stderr } = await bae(library, ['list'])
  if (code !== 0) throw new Error(stderr)
  return `bae_${id}`
}

/** The command alone: the server runs already. */
async function command(library: BaeLibrary, args: readonly string[]): Promise<Figures> {
  const run = [process.execPath, baePath, ...args]
  const { figures } = await measureProcess(run, async () => undefined, library.env)
  const name = `bae ${args[0]}`
  return {
    [`${name}, s`]: figures.processSeconds,
    [`${name}, peak resident, MiB`]: figures.peakResidentBytes / mebibyte,
  }
}

async function inside(server: EmbeddedPostgres, schema: string, ids: readonly TorrentId[]): Promise<Figures> {
  const beginMs = performance.now()
  await using database = await openTypeOrmDatabase({ url: server.url, schema })
  const openedMs = performance.now()
  await database.listTorrents()
  const listedMs = performance.now()
  for (const id of ids) await database.findTorrent(id)
  const foundMs = performance.now()
  return {
    'opening the database, ms': openedMs - beginMs,
    'listTorrents, ms': listedMs - openedMs,
    'findTorrent, ms': (foundMs - listedMs) / ids.length,
  }
}

/** Paths below the store that a command asks the system about, by strace. */
async function pathsInStore(library: BaeLibrary, args: readonly string[]): Promise<number> {
  const trace = join(library.temporaryFolder, 'trace')
  const strace = ['-f', '-qq', '-e', 'trace=%file', '-o', trace, process.execPath, baePath, ...args]
  const env = { ...process.env, ...library.env }
  await using program = new ChildProgram('strace', strace, { env })
  await program.whenExited(300_000)
  const lines = (await readFile(trace, 'utf8')).split('\n')
  return lines.filter((line) => line.includes(`${library.folder}/store/`)).length
}

await using library = await BaeLibrary.create({ BAE_STATE: '' })
const schema = await makeLibrary(library)
const rounds: Figures[] = []
{
  await using server = await openEmbeddedPostgres({ directory: library.folder })
  const startedAtMs = performance.now()
  const { ids, bytes } = await fillLibrary(server.url, schema, size)
  process.stderr.write(`made in ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s\n`)
  process.stderr.write(`${(bytes / size.torrents / size.chunks).toFixed(0)} bytes a chunk, all tables\n`)
  const some = ids.slice(0, 200)
  for (let round = 0; round < Number(values.rounds); round++) {
    const cpuBefore = await serverCpuSeconds(server)
    const figures = {
      ...(await inside(server, schema, some)),
      ...(await command(library, ['show', some[round] ?? ''])),
      ...(await command(library, ['list'])),
    }
    const cpu = (await serverCpuSeconds(server)) - cpuBefore
    rounds.push({
      ...figures,
      'server, CPU of all that, s': cpu,
      'server, PSS, MiB': (await proportionalBytes(server)) / mebibyte,
    })
  }
  const entries = (await readdir(join(library.folder, 'store'))).length
  const asked = await pathsInStore(library, ['show', some[0] ?? ''])
  process.stdout.write(
    `\npaths of the store that bae show asks for: ${asked} (entries of the store: ${entries})\n`,
  )
}
const quantities = Object.keys(rounds[0] ?? {})
const lines = quantities.map(
  (quantity) =>
    `| ${quantity} | ${formatSpread(spreadOf(rounds.map((one) => one[quantity] ?? Number.NaN)))} |`,
)
process.stdout.write(`\n| | |\n|---|---|\n${lines.join('\n')}\n`)
await writeResult('library', { size, rounds })
