import { performance } from 'node:perf_hooks'
import type { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { measureProcess, type ProcessFigures } from './measured-process.js'
import { flushPageCache } from './page-cache.js'
import type { Figures } from './result-table.js'

/** Somebody who counts what was given away. */
export interface CountingSeed {
  count(): Promise<{ readonly uploadedBytes: number }>
}

/** One download. Database, session and shutdown are in its process figures. */
export interface Measurement extends ProcessFigures {
  /** From the first to the last payload byte that the seed gave away. */
  readonly transferSeconds: number
  /** From the first payload byte until the process has ended and the page cache is on the device. */
  readonly deviceSeconds: number
}

/** Runs `command`, which downloads `totalBytes` from `seed` and then ends with 0. */
export async function measureDownload(
  seed: CountingSeed,
  totalBytes: number,
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Measurement> {
  const uploadedBefore = (await seed.count()).uploadedBytes
  const time = (program: ChildProgram) => timeTransfer(seed, uploadedBefore, totalBytes, program)
  const { figures, seen } = await measureProcess(command, time, env)
  flushPageCache()
  const deviceSeconds = (performance.now() - seen.firstAtMs) / 1000
  return { transferSeconds: seen.seconds, deviceSeconds, ...figures }
}

export function downloadFigures(measured: Measurement): Figures {
  return {
    'first to last payload byte, s': measured.transferSeconds,
    ...processFigures(measured),
  }
}

export function processFigures(measured: ProcessFigures): Figures {
  return {
    'start to end of the process, s': measured.processSeconds,
    'CPU (user + system), s': measured.cpuSeconds,
    'peak resident, MiB': measured.peakResidentBytes / 1024 / 1024,
  }
}

async function timeTransfer(
  seed: CountingSeed,
  uploadedBefore: number,
  totalBytes: number,
  program: ChildProgram,
): Promise<{ readonly firstAtMs: number; readonly seconds: number }> {
  let firstAtMs = 0
  for (;;) {
    const uploaded = (await seed.count()).uploadedBytes - uploadedBefore
    const nowMs = performance.now()
    if (uploaded > 0 && firstAtMs === 0) firstAtMs = nowMs
    if (uploaded >= totalBytes) return { firstAtMs, seconds: (nowMs - firstAtMs) / 1000 }
    if (!program.running) throw new Error(`ended after ${uploaded} of ${totalBytes} bytes: ${program.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
