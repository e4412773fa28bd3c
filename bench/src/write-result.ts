import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import type { RunDescription } from './run-description.js'

const folder = join(repositoryRoot, 'bench/results')

export function describeRun(): RunDescription {
  const git = ['rev-parse', '--short', 'HEAD']
  return {
    date: new Date().toISOString(),
    commit: execFileSync('git', git, { cwd: repositoryRoot, encoding: 'utf8' }).trim(),
    machine: {
      cpu: cpus()[0]?.model ?? '',
      cores: cpus().length,
      memoryBytes: totalmem(),
      kernel: release(),
      node: process.version,
    },
  }
}

/** How the files of a run begin. */
export function resultName(benchmark: string, { date }: RunDescription): string {
  return `${benchmark}-${date.slice(0, 19).replaceAll(':', '')}`
}

/** Keeps a file under `bench/results`; answers where. */
export async function writeResultFile(name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** Keeps a run under `bench/results`, with what it ran on; says where. */
export async function writeResult(benchmark: string, found: object): Promise<void> {
  const run = describeRun()
  const text = `${JSON.stringify({ benchmark, ...run, ...found }, undefined, 2)}\n`
  process.stderr.write(`written: ${await writeResultFile(`${resultName(benchmark, run)}.json`, text)}\n`)
}
