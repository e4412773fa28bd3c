import { execFileSync } from 'node:child_process'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import { forEachAtOnce } from './at-once.js'
import { flushPageCache } from './page-cache.js'
import type { Figures } from './result-table.js'
import type { ChunkSteps, StorageFigures, StoragePlan } from './storage-plan.js'

export type StorageShape = Omit<StoragePlan, 'folder' | 'way'>

/** Runs of storage, each in a process and a folder of its own. */
export class StorageRuns implements AsyncDisposable {
  /** Emptied after each run, and deleted at the end: ext4 makes new files slowly while many were deleted a moment ago. */
  readonly #folders: string[] = []

  async measure(shape: StorageShape, way: StoragePlan['way']): Promise<Figures> {
    return figuresOf((await this.#run('storage-subject.js', { ...shape, way })) as StorageFigures)
  }

  /** Of each quantity the lower figure of the two plain ways. */
  async measurePlain(shape: StorageShape): Promise<Figures> {
    const cached = await this.measure(shape, 'cached')
    const direct = await this.measure(shape, 'direct')
    return Object.fromEntries(
      Object.entries(cached).map(([quantity, figure]) => [
        quantity,
        Math.min(figure, direct[quantity] ?? figure),
      ]),
    )
  }

  async measureSteps(chunks: number): Promise<ChunkSteps> {
    return (await this.#run('storage-steps.js', { chunks })) as ChunkSteps
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#folders.map(removeFolder))
  }

  /** Runs `program` with `plan` and a folder of its own, and answers what it prints. */
  async #run(program: string, plan: object): Promise<unknown> {
    const folder = await makeTemporaryFolder()
    this.#folders.push(folder)
    flushPageCache()
    const path = join(repositoryRoot, 'bench/dist', program)
    const output = execFileSync(process.execPath, [path, JSON.stringify({ ...plan, folder })], {
      encoding: 'utf8',
    })
    await emptyFiles(folder)
    return JSON.parse(output)
  }
}

async function emptyFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  await forEachAtOnce(files, 4, ({ parentPath, name }) => truncate(join(parentPath, name)))
}

function figuresOf(found: StorageFigures): Figures {
  return {
    'written, s': found.writeSeconds,
    'on the device, s': found.deviceSeconds,
    'CPU of writing, s': found.writeCpuSeconds,
    'read, s': found.readSeconds,
    'CPU of reading, s': found.readCpuSeconds,
  }
}
