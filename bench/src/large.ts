// What do 100,000 files, or a file beyond 4 GiB, cost each command? One round: they are slow and vary little.
// node dist/large.js [--files 100000] [--format v1|v2|hybrid], or [--mebibytes 4097] of zeroes in pieces of 16 MiB
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { bae, baePath } from 'bae-e2e/harness/bae-process.js'
import { type Payload, PseudoRandomBytes } from 'bae-e2e/harness/payload.js'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { SharedServer } from 'bae-e2e/harness/shared-server.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { makeTorrent, type TorrentKind } from 'bae-e2e/harness/torrent-maker.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { measureProcess } from './measured-process.js'
import type { Figures } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    format: { type: 'string', default: 'v1' },
    mebibytes: { type: 'string' },
  },
})
const formats: readonly TorrentKind[] = ['v1', 'v2', 'hybrid']
const format = formats.find((one) => one === values.format)
if (format === undefined) throw new RangeError(`no format ${values.format}`)

const filesInAFolder = 1000

/** About a kilobyte each: what is measured is what a file costs. */
async function makeManyFiles(folder: string, count: number): Promise<Payload> {
  const path = join(folder, 'many')
  const bytes = new PseudoRandomBytes('many files')
  let totalBytes = 0
  for (let file = 0; file < count; file++) {
    const below = join(path, `folder ${Math.floor(file / filesInAFolder)}`)
    if (file % filesInAFolder === 0) await mkdir(below, { recursive: true })
    const lengthBytes = 700 + (file % 600)
    await writeFile(join(below, `file number ${file}.dat`), bytes.next(lengthBytes))
    totalBytes += lengthBytes
  }
  return { folder, name: 'many', path, totalBytes }
}

/** A hole: all its chunks are one. */
async function makeHole(folder: string, totalBytes: number): Promise<Payload> {
  const path = join(folder, 'hole')
  await writeFile(path, '')
  await truncate(path, totalBytes)
  return { folder, name: 'hole', path, totalBytes }
}

await using workshop = new Workshop()
const folder = await workshop.folder
const payload =
  values.mebibytes === undefined
    ? await makeManyFiles(folder, Number(values.files))
    : await makeHole(folder, Number(values.mebibytes) * mebibyte)
const pieceLengthBytes = values.mebibytes === undefined ? mebibyte / 4 : 16 * mebibyte
const torrent = await makeTorrent(payload, pieceLengthBytes, join(folder, 'large.torrent'), format)

const server = await SharedServer.start()
await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
await using seed = await LibtorrentSeed.start([torrent])

async function measure(args: readonly string[]): Promise<Figures> {
  const command = [process.execPath, baePath, ...args]
  const { figures } = await measureProcess(command, async () => undefined, library.env)
  const { processSeconds, cpuSeconds, peakResidentBytes } = figures
  const peakMebibytes = peakResidentBytes / mebibyte
  process.stdout.write(
    `| bae ${args[0]} | ${processSeconds.toFixed(1)} s | ${cpuSeconds.toFixed(1)} s | ${peakMebibytes.toFixed(0)} MiB |\n`,
  )
  return { processSeconds, cpuSeconds, peakMebibytes }
}

process.stdout.write('\n| | whole process | CPU | peak resident |\n|---|---|---|---|\n')
const imported = await measure(['import', torrent.path, '--peer', seed.address])
const id = /^[0-9a-f-]{10,}/m.exec((await bae(library, ['list'])).stdout)?.[0] ?? ''
const figures = {
  import: imported,
  'import again': await measure(['import', torrent.path]),
  list: await measure(['list']),
  show: await measure(['show', id]),
  verify: await measure(['verify', id]),
  export: await measure(['export', id, library.outputFolder]),
  gc: await measure(['gc']),
  remove: await measure(['remove', id]),
}
await server.close()
await writeResult('large', { files: values.files, mebibytes: values.mebibytes ?? null, format, figures })
