// What does it cost to keep bytes in a library, against the best plain way to write and read one file?
// node dist/storage.js [--rounds 5] [--mebibytes 2048] [--files 1,2000] [--piece 1048576,262144] [--chunks 2048]
import { execFileSync } from 'node:child_process'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import { forEachAtOnce } from './at-once.js'
import { flushPageCache } from './page-cache.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import type { ChunkSteps, StorageFigures, StoragePlan } from './storage-plan.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '2048' },
    files: { type: 'string', default: '1,2000' },
    piece: { type: 'string', default: '1048576,262144' },
    chunks: { type: 'string', default: '2048' },
  },
})
const totalBytes = Number(values.mebibytes) * mebibyte

/** None of an empty list. */
function numbersOf(list: string): readonly number[] {
  return list.split(',').filter(Boolean).map(Number)
}

/** Emptied after each run, and deleted at the end: ext4 makes new files slowly while many were deleted a moment ago. */
const folders: string[] = []

async function emptyFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  await forEachAtOnce(files, 4, ({ parentPath, name }) => truncate(join(parentPath, name)))
}

/** Runs `program` with `plan` and a folder of its own, and answers what it prints. */
async function run(program: string, plan: object): Promise<unknown> {
  const folder = await makeTemporaryFolder()
  folders.push(folder)
  flushPageCache()
  const path = join(repositoryRoot, 'bench/dist', program)
  const output = execFileSync(process.execPath, [path, JSON.stringify({ ...plan, folder })], {
    encoding: 'utf8',
  })
  await emptyFiles(folder)
  return JSON.parse(output)
}

async function measure(plan: Omit<StoragePlan, 'folder'>): Promise<StorageFigures> {
  return (await run('storage-subject.js', plan)) as StorageFigures
}

function figuresOf(found: StorageFigures): Figures {
  return {
    'written, s': found.writeSeconds,
    'on the device, s': found.deviceSeconds,
    'CPU of writing, s': found.writeCpuSeconds,
    'read cold, s': found.readSeconds,
    'CPU of reading, s': found.readCpuSeconds,
  }
}

/** Of each quantity the lower figure of the two plain ways. */
async function measurePlain(plan: Omit<StoragePlan, 'folder' | 'way'>): Promise<Figures> {
  const cached = figuresOf(await measure({ ...plan, way: 'cached' }))
  const direct = figuresOf(await measure({ ...plan, way: 'direct' }))
  return Object.fromEntries(
    Object.entries(cached).map(([quantity, figure]) => [
      quantity,
      Math.min(figure, direct[quantity] ?? figure),
    ]),
  )
}

async function compare(shape: Omit<StoragePlan, 'folder' | 'way'>): Promise<void> {
  const rounds: Round[] = []
  for (let number = 0; number < Number(values.rounds); number++) {
    const ours = figuresOf(await measure({ ...shape, way: 'bae' }))
    rounds.push({ ours, theirs: await measurePlain(shape) })
  }
  const rows = resultRows(rounds)
  const hashes = shape.hashesGiven ? 'given' : 'made here'
  const title = `${values.mebibytes} MiB, files: ${shape.files}, pieces of ${shape.pieceLengthBytes} bytes, hashes ${hashes}`
  const table = formatTable(rows, { ours: 'library', theirs: 'one plain file' })
  process.stdout.write(`\n${title}\n\n${table}\n`)
  await writeResult('storage', { shape, rows, rounds })
}

/** What each step costs, for chunks that are new to the library, and once more for another torrent with the same ones. */
async function compareSteps(chunks: number): Promise<void> {
  const rounds: Round[] = []
  for (let number = 0; number < Number(values.rounds); number++) {
    const { known, fresh } = (await run('storage-steps.js', { chunks })) as ChunkSteps
    rounds.push({ ours: known, theirs: fresh })
  }
  const rows = resultRows(rounds)
  const table = formatTable(rows, { ours: 'known already', theirs: 'new' })
  process.stdout.write(`\n${chunks} chunks of 1 MiB, CPU a chunk, µs\n\n${table}\n`)
  await writeResult('storage-steps', { chunks, rows, rounds })
}

try {
  if (Number(values.chunks) > 0) await compareSteps(Number(values.chunks))
  for (const files of numbersOf(values.files)) {
    for (const pieceLengthBytes of numbersOf(values.piece)) {
      await compare({ totalBytes, files, pieceLengthBytes, hashesGiven: false })
      // Files of odd lengths do not begin where a block does: their blocks are no leaves.
      if (files === 1) await compare({ totalBytes, files, pieceLengthBytes, hashesGiven: true })
    }
  }
} finally {
  await Promise.all(folders.map(removeFolder))
}
