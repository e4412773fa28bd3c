import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { MemoryWatch, processTree } from 'bae-e2e/harness/memory-watch.js'
import type { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { systemPython } from 'bae-e2e/harness/torrent-maker.js'

const runLimitMs = 300_000

/** One download, measured from outside: nothing here is told by the program that is measured. */
export interface Measurement {
  /** From the first to the last payload byte that the seed gave away. */
  readonly transferSeconds: number
  /** From the start of the process to its end: database, session and shutdown included. */
  readonly processSeconds: number
  /** User and system time of all its processes, as the kernel counted it. */
  readonly cpuSeconds: number
  /** Largest sum of VmHWM of all its processes at any moment. */
  readonly peakResidentBytes: number
}

interface Usage {
  readonly code: number
  readonly processSeconds: number
  readonly userSeconds: number
  readonly systemSeconds: number
}

/** Runs `command`, which downloads `totalBytes` from `seed` and then ends with 0. */
export async function measureDownload(
  seed: LibtorrentSeed,
  totalBytes: number,
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Measurement> {
  const script = join(repositoryRoot, 'bench/python/measure.py')
  const uploadedBefore = (await seed.count()).uploadedBytes
  await using wrapper = new ChildProgram(systemPython, [script, ...command], {
    env: { ...process.env, ...env },
  })
  await using watch = new MemoryWatch({
    all: async () => (await processTree(wrapper.pid)).filter((pid) => pid !== wrapper.pid),
  })
  const usageLine = wrapper.nextLine(runLimitMs)
  const [transferSeconds, line] = await Promise.all([
    timeTransfer(seed, uploadedBefore, totalBytes, wrapper),
    usageLine,
  ])
  await watch.stop()
  const usage = JSON.parse(line) as Usage
  if (usage.code !== 0) throw new Error(`${command.join(' ')} exited ${usage.code}: ${wrapper.stderr}`)
  return {
    transferSeconds,
    processSeconds: usage.processSeconds,
    cpuSeconds: usage.userSeconds + usage.systemSeconds,
    peakResidentBytes: watch.peakBytes('all'),
  }
}

async function timeTransfer(
  seed: LibtorrentSeed,
  uploadedBefore: number,
  totalBytes: number,
  program: ChildProgram,
): Promise<number> {
  let firstAtMs = 0
  for (;;) {
    const uploaded = (await seed.count()).uploadedBytes - uploadedBefore
    const nowMs = performance.now()
    if (uploaded > 0 && firstAtMs === 0) firstAtMs = nowMs
    if (uploaded >= totalBytes) return (nowMs - firstAtMs) / 1000
    if (!program.running) throw new Error(`ended after ${uploaded} of ${totalBytes} bytes: ${program.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
