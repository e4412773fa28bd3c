import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'

/** Keeps a run under `bench/results`, with what it ran on; says where. */
export async function writeResult(benchmark: string, found: object): Promise<void> {
  const date = new Date().toISOString()
  const git = ['rev-parse', '--short', 'HEAD']
  const commit = execFileSync('git', git, { cwd: repositoryRoot, encoding: 'utf8' }).trim()
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
  }
  const folder = join(repositoryRoot, 'bench/results')
  const path = join(folder, `${benchmark}-${date.slice(0, 19).replaceAll(':', '')}.json`)
  await mkdir(folder, { recursive: true })
  await writeFile(path, `${JSON.stringify({ benchmark, date, commit, machine, ...found }, undefined, 2)}\n`)
  process.stderr.write(`written: ${path}\n`)
}
