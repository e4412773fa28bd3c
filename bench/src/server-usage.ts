import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { processTree } from 'bae-e2e/harness/memory-watch.js'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'ascii' }))

/** User and system time of all that the server has run, with those of its processes that have ended. */
export async function serverCpuSeconds(server: EmbeddedPostgres): Promise<number> {
  return cpuSecondsOf(await serverProcesses(server))
}

/** User and system time so far of these processes, and of their children that were waited for. */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  let ticks = 0
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'ascii').catch(() => '')
    // utime, stime, and those of children that were waited for: fields 14 to 17, after the name in brackets.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
    ticks += fields.reduce((sum, field) => sum + Number(field), 0)
  }
  return ticks / ticksPerSecond
}

/** Memory of all its processes, shared pages divided among those who share them. */
export async function proportionalBytes(server: EmbeddedPostgres): Promise<number> {
  return proportionalBytesOf(await serverProcesses(server))
}

export async function proportionalBytesOf(pids: readonly number[]): Promise<number> {
  let kibibytes = 0
  for (const pid of pids) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'ascii').catch(() => '')
    kibibytes += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0)
  }
  return kibibytes * 1024
}

/** Those of `pids` that are of a PostgreSQL server. */
export async function serverProcessesAmong(pids: readonly number[]): Promise<readonly number[]> {
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'ascii').catch(() => '')))
  return pids.filter((_, at) => names[at] === 'postgres\n')
}

async function serverProcesses({ clusterDirectory }: EmbeddedPostgres): Promise<readonly number[]> {
  const text = await readFile(join(clusterDirectory, 'data', 'postmaster.pid'), 'ascii')
  return processTree(Number.parseInt(text, 10))
}
