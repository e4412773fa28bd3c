import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { processTree } from 'bae-e2e/harness/memory-watch.js'

/** The kernel counts in these on every Linux that Node runs on. */
const ticksPerSecond = 100

/** CPU of the PostgreSQL of a data folder and its processes so far, those that have ended included. */
export async function serverCpuSeconds(dataDirectory: string): Promise<number> {
  const [pid] = (await readFile(join(dataDirectory, 'postmaster.pid'), 'ascii')).split('\n')
  let ticks = 0
  for (const one of await processTree(Number(pid))) {
    const stat = await readFile(`/proc/${one}/stat`, 'ascii').catch(() => '')
    // After the name in brackets: utime, stime, and those of children that were waited for.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  }
  return ticks / ticksPerSecond
}
